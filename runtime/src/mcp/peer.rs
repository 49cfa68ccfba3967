//! [`Peer`], the [`Channel`] of one call to its client through rmcp.

#![expect(
    deprecated,
    reason = "log messages, sampling and roots are deprecated by MCP 2026-07-28 and still spoken"
)]

use async_trait::async_trait;
use http::request::Parts;
use rmcp::RoleServer;
use rmcp::model::{
    LoggingMessageNotificationParam, ProgressNotificationParam, ProtocolVersion, ServerRequest,
};
use rmcp::service::RequestContext;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::{Channel, ClientInfo, Level, Progress, RequestId, Trace};
use crate::error::{Error, Result};

/// The channel of one call to its client: progress, log messages and questions.
#[derive(Debug)]
pub(super) struct Peer {
    context: RequestContext<RoleServer>,
    /// True where the connection stays between calls, so that the client can be asked over it.
    is_lasting: bool,
    /// The least [`Level`] of log messages that a client of an older revision has set.
    level: Level,
}

impl Peer {
    pub(super) const fn new(
        context: RequestContext<RoleServer>,
        is_lasting: bool,
        level: Level,
    ) -> Self {
        Self {
            context,
            is_lasting,
            level,
        }
    }

    fn is_modern(&self) -> bool {
        is_modern(&self.context)
    }
}

/// Returns whether a call is of MCP 2026-07-28 or newer.
pub(super) fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    // ISO dates are in order as text.
    context
        .protocol_version()
        .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

#[async_trait]
impl Channel for Peer {
    fn client(&self) -> ClientInfo {
        // Statelessly, an older client's `initialize` is not remembered, and rmcp names itself in its place.
        let (info, capabilities) = match (self.is_modern(), self.is_lasting) {
            (true, _) => (
                self.context.meta.client_info(),
                self.context.meta.client_capabilities(),
            ),
            (false, true) => (
                self.context.client_info(),
                self.context.client_capabilities(),
            ),
            (false, false) => (None, None),
        };
        let capabilities = capabilities
            .and_then(|all| serde_json::to_value(all).ok())
            .unwrap_or_default();
        let (name, version) = info.map(|info| (info.name, info.version)).unzip();
        ClientInfo {
            name,
            version,
            capabilities,
        }
    }

    fn log_level(&self) -> Option<Level> {
        if self.is_modern() {
            self.context.meta.log_level().and_then(convert_via_json)
        } else {
            Some(self.level)
        }
    }

    fn wants_progress(&self) -> bool {
        self.context.meta.get_progress_token().is_some()
    }

    fn trace(&self) -> Trace {
        let named = |name: &str| {
            self.context
                .meta
                .get(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let headers = self
            .context
            .extensions
            .get::<Parts>()
            .map(|parts| &parts.headers);
        Trace::read(named, headers)
    }

    fn request_id(&self) -> Option<String> {
        let parts = self.context.extensions.get::<Parts>()?;
        parts.extensions.get().map(|RequestId(id)| id.clone())
    }

    fn can_be_asked(&self) -> bool {
        self.is_lasting || self.is_modern()
    }

    fn answers_at_once(&self) -> bool {
        self.is_lasting && !self.is_modern()
    }

    async fn progress(&self, progress: Progress) {
        let Some(token) = self.context.meta.get_progress_token() else {
            return;
        };
        let mut report = ProgressNotificationParam::new(token, progress.done);
        (report.total, report.message) = (progress.total, progress.message);
        let _ = self.context.peer.notify_progress(report).await;
    }

    async fn log(&self, level: Level, data: Value) {
        let Some(level) = convert_via_json(level) else {
            return;
        };
        let message = LoggingMessageNotificationParam::new(level, data);
        let _ = self.context.peer.notify_logging_message(message).await;
    }

    async fn ask(&self, request: Value) -> Result<Value> {
        let request = convert_via_json::<_, ServerRequest>(request)
            .ok_or_else(|| Error::internal("the question can't be worded"))?;
        // Why it does not may be in its user's words, which are not for the log.
        let result = self.context.peer.send_request(request).await;
        let result =
            result.map_err(|_| Error::unavailable("the client did not answer the question"))?;
        Ok(serde_json::to_value(result).unwrap_or_default())
    }
}

/// Converts a type of ours to one of rmcp's, or back, where both have the same JSON; `None` where they do not.
pub(super) fn convert_via_json<A: Serialize, B: DeserializeOwned>(value: A) -> Option<B> {
    serde_json::from_value(serde_json::to_value(value).ok()?).ok()
}
