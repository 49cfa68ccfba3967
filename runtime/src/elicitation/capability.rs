//! The capabilities of clients that a call may need (MCP `ClientCapabilities`).

use std::fmt;

use serde_json::Value;

/// A capability of a client (MCP `ClientCapabilities`), which an
/// [`InputRequest`](super::InputRequest) needs.
///
/// ```
/// use mcp_lambda::call::ClientInfo;
/// use mcp_lambda::elicitation::Capability;
///
/// let mut client = ClientInfo::default();
/// client.capabilities = Capability::Form.declaration();
/// assert!(client.can(Capability::Form) && !client.can(Capability::Url));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capability {
    /// Shows its user a form (MCP 2026-07-28, elicitation, form mode).
    Form,
    /// Sends its user to a page (MCP 2026-07-28, elicitation, URL mode).
    Url,
    /// Asks its model (MCP 2026-07-28, sampling).
    Sampling,
    /// Names the folders it works in (MCP 2026-07-28, roots).
    Roots,
    /// Shows a tool's page (MCP Apps).
    Ui,
}

impl Capability {
    /// Returns the declaration that a client would make, as MCP `ClientCapabilities`.
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

/// Completes the sentence "this client can't".
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

/// The source of an [`Unsupported`](crate::ErrorKind::Unsupported) error, from which the protocol names the capability.
impl std::error::Error for Capability {}
