//! The laws of [`Provider`](crate::provider::Provider): every leaf and every wrapper runs all of them, over the tools of [`catalog`]. A wrapper rules on
//! every kind alike, so tools stand for all.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Outcome, Tool, Tools};
use crate::call::{Call, Content, Context};
use crate::clock::SystemClock;
use crate::elicitation::{InputResponses, form};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{Catalog, Completion, SharedProvider, completer, reach};
use crate::store::Memory;
use crate::user::{Caller, Scopes, current_user};

/// The tools that a source under these laws must offer.
///
/// # Panics
/// Never: the tools are well made.
#[must_use]
pub fn catalog() -> Catalog<Tools> {
    let schema = json!({"type": "object"});
    let echo = Tool::raw("echo", schema.clone(), |call| async move {
        Ok(Outcome::data(Value::Object(call.arguments)))
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

/// A registered user with every scope.
///
/// # Panics
/// Never: the email is valid.
#[must_use]
pub fn alice() -> Arc<Caller> {
    Arc::new(Caller::user(
        "alice@example.com".parse().expect("valid"),
        Scopes::All,
        None,
    ))
}

/// A call by this caller that has plenty of time.
#[must_use]
pub fn call(name: &str, arguments: &Value, caller: Arc<Caller>) -> Call {
    Call {
        primitive: "tool",
        name: name.to_owned(),
        version: None,
        arguments: arguments.as_object().cloned().unwrap_or_else(Map::new),
        caller,
        context: Context::lasting(Duration::from_secs(3_600)),
        retry: None,
        store: Arc::new(Memory::default()),
        clock: Arc::new(SystemClock),
        states: crate::call::States::default(),
    }
}

/// Runs every law over a source that offers the tools of [`catalog`].
///
/// # Panics
/// When the source breaks a law.
pub async fn all(source: SharedProvider<Tools>) {
    the_list_is_in_order_and_stays(&source).await;
    what_is_listed_is_found_and_nothing_else(&source).await;
    what_is_listed_can_be_called(&source).await;
    arguments_and_answers_pass_unchanged(&source).await;
    a_tool_knows_its_caller(&source).await;
    a_failure_of_the_tool_is_an_outcome(&source).await;
    a_refusal_names_what_is_wrong(&source).await;
    an_unknown_tool_is_not_found(&source).await;
    arguments_are_completed(&source).await;
    a_client_that_cannot_ask_is_told(&source).await;
}

async fn answer(source: &SharedProvider<Tools>, call: Call) -> Result<Outcome> {
    reach(&**source, call)
        .await
        .and_then(|(_, reply)| reply.answer())
}

async fn the_list_is_in_order_and_stays(source: &SharedProvider<Tools>) {
    let names = async || -> Vec<String> {
        let list = source.list(&alice()).await.expect("listable").definitions;
        list.iter()
            .map(|definition| definition.name.clone())
            .collect()
    };
    let first = names().await;
    assert!(first.is_sorted(), "{first:?}");
    assert_eq!(first, names().await);
}

async fn what_is_listed_is_found_and_nothing_else(source: &SharedProvider<Tools>) {
    for definition in source.list(&alice()).await.expect("listable").definitions {
        let found = source
            .find(&alice(), &definition.name)
            .await
            .expect("reachable")
            .expect("found");
        assert_eq!(
            (&found.name, &found.input_schema),
            (&definition.name, &definition.input_schema)
        );
    }
    assert!(
        source
            .find(&alice(), "no_such_tool")
            .await
            .expect("reachable")
            .is_none()
    );
}

async fn what_is_listed_can_be_called(source: &SharedProvider<Tools>) {
    for definition in source.list(&alice()).await.expect("listable").definitions {
        let outcome = answer(source, call(&definition.name, &json!({}), alice())).await;
        assert!(
            !matches!(&outcome, Err(error) if error.kind() == ErrorKind::NotFound),
            "{}: {outcome:?}",
            definition.name
        );
    }
}

async fn arguments_and_answers_pass_unchanged(source: &SharedProvider<Tools>) {
    let arguments = json!({"text": "☃ \"quoted\"", "nested": {"list": [1, null, true]}});
    let outcome = answer(source, call("echo", &arguments, alice()))
        .await
        .expect("callable");
    assert_eq!(outcome, Outcome::data(arguments));
}

async fn a_tool_knows_its_caller(source: &SharedProvider<Tools>) {
    let outcome = answer(source, call("who", &json!({}), alice()))
        .await
        .expect("callable");
    assert_eq!(outcome.content, [Content::text("alice@example.com")]);
    assert!(
        current_user().is_err(),
        "the current user must not outlive the call"
    );
}

async fn a_failure_of_the_tool_is_an_outcome(source: &SharedProvider<Tools>) {
    let outcome = answer(source, call("fails", &json!({}), alice()))
        .await
        .expect("an outcome");
    assert_eq!(outcome, Outcome::error("it did not work"));
}

async fn a_refusal_names_what_is_wrong(source: &SharedProvider<Tools>) {
    let error = answer(source, call("refuses", &json!({}), alice()))
        .await
        .expect_err("refused");
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Invalid, "`text` is missing")
    );
}

async fn an_unknown_tool_is_not_found(source: &SharedProvider<Tools>) {
    let error = answer(source, call("no_such_tool", &json!({}), alice()))
        .await
        .expect_err("unknown");
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::NotFound, "unknown tool `no_such_tool`")
    );
}

async fn arguments_are_completed(source: &SharedProvider<Tools>) {
    let found = source
        .find(&alice(), "echo")
        .await
        .expect("reachable")
        .expect("found");
    let typed = |argument: &str| Completion {
        argument: argument.to_owned(),
        value: "HE".to_owned(),
        call: call("echo", &json!({}), alice()),
    };
    assert_eq!(
        source
            .complete(&found, typed("text"))
            .await
            .expect("completed"),
        ["hello", "help"]
    );
    assert!(
        source
            .complete(&found, typed("other"))
            .await
            .expect("completed")
            .is_empty()
    );
}

async fn a_client_that_cannot_ask_is_told(source: &SharedProvider<Tools>) {
    let mut asking = call("asks", &json!({}), alice());
    asking.retry = Some(InputResponses::default());
    let error = answer(source, asking).await.expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.message().contains("can't ask its user"), "{error}");
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn the_catalog_keeps_the_laws() {
        super::all(std::sync::Arc::new(super::catalog())).await;
    }
}
