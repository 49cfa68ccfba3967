//! The way back to the client while its call runs, implemented by the protocol:
//! [progress](Progress), log messages, questions, and the client's own description.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Trace;
use crate::elicitation::Capability;
use crate::error::Result;

/// The way back to the client of one call; authors use it through [`Context`](super::Context).
///
/// A message that can't be sent is dropped: a client that has left must not make a tool fail.
#[async_trait]
pub(crate) trait Channel: fmt::Debug + Send + Sync + 'static {
    /// Returns the client's description of itself.
    fn client(&self) -> ClientInfo;

    /// Returns the least level of log messages that the client wants, if it wants any.
    fn log_level(&self) -> Option<Level>;

    /// Returns `true` if the client asked for progress.
    fn wants_progress(&self) -> bool;

    /// Returns the trace of the call.
    fn trace(&self) -> Trace;

    /// Returns the id that Lambda gave to the request; elsewhere a request has none.
    fn request_id(&self) -> Option<String> {
        None
    }

    /// Returns `true` if a question can reach the client: over HTTP, without sessions,
    /// only from MCP 2026-07-28 on.
    fn can_be_asked(&self) -> bool;

    /// Returns `true` if the client answers questions while the call waits, as clients
    /// before MCP 2026-07-28 do.
    fn answers_at_once(&self) -> bool;

    /// Reports progress.
    async fn progress(&self, progress: Progress);

    /// Sends a log message.
    async fn log(&self, level: Level, data: Value);

    /// Sends a request of the protocol's and waits for its result.
    ///
    /// # Errors
    /// `Unavailable` if the client does not answer.
    async fn ask(&self, request: Value) -> Result<Value>;
}

/// The progress of a call (MCP 2026-07-28, progress).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Progress {
    /// The amount that is done.
    pub done: f64,
    /// The whole amount, if it is known.
    pub total: Option<f64>,
    /// The step that is under way, for people.
    pub message: Option<String>,
}

/// The client's description of itself (MCP `Implementation`, `ClientCapabilities`).
///
/// It may say anything: never grant rights by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientInfo {
    /// The client's name, if it declares one.
    pub name: Option<String>,
    /// The client's version, if it declares one.
    pub version: Option<String>,
    /// The [capabilities](Capability) that it declares (MCP `ClientCapabilities`).
    pub capabilities: Value,
}

impl ClientInfo {
    /// Returns `true` if the client declares this [capability](Capability).
    #[must_use]
    pub fn can(&self, capability: Capability) -> bool {
        // A capability is declared by being there; the object under it has its options, mostly none.
        let declared = |path: &str| {
            self.capabilities
                .pointer(path)
                .is_some_and(|value| !value.is_null())
        };
        match capability {
            // An empty `elicitation` means forms (MCP 2026-07-28, elicitation): clients before URL mode
            // declare it so.
            Capability::Form => {
                declared("/elicitation/form")
                    || (declared("/elicitation") && !declared("/elicitation/url"))
            }
            Capability::Url => declared("/elicitation/url"),
            Capability::Sampling => declared("/sampling"),
            Capability::Roots => declared("/roots"),
            Capability::Ui => declared("/extensions/io.modelcontextprotocol~1ui"),
        }
    }
}

/// The severity of a log message (RFC 5424 §6.2.1), the least first; [`Context::log`](super::Context::log)
/// takes one.
///
/// ```
/// use mcp_lambda::call::Level;
///
/// assert!(Level::Warning < Level::Error);
/// assert_eq!(serde_json::to_string(&Level::Warning).unwrap(), r#""warning""#);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Details for debugging.
    Debug,
    /// Normal operation.
    #[default]
    Info,
    /// Normal and significant.
    Notice,
    /// A possible problem.
    Warning,
    /// An error.
    Error,
    /// An error that affects other operations.
    Critical,
    /// An error that needs action at once.
    Alert,
    /// The system is unusable.
    Emergency,
}
