//! The capabilities of clients that a call may need (MCP `ClientCapabilities`).

use std::fmt;

use serde_json::Value;

/// What a client may be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// Put a form before its user.
    Form,
    /// Send its user to a page.
    Url,
    /// Ask its model.
    Sampling,
    /// Name the folders it works in.
    Roots,
    /// Show a tool's page (MCP Apps).
    Ui,
}

impl Capability {
    /// The declaration that a client would make, as MCP `ClientCapabilities`.
    #[must_use]
    pub fn declaration(self) -> Value {
        match self {
            Self::Form => serde_json::json!({ "elicitation": { "form": {} } }),
            Self::Url => serde_json::json!({ "elicitation": { "url": {} } }),
            Self::Sampling => serde_json::json!({ "sampling": {} }),
            Self::Roots => serde_json::json!({ "roots": {} }),
            Self::Ui => serde_json::json!({ "extensions": { "io.modelcontextprotocol/ui": {} } }),
        }
    }
}

/// In words that follow "this client can't".
impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "ask its user by a form",
            Self::Url => "send its user to a page",
            Self::Sampling => "ask its model",
            Self::Roots => "name its folders",
            Self::Ui => "show a tool's page",
        })
    }
}

/// As the source of an error, it tells what the client lacks.
impl std::error::Error for Capability {}
