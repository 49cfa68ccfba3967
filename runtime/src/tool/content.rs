//! What a tool answers.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// One piece of a tool's answer. Binary data is standard base64 text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Text for the model.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// Base64.
        data: String,
        /// Such as `image/png`.
        mime_type: String,
    },
    /// A sound.
    Audio {
        /// Base64.
        data: String,
        /// Such as `audio/wav`.
        mime_type: String,
    },
    /// A resource with its text.
    Resource {
        /// Where it comes from.
        uri: String,
        /// Such as `text/plain`.
        mime_type: Option<String>,
        /// Its text.
        text: String,
    },
    /// A resource with its bytes.
    Blob {
        /// Where it comes from.
        uri: String,
        /// Such as `image/png`.
        mime_type: Option<String>,
        /// Base64.
        data: String,
    },
    /// A resource by name alone.
    ResourceLink {
        /// Where it is.
        uri: String,
        /// What it is called.
        name: String,
    },
}

impl Content {
    /// Text for the model.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// A picture: base64 data and its MIME type.
    #[must_use]
    pub fn image(data: impl Into<String>, mime_type: impl Into<String>) -> Self {
        Self::Image { data: data.into(), mime_type: mime_type.into() }
    }

    /// A sound: base64 data and its MIME type.
    #[must_use]
    pub fn audio(data: impl Into<String>, mime_type: impl Into<String>) -> Self {
        Self::Audio { data: data.into(), mime_type: mime_type.into() }
    }

    fn size(&self) -> usize {
        match self {
            Self::Text { text } | Self::Resource { text, .. } => text.len(),
            Self::Image { data, .. } | Self::Audio { data, .. } | Self::Blob { data, .. } => data.len(),
            Self::ResourceLink { uri, name } => uri.len() + name.len(),
        }
    }
}

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
}

impl Outcome {
    /// An answer in text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { content: vec![Content::text(text)], ..Self::default() }
    }

    /// A failure the model can read and act on.
    #[must_use]
    pub fn error(text: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::text(text) }
    }

    /// An answer as data, and as the same data in text for clients that read only text.
    #[must_use]
    pub fn structured(value: Value) -> Self {
        let text = value.to_string();
        Self { structured: Some(value), ..Self::text(text) }
    }

    /// About how many bytes it takes on the wire: structured answers are sent twice.
    #[must_use]
    pub fn size(&self) -> usize {
        let content: usize = self.content.iter().map(Content::size).sum();
        if self.structured.is_some() { content * 2 } else { content }
    }
}

impl From<Content> for Outcome {
    fn from(content: Content) -> Self {
        Self { content: vec![content], ..Self::default() }
    }
}

impl From<Vec<Content>> for Outcome {
    fn from(content: Vec<Content>) -> Self {
        Self { content, ..Self::default() }
    }
}
