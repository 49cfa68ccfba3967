//! What answers are made of.

use schemars::JsonSchema;
use serde::Serialize;

/// One piece of an answer. Binary data is standard base64 text.
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
        Self::Image {
            data: data.into(),
            mime_type: mime_type.into(),
        }
    }

    /// A sound: base64 data and its MIME type.
    #[must_use]
    pub fn audio(data: impl Into<String>, mime_type: impl Into<String>) -> Self {
        Self::Audio {
            data: data.into(),
            mime_type: mime_type.into(),
        }
    }

    /// About how many bytes it takes.
    pub(crate) const fn size(&self) -> usize {
        match self {
            Self::Text { text } | Self::Resource { text, .. } => text.len(),
            Self::Image { data, .. } | Self::Audio { data, .. } | Self::Blob { data, .. } => {
                data.len()
            }
            Self::ResourceLink { uri, name } => uri.len() + name.len(),
        }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}
