//! The [content](Content) of answers (MCP `ContentBlock`).

use schemars::JsonSchema;
use serde::Serialize;

/// One piece of an answer (MCP `ContentBlock`). Binary data is standard base64 text (RFC 4648 §4).
///
/// ```
/// use mcp_lambda::prelude::*;
///
/// let answer = vec![
///     Content::text("The chart, and the figures behind it:"),
///     Content::image("iVBORw0KGgo=", "image/png"),
///     Content::resource("sales://2026/figures", "Q1,7\nQ2,9").with_mime_type("text/csv"),
///     Content::link("sales://2025/figures", "last year"),
/// ];
/// assert_eq!(Outcome::from(answer).content.len(), 4);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
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
        /// Its URI.
        uri: String,
        /// Such as `text/plain`.
        mime_type: Option<String>,
        /// Its text.
        text: String,
    },
    /// A resource with its bytes.
    Blob {
        /// Its URI.
        uri: String,
        /// Such as `image/png`.
        mime_type: Option<String>,
        /// Base64.
        data: String,
    },
    /// A link to a resource.
    ResourceLink {
        /// Its URI.
        uri: String,
        /// Its name, for people.
        name: String,
    },
}

impl Content {
    /// Makes a text (MCP `TextContent`); `"…".into()` does too.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// Makes a picture of base64 data and its MIME type (MCP `ImageContent`).
    #[must_use]
    pub fn image(data: impl Into<String>, mime_type: impl Into<String>) -> Self {
        Self::Image {
            data: data.into(),
            mime_type: mime_type.into(),
        }
    }

    /// Makes a sound of base64 data and its MIME type (MCP `AudioContent`).
    #[must_use]
    pub fn audio(data: impl Into<String>, mime_type: impl Into<String>) -> Self {
        Self::Audio {
            data: data.into(),
            mime_type: mime_type.into(),
        }
    }

    /// Embeds the text of a [resource](crate::Resource) (MCP 2026-07-28, embedded resources).
    #[must_use]
    pub fn resource(uri: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Resource {
            uri: uri.into(),
            mime_type: None,
            text: text.into(),
        }
    }

    /// Embeds the bytes of a [resource](crate::Resource), as base64 data (MCP 2026-07-28, embedded resources).
    #[must_use]
    pub fn blob(uri: impl Into<String>, data: impl Into<String>) -> Self {
        Self::Blob {
            uri: uri.into(),
            mime_type: None,
            data: data.into(),
        }
    }

    /// Links to a [resource](crate::Resource) by its URI and a name for it (MCP 2026-07-28, resource links).
    #[must_use]
    pub fn link(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self::ResourceLink {
            uri: uri.into(),
            name: name.into(),
        }
    }

    /// Sets the MIME type; text and links have none.
    #[must_use]
    pub fn with_mime_type(mut self, text: impl Into<String>) -> Self {
        // A text has no MIME type and a link is kept without one: a builder has no way to fail, and a
        // panic in a handler would be worse than one that is ignored.
        match &mut self {
            Self::Image { mime_type, .. } | Self::Audio { mime_type, .. } => {
                *mime_type = text.into();
            }
            Self::Resource { mime_type, .. } | Self::Blob { mime_type, .. } => {
                *mime_type = Some(text.into());
            }
            Self::Text { .. } | Self::ResourceLink { .. } => {}
        }
        self
    }

    /// Returns about how many bytes it takes, for the limit on answers.
    ///
    /// It errs on the small side: JSON escapes and the names of fields are not counted.
    pub(crate) const fn size(&self) -> usize {
        // An answer is measured before it is written, so that one that is too large never takes twice
        // its size. Base64 counts as it is sent, a third more than the bytes behind it.
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
