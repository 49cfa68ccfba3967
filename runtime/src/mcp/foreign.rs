//! A foreign rmcp `ServerHandler` behind the same rules as an app's own tools.
//!
//! Its methods are calls like any other: they pass the middleware chain, with the caller as the current user. No rule may
//! be written here.

#![expect(
    deprecated,
    reason = "clients of older revisions still set levels and subscribe"
)]

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, CancelledNotificationParam,
    CompleteRequestParams, CompleteResult, CustomNotification, CustomRequest, CustomResult,
    DiscoverResult, GetPromptRequestParams, GetPromptResponse, GetSkillRequestParams,
    GetSkillResult, GetTaskParams, GetTaskResult, InitializeRequestParams, InitializeResult,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListSkillsResult,
    ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ProtocolVersion,
    ReadResourceDirectoryRequestParams, ReadResourceDirectoryResult, ReadResourceRequestParams,
    ReadResourceResponse, Reference, ServerConfig, SetLevelRequestParams, SubscribeRequestParams,
    SubscriptionFilter, Tool, UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Map, Value};

use super::foreign_target::{ForeignAnswer, ForeignTarget, is_read_only};
use super::headers::check_headers;
#[cfg(feature = "local")]
use super::session::StdioSession;
use super::wire_size::WireSize;
use super::{Session, SessionHandler, error, scope};
use crate::call::{Call, Context};
use crate::middleware::{Next, SharedMiddleware};
use crate::provider::{DefinitionView, Reply};
use crate::registry::{CallContext, Registry};

/// The rules around a foreign handler, and what its calls need.
#[derive(Debug)]
pub(crate) struct ForeignRules {
    /// The rules around everything that acts for a user, the outermost first.
    pub(crate) calls: Arc<[SharedMiddleware]>,
    /// The rules around discovery and lists, which a probe may ask for too.
    pub(crate) lists: Arc<[SharedMiddleware]>,
    /// The timeout of notifications, which come without a deadline.
    pub(crate) timeout: Duration,
    /// The registry of a server without providers of its own.
    pub(crate) registry: Arc<Registry>,
}

/// Removes from a list what a check of its items' views does not admit.
type Retain<T> = fn(&mut T, &dyn Fn(&DefinitionView<'_>) -> bool);

/// A foreign rmcp handler whose methods pass the same middleware as an app's own tools.
#[derive(Debug)]
pub(crate) struct ForeignHandler<H> {
    handler: Arc<H>,
    session: Session,
    rules: Arc<ForeignRules>,
}

impl<H> Clone for ForeignHandler<H> {
    fn clone(&self) -> Self {
        Self {
            handler: Arc::clone(&self.handler),
            session: self.session.clone(),
            rules: Arc::clone(&self.rules),
        }
    }
}

impl<H: ServerHandler> ForeignHandler<H> {
    /// Puts these rules around a handler.
    #[must_use]
    pub(crate) fn new(handler: H, session: Session, rules: ForeignRules) -> Self {
        Self {
            handler: Arc::new(handler),
            session,
            rules: Arc::new(rules),
        }
    }

    /// Runs one of the handler's methods as a call, behind the rules for what is called.
    async fn run<T, W>(
        &self,
        target: ForeignTarget,
        arguments: Option<Map<String, Value>>,
        context: RequestContext<RoleServer>,
        work: impl FnOnce(Arc<H>, Call, RequestContext<RoleServer>) -> W + Send + 'static,
    ) -> Result<T, ErrorData>
    where
        T: WireSize,
        W: Future<Output = Result<T, ErrorData>> + Send + 'static,
    {
        let calls = scope::calls(&self.rules.registry, &self.session, context.clone()).await?;
        let handler = Arc::clone(&self.handler);
        let work = move |call| work(handler, call, context);
        self.run_call(target, &calls, arguments.unwrap_or_default(), work)
            .await
    }

    async fn run_call<T, W>(
        &self,
        target: ForeignTarget,
        calls: &CallContext,
        arguments: Map<String, Value>,
        work: impl FnOnce(Call) -> W + Send + 'static,
    ) -> Result<T, ErrorData>
    where
        T: WireSize,
        W: Future<Output = Result<T, ErrorData>> + Send + 'static,
    {
        let rules = if target.is_list {
            &self.rules.lists
        } else {
            &self.rules.calls
        };
        let call = calls.call(target.primitive, target.key.clone(), arguments, None);
        let next = Next::new(Arc::clone(rules), Arc::new(target.with_work(work)));
        let reply = next.run(call).await;
        let reply = reply.and_then(Reply::downcast::<ForeignAnswer<T>>);
        let answer = reply.and_then(Reply::into_answer);
        answer
            .map_err(|error| error::protocol(&error))?
            .into_result()
    }

    /// Runs one of the handler's lists, and keeps what is visible to the caller.
    async fn run_list<T, W>(
        &self,
        method: &'static str,
        context: RequestContext<RoleServer>,
        work: impl FnOnce(Arc<H>, RequestContext<RoleServer>) -> W + Send + 'static,
        keep: Retain<T>,
    ) -> Result<T, ErrorData>
    where
        T: WireSize,
        W: Future<Output = Result<T, ErrorData>> + Send + 'static,
    {
        let calls = scope::calls(&self.rules.registry, &self.session, context.clone()).await?;
        let handler = Arc::clone(&self.handler);
        let work = move |_| work(handler, context);
        let target = ForeignTarget::list(method);
        let mut listed = self.run_call(target, &calls, Map::new(), work).await?;
        keep(&mut listed, &|view| self.is_visible(view, &calls));
        Ok(listed)
    }

    /// Returns whether something of the handler's is visible to whoever makes these calls.
    fn is_visible(&self, view: &DefinitionView<'_>, calls: &CallContext) -> bool {
        let mut rules = self.rules.calls.iter();
        rules.all(|rule| rule.visible(calls.caller(), view))
    }
}

impl<H: ServerHandler + std::fmt::Debug> SessionHandler for ForeignHandler<H> {
    #[cfg(feature = "local")]
    fn with_stdio(&self, stdio: StdioSession) -> Self {
        Self {
            session: self.session.clone().with_stdio(stdio),
            ..self.clone()
        }
    }
}

/// Runs methods of the handler: those that anyone may call, those that act for a user, and those that may change something.
macro_rules! run {
    (
        list { $($list:ident($list_params:ty) -> $list_answer:ty;)+ }
        act { $($act:ident($params:ty) -> $answer:ty;)+ }
        change { $($change:ident($change_params:ty) -> $change_answer:ty;)+ }
    ) => {
        $(run!(method $list($list_params) -> $list_answer, ForeignTarget::list(stringify!($list)));)+
        $(run!(method $act($params) -> $answer, ForeignTarget::new("request", stringify!($act), true));)+
        $(run!(method $change($change_params) -> $change_answer, ForeignTarget::new("request", stringify!($change), false));)+
    };
    (resource { $($name:ident($params:ty) -> $answer:ty;)+ }) => {
        $(run!(method $name($params) -> $answer, request => ForeignTarget::resource(&request.uri));)+
    };
    (method $name:ident($params:ty) -> $answer:ty, $target:expr) => {
        run!(method $name($params) -> $answer, request => $target);
    };
    (method $name:ident($params:ty) -> $answer:ty, $request:ident => $target:expr) => {
        async fn $name(&self, $request: $params, context: RequestContext<RoleServer>) -> Result<$answer, ErrorData> {
            self.run($target, None, context, |handler, _, context| async move {
                handler.$name($request, context).await
            })
            .await
        }
    };
}

/// Runs lists of the handler, each item with the view by which rules hide it.
macro_rules! lists {
    ($($name:ident($item:ident in $items:ident: $answer:ty) => $view:expr;)+) => {
        $(async fn $name(
            &self,
            request: Option<PaginatedRequestParams>,
            context: RequestContext<RoleServer>,
        ) -> Result<$answer, ErrorData> {
            let work = |handler: Arc<H>, context| async move { handler.$name(request, context).await };
            let keep = |listed: &mut $answer, is_visible: &dyn Fn(&DefinitionView<'_>) -> bool| {
                listed.$items.retain(|$item| is_visible(&$view));
            };
            self.run_list(stringify!($name), context, work, keep).await
        })+
    };
}

/// Passes notifications on; they belong to no call.
macro_rules! pass_on {
    ($($name:ident($params:ty);)+) => {
        $(async fn $name(&self, notification: $params, context: NotificationContext<RoleServer>) {
            self.handler.$name(notification, context).await;
        })+
    };
}

#[deny(clippy::missing_trait_methods)]
impl<H: ServerHandler> ServerHandler for ForeignHandler<H> {
    run! {
        list {
        initialize(InitializeRequestParams) -> InitializeResult;
        list_skills(Option<PaginatedRequestParams>) -> ListSkillsResult;
        set_level(SetLevelRequestParams) -> ();
        }
        act {
        get_skill(GetSkillRequestParams) -> GetSkillResult;
        get_task(GetTaskParams) -> GetTaskResult;
        }
        change {
        on_custom_request(CustomRequest) -> CustomResult;
        update_task(UpdateTaskParams) -> ();
        cancel_task(CancelTaskParams) -> ();
        }
    }

    run! {
        resource {
        read_resource(ReadResourceRequestParams) -> ReadResourceResponse;
        read_resource_directory(ReadResourceDirectoryRequestParams) -> ReadResourceDirectoryResult;
        subscribe(SubscribeRequestParams) -> ();
        unsubscribe(UnsubscribeRequestParams) -> ();
        }
    }

    pass_on! {
        on_cancelled(CancelledNotificationParam);
        on_progress(ProgressNotificationParam);
    }

    /// Runs a notification of the handler's own as a call that may change something. There is nobody to tell how it ends.
    async fn on_custom_notification(
        &self,
        notification: CustomNotification,
        context: NotificationContext<RoleServer>,
    ) {
        let Ok(caller) = self.session.caller(&context.extensions).await else {
            return;
        };
        let registry = Arc::clone(&self.rules.registry);
        let own = Context::with_timeout(self.rules.timeout);
        let calls = CallContext::new(registry, caller, own, None);
        let target = ForeignTarget::new("notification", "custom", false);
        let handler = Arc::clone(&self.handler);
        let work = |_| async move {
            handler.on_custom_notification(notification, context).await;
            Ok(())
        };
        let _ = self.run_call(target, &calls, Map::new(), work).await;
    }

    async fn call_tool(
        &self,
        mut request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tool = self.handler.get_tool(&request.name);
        let is_read_only = tool.as_ref().is_some_and(is_read_only);
        let target = ForeignTarget::new("tool", request.name.clone(), is_read_only);
        let arguments = request.arguments.take();
        let has_arguments = arguments.is_some();
        let checked = check_headers(tool.as_ref(), arguments.as_ref(), &context);
        self.run(target, arguments, context, move |handler, call, context| {
            request.arguments = has_arguments.then(|| Arc::unwrap_or_clone(call.arguments));
            async move {
                checked?;
                handler.call_tool(request, context).await
            }
        })
        .await
    }

    async fn get_prompt(
        &self,
        mut request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let target = ForeignTarget::new("prompt", request.name.clone(), true);
        let arguments = request.arguments.take();
        let has_arguments = arguments.is_some();
        self.run(target, arguments, context, move |handler, call, context| {
            request.arguments = has_arguments.then(|| Arc::unwrap_or_clone(call.arguments));
            async move { handler.get_prompt(request, context).await }
        })
        .await
    }

    lists! {
        list_tools(tool in tools: ListToolsResult) => DefinitionView::new("tool", &tool.name, is_read_only(tool));
        list_prompts(prompt in prompts: ListPromptsResult) => DefinitionView::new("prompt", &prompt.name, true);
        list_resources(resource in resources: ListResourcesResult) => ForeignTarget::resource_view(&resource.uri);
        list_resource_templates(template in resource_templates: ListResourceTemplatesResult) => ForeignTarget::resource_view(&template.uri_template);
    }

    /// Runs a completion as a call of what it completes, so that a rule which hides that hides the values too.
    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let target = match &request.r#ref {
            Reference::Prompt(prompt) => ForeignTarget::new("prompt", &prompt.name, true),
            Reference::Resource(resource) => ForeignTarget::resource(&resource.uri),
            _ => ForeignTarget::new("request", "complete", true),
        };
        self.run(target, None, context, |handler, _, context| async move {
            handler.complete(request, context).await
        })
        .await
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.handler.on_initialized(context).await;
    }

    async fn on_roots_list_changed(&self, context: NotificationContext<RoleServer>) {
        self.handler.on_roots_list_changed(context).await;
    }

    /// An open stream bills an environment until its time-out, whether anyone still listens or not: not offered.
    fn accepted_subscription_filter(
        &self,
        _requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        None
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.handler.listen(context).await
    }

    async fn ping(&self, context: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        self.handler.ping(context).await
    }

    async fn discover(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        let target = ForeignTarget::list("discover");
        self.run(target, None, context, |handler, _, context| async move {
            handler.discover(context).await
        })
        .await
    }

    fn negotiate_initialize(
        &self,
        request: &InitializeRequestParams,
    ) -> Result<InitializeResult, ErrorData> {
        self.handler.negotiate_initialize(request)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.handler.supported_protocol_versions()
    }

    /// Returns nothing: rmcp asks before anyone knows who may see the tool (`headers.rs`).
    fn get_tool(&self, _name: &str) -> Option<Tool> {
        None
    }

    fn get_info(&self) -> ServerConfig {
        self.handler.get_info()
    }
}
