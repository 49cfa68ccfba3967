//! [`RequestScope`], one MCP request: its caller, the calls it makes ([`CallContext`]), and the fields that its result
//! carries besides.

use std::sync::Arc;

use rmcp::model::{InputRequiredResult, MetaObject, RequestMetaObject};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};

use super::peer::{Peer, is_modern};
use super::state::ServerState;
use super::{Session, convert, error};
use crate::call::Context;
use crate::elicitation::{InputRequired, InputResponses};
use crate::registry::{CallContext, Registry};

/// The `_meta` key of the least level of log messages that a client wants.
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// The `_meta` key of the server's name and version.
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// Reads the [`InputResponses`] of a client whose call was answered with a request for input.
pub(super) fn input_responses(
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
    is_modern: bool,
    /// The maker of the request's calls.
    pub(super) calls: CallContext,
}

impl<'a> RequestScope<'a> {
    /// Looks up the caller and the deadline of a request in its [`Session`].
    ///
    /// # Errors
    /// -32600 for a request without a caller, -32602 for a log level that MCP does not have.
    pub(super) async fn new(
        state: &'a ServerState,
        session: &Session,
        context: RequestContext<RoleServer>,
    ) -> Result<Self, ErrorData> {
        let is_modern = is_modern(&context);
        let level = check_level(&context.meta);
        let calls = calls(&state.registry, session, context).await?;
        level?;
        Ok(Self {
            state,
            is_modern,
            calls,
        })
    }

    /// Adds the server's name and version to a result's `_meta` (MCP 2026-07-28, `serverInfo`).
    pub(super) fn stamp(&self, meta: Option<MetaObject>) -> Option<MetaObject> {
        if !self.is_modern {
            return meta;
        }
        let mut meta = meta.unwrap_or_default();
        meta.insert(SERVER_INFO.to_owned(), self.state.server_info.clone());
        Some(meta)
    }

    /// Makes the result that asks the client for input ([`InputRequired`]).
    ///
    /// # Errors
    /// -32603 for a request that MCP does not have.
    pub(super) fn require_input(
        &self,
        input: InputRequired,
    ) -> Result<InputRequiredResult, ErrorData> {
        let mut result = convert::input_required(input)?;
        result.meta = self.stamp(None);
        Ok(result)
    }
}

/// Makes the [`CallContext`] of a request: its caller, its deadline, and the [`Peer`] by which its calls reach the
/// client.
pub(super) async fn calls(
    registry: &Arc<Registry>,
    session: &Session,
    context: RequestContext<RoleServer>,
) -> Result<CallContext, ErrorData> {
    let caller = session.caller(&context.extensions).await;
    let caller = caller.map_err(|error| error::protocol(&error))?;
    let version = context.meta.get(convert::VERSION);
    let version = version.map(|version| version.as_str().unwrap_or_default().to_owned());
    let deadline = session.deadline(&context);
    let cancellation = context.ct.clone();
    let peer = Arc::new(Peer::new(context, session.is_lasting(), session.level()));
    let context = Context::new(deadline, cancellation, Some(peer));
    Ok(CallContext::new(
        Arc::clone(registry),
        caller,
        context,
        version,
    ))
}

fn check_level(meta: &RequestMetaObject) -> Result<(), ErrorData> {
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

/// Returns whether a method is one of MCP's that is spoken here, in its newest revision or in those before it.
pub(super) fn is_method(method: &str, is_modern: bool) -> bool {
    const ALWAYS: [&str; 8] = [
        "tools/list",
        "tools/call",
        "prompts/list",
        "prompts/get",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "completion/complete",
    ];
    const BEFORE_2026: [&str; 3] = ["initialize", "ping", "logging/setLevel"];
    ALWAYS.contains(&method) || (!is_modern && BEFORE_2026.contains(&method))
}
