//! A tool's answer.

use serde_json::{Map, Value};

use crate::call::Content;

/// A tool's whole answer (MCP `CallToolResult`).
///
/// A function under [`#[tools]`](crate::tools) rarely makes one: text, content and data become one by
/// [`IntoAnswer`](crate::provider::IntoAnswer).
///
/// ```
/// use mcp_lambda::prelude::*;
/// use serde_json::json;
///
/// let found = Outcome::data(json!({"count": 2})).with_meta("example.com/page", json!({"of": 7}));
/// assert_eq!(found.content, [Content::text(r#"{"count":2}"#)]);
/// assert!(!found.is_error);
///
/// let refused = Outcome::error("there is no note `7`; `list_notes` lists them");
/// assert!(refused.is_error);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// The [content](Content) for the model.
    pub content: Vec<Content>,
    /// The same as data, of tools with an output schema.
    pub structured: Option<Value>,
    /// `true` if the tool reports a failure.
    pub is_error: bool,
    pub(crate) cause: Option<String>,
    pub(crate) meta: Map<String, Value>,
}

impl Outcome {
    /// Makes an answer of a text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            content: vec![Content::text(text)],
            ..Self::default()
        }
    }

    /// Makes a failure that the [model](Content) can read and act on.
    #[must_use]
    pub fn error(text: impl Into<String>) -> Self {
        Self {
            is_error: true,
            ..Self::text(text)
        }
    }

    /// Makes an answer of data, and of the same data as text for clients that read only text.
    #[must_use]
    pub fn data(value: Value) -> Self {
        let text = value.to_string();
        Self {
            structured: Some(value),
            ..Self::text(text)
        }
    }

    /// Sets the cause of a failure. It is for the log alone: no client gets it, so it may name an address or a file.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Returns the values for a [page](crate::resource::UiResource) (MCP `_meta`), which [`with_meta`](Self::with_meta) adds.
    #[must_use]
    pub const fn meta(&self) -> &Map<String, Value> {
        &self.meta
    }

    /// Adds a value for a [page](crate::resource::UiResource), which the model does not see, under a key with a vendor's prefix.
    #[must_use]
    pub fn with_meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.meta.insert(key.into(), value.into());
        self
    }

    /// Returns about how many bytes it takes on the wire.
    #[must_use]
    pub fn size(&self) -> usize {
        let content: usize = self.content.iter().map(Content::size).sum();
        let data = self.structured.iter().chain(self.meta.values());
        content + data.map(weight).sum::<usize>()
    }
}

/// Returns about how many bytes a value takes, without writing it.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 6,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| weight(item) + 1).sum::<usize>() + 2,
        Value::Object(fields) => {
            fields
                .iter()
                .map(|(name, field)| name.len() + 4 + weight(field))
                .sum::<usize>()
                + 2
        }
    }
}

impl From<Content> for Outcome {
    fn from(content: Content) -> Self {
        Self {
            content: vec![content],
            ..Self::default()
        }
    }
}

impl From<Vec<Content>> for Outcome {
    fn from(content: Vec<Content>) -> Self {
        Self {
            content,
            ..Self::default()
        }
    }
}
