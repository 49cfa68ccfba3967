//! [`Resource`]s: text, bytes, and a template of many.

use mcp_lambda::prelude::*;
use mcp_lambda::provider::CompletionRequest;

use crate::contents::PNG;

/// What is under a URI of the template.
#[derive(Clone, Debug, Serialize)]
struct Data {
    id: String,
    data: String,
}

/// Makes the [`Resource`]s.
#[must_use]
pub fn resources() -> Vec<Resource> {
    let watched =
        ResourceContents::text("This never changes, whoever watches it.").mime_type("text/plain");
    let watched = Resource::from_contents("test://watched-resource", "watched-resource", watched);
    [
        typed::resources(),
        vec![watched.description("A resource that never changes.")],
    ]
    .concat()
}

/// Resources made of functions.
#[resources]
pub mod typed {
    use super::*;

    /// Text that is the same for everyone.
    #[resource(
        "test://static-text",
        name = "static-text",
        mime_type = "text/plain",
        ttl = "5m",
        shared
    )]
    pub async fn static_text() -> &'static str {
        "This is the content of the static text resource."
    }

    /// A picture of one pixel.
    #[resource(
        "test://static-binary",
        name = "static-binary",
        mime_type = "image/png",
        ttl = "5m",
        shared
    )]
    pub async fn static_binary() -> ResourceContents {
        ResourceContents::base64(PNG)
    }

    /// Data by an id.
    #[resource(
        "test://template/{id}/data",
        name = "template-data",
        mime_type = "application/json"
    )]
    pub async fn template_data(
        /// Which.
        #[arg(complete = ids)]
        id: String,
    ) -> Result<ResourceContents> {
        let data = format!("Data for ID: {id}");
        ResourceContents::json(&Data { id, data })
    }

    /// Suggests numbers that begin with the typed text, for a [`CompletionRequest`].
    async fn ids(completion: CompletionRequest) -> Result<Vec<String>> {
        Ok((0..10)
            .map(|digit| format!("{}{digit}", completion.value))
            .collect())
    }
}
