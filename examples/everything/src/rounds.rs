//! Questions in rounds ([`Context::ask`]): a client of MCP 2026-07-28 gets them as the answer, and calls again with the
//! user's answers and the state it was given to carry.

use mcp_lambda::elicitation::{Capability, form, roots, sampling};
use mcp_lambda::prelude::*;

use crate::asking::{NO_ANSWER, Person, question, text_of};

/// Whether to go on.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct Confirmation {
    /// Whether that is all right.
    pub ok: bool,
}

/// What somebody likes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Taste {
    /// Such as blue.
    pub color: String,
}

/// Tools that need one round or more.
#[tools]
pub mod tools {
    use super::*;

    /// Asks the user for a name.
    #[tool(read_only)]
    pub async fn test_input_required_result_elicitation(context: Context) -> Result<String> {
        let person: Option<Person> = context.ask("user_name", form("What is your name?")).await?;
        Ok(person.map_or(NO_ANSWER.to_owned(), |person| {
            format!("Hello, {}!", person.name)
        }))
    }

    /// Asks the client's model for a capital.
    #[tool(read_only)]
    pub async fn test_input_required_result_sampling(context: Context) -> Result<String> {
        let capital = sampling(question("What is the capital of France?"));
        let answer = context.ask("capital_question", capital).await?;
        Ok(text_of(answer.as_ref()).to_owned())
    }

    /// Asks the client for its folders.
    #[tool(read_only)]
    pub async fn test_input_required_result_list_roots(context: Context) -> Result<String> {
        let answer = context.ask("client_roots", roots()).await?;
        Ok(answer.map_or(NO_ANSWER.to_owned(), |answer| answer["roots"].to_string()))
    }

    /// Asks for a confirmation; what the client carries meanwhile is sealed.
    #[tool(read_only)]
    pub async fn test_input_required_result_request_state(
        context: Context,
    ) -> Result<&'static str> {
        let confirmed: Option<Confirmation> =
            context.ask("confirm", form("Please confirm.")).await?;
        Ok(if confirmed.is_some_and(|confirmed| confirmed.ok) {
            "state-ok"
        } else {
            NO_ANSWER
        })
    }

    /// Asks for a confirmation that holds for one use.
    #[tool(read_only)]
    pub async fn test_input_required_result_tampered_state(
        context: Context,
    ) -> Result<&'static str> {
        let confirmed = context
            .ask(
                "confirm",
                form::<Confirmation>("Please confirm.").single_use(),
            )
            .await?;
        Ok(if confirmed.is_some_and(|confirmed| confirmed.ok) {
            "confirmed, once"
        } else {
            NO_ANSWER
        })
    }

    /// Asks the user, the model and the client in one round: questions put side by side go out together.
    #[tool(read_only)]
    pub async fn test_input_required_result_multiple_inputs(context: Context) -> Result<String> {
        let greeting = sampling(question("Write a greeting."));
        let (person, greeting, roots) = tokio::try_join!(
            context.ask("user_name", form::<Person>("What is your name?")),
            context.ask("greeting", greeting),
            context.ask("client_roots", roots()),
        )?;
        let name = person.map_or(NO_ANSWER.to_owned(), |person| person.name);
        let roots = roots.map_or(NO_ANSWER.to_owned(), |answer| answer["roots"].to_string());
        Ok(format!(
            "{} {name} works in {roots}",
            text_of(greeting.as_ref())
        ))
    }

    /// Asks in two rounds: the second question knows the first answer.
    #[tool(read_only)]
    pub async fn test_input_required_result_multi_round(context: Context) -> Result<String> {
        let Some(Person { name }) = context
            .ask("step1", form("Step 1: What is your name?"))
            .await?
        else {
            return Ok(NO_ANSWER.to_owned());
        };
        let second = form::<Taste>(format!("Step 2: What is your favorite color, {name}?"));
        let taste = context.ask("step2", second).await?;
        Ok(taste.map_or(NO_ANSWER.to_owned(), |taste| {
            format!("{name} likes {}", taste.color)
        }))
    }

    /// Asks whom it can: the model where the client can ask it, else the user.
    #[tool(read_only)]
    pub async fn test_input_required_result_capabilities(context: Context) -> Result<String> {
        if context.client().can(Capability::Sampling) {
            return test_input_required_result_sampling(context).await;
        }
        test_input_required_result_elicitation(context).await
    }
}
