//! Tools that ask by [`Context::ask`]: the user by a form, or the client's model.
//!
//! A call that asks begins anew with the answer: nothing that must happen once may come before a question.

use mcp_lambda::elicitation::FormElicitation;
use mcp_lambda::elicitation::{Capability, form, sampling};
use mcp_lambda::prelude::*;
use serde_json::{Value, json};

/// The answer of a tool whose user declined.
pub const NO_ANSWER: &str = "The user would not say.";

/// Who somebody is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Person {
    /// What to be called by.
    pub name: String,
}

/// Where to go.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Destination {
    /// Such as Oslo.
    pub city: String,
}

/// For how long.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct Stay {
    /// How many nights.
    #[schemars(range(min = 1, max = 30))]
    pub nights: u8,
}

/// How to reach somebody.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Account {
    /// What to be called by.
    pub username: String,
    /// Where mail arrives.
    #[schemars(extend("format" = "email"))]
    pub email: String,
}

/// A form whose every field is filled in already.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Membership {
    name: String,
    age: u8,
    score: f64,
    status: Status,
    verified: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Active,
    Inactive,
    Pending,
}

impl Default for Membership {
    fn default() -> Self {
        Self {
            name: "John Doe".to_owned(),
            age: 30,
            score: 95.5,
            status: Status::Active,
            verified: true,
        }
    }
}

/// Tools that ask.
#[tools]
pub mod tools {
    use super::*;

    /// Plans a trip: asks where to, then for how long.
    #[tool(read_only)]
    pub async fn plan_trip(context: Context) -> Result<String> {
        context.progress(1.0, 3.0, "asking for the city").await;
        let Some(Destination { city }) = context
            .ask("city", form("Where do you want to go?"))
            .await?
        else {
            return Ok(NO_ANSWER.to_owned());
        };
        context.progress(2.0, 3.0, "asking for the nights").await;
        let Some(Stay { nights }) = context
            .ask("nights", form(format!("How many nights in {city}?")))
            .await?
        else {
            return Ok(NO_ANSWER.to_owned());
        };
        context.progress(3.0, 3.0, "planned").await;
        Ok(format!("{nights} nights in {city}"))
    }

    /// Asks the client's model something, and says what it answered.
    #[tool(read_only)]
    pub async fn test_sampling(
        context: Context,
        /// What to ask.
        prompt: String,
    ) -> Result<String> {
        let answer = context.ask("answer", sampling(question(&prompt))).await?;
        Ok(format!("LLM response: {}", text_of(answer.as_ref())))
    }

    /// Asks the user for a name and an address.
    #[tool(read_only)]
    pub async fn test_elicitation(
        context: Context,
        /// What to say above the form.
        message: String,
    ) -> Result<String> {
        let account: Option<Account> = context.ask("account", form(message)).await?;
        Ok(account.map_or(NO_ANSWER.to_owned(), |account| {
            format!("{} <{}>", account.username, account.email)
        }))
    }

    /// Asks by a form whose fields have defaults.
    #[tool(read_only)]
    pub async fn test_elicitation_sep1034_defaults(context: Context) -> Result<String> {
        let membership = context
            .ask("membership", form::<Membership>("Is this right?"))
            .await?;
        Ok(membership.map_or(NO_ANSWER.to_owned(), |membership| {
            format!("Elicitation completed: {membership:?}")
        }))
    }

    /// Asks by a form with every way to choose: its schema is written by hand.
    #[tool(read_only)]
    pub async fn test_elicitation_sep1330_enums(context: Context) -> Result<String> {
        let chosen = context
            .ask(
                "choices",
                FormElicitation::raw("What do you choose?", choices()),
            )
            .await?;
        Ok(chosen.map_or(NO_ANSWER.to_owned(), |chosen| {
            format!("Elicitation completed: {chosen}")
        }))
    }

    /// Asks for a name, on whatever way the answer goes back.
    #[tool(read_only)]
    pub async fn test_streaming_elicitation(context: Context) -> Result<String> {
        let person: Option<Person> = context.ask("user_name", form("What is your name?")).await?;
        Ok(person.map_or(NO_ANSWER.to_owned(), |person| {
            format!("Hello, {}!", person.name)
        }))
    }

    /// Refuses clients that can't ask their model.
    #[tool(read_only)]
    pub async fn test_missing_capability(context: Context) -> Result<&'static str> {
        context.require(Capability::Sampling)?;
        Ok("This client can ask its model.")
    }
}

/// Returns the parameters of a question to a client's model ([`sampling`]).
#[must_use]
pub fn question(text: &str) -> Value {
    json!({ "messages": [{ "role": "user", "content": { "type": "text", "text": text } }], "maxTokens": 100 })
}

/// Returns the text of a client's model's answer to a [`question`].
#[must_use]
pub fn text_of(answer: Option<&Value>) -> &str {
    answer
        .and_then(|answer| answer["content"]["text"].as_str())
        .unwrap_or(NO_ANSWER)
}

fn choices() -> Value {
    let titled = |one: &str, other: &str| json!([{ "const": "value1", "title": one }, { "const": "value2", "title": other }]);
    json!({
        "type": "object",
        "properties": {
            "untitledSingle": { "type": "string", "enum": ["option1", "option2", "option3"] },
            "titledSingle": { "type": "string", "oneOf": titled("First Option", "Second Option") },
            "legacyEnum": { "type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"] },
            "untitledMulti": { "type": "array", "items": { "type": "string", "enum": ["option1", "option2", "option3"] } },
            "titledMulti": { "type": "array", "items": { "anyOf": titled("First Choice", "Second Choice") } },
        },
    })
}
