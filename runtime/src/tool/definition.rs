//! What a tool says of itself.
//!
//! A definition is data: it must never know how the tool is run.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

/// The longest name: it still fits where clients put a prefix of theirs before it and stop at 64.
pub const MAX_NAME_BYTES: usize = 48;

/// A tool's name, description, schemas and hints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Definition {
    /// What it is called by: at most [`MAX_NAME_BYTES`] of `[A-Za-z0-9_-]`.
    pub name: String,
    /// What people see instead of the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the model reads.
    pub description: String,
    /// JSON Schema (draft 2020-12) of the arguments; its root is an object.
    pub input_schema: Arc<Map<String, Value>>,
    /// JSON Schema of the structured result, if there is one; its root is an object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Arc<Map<String, Value>>>,
    /// What a client may assume.
    pub hints: Hints,
    /// What a token that names scopes must name to use it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// How long a call may take, if not as long as the app allows every tool.
    #[serde(skip)]
    pub timeout: Option<Duration>,
}

/// What a client may assume of a tool (MCP `ToolAnnotations`); `None` leaves the protocol's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hints {
    /// It changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// It may destroy something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destructive: Option<bool>,
    /// Calling it twice is calling it once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// It reaches a world beyond this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_world: Option<bool>,
}

impl Definition {
    /// Everything that is wrong with this definition, each in a sentence that names the tool.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let name = &self.name;
        let mut faults = Vec::new();
        if !is_name(name) {
            faults.push(format!("tool name `{name}` must be 1 to {MAX_NAME_BYTES} letters, digits, `_` or `-`"));
        }
        if self.description.trim().is_empty() {
            faults.push(format!("tool `{name}` has no description; a model can't choose a tool it can't read about"));
        }
        if !is_object(&self.input_schema) {
            faults.push(format!("tool `{name}`: the root of the input schema must be `\"type\": \"object\"`"));
        }
        if self.output_schema.as_ref().is_some_and(|schema| !is_object(schema)) {
            faults.push(format!("tool `{name}`: the root of the output schema must be `\"type\": \"object\"`"));
        }
        for scope in self.scopes.iter().filter(|scope| !is_scope(scope)) {
            faults.push(format!(
                "tool `{name}`: scope `{scope}` must be letters, digits or `:._-`, and not `admin` or `probe`"
            ));
        }
        faults
    }
}

/// Whether a scope may be named by a tool and a user's token (RFC 6749 §3.3, less what shells and logs stumble over).
#[must_use]
pub fn is_scope(scope: &str) -> bool {
    let lawful = |byte: u8| byte.is_ascii_alphanumeric() || b":._-".contains(&byte);
    !scope.is_empty() && scope.len() <= 64 && scope.bytes().all(lawful) && !crate::user::is_reserved(scope)
}

fn is_name(name: &str) -> bool {
    let lawful = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.bytes().all(lawful)
}

fn is_object(schema: &Map<String, Value>) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object")
}
