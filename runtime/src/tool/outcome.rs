//! What a tool answers.

use serde_json::{Map, Value};

use crate::call::Content;

/// A tool's whole answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What the model reads.
    pub content: Vec<Content>,
    /// The same as data, for tools with an output schema.
    pub structured: Option<Value>,
    /// Whether the tool reports a failure.
    pub is_error: bool,
    /// Why it failed, for the log; nobody else is told.
    pub cause: Option<String>,
    /// What a page is told and the model is not (MCP `_meta`), under keys with a vendor's prefix.
    pub meta: Map<String, Value>,
}

impl Outcome {
    /// An answer in text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            content: vec![Content::text(text)],
            ..Self::default()
        }
    }

    /// A failure the model can read and act on.
    #[must_use]
    pub fn error(text: impl Into<String>) -> Self {
        Self {
            is_error: true,
            ..Self::text(text)
        }
    }

    /// An answer as data, and as the same data in text for clients that read only text.
    #[must_use]
    pub fn structured(value: Value) -> Self {
        let text = value.to_string();
        Self {
            structured: Some(value),
            ..Self::text(text)
        }
    }

    /// Tells a page what the model is not told.
    #[must_use]
    pub fn with_meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.meta.insert(key.into(), value.into());
        self
    }

    /// About how many bytes it takes on the wire.
    #[must_use]
    pub fn size(&self) -> usize {
        let content: usize = self.content.iter().map(Content::size).sum();
        let data = self.structured.iter().chain(self.meta.values());
        content + data.map(weight).sum::<usize>()
    }
}

/// About how many bytes a value takes, without writing it.
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
