//! The laws of [`ToolSource`](super::ToolSource): every leaf and every wrapper runs all of them, over the tools of [`catalog`].

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Call, Catalog, Content, Context, Outcome, Shared, Tool};
use crate::error::{Error, ErrorKind};
use crate::store::Memory;
use crate::user::{Caller, Scopes, current_user};

/// The tools that a source under these laws must offer.
///
/// # Panics
/// Never: the tools are well made.
#[must_use]
pub fn catalog() -> Catalog {
    let schema = json!({"type": "object"});
    let echo =
        Tool::raw("echo", schema.clone(), |call| async move { Ok(Outcome::structured(Value::Object(call.arguments))) });
    let who = Tool::raw("who", schema.clone(), |_| async { Ok(Outcome::text(current_user()?.email().as_str())) });
    let fails = Tool::raw("fails", schema.clone(), |_| async { Ok(Outcome::error("it did not work")) });
    let refuses = Tool::raw("refuses", schema, |_| async { Err(Error::invalid("`text` is missing")) });
    let tools = [who, refuses, fails, echo].map(|tool| tool.description("A tool of the laws."));
    Catalog::new(tools).expect("the tools of the laws are well made")
}

/// A registered user with every scope.
///
/// # Panics
/// Never: the email is valid.
#[must_use]
pub fn alice() -> Arc<Caller> {
    Arc::new(Caller::user("alice@example.com".parse().expect("valid"), Scopes::All, None))
}

/// A call by this caller that has plenty of time.
#[must_use]
pub fn call(name: &str, arguments: &Value, caller: Arc<Caller>) -> Call {
    Call {
        name: name.to_owned(),
        arguments: arguments.as_object().cloned().unwrap_or_else(Map::new),
        caller,
        context: Context::lasting(Duration::from_secs(3_600)),
        store: Arc::new(Memory::default()),
    }
}

/// Runs every law over a source that offers the tools of [`catalog`].
///
/// # Panics
/// When the source breaks a law.
pub async fn all(source: Shared) {
    the_list_is_in_order_and_stays(&source).await;
    what_is_listed_is_found_and_nothing_else(&source).await;
    what_is_listed_can_be_called(&source).await;
    arguments_and_answers_pass_unchanged(&source).await;
    a_tool_knows_its_caller(&source).await;
    a_failure_of_the_tool_is_an_outcome(&source).await;
    a_refusal_names_what_is_wrong(&source).await;
    an_unknown_tool_is_not_found(&source).await;
}

async fn the_list_is_in_order_and_stays(source: &Shared) {
    let names = async || -> Vec<String> {
        let list = source.list(&alice()).await.expect("listable");
        list.iter().map(|definition| definition.name.clone()).collect()
    };
    let first = names().await;
    assert!(first.is_sorted(), "{first:?}");
    assert_eq!(first, names().await);
}

async fn what_is_listed_is_found_and_nothing_else(source: &Shared) {
    for definition in source.list(&alice()).await.expect("listable") {
        let found = source.find(&alice(), &definition.name).await.expect("reachable").expect("found");
        assert_eq!((&found.name, &found.input_schema), (&definition.name, &definition.input_schema));
    }
    assert!(source.find(&alice(), "no_such_tool").await.expect("reachable").is_none());
}

async fn what_is_listed_can_be_called(source: &Shared) {
    for definition in source.list(&alice()).await.expect("listable") {
        let outcome = source.call(call(&definition.name, &json!({}), alice())).await;
        assert!(
            !matches!(&outcome, Err(error) if error.kind() == ErrorKind::NotFound),
            "{}: {outcome:?}",
            definition.name
        );
    }
}

async fn arguments_and_answers_pass_unchanged(source: &Shared) {
    let arguments = json!({"text": "☃ \"quoted\"", "nested": {"list": [1, null, true]}});
    let outcome = source.call(call("echo", &arguments, alice())).await.expect("callable");
    assert_eq!(outcome, Outcome::structured(arguments));
}

async fn a_tool_knows_its_caller(source: &Shared) {
    let outcome = source.call(call("who", &json!({}), alice())).await.expect("callable");
    assert_eq!(outcome.content, [Content::text("alice@example.com")]);
    assert!(current_user().is_err(), "the current user must not outlive the call");
}

async fn a_failure_of_the_tool_is_an_outcome(source: &Shared) {
    let outcome = source.call(call("fails", &json!({}), alice())).await.expect("an outcome");
    assert_eq!(outcome, Outcome::error("it did not work"));
}

async fn a_refusal_names_what_is_wrong(source: &Shared) {
    let error = source.call(call("refuses", &json!({}), alice())).await.expect_err("refused");
    assert_eq!((error.kind(), error.message()), (ErrorKind::Invalid, "`text` is missing"));
}

async fn an_unknown_tool_is_not_found(source: &Shared) {
    let error = source.call(call("no_such_tool", &json!({}), alice())).await.expect_err("unknown");
    assert_eq!((error.kind(), error.message()), (ErrorKind::NotFound, "unknown tool `no_such_tool`"));
}
