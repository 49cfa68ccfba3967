//! The laws of the kit find what they are there to find. Apps that keep them all are the examples.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use mcp_lambda::prelude::*;
use mcp_lambda::testkit::{Fill, Suite, laws, sample};
use mcp_lambda::tool::Hints;
use mcp_lambda_tests::fixture::Account;
use serde_json::{Value, json};

/// An app with a profile of which a part is a secret.
fn good() -> App {
    App::new("good").tools([raw("say", json!({"type": "object"}), Outcome::text("a"))]).profile::<Account>()
}

fn raw(name: &str, schema: Value, outcome: Outcome) -> Tool {
    Tool::raw(name, schema, move |_| {
        let outcome = outcome.clone();
        async move { Ok(outcome) }
    })
    .description("A tool.")
}

fn with(tool: Tool) -> Suite {
    Suite::new(App::new("faulty").tools([tool]))
}

const READ_ONLY: Hints = Hints { read_only: Some(true), destructive: None, idempotent: None, open_world: None };

/// What the law says of the app.
async fn complaint(law: impl Future<Output = ()>) -> String {
    let panic = AssertUnwindSafe(law).catch_unwind().await.expect_err("the law finds nothing");
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .expect("words")
}

#[tokio::test]
async fn faults_of_prompts_and_resources_are_found() {
    let silent = Prompt::new("say", |_| async { Ok("") }).description("Says.").argument("word", "", true);
    let found = complaint(laws::prompts_are_listed_and_documented(&Suite::new(good().prompts([silent])))).await;
    assert!(found.contains("`say`") && found.contains("word"), "{found}");
    let torn = || Resource::new("a://b", "torn", |_| async { Err::<String, _>(Error::unavailable("it is torn")) });
    let app = || good().resources([torn().description("A page.")]);
    let found = complaint(laws::resources_can_be_read(&Suite::new(app()).profile(json!({"token": "x"})))).await;
    assert!(found.contains("`torn`") && found.contains("it is torn"), "{found}");
    laws::resources_can_be_read(&Suite::new(app()).profile(json!({"token": "x"})).may_fail("torn")).await;
}

#[tokio::test]
async fn an_open_app_is_found() {
    let found = complaint(laws::every_tool_needs_an_identity(&Suite::new(good().open()))).await;
    assert!(found.contains("App::open"), "{found}");
}

#[tokio::test]
async fn faults_of_tools_are_found() {
    let object = json!({"type": "object"});
    let silent = json!({"type": "object", "properties": {"word": {"type": "string"}}});
    let found = complaint(laws::tools_are_listed_and_documented(&with(raw("say", silent, Outcome::text("a"))))).await;
    assert!(found.contains("`say`") && found.contains("`word`"), "{found}");
    let broken = json!({"type": "object", "properties": {"word": {"type": "sting"}}});
    let found = complaint(laws::schemas_are_json_schema(&with(raw("say", broken, Outcome::text("a"))))).await;
    assert!(found.contains("inputSchema of `say`") && found.contains("sting"), "{found}");
    let promised = json!({"type": "object", "required": ["sum"]});
    let lies = raw("sum", object.clone(), Outcome::structured(json!({"total": 1})))
        .output_schema(promised.as_object().expect("an object").clone());
    let found = complaint(laws::every_tool_answers(&with(lies))).await;
    assert!(found.contains("`sum`") && found.contains("promise"), "{found}");
    let cases = [
        (Outcome::default(), "nothing"),
        (Outcome::error(" "), "without words"),
        (Outcome::error("not today"), "`say` fails: not today"),
    ];
    for (outcome, word) in cases {
        let found = complaint(laws::every_tool_answers(&with(raw("say", object.clone(), outcome)))).await;
        assert!(found.contains(word), "{found}");
    }
    let panics = Tool::raw("panics", object, |_| async { panic!("hunter2") }).description("Panics.");
    let found = complaint(laws::every_tool_answers(&with(panics))).await;
    assert!(found.contains("`panics` panics") && !found.contains("hunter2"), "{found}");
}

#[tokio::test]
async fn arguments_that_cannot_be_made_up_are_asked_for() {
    let schema = json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "pattern": "^[0-9]{7}$"}}});
    let tool = || with(raw("get", schema.clone(), Outcome::text("a")));
    let found = complaint(laws::every_tool_answers(&tool())).await;
    assert!(found.contains("Suite::arguments(\"get\""), "{found}");
    laws::every_tool_answers(&tool().arguments("get", json!({"id": "1234567"}))).await;
}

#[tokio::test]
async fn an_app_without_a_safe_tool_and_one_with_a_fault_are_found() {
    let tool = || raw("say", json!({"type": "object"}), Outcome::text("a"));
    let found = complaint(laws::the_safe_tool_is_safe(&with(tool()))).await;
    assert!(found.contains("App::safe_tool"), "{found}");
    let faulty = Suite::new(App::new("Not A Name").tools([tool()]));
    assert!(complaint(laws::the_app_is_well_made(&faulty)).await.contains("Not A Name"));
}

#[tokio::test]
async fn users_who_share_a_board_are_found_unless_they_should() {
    let board = Arc::new(Mutex::new(0));
    let read = Arc::clone(&board);
    let write = Tool::raw("write", json!({"type": "object"}), move |_| {
        *board.lock().expect("unpoisoned") += 1;
        async { Ok(Outcome::text("written")) }
    });
    let read = Tool::raw("read", json!({"type": "object"}), move |_| {
        let count = *read.lock().expect("unpoisoned");
        async move { Ok(Outcome::text(format!("{count}"))) }
    });
    let tools = [write.description("Writes."), read.description("Reads.").hints(READ_ONLY)];
    let suite = Suite::new(App::new("board").tools(tools));
    assert!(complaint(laws::users_never_meet(&suite)).await.contains("`read`"));
    laws::users_never_meet(&suite.shared("read")).await;
}

#[tokio::test]
async fn a_profile_that_the_app_does_not_take_is_found() {
    let wrong = Suite::new(good()).profile(json!({"token": 7}));
    assert!(complaint(laws::profiles_are_checked(&wrong)).await.contains("token"));
}

#[test]
fn a_made_profile_is_one() {
    let app = good();
    let profile = app.profile_type().expect("declared");
    assert_eq!(profile.validate(&sample(profile.schema(), Fill::All)).map_err(|error| error.to_string()), Ok(()));
    assert!(serde_json::from_value::<Account>(sample(profile.schema(), Fill::Needed)).is_ok());
}
