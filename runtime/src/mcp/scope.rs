//! A request as we know it: who asks for what, and how the answer goes back.

use std::sync::Arc;

use rmcp::model::{
    CacheScope, InputRequiredResult, MetaObject, PaginatedRequestParams, RequestMetaObject,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Map, Value};

use super::peer::{Peer, is_modern};
use super::state::ServerState;
use super::{Session, convert, error};
use crate::call::{Call, Context};
use crate::elicitation::{InputRequired, InputResponses};
use crate::provider::{Definition, Primitive, SharedProvider};
use crate::user::Caller;

/// The key of the least level of log messages that a client wants.
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// The key of who answers.
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// What a client brings back, if it was asked something.
pub(super) fn retry(
    responses: Option<rmcp::model::InputResponses>,
    state: Option<String>,
) -> Option<InputResponses> {
    if responses.is_none() && state.is_none() {
        return None;
    }
    Some(InputResponses {
        responses: responses.unwrap_or_default().into_iter().collect(),
        state,
    })
}

/// A request whose caller is known.
pub(super) struct RequestScope<'a> {
    state: &'a ServerState,
    caller: Arc<Caller>,
    context: Context,
    is_modern: bool,
    version: Option<String>,
}

/// A page of a list.
pub(super) struct Listed<P: Primitive> {
    pub(super) definitions: Vec<Arc<Definition<P>>>,
    pub(super) next: Option<String>,
    pub(super) scope: CacheScope,
}

impl<'a> RequestScope<'a> {
    pub(super) async fn new(
        state: &'a ServerState,
        session: &Session,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<Self, ErrorData> {
        let caller = session
            .caller(&context.extensions)
            .await
            .map_err(|error| error::protocol(&error))?;
        check_level(&context.meta)?;
        let is_modern = is_modern(&context);
        let version = context
            .meta
            .get(convert::VERSION)
            .map(|version| version.as_str().unwrap_or_default().to_owned());
        let (deadline, cancellation) = (session.deadline(&context), context.ct.clone());
        let channel = Arc::new(Peer::new(context, session.is_lasting(), session.level()));
        let context = Context::new(deadline, cancellation, Some(channel));
        Ok(Self {
            state,
            caller,
            context,
            is_modern,
            version,
        })
    }

    /// The call that is asked for.
    pub(super) fn call<P: Primitive>(
        &self,
        name: String,
        arguments: Map<String, Value>,
        retry: Option<InputResponses>,
    ) -> Call {
        Call {
            primitive: P::NAME,
            name,
            version: self.version.clone(),
            arguments,
            caller: Arc::clone(&self.caller),
            context: self.context.clone(),
            retry,
            store: Arc::clone(&self.state.store),
            clock: Arc::clone(&self.state.clock),
            states: self.state.states.clone(),
        }
    }

    /// The page of a list that is asked for.
    pub(super) async fn page<P: Primitive>(
        &self,
        source: &SharedProvider<P>,
        list: &str,
        request: Option<PaginatedRequestParams>,
        keep: impl Fn(&Definition<P>) -> bool + Send,
    ) -> std::result::Result<Listed<P>, ErrorData> {
        let listing = source
            .list(&self.caller)
            .await
            .map_err(|error| error::protocol(&error))?;
        let is_first = request
            .as_ref()
            .is_none_or(|request| request.cursor.is_none());
        let mut definitions = listing.definitions;
        definitions.retain(|definition| keep(definition));
        let user = self.caller.identity();
        let page = self
            .state
            .pages
            .page(list, &user, request, definitions, |definition| {
                P::key(definition)
            })
            .await;
        let page = page.map_err(|error| error::protocol(&error))?;
        // A cursor is one user's, and so is a page that has one.
        let is_whole = is_first && page.next.is_none();
        let scope = if is_whole && !listing.is_private {
            CacheScope::Public
        } else {
            CacheScope::Private
        };
        Ok(Listed {
            definitions: page.items,
            next: page.next,
            scope,
        })
    }

    /// What is said beside a result: who answers (MCP 2026-07-28, `serverInfo`).
    pub(super) fn stamp(&self, meta: Option<MetaObject>) -> Option<MetaObject> {
        if !self.is_modern {
            return meta;
        }
        let mut meta = meta.unwrap_or_default();
        meta.insert(SERVER_INFO.to_owned(), self.state.server_info.clone());
        Some(meta)
    }

    pub(super) fn asked(
        &self,
        asked: InputRequired,
    ) -> std::result::Result<InputRequiredResult, ErrorData> {
        let mut result = convert::asked(asked)?;
        result.meta = self.stamp(None);
        Ok(result)
    }
}

fn check_level(meta: &RequestMetaObject) -> std::result::Result<(), ErrorData> {
    if meta.get(LOG_LEVEL).is_some() && meta.log_level().is_none() {
        return Err(ErrorData::invalid_params(
            format!(
                "`{LOG_LEVEL}` must be debug, info, notice, warning, error, critical, alert or emergency"
            ),
            None,
        ));
    }
    Ok(())
}

/// Whether this is a method of MCP's that we speak, in its newest revision or in those before it.
pub(super) fn is_method(method: &str, is_modern: bool) -> bool {
    const EVER: [&str; 8] = [
        "tools/list",
        "tools/call",
        "prompts/list",
        "prompts/get",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "completion/complete",
    ];
    const BEFORE: [&str; 3] = ["initialize", "ping", "logging/setLevel"];
    EVER.contains(&method) || (!is_modern && BEFORE.contains(&method))
}
