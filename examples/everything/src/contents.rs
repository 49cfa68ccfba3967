//! Tools for each kind of [`Content`].

use mcp_lambda::prelude::*;

/// A PNG of one pixel, in base64.
pub const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A WAV of no length, in base64.
pub const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

/// Tools that answer, each in its way.
#[tools]
pub mod tools {
    use super::*;

    /// Answers with text.
    #[tool(read_only)]
    pub async fn test_simple_text() -> &'static str {
        "This is a simple text response for testing."
    }

    /// Answers with a picture.
    #[tool(read_only)]
    pub async fn test_image_content() -> Content {
        Content::image(PNG, "image/png")
    }

    /// Answers with a sound.
    #[tool(read_only)]
    pub async fn test_audio_content() -> Content {
        Content::audio(WAV, "audio/wav")
    }

    /// Answers with a resource and its text.
    #[tool(read_only)]
    pub async fn test_embedded_resource() -> Content {
        resource(
            "test://embedded-resource",
            "text/plain",
            "This is an embedded resource content.",
        )
    }

    /// Answers with text, a picture and a resource.
    #[tool(read_only)]
    pub async fn test_multiple_content_types() -> Vec<Content> {
        vec![
            Content::text("Multiple content types test:"),
            Content::image(PNG, "image/png"),
            resource(
                "test://mixed-content-resource",
                "application/json",
                r#"{"test":"data","value":123}"#,
            ),
        ]
    }

    /// Fails, in words that the model can read.
    #[tool(read_only)]
    pub async fn test_error_handling() -> Result<String> {
        Err(Error::unavailable(
            "This tool intentionally returns an error for testing",
        ))
    }

    fn resource(uri: &str, mime_type: &str, text: &str) -> Content {
        Content::Resource {
            uri: uri.to_owned(),
            mime_type: Some(mime_type.to_owned()),
            text: text.to_owned(),
        }
    }
}
