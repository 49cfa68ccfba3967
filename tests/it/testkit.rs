//! The laws of the kit find what they are there to find. Apps that keep them all are the examples.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use mcp_lambda::prelude::*;
use mcp_lambda::testkit::{Fill, Suite, TestApp, laws, sample};
use mcp_lambda::tool::Hints;
use mcp_lambda_tests::fixture::Account;
use serde_json::{Value, json};

/// An app with a profile of which a part is a secret.
fn good() -> App {
    App::new("good")
        .tools([raw("say", json!({"type": "object"}), Outcome::text("a"))])
        .profile::<Account>()
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

/// The hints of a tool that changes nothing.
fn read_only() -> Hints {
    Hints::default().read_only(true)
}

/// What the law says of the app.
async fn complaint(law: impl Future<Output = ()>) -> String {
    let panic = AssertUnwindSafe(law)
        .catch_unwind()
        .await
        .expect_err("the law finds nothing");
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .expect("words")
}

#[tokio::test]
async fn faults_of_prompts_and_resources_are_found() {
    let silent = Prompt::new("say", |_| async { Ok("") })
        .description("Says.")
        .argument("word", "", true);
    let found = complaint(laws::prompts_are_listed_and_documented(&Suite::new(
        good().prompts([silent]),
    )))
    .await;
    assert!(found.contains("`say`") && found.contains("word"), "{found}");
    let torn = || {
        Resource::new("a://b", "torn", |_| async {
            Err::<String, _>(Error::unavailable("it is torn"))
        })
    };
    let app = || good().resources([torn().description("A page.")]);
    let found = complaint(laws::resources_can_be_read(
        &Suite::new(app()).profile(json!({"token": "x"})),
    ))
    .await;
    assert!(
        found.contains("`torn`") && found.contains("it is torn"),
        "{found}"
    );
    laws::resources_can_be_read(
        &Suite::new(app())
            .profile(json!({"token": "x"}))
            .may_fail("torn"),
    )
    .await;
}

#[tokio::test]
async fn an_open_app_is_found() {
    let found = complaint(laws::every_tool_needs_an_identity(&Suite::new(
        good().allow_anonymous(),
    )))
    .await;
    assert!(found.contains("App::allow_anonymous"), "{found}");
}

#[tokio::test]
async fn faults_of_tools_are_found() {
    let object = json!({"type": "object"});
    let silent = json!({"type": "object", "properties": {"word": {"type": "string"}}});
    let found = complaint(laws::tools_are_listed_and_documented(&with(raw(
        "say",
        silent,
        Outcome::text("a"),
    ))))
    .await;
    assert!(
        found.contains("`say`") && found.contains("`word`"),
        "{found}"
    );
    let broken = json!({"type": "object", "properties": {"word": {"type": "sting"}}});
    let found = complaint(laws::schemas_are_json_schema(&with(raw(
        "say",
        broken,
        Outcome::text("a"),
    ))))
    .await;
    assert!(
        found.contains("inputSchema of `say`") && found.contains("sting"),
        "{found}"
    );
    let promised = json!({"type": "object", "required": ["sum"]});
    let lies = raw("sum", object.clone(), Outcome::data(json!({"total": 1})))
        .output_schema(promised.as_object().expect("an object").clone());
    let found = complaint(laws::every_tool_answers(&with(lies))).await;
    assert!(
        found.contains("`sum`") && found.contains("promise"),
        "{found}"
    );
    let cases = [
        (Outcome::default(), "nothing"),
        (Outcome::error(" "), "without words"),
        (Outcome::error("not today"), "`say` fails: not today"),
    ];
    for (outcome, word) in cases {
        let found = complaint(laws::every_tool_answers(&with(raw(
            "say",
            object.clone(),
            outcome,
        ))))
        .await;
        assert!(found.contains(word), "{found}");
    }
    let panics =
        Tool::raw("panics", object, |_| async { panic!("hunter2") }).description("Panics.");
    let found = complaint(laws::every_tool_answers(&with(panics))).await;
    assert!(
        found.contains("`panics` panics") && !found.contains("hunter2"),
        "{found}"
    );
}

#[tokio::test]
async fn arguments_that_cannot_be_made_up_are_asked_for() {
    let schema = json!({"type": "object", "required": ["id", "to", "code"], "properties": {
        "id": {"type": "string", "pattern": "^(?=7)[0-9]{7}$"},
        "to": {"type": "string", "pattern": "^(?=a)[a-z]$"},
        "code": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"},
    }});
    let tool = |name: &str| raw(name, schema.clone(), Outcome::text("a"));
    let suite = || Suite::new(App::new("faulty").tools([tool("get"), tool("put")]));
    let found = complaint(laws::every_tool_answers(&suite())).await;
    for words in [
        "`id` of `get`",
        "`to` of `get`",
        "`id` of `put`",
        "Suite::arguments(\"put\"",
        "(?=7)",
    ] {
        assert!(found.contains(words), "{words}: {found}");
    }
    assert!(!found.contains("`code`"), "a pattern is followed: {found}");
    let given = json!({"id": "7234567", "to": "a", "code": "ABC-1"});
    laws::every_tool_answers(
        &suite()
            .arguments("get", given.clone())
            .arguments("put", given),
    )
    .await;
}

#[tokio::test]
async fn all_faults_of_all_tools_are_told_at_once() {
    let silent = json!({"type": "object", "properties": {"word": {"type": "string"}, "other": {"type": "string"}}});
    let say = raw("say", silent.clone(), Outcome::error("not today"));
    let tell = raw("tell", silent.clone(), Outcome::error("nor tomorrow"));
    let suite = Suite::new(App::new("faulty").tools([say, tell]));
    let found = complaint(laws::tools_are_listed_and_documented(&suite)).await;
    let lines: Vec<_> = found.trim().lines().collect();
    assert_eq!(lines.len(), 4, "{found}");
    let found = complaint(laws::every_tool_answers(&suite)).await;
    assert!(
        found.contains("not today") && found.contains("nor tomorrow"),
        "{found}"
    );
    let prompt = Prompt::new("ask", |_| async { Ok("") })
        .description("Asks.")
        .argument("a", "", true)
        .argument("b", "", true);
    let suite = Suite::new(
        App::new("faulty")
            .tools([raw("say", json!({"type": "object"}), Outcome::text("a"))])
            .prompts([prompt]),
    );
    let found = complaint(laws::prompts_are_listed_and_documented(&suite)).await;
    let expected =
        ["a", "b"].map(|name| format!("`ask`: write a doc comment above its argument `{name}`"));
    assert_eq!(found.trim().lines().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn schemas_that_common_clients_refuse_are_found() {
    let schema = json!({"type": "object", "additionalProperties": false, "properties": {
        "a": {"type": ["string", "null"]},
        "b": {"$ref": "#/$defs/B"},
        "c": {"const": 1},
    }, "$defs": {"B": {"type": "string"}}});
    let suite = with(raw("odd", schema, Outcome::text("a")));
    let found = complaint(laws::schemas_are_taken_by_common_clients(&suite)).await;
    for words in [
        "`odd`: /a has several types",
        "/b refers to",
        "/c has `const`",
        "additionalProperties",
    ] {
        assert!(found.contains(words), "{words}: {found}");
    }
    laws::schemas_are_taken_by_common_clients(&suite.any_schema("odd")).await;
}

#[tokio::test]
async fn a_tool_that_needs_something_first_is_tried_with_it() {
    let (board, removing) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
    let added = Arc::clone(&board);
    let add = Tool::raw("add", json!({"type": "object"}), move |_| {
        let mut board = added.lock().expect("unpoisoned");
        let id = board.len();
        board.push(id);
        async move { Ok(Outcome::data(json!({ "id": id }))) }
    });
    let schema =
        json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}});
    let removed = Arc::clone(&removing);
    let remove = Tool::raw("remove", schema, move |call| {
        let id = call.arguments()["id"]
            .as_u64()
            .and_then(|id| usize::try_from(id).ok());
        let mut board = board.lock().expect("unpoisoned");
        let was_there = board
            .iter()
            .position(|one| Some(*one) == id)
            .map(|place| board.remove(place))
            .is_some();
        *removed.lock().expect("unpoisoned") += usize::from(was_there);
        async move {
            if was_there {
                Ok(Outcome::text("removed"))
            } else {
                Ok(Outcome::error("nothing there"))
            }
        }
    });
    let suite = Suite::new(
        App::new("board").tools([add.description("Adds."), remove.description("Removes.")]),
    );
    assert!(
        complaint(laws::every_tool_answers(&suite))
            .await
            .contains("nothing there")
    );
    laws::every_tool_answers(&suite.after(
        "remove",
        "add",
        json!({}),
        |added| json!({"id": added["id"]}),
    ))
    .await;
    assert!(*removing.lock().expect("unpoisoned") >= 2);
}

#[tokio::test]
async fn an_app_without_a_safe_tool_and_one_with_a_fault_are_found() {
    let tool = || raw("say", json!({"type": "object"}), Outcome::text("a"));
    let found = complaint(laws::the_safe_tool_is_safe(&with(tool()))).await;
    assert!(found.contains("App::safe_tool"), "{found}");
    let faulty = Suite::new(App::new("Not A Name").tools([tool()]));
    assert!(
        complaint(laws::the_app_is_well_made(&faulty))
            .await
            .contains("Not A Name")
    );
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
    let tools = [
        write.description("Writes."),
        read.description("Reads.").hints(read_only()),
    ];
    let suite = Suite::new(App::new("board").tools(tools));
    assert!(
        complaint(laws::users_never_meet(&suite))
            .await
            .contains("`read`")
    );
    laws::users_never_meet(&suite.share("read")).await;
}

#[tokio::test]
async fn a_user_has_the_scopes_that_a_test_names_and_no_others() {
    let tool = |name: &str| raw(name, json!({"type": "object"}), Outcome::text("a"));
    let tools = [
        tool("read").scopes(["notes:read"]),
        tool("write").scopes(["notes:write"]),
    ];
    let server = TestApp::new(App::new("scoped").tools(tools)).await;
    let names = |tools: Vec<Value>| -> Vec<_> {
        let names = tools.iter().filter_map(|tool| tool["name"].as_str());
        names.map(str::to_owned).collect()
    };
    let whole = server.user("alice@example.com").await;
    assert_eq!(names(whole.tools().await), ["read", "write"]);
    let narrow = server.user("bob@example.com").scopes(["notes:read"]).await;
    assert_eq!(names(narrow.tools().await), ["read"]);
}

#[tokio::test]
async fn a_profile_that_the_app_does_not_take_is_found() {
    let wrong = Suite::new(good()).profile(json!({"token": 7}));
    assert!(
        complaint(laws::profiles_are_checked(&wrong))
            .await
            .contains("token")
    );
}

#[test]
fn a_made_profile_is_one() {
    let app = good();
    let profile = app.profile_type().expect("declared");
    assert_eq!(
        profile
            .validate(&sample(profile.schema(), Fill::All))
            .map_err(|error| error.to_string()),
        Ok(())
    );
    assert!(serde_json::from_value::<Account>(sample(profile.schema(), Fill::Needed)).is_ok());
}
