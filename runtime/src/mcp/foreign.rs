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
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, CancelledNotificationParam,
    CompleteRequestParams, CompleteResult, CustomNotification, CustomRequest, CustomResult,
    DiscoverResult, GetPromptRequestParams, GetPromptResponse, GetSkillRequestParams,
    GetSkillResult, GetTaskParams, GetTaskResult, InitializeRequestParams, InitializeResult,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListSkillsResult,
    ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ProtocolVersion,
    ReadResourceDirectoryRequestParams, ReadResourceDirectoryResult, ReadResourceRequestParams,
    ReadResourceResponse, ServerConfig, SetLevelRequestParams, SubscribeRequestParams,
    SubscriptionFilter, Tool, UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Map, Value};

#[cfg(feature = "local")]
use super::session::StdioSession;
use super::{Session, SessionHandler, error, scope};
use crate::call::{Call, Context};
use crate::error::{Error, Result as CallResult};
use crate::middleware::{Next, SharedMiddleware};
use crate::provider::{Answer, Callable, Completion, DefinitionView, Reply};
use crate::registry::{CallContext, Registry};
use crate::user::enter;

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
        T: std::fmt::Debug + Send + Sync + 'static,
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
        T: std::fmt::Debug + Send + Sync + 'static,
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
        answer.map_err(|error| error::protocol(&error))?.0
    }

    /// Returns whether a tool of the handler's is visible to whoever makes these calls.
    fn is_visible(&self, tool: &Tool, calls: &CallContext) -> bool {
        let view = DefinitionView::new("tool", &tool.name, is_read_only(tool));
        let mut rules = self.rules.calls.iter();
        rules.all(|rule| rule.visible(calls.caller(), &view))
    }
}

fn is_read_only(tool: &Tool) -> bool {
    let hints = tool.annotations.as_ref();
    hints.is_some_and(|hints| hints.read_only_hint == Some(true))
}

/// The work behind a call, which can be done once: a request of rmcp's is used up by answering it.
type Work = Box<dyn FnOnce(Call) -> BoxFuture<'static, CallResult<Reply>> + Send>;

/// A method of a foreign handler as something that can be called.
struct ForeignTarget {
    primitive: &'static str,
    name: String,
    /// The name or URI that the call names. A URI is never logged, so a resource has another name.
    key: String,
    is_read_only: bool,
    is_list: bool,
    work: Mutex<Option<Work>>,
}

impl ForeignTarget {
    /// Describes a tool, a prompt or a resource, or another request by its method.
    fn new(primitive: &'static str, name: impl Into<String>, is_read_only: bool) -> Self {
        let name = name.into();
        Self {
            primitive,
            key: name.clone(),
            name,
            is_read_only,
            is_list: false,
            work: Mutex::default(),
        }
    }

    /// Describes a request that anyone may make who may connect.
    fn list(method: &'static str) -> Self {
        Self {
            is_list: true,
            ..Self::new("request", method, true)
        }
    }

    /// Describes a resource by its URI.
    fn resource(uri: &str) -> Self {
        Self {
            key: uri.to_owned(),
            ..Self::new("resource", "resource", true)
        }
    }

    /// Adds the work, with the caller as the current user.
    fn with_work<T, W>(mut self, work: impl FnOnce(Call) -> W + Send + 'static) -> Self
    where
        T: std::fmt::Debug + Send + Sync + 'static,
        W: Future<Output = Result<T, ErrorData>> + Send + 'static,
    {
        let work: Work = Box::new(move |call| {
            let caller = Arc::clone(&call.caller);
            let work = enter(caller, work(call));
            Box::pin(async move { Ok(Reply::from(ForeignAnswer(work.await))) })
        });
        self.work = Mutex::new(Some(work));
        self
    }
}

#[async_trait]
impl Callable for ForeignTarget {
    fn view(&self) -> DefinitionView<'_> {
        DefinitionView::new(self.primitive, &self.name, self.is_read_only).with_key(&self.key)
    }

    fn bind(&self, _call: &mut Call) -> CallResult<()> {
        Ok(())
    }

    async fn call(&self, call: Call) -> CallResult<Reply> {
        let work = self
            .work
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let work = work.ok_or_else(|| {
            Error::internal("a request to a foreign handler can't be made twice by a middleware")
        })?;
        work(call).await
    }

    async fn complete(&self, _completion: Completion) -> CallResult<Vec<String>> {
        Ok(Vec::new())
    }
}

/// The result of a foreign handler, errors of the protocol included: they reach the client as the handler made them.
#[derive(Debug)]
struct ForeignAnswer<T>(Result<T, ErrorData>);

impl<T: std::fmt::Debug + Send + Sync + 'static> Answer for ForeignAnswer<T> {
    /// Returns zero: rmcp's results are not measured.
    fn size(&self) -> usize {
        0
    }

    /// The message of an error may quote an argument, so it is no cause for the log.
    fn failure(&self) -> Option<Option<&str>> {
        self.0.is_err().then_some(None)
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
    (method $name:ident($params:ty) -> $answer:ty, $target:expr) => {
        async fn $name(&self, request: $params, context: RequestContext<RoleServer>) -> Result<$answer, ErrorData> {
            self.run($target, None, context, |handler, _, context| async move {
                handler.$name(request, context).await
            })
            .await
        }
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
        list_prompts(Option<PaginatedRequestParams>) -> ListPromptsResult;
        list_resources(Option<PaginatedRequestParams>) -> ListResourcesResult;
        list_resource_templates(Option<PaginatedRequestParams>) -> ListResourceTemplatesResult;
        list_skills(Option<PaginatedRequestParams>) -> ListSkillsResult;
        set_level(SetLevelRequestParams) -> ();
        }
        act {
        get_skill(GetSkillRequestParams) -> GetSkillResult;
        read_resource_directory(ReadResourceDirectoryRequestParams) -> ReadResourceDirectoryResult;
        complete(CompleteRequestParams) -> CompleteResult;
        subscribe(SubscribeRequestParams) -> ();
        unsubscribe(UnsubscribeRequestParams) -> ();
        get_task(GetTaskParams) -> GetTaskResult;
        }
        change {
        on_custom_request(CustomRequest) -> CustomResult;
        update_task(UpdateTaskParams) -> ();
        cancel_task(CancelTaskParams) -> ();
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
        let lasting = Context::lasting(self.rules.timeout);
        let calls = CallContext::new(registry, caller, lasting, None);
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
        self.run(target, arguments, context, move |handler, call, context| {
            request.arguments = has_arguments.then(|| Arc::unwrap_or_clone(call.arguments));
            async move { handler.call_tool(request, context).await }
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

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let target = ForeignTarget::resource(&request.uri);
        self.run(target, None, context, |handler, _, context| async move {
            handler.read_resource(request, context).await
        })
        .await
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let calls = scope::calls(&self.rules.registry, &self.session, context.clone()).await?;
        let handler = Arc::clone(&self.handler);
        let work = |_| async move { handler.list_tools(request, context).await };
        let target = ForeignTarget::list("list_tools");
        let mut listed = self.run_call(target, &calls, Map::new(), work).await?;
        listed.tools.retain(|tool| self.is_visible(tool, &calls));
        Ok(listed)
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

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.handler.get_tool(name)
    }

    fn get_info(&self) -> ServerConfig {
        self.handler.get_info()
    }
}
