//! Prompts: [messages](Message) that people start a conversation with, filled in by their arguments (MCP 2026-07-28, prompts).

use std::error::Error as StdError;
use std::future::Future;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::call::{ArgumentSchema, Call, Content};
use crate::error::{Error, Result};
use crate::provider::{Answer, Definition, IntoAnswer, Primitive, Registration, Sealed};

/// MCP's prompts as a [`Primitive`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompts {}

/// A registered prompt: its definition and its handler.
pub type Prompt = Registration<Prompts>;

/// The part of a [`Definition`] that only prompts have (MCP `Prompt`).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PromptDetail {
    /// The arguments, in the order of its function.
    pub arguments: Vec<PromptArgument>,
    /// JSON Schema of their values, where their types are known; the client's text is coerced by it.
    pub(crate) schema: Arc<Map<String, Value>>,
}

/// An argument of a prompt, whose value is text (MCP `PromptArgument`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PromptArgument {
    /// The name.
    pub name: String,
    /// The description, for people.
    pub description: String,
    /// `true` if it is required.
    pub is_required: bool,
}

/// The author of a [`Message`] (MCP `Role`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The user.
    User,
    /// The model.
    Assistant,
}

/// A message of a prompt (MCP `PromptMessage`).
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::testkit::{TestApp, block_on};
/// use serde_json::json;
///
/// #[prompts]
/// pub mod prompts {
///     use mcp_lambda::prelude::*;
///
///     /// Reviews a text.
///     pub async fn review(
///         /// The text.
///         text: String,
///     ) -> Vec<Message> {
///         vec![Message::user(format!("Review this: {text}")), Message::assistant("First, its structure:")]
///     }
/// }
///
/// # fn main() {
/// block_on(async {
///     let app = TestApp::new(App::new("reviews").prompts(prompts::prompts())).await;
///     let alice = app.user("alice@example.com").await;
///     let review = alice.mcp("prompts/get", json!({"name": "review", "arguments": {"text": "hm"}})).await;
///     assert_eq!(review.result()["messages"][0]["content"]["text"], "Review this: hm");
///     assert_eq!(review.result()["messages"][1]["role"], "assistant");
/// });
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// Its author.
    pub role: Role,
    /// Its content.
    pub content: Content,
}

impl Message {
    /// Makes a message by the user: text or other content.
    #[must_use]
    pub fn user(content: impl Into<Content>) -> Self {
        Self {
            role: Role::User,
            content: content.into(),
        }
    }

    /// Makes a message by the model: text or other content.
    #[must_use]
    pub fn assistant(content: impl Into<Content>) -> Self {
        Self {
            role: Role::Assistant,
            content: content.into(),
        }
    }
}

/// The answer of a prompt: the messages of a conversation to go on from (MCP `GetPromptResult`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PromptMessages {
    /// The messages, in the order of the conversation.
    pub messages: Vec<Message>,
}

impl Answer for PromptMessages {
    fn size(&self) -> usize {
        let sizes = self.messages.iter().map(|message| message.content.size());
        sizes.sum()
    }
}

impl IntoAnswer<Prompts> for PromptMessages {
    fn into_answer(self) -> Result<Self> {
        Ok(self)
    }
}

impl IntoAnswer<Prompts> for Vec<Message> {
    fn into_answer(self) -> Result<PromptMessages> {
        Ok(PromptMessages { messages: self })
    }
}

impl IntoAnswer<Prompts> for Message {
    fn into_answer(self) -> Result<PromptMessages> {
        vec![self].into_answer()
    }
}

impl IntoAnswer<Prompts> for Content {
    fn into_answer(self) -> Result<PromptMessages> {
        Message::user(self).into_answer()
    }
}

impl IntoAnswer<Prompts> for String {
    fn into_answer(self) -> Result<PromptMessages> {
        Message::user(self).into_answer()
    }
}

impl IntoAnswer<Prompts> for &'static str {
    fn into_answer(self) -> Result<PromptMessages> {
        Message::user(self).into_answer()
    }
}

impl<T, E> IntoAnswer<Prompts> for std::result::Result<T, E>
where
    T: IntoAnswer<Prompts>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    fn into_answer(self) -> Result<PromptMessages> {
        self.map_err(|error| Error::from_boxed(error.into()))?
            .into_answer()
    }
}

impl Sealed for Prompts {}

impl Primitive for Prompts {
    const NAME: &'static str = "prompt";
    type Detail = PromptDetail;
    type Answer = PromptMessages;

    fn argument_schema(prompt: &Definition<Self>) -> &Arc<Map<String, Value>> {
        &prompt.detail.schema
    }

    fn problems(prompt: &Definition<Self>) -> Vec<String> {
        let twice = |place: &usize| {
            prompt.arguments[..*place]
                .iter()
                .any(|earlier| earlier.name == prompt.arguments[*place].name)
        };
        let places = (0..prompt.arguments.len()).filter(twice);
        places
            .map(|place| {
                format!(
                    "prompt `{}` has the argument `{}` twice",
                    prompt.name, prompt.arguments[place].name
                )
            })
            .collect()
    }
}

impl Registration<Prompts> {
    /// Makes a prompt without arguments so far; the handler finds them in [`Call::arguments`].
    ///
    /// ```
    /// use mcp_lambda::prelude::*;
    ///
    /// let greet = Prompt::new("greet", |call| async move { Ok(format!("Greet {}.", call.arguments()["name"])) })
    ///     .description("Greets somebody.")
    ///     .argument("name", "Whom.", true);
    /// assert_eq!(greet.definition().arguments[0].name, "name");
    /// ```
    pub fn new<F, W, R>(name: impl Into<String>, handler: F) -> Self
    where
        F: Fn(Call) -> W + Send + Sync + 'static,
        W: Future<Output = Result<R>> + Send + 'static,
        R: IntoAnswer<Prompts>,
    {
        Self::make(name, PromptDetail::default(), handler)
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(
        mut self,
        name: impl Into<String>,
        description: impl Into<String>,
        is_required: bool,
    ) -> Self {
        let argument = PromptArgument {
            name: name.into(),
            description: description.into(),
            is_required,
        };
        self.definition_mut().detail.arguments.push(argument);
        self
    }

    /// Adds the arguments of this schema, in its order; those that are one of a few values suggest them.
    #[must_use]
    pub fn arguments(self, schema: ArgumentSchema) -> Self {
        let names = schema.names().to_vec();
        let schema = schema.finish();
        let is_required = |name: &str| {
            schema["required"]
                .as_array()
                .is_some_and(|names| names.contains(&name.into()))
        };
        let mut prompt = names.iter().fold(self, |prompt, name| {
            let property = &schema["properties"][name];
            let description = property["description"].as_str().unwrap_or_default();
            prompt
                .argument(name, description, is_required(name))
                .suggesting(name, property)
        });
        prompt.definition_mut().detail.schema =
            Arc::new(schema.as_object().cloned().unwrap_or_default());
        prompt
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Tone {
        /// Without a smile.
        Dry,
        Warm,
    }

    #[test]
    fn arguments_come_from_the_schema_and_choices_are_suggested() {
        let mut schema = ArgumentSchema::default();
        schema.argument::<String>("topic", "What of.");
        schema.argument::<Option<Tone>>("tone", "");
        let prompt = Prompt::new("write", |_| async { Ok("") }).arguments(schema);
        let [topic, tone] = prompt.definition().arguments.as_slice() else {
            panic!("two arguments")
        };
        assert_eq!(
            (topic.name.as_str(), tone.name.as_str()),
            ("topic", "tone"),
            "the order is the function's"
        );
        assert_eq!(
            (
                tone.is_required,
                topic.is_required,
                topic.description.as_str()
            ),
            (false, true, "What of.")
        );
        assert!(prompt.has_completions());
    }

    #[test]
    fn an_argument_is_named_once() {
        let prompt = Prompt::new("write", |_| async { Ok("") })
            .description("Writes.")
            .argument("a", "", true)
            .argument("a", "", false);
        assert_eq!(
            prompt.definition().problems(),
            ["prompt `write` has the argument `a` twice"]
        );
    }
}
