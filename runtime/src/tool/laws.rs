//! The laws of [`Provider`] over known tools.
//!
//! Rules around the tools of [`catalog`] must leave their arguments, answers and failures as they are.
//! [`provider::laws`] hold besides, for any contents.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Outcome, Tool, Tools};
use crate::call::{Call, Content};
use crate::elicitation::{InputResponses, form};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{self, Catalog, CompletionRequest, Provider, completer};
use crate::user::{Caller, Scopes, current_user};

/// Makes the tools that a provider under these laws must have.
///
/// # Panics
/// Never: the tools are well made.
#[must_use]
pub(crate) fn catalog() -> Catalog<Tools> {
    let schema = json!({"type": "object"});
    let echo = Tool::raw("echo", schema.clone(), |call| async move {
        Ok(Outcome::data(json!(*call.arguments)))
    });
    let who = Tool::raw("who", schema.clone(), |_| async {
        Ok(Outcome::text(current_user()?.email().as_str()))
    });
    let fails = Tool::raw("fails", schema.clone(), |_| async {
        Ok(Outcome::error("it did not work"))
    });
    let refuses = Tool::raw("refuses", schema.clone(), |_| async {
        Err(Error::invalid("`text` is missing"))
    });
    let asks = Tool::raw("asks", schema, |call| async move {
        let question = form::<Value>("Which city?");
        let city = call.context.ask("city", question).await?;
        Ok(Outcome::data(json!({ "city": city })))
    });
    let tools = [
        who,
        refuses,
        fails,
        asks,
        echo.completes("text", completer(["hello", "help", "bye"])),
    ];
    Catalog::new(tools.map(|tool| tool.description("A tool of the laws.")))
        .expect("the tools of the laws are well made")
}

/// Makes a user with every scope.
///
/// # Panics
/// Never: the email is valid.
#[must_use]
pub(crate) fn alice() -> Arc<Caller> {
    Arc::new(Caller::user(
        "alice@example.com".parse().expect("valid"),
        Scopes::All,
        None,
    ))
}

/// Makes a call by this caller, with an hour and nobody to ask.
#[must_use]
#[expect(
    clippy::needless_pass_by_value,
    reason = "laws make a caller for each call"
)]
pub(crate) fn call(name: &str, arguments: &Value, caller: Arc<Caller>) -> Call {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    provider::laws::call_with::<Tools>(name, arguments, &caller)
}

/// Runs every law over a provider that has the tools of [`catalog`].
///
/// # Panics
/// If the provider breaks a law.
pub(crate) async fn all(provider: &dyn Provider<Tools>) {
    provider::laws::all(provider, &alice()).await;
    arguments_and_answers_pass_unchanged(provider).await;
    a_tool_knows_its_caller(provider).await;
    a_failure_of_the_tool_is_an_outcome(provider).await;
    a_refusal_names_what_is_wrong(provider).await;
    arguments_are_completed(provider).await;
    a_client_that_cannot_ask_is_told(provider).await;
}

/// Resolves a call and makes it.
///
/// # Errors
/// `NotFound` for an unknown tool, and what the call fails with.
pub(crate) async fn answer(provider: &dyn Provider<Tools>, call: Call) -> Result<Outcome> {
    let resolved = provider::resolve(provider, &call).await?;
    resolved.call(call).await?.into_answer()
}

async fn arguments_and_answers_pass_unchanged(provider: &dyn Provider<Tools>) {
    let arguments = json!({"text": "☃ \"quoted\"", "nested": {"list": [1, null, true]}});
    let outcome = answer(provider, call("echo", &arguments, alice()))
        .await
        .expect("callable");
    assert_eq!(outcome, Outcome::data(arguments));
}

async fn a_tool_knows_its_caller(provider: &dyn Provider<Tools>) {
    let outcome = answer(provider, call("who", &json!({}), alice()))
        .await
        .expect("callable");
    assert_eq!(outcome.content, [Content::text("alice@example.com")]);
    assert!(
        current_user().is_err(),
        "the current user must not outlive the call"
    );
}

async fn a_failure_of_the_tool_is_an_outcome(provider: &dyn Provider<Tools>) {
    let outcome = answer(provider, call("fails", &json!({}), alice()))
        .await
        .expect("an outcome");
    assert_eq!(outcome, Outcome::error("it did not work"));
}

async fn a_refusal_names_what_is_wrong(provider: &dyn Provider<Tools>) {
    let error = answer(provider, call("refuses", &json!({}), alice()))
        .await
        .expect_err("refused");
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Invalid, "`text` is missing")
    );
}

async fn arguments_are_completed(provider: &dyn Provider<Tools>) {
    let echo = provider.resolve(&alice(), "echo").await.expect("reachable");
    let echo = echo.expect("found");
    let typed = |argument: &str| CompletionRequest {
        argument: argument.to_owned(),
        value: "HE".to_owned(),
        call: call("echo", &json!({}), alice()),
    };
    let values = echo.complete(typed("text")).await.expect("completed");
    assert_eq!(values, ["hello", "help"]);
    let none = echo.complete(typed("other")).await.expect("completed");
    assert!(none.is_empty());
}

async fn a_client_that_cannot_ask_is_told(provider: &dyn Provider<Tools>) {
    let mut asking = call("asks", &json!({}), alice());
    asking.input_responses = Some(InputResponses::default());
    let error = answer(provider, asking).await.expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.message().contains("can't ask its user"), "{error}");
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn the_catalog_keeps_the_laws() {
        super::all(&super::catalog()).await;
    }
}
