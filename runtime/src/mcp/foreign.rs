//! Somebody's rmcp `ServerHandler` with an identity: its methods run with the caller as the current user, in bounded time
//! and behind a panic guard, and the probe may only discover and list.

#![expect(
    deprecated,
    reason = "clients of older revisions still set levels and subscribe"
)]

use std::borrow::Cow;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
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
use tokio::time::timeout_at;

#[cfg(feature = "local")]
use super::session::StdioSession;
use super::{Session, SessionHandler, error};
use crate::error::Error;
use crate::user::{Caller, Subject, enter};

/// A handler that knows its caller.
#[derive(Debug)]
pub struct ForeignHandler<H> {
    handler: Arc<H>,
    session: Session,
}

impl<H> Clone for ForeignHandler<H> {
    fn clone(&self) -> Self {
        Self {
            handler: Arc::clone(&self.handler),
            session: self.session.clone(),
        }
    }
}

impl<H: ServerHandler> ForeignHandler<H> {
    /// Gives this handler an identity.
    #[must_use]
    pub fn new(handler: H, session: Session) -> Self {
        Self {
            handler: Arc::new(handler),
            session,
        }
    }

    /// Runs one of the handler's methods.
    async fn run<T, W: Future<Output = Result<T, ErrorData>> + Send>(
        &self,
        caller: Result<Arc<Caller>, Error>,
        deadline: tokio::time::Instant,
        work: W,
    ) -> Result<T, ErrorData> {
        let caller = caller.map_err(|error| error::protocol(&error))?;
        match timeout_at(
            deadline,
            AssertUnwindSafe(enter(caller, work)).catch_unwind(),
        )
        .await
        {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(broken()),
            Err(_) => Err(ErrorData::internal_error(
                "the server did not answer in time; ask for less, or try again later",
                None,
            )),
        }
    }

    async fn actor(&self, context: &RequestContext<RoleServer>) -> Result<Arc<Caller>, Error> {
        let caller = self.session.caller(&context.extensions).await?;
        if *caller.subject() == Subject::Probe {
            return Err(Error::forbidden(
                "a probe token may discover and list, and do nothing else",
            ));
        }
        Ok(caller)
    }

    /// An actor whose token may change something.
    async fn changer(&self, context: &RequestContext<RoleServer>) -> Result<Arc<Caller>, Error> {
        let caller = self.actor(context).await?;
        if caller.is_read_only() {
            return Err(Error::forbidden(
                "this token only reads, and this may change something",
            ));
        }
        Ok(caller)
    }

    /// Who may call this tool: with a token that only reads, one that the handler knows and says to be read-only.
    async fn caller_of(
        &self,
        tool: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<Arc<Caller>, Error> {
        let caller = self.actor(context).await?;
        if caller.is_read_only()
            && !self
                .handler
                .get_tool(tool)
                .as_ref()
                .is_some_and(changes_nothing)
        {
            return Err(Error::not_found(
                "unknown tool: there is none of this name for a token that only reads",
            ));
        }
        Ok(caller)
    }
}

fn changes_nothing(tool: &Tool) -> bool {
    tool.annotations
        .as_ref()
        .is_some_and(|hints| hints.read_only_hint == Some(true))
}

/// What a panic says may quote an argument: the place alone is logged, by the hook of the process.
fn broken() -> ErrorData {
    ErrorData::internal_error("the server broke down; this is a fault of the server", None)
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

/// Hands methods on, for any caller (`open`), for users alone (`acting`), or for users whose token may change something
/// (`changing`).
macro_rules! hand_on {
    (
        open { $($open:ident($open_params:ty) -> $open_answer:ty;)+ }
        acting { $($acting:ident($params:ty) -> $answer:ty;)+ }
        changing { $($changing:ident($changing_params:ty) -> $changing_answer:ty;)+ }
    ) => {
        $(async fn $open(&self, request: $open_params, context: RequestContext<RoleServer>) -> Result<$open_answer, ErrorData> {
            let (caller, deadline) = (self.session.caller(&context.extensions).await, self.session.deadline(&context));
            self.run(caller, deadline, self.handler.$open(request, context)).await
        })+
        $(async fn $acting(&self, request: $params, context: RequestContext<RoleServer>) -> Result<$answer, ErrorData> {
            let (caller, deadline) = (self.actor(&context).await, self.session.deadline(&context));
            self.run(caller, deadline, self.handler.$acting(request, context)).await
        })+
        $(async fn $changing(&self, request: $changing_params, context: RequestContext<RoleServer>) -> Result<$changing_answer, ErrorData> {
            let (caller, deadline) = (self.changer(&context).await, self.session.deadline(&context));
            self.run(caller, deadline, self.handler.$changing(request, context)).await
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
    hand_on! {
        open {
        initialize(InitializeRequestParams) -> InitializeResult;
        list_prompts(Option<PaginatedRequestParams>) -> ListPromptsResult;
        list_resources(Option<PaginatedRequestParams>) -> ListResourcesResult;
        list_resource_templates(Option<PaginatedRequestParams>) -> ListResourceTemplatesResult;
        list_skills(Option<PaginatedRequestParams>) -> ListSkillsResult;
        set_level(SetLevelRequestParams) -> ();
        }
        acting {
        get_prompt(GetPromptRequestParams) -> GetPromptResponse;
        read_resource(ReadResourceRequestParams) -> ReadResourceResponse;
        get_skill(GetSkillRequestParams) -> GetSkillResult;
        read_resource_directory(ReadResourceDirectoryRequestParams) -> ReadResourceDirectoryResult;
        complete(CompleteRequestParams) -> CompleteResult;
        subscribe(SubscribeRequestParams) -> ();
        unsubscribe(UnsubscribeRequestParams) -> ();
        get_task(GetTaskParams) -> GetTaskResult;
        }
        changing {
        on_custom_request(CustomRequest) -> CustomResult;
        update_task(UpdateTaskParams) -> ();
        cancel_task(CancelTaskParams) -> ();
        }
    }

    pass_on! {
        on_cancelled(CancelledNotificationParam);
        on_progress(ProgressNotificationParam);
    }

    /// A notification of the app's own may change something, as a request of its own may.
    async fn on_custom_notification(
        &self,
        notification: CustomNotification,
        context: NotificationContext<RoleServer>,
    ) {
        let Ok(caller) = self.session.caller(&context.extensions).await else {
            return;
        };
        if *caller.subject() == Subject::Probe || caller.is_read_only() {
            return;
        }
        let notified = enter(
            caller,
            self.handler.on_custom_notification(notification, context),
        );
        let _ = AssertUnwindSafe(notified).catch_unwind().await;
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let caller = self.caller_of(&request.name, &context).await;
        let deadline = self.session.deadline(&context);
        self.run(caller, deadline, self.handler.call_tool(request, context))
            .await
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let (caller, deadline) = (
            self.session.caller(&context.extensions).await,
            self.session.deadline(&context),
        );
        let is_read_only = caller.as_ref().is_ok_and(|caller| caller.is_read_only());
        let mut listed = self
            .run(caller, deadline, self.handler.list_tools(request, context))
            .await?;
        if is_read_only {
            listed.tools.retain(changes_nothing);
        }
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
        let (caller, deadline) = (
            self.session.caller(&context.extensions).await,
            self.session.deadline(&context),
        );
        self.run(caller, deadline, self.handler.discover(context))
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
