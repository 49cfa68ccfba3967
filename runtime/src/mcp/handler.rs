//! An app's tools, prompts and resources, spoken by hand over rmcp's `ServerHandler`: its macros rebuild their routers at
//! every call, and know no callers.

#![expect(
    deprecated,
    reason = "clients of older revisions still set levels and subscribe"
)]

use std::borrow::Cow;
use std::sync::Arc;

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
    CustomRequest, CustomResult, DiscoverResult, GetPromptRequestParams, GetPromptResponse,
    InitializeRequestParams, InitializeResult, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, ProtocolVersion,
    ReadResourceRequestParams, ReadResourceResponse, ServerConfig, SetLevelRequestParams,
    SubscribeRequestParams, Tool, UnsubscribeRequestParams,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::Map;

use super::scope::{RequestScope, retry};
#[cfg(feature = "local")]
use super::session::StdioSession;
use super::state::{ServerState, VERSIONS};
use super::{Session, SessionHandler, complete, convert, error, params, peer};
use crate::prompt::Prompts;
use crate::provider::{Definition, Reply, reach, resolve};
use crate::resource::Resources;
use crate::tool::Tools;

/// How long a client may go by a list before it asks again, in milliseconds.
const LIST_TTL_MS: u64 = 60_000;

/// The same for what the server can do at all, which changes with its binary.
const DISCOVERY_TTL_MS: u64 = 3_600_000;

/// Speaks MCP for an app.
#[derive(Clone, Debug)]
pub struct Handler {
    state: Arc<ServerState>,
    session: Session,
}

impl Handler {
    /// Speaks for what is offered here.
    #[must_use]
    pub fn new(state: ServerState, session: Session) -> Self {
        Self {
            state: Arc::new(state),
            session,
        }
    }

    /// The request as we know it: who asks, and how the answer goes back.
    async fn open(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<RequestScope<'_>, ErrorData> {
        RequestScope::new(&self.state, &self.session, context).await
    }

    /// Whether a subscription to this resource is one that the app accepts: nothing is kept of it, for nothing will change.
    async fn check_subscription(
        &self,
        method: &str,
        uri: String,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if !self.state.accepts_subscriptions {
            return Err(error::no_method(method));
        }
        let call = self
            .open(context)
            .await?
            .call::<Resources>(uri, Map::new(), None);
        let found = resolve(&*self.state.resources, &call).await;
        found
            .map(|_| ())
            .map_err(|error| error::resource(&error, &call.name))
    }
}

impl SessionHandler for Handler {
    #[cfg(feature = "local")]
    fn with_stdio(&self, stdio: StdioSession) -> Self {
        Self {
            session: self.session.clone().with_stdio(stdio),
            ..self.clone()
        }
    }
}

/// One list in pages: its source, its key, what is left of it, and each entry in rmcp's words.
macro_rules! listed {
    ($self:ident, $request:ident, $context:ident, $list:literal, $source:ident, $keep:expr, $convert:path, $result:ident) => {{
        let scope = $self.open($context).await?;
        let page = scope
            .page(&$self.state.$source, $list, $request, $keep)
            .await?;
        let items = page
            .definitions
            .iter()
            .map(|definition| $convert(definition))
            .collect();
        let mut result = $result::with_all_items(items)
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(page.scope);
        (result.next_cursor, result.meta) = (page.next, scope.stamp(None));
        Ok(result)
    }};
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        self.state.info.clone()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(const { &VERSIONS })
    }

    /// Subscriptions are offered here and not in `get_info`, which speaks for 2026-07-28 too: it has `subscriptions/listen`.
    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let mut result = self.negotiate_initialize(&request)?;
        context.peer.set_peer_info(request);
        if let (true, Some(resources)) = (
            self.state.accepts_subscriptions,
            &mut result.capabilities.resources,
        ) {
            resources.subscribe = Some(true);
        }
        Ok(result)
    }

    /// For arguments that are told in headers too; the others need no check, and rmcp asks before every call.
    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.state.in_headers.get(name).cloned()
    }

    async fn discover(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        self.open(context).await?;
        let discovered = DiscoverResult::from_server_info(VERSIONS.to_vec(), self.get_info());
        Ok(discovered
            .with_ttl_ms(DISCOVERY_TTL_MS)
            .with_cache_scope(CacheScope::Public))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        listed!(
            self,
            request,
            context,
            "tools",
            tools,
            |_| true,
            convert::tool,
            ListToolsResult
        )
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        listed!(
            self,
            request,
            context,
            "prompts",
            prompts,
            |_| true,
            convert::prompt,
            ListPromptsResult
        )
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let is_one = |resource: &_| !is_template(resource);
        listed!(
            self,
            request,
            context,
            "resources",
            resources,
            is_one,
            convert::resource,
            ListResourcesResult
        )
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        listed!(
            self,
            request,
            context,
            "templates",
            resources,
            is_template,
            convert::template,
            ListResourceTemplatesResult
        )
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let scope = self.open(context).await?;
        let retry = retry(request.input_responses, request.request_state);
        let call = scope.call::<Tools>(
            request.name.into_owned(),
            request.arguments.unwrap_or_default(),
            retry,
        );
        let found = resolve(&*self.state.tools, &call)
            .await
            .map_err(|error| error::protocol(&error))?;
        match self
            .state
            .tools
            .call(&found, call)
            .await
            .or_else(error::outcome)?
        {
            Reply::Answer(outcome) => {
                let mut result = convert::outcome(outcome);
                result.meta = scope.stamp(result.meta);
                Ok(result.into())
            }
            Reply::Asks(asked) => scope.asked(asked).map(CallToolResponse::InputRequired),
        }
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let scope = self.open(context).await?;
        let retry = retry(request.input_responses, request.request_state);
        let call =
            scope.call::<Prompts>(request.name, request.arguments.unwrap_or_default(), retry);
        let reached = reach(&*self.state.prompts, call).await;
        match reached.map_err(|error| error::protocol(&error))? {
            (found, Reply::Answer(conversation)) => {
                let mut result = convert::conversation(&found, conversation);
                result.meta = scope.stamp(None);
                Ok(result.into())
            }
            (_, Reply::Asks(asked)) => scope.asked(asked).map(Into::into),
        }
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let (scope, uri) = (self.open(context).await?, request.uri.clone());
        let retry = retry(request.input_responses, request.request_state);
        let call = scope.call::<Resources>(request.uri, Map::new(), retry);
        let reached = reach(&*self.state.resources, call).await;
        match reached.map_err(|error| error::resource(&error, &uri))? {
            (found, Reply::Answer(reading)) => {
                let mut result = convert::reading(&found, &uri, reading);
                result.meta = scope.stamp(None);
                Ok(result.into())
            }
            (_, Reply::Asks(asked)) => scope.asked(asked).map(Into::into),
        }
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.check_subscription("resources/subscribe", request.uri, context)
            .await
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.check_subscription("resources/unsubscribe", request.uri, context)
            .await
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let scope = self.open(context).await?;
        complete::complete(&self.state, &scope, request).await
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if peer::is_modern(&context) {
            return Err(error::no_method("logging/setLevel"));
        }
        self.session
            .set_level(peer::same(request.level).unwrap_or_default());
        Ok(())
    }

    /// What rmcp could not read as a request it knows: of a method of MCP's, the parameters were wrong.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let is_modern = peer::is_modern(&context);
        self.open(context).await?;
        let method = request.method;
        if super::scope::is_method(&method, is_modern) {
            return Err(ErrorData::invalid_params(
                params::describe(&method, request.params.as_ref()),
                None,
            ));
        }
        Err(error::no_method(&method))
    }
}

fn is_template(resource: &Definition<Resources>) -> bool {
    resource.template.is_some()
}
