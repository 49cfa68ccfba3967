//! [`Prompt`]s, of text and more.

use mcp_lambda::call::Call;
use mcp_lambda::elicitation::form;
use mcp_lambda::prelude::*;

use crate::contents::PNG;

/// What a conversation is to be about.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Topic {
    /// Such as the weather.
    pub context: String,
}

/// Makes the [`Prompt`]s.
#[must_use]
pub fn prompts() -> Vec<Prompt> {
    // Its argument has a name that is not Rust's way to write one.
    let embedding = Prompt::new("test_prompt_with_embedded_resource", embed)
        .description("Begins with a resource.")
        .argument("resourceUri", "Where the resource is.", true);
    [typed::prompts(), vec![embedding]].concat()
}

async fn embed(mut call: Call) -> Result<Vec<Message>> {
    let mut arguments = call.take_arguments();
    let uri = arguments.take("resourceUri")?;
    let text = "Embedded resource content for testing.".to_owned();
    let resource = Content::Resource {
        uri,
        mime_type: Some("text/plain".to_owned()),
        text,
    };
    Ok(vec![
        Message::user(resource),
        Message::user("Please process the embedded resource above."),
    ])
}

/// Prompts made of functions.
#[prompts]
pub mod typed {
    use super::*;

    /// Begins with a sentence.
    pub async fn test_simple_prompt() -> &'static str {
        "This is a simple prompt for testing."
    }

    /// Begins with a sentence made of two arguments.
    pub async fn test_prompt_with_arguments(
        /// The first, with suggestions.
        #[arg(complete = ["paris", "park", "party"])]
        arg1: String,
        /// The second.
        arg2: String,
    ) -> String {
        format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")
    }

    /// Begins with a picture.
    pub async fn test_prompt_with_image() -> Vec<Message> {
        vec![
            Message::user(Content::image(PNG, "image/png")),
            Message::user("Please analyze the image above."),
        ]
    }

    /// Asks the user before it begins.
    pub async fn test_input_required_result_prompt(context: Context) -> Result<Vec<Message>> {
        let topic: Option<Topic> = context
            .ask("user_context", form("What context should the prompt use?"))
            .await?;
        let topic = topic.map_or("whatever you like".to_owned(), |topic| topic.context);
        Ok(vec![
            Message::user(format!("Let us talk about {topic}.")),
            Message::assistant("Gladly."),
        ])
    }
}
