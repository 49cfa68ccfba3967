//! [`Handler`], the MCP server of an app, written by hand over rmcp's [`ServerHandler`]: rmcp's macros rebuild their
//! routers at every call, and know no callers.

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
    SubscribeRequestParams, UnsubscribeRequestParams,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::Map;

use super::headers::ParameterHeaders;
use super::scope::{RequestScope, input_responses};
#[cfg(feature = "local")]
use super::session::StdioSession;
use super::state::{ServerState, VERSIONS};
use super::{Session, SessionHandler, complete, convert, error, params, peer};
use crate::call::Call;
use crate::prompt::Prompts;
use crate::provider::{Definition, Primitive, Reply};
use crate::registry::Registrable;
use crate::resource::Resources;
use crate::tool::Tools;

/// The time for which a client may use a list before it asks again, in milliseconds.
const LIST_TTL_MS: u64 = 60_000;

/// The time for which a client may use what it discovered, in milliseconds; it changes with the server's binary.
const DISCOVERY_TTL_MS: u64 = 3_600_000;

/// An MCP server for the tools, prompts and resources of a [`ServerState`].
#[derive(Clone, Debug)]
pub(crate) struct Handler {
    state: Arc<ServerState>,
    session: Session,
}

impl Handler {
    /// Creates the handler of this server, whose requests have the callers and deadlines of a [`Session`].
    #[must_use]
    pub(crate) fn new(state: ServerState, session: Session) -> Self {
        Self {
            state: Arc::new(state),
            session,
        }
    }

    async fn open(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<RequestScope<'_>, ErrorData> {
        RequestScope::new(&self.state, &self.session, context).await
    }

    /// Checks a subscription of an older revision. Nothing is stored of it, for nothing will change.
    async fn check_subscription(
        &self,
        method: &str,
        uri: String,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if !self.state.accepts_subscriptions {
            return Err(error::no_method(method));
        }
        let calls = self.open(context).await?.calls;
        let call = calls.call(Resources::NAME, uri, Map::new(), None);
        let resolved = calls.resolve::<Resources>(&call).await;
        resolved
            .map(drop)
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

/// Answers a list request: a page of one primitive, each definition converted to rmcp's type.
macro_rules! list {
    ($self:ident, $request:ident, $context:ident, $list:literal, $primitive:ident, $keep:expr, $convert:path, $result:ident) => {{
        let scope = $self.open($context).await?;
        let cursor = $request.and_then(|request| request.cursor);
        let page = scope
            .calls
            .page::<$primitive>($list, cursor.as_deref(), $keep);
        let page = page.await.map_err(|error| error::protocol(&error))?;
        let items = page.definitions.iter().map(|one| $convert(one)).collect();
        let mut result = $result::with_all_items(items)
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(cache_scope(page.is_private));
        result.next_cursor = page.next;
        result.meta = scope.stamp(None);
        Ok(result)
    }};
}

const fn cache_scope(is_private: bool) -> CacheScope {
    if is_private {
        CacheScope::Private
    } else {
        CacheScope::Public
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        self.state.info.clone()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(const { &VERSIONS })
    }

    /// Offers subscriptions, which `get_info` must not: it answers for 2026-07-28 too, which has `subscriptions/listen`.
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
        list!(
            self,
            request,
            context,
            "tools",
            Tools,
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
        list!(
            self,
            request,
            context,
            "prompts",
            Prompts,
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
        list!(
            self,
            request,
            context,
            "resources",
            Resources,
            |resource| !is_template(resource),
            convert::resource,
            ListResourcesResult
        )
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        list!(
            self,
            request,
            context,
            "templates",
            Resources,
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
        let headers = ParameterHeaders::of(&context);
        let scope = self.open(context).await?;
        let call = scope.calls.call(
            Tools::NAME,
            request.name.into_owned(),
            request.arguments.unwrap_or_default(),
            input_responses(request.input_responses, request.request_state),
        );
        // An unknown tool is an error of the protocol; from here on, a failure is one that the model reads.
        let resolved = scope.calls.resolve::<Tools>(&call).await;
        let resolved = resolved.map_err(|error| error::protocol(&error))?;
        if let Some(headers) = headers {
            headers.check(&resolved.definition().input_schema, &call.arguments)?;
        }
        match resolved.call(call).await.or_else(error::outcome)? {
            Reply::Answer(outcome) => {
                let mut result = convert::outcome(outcome);
                result.meta = scope.stamp(result.meta);
                Ok(result.into())
            }
            Reply::InputRequired(input) => scope.require_input(input).map(Into::into),
        }
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let scope = self.open(context).await?;
        let call = scope.calls.call(
            Prompts::NAME,
            request.name,
            request.arguments.unwrap_or_default(),
            input_responses(request.input_responses, request.request_state),
        );
        let (prompt, reply) = resolve_and_call::<Prompts>(&scope, call)
            .await
            .map_err(|error| error::protocol(&error))?;
        match reply {
            Reply::Answer(messages) => {
                let mut result = convert::messages(&prompt, messages);
                result.meta = scope.stamp(None);
                Ok(result.into())
            }
            Reply::InputRequired(input) => scope.require_input(input).map(Into::into),
        }
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let scope = self.open(context).await?;
        let uri = request.uri.clone();
        let responses = input_responses(request.input_responses, request.request_state);
        let call = scope
            .calls
            .call(Resources::NAME, request.uri, Map::new(), responses);
        let (resource, reply) = resolve_and_call::<Resources>(&scope, call)
            .await
            .map_err(|error| error::resource(&error, &uri))?;
        match reply {
            Reply::Answer(read) => {
                let mut result = convert::read_result(&resource, &uri, read);
                result.meta = scope.stamp(None);
                Ok(result.into())
            }
            Reply::InputRequired(input) => scope.require_input(input).map(Into::into),
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
        if self.state.info.capabilities.completions.is_none() {
            return Err(error::no_method("completion/complete"));
        }
        let scope = self.open(context).await?;
        complete::complete(&scope, request).await
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
            .set_level(peer::convert_via_json(request.level).unwrap_or_default());
        Ok(())
    }

    /// Answers a request that rmcp could not read. Where the method is one of MCP's, its parameters were wrong, and
    /// [`params::describe_problem`] says which.
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
                params::describe_problem(&method, request.params.as_ref()),
                None,
            ));
        }
        Err(error::no_method(&method))
    }
}

/// Resolves a call and makes it; returns the [`Definition`] with the [`Reply`].
async fn resolve_and_call<P: Registrable>(
    scope: &RequestScope<'_>,
    call: Call,
) -> crate::error::Result<(Arc<Definition<P>>, Reply<P::Answer>)> {
    let resolved = scope.calls.resolve::<P>(&call).await?;
    let reply = resolved.call(call).await?;
    Ok((Arc::clone(resolved.definition()), reply))
}

fn is_template(resource: &Definition<Resources>) -> bool {
    resource.template.is_some()
}
