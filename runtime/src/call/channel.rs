//! The way back to the client while its call runs, as a voice gives it: reports, log messages, questions, and what the
//! client says of itself.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Trace;
use crate::elicitation::Capability;
use crate::error::Result;

/// The way back to the client of one call.
///
/// What can't be sent is lost without a word: a client that has gone must not make a tool fail.
#[async_trait]
pub trait Channel: fmt::Debug + Send + Sync + 'static {
    /// What the client says of itself.
    fn client(&self) -> ClientInfo;

    /// The least level of log messages the client wants, if it wants any.
    fn log_level(&self) -> Option<Level>;

    /// Whether the client asked for progress.
    fn wants_progress(&self) -> bool;

    /// The trace that the call is part of.
    fn trace(&self) -> Trace;

    /// Returns the id that Lambda gave to the request; elsewhere a request has none.
    fn request_id(&self) -> Option<String> {
        None
    }

    /// Whether a question can reach the client at all: over HTTP, where no session is kept, only from MCP 2026-07-28 on.
    fn can_be_asked(&self) -> bool;

    /// Whether the client answers questions while the call waits, as clients before MCP 2026-07-28 do.
    fn answers_at_once(&self) -> bool;

    /// Reports progress.
    async fn progress(&self, progress: Progress);

    /// Sends a log message.
    async fn log(&self, level: Level, data: Value);

    /// Puts a question, in the words of the protocol, and waits for its answer.
    ///
    /// # Errors
    /// `Unavailable` if the client does not answer.
    async fn ask(&self, request: Value) -> Result<Value>;
}

/// How far a call has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// How much is done.
    pub done: f64,
    /// Of how much, if that is known.
    pub total: Option<f64>,
    /// What is being done.
    pub message: Option<String>,
}

/// What a client says of itself. It may say anything: never decide by it who may do what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// Its name and version, if it says them.
    pub name: Option<(String, String)>,
    /// What it can do, as it declares it (MCP `ClientCapabilities`).
    pub capabilities: Value,
}

impl ClientInfo {
    /// Whether it says that it can do this.
    #[must_use]
    pub fn can(&self, capability: Capability) -> bool {
        let declared = |path: &str| {
            self.capabilities
                .pointer(path)
                .is_some_and(|value| !value.is_null())
        };
        match capability {
            // An empty `elicitation` means forms (MCP 2026-07-28, elicitation).
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

/// How much a log message matters (RFC 5424 §6.2.1), the least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For those who look for a fault.
    Debug,
    /// What goes as it should.
    #[default]
    Info,
    /// What goes as it should and is worth a look.
    Notice,
    /// What may go wrong.
    Warning,
    /// What went wrong.
    Error,
    /// What went wrong and takes other things with it.
    Critical,
    /// What somebody must see to now.
    Alert,
    /// Nothing works.
    Emergency,
}
