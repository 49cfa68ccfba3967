//! What an app's tools are, and that each answers.

use http::Method;
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use super::{ALICE, BOB, name};
use crate::guard::BROKE_DOWN;
use crate::testkit::{Answer, Client, Fill, Suite};

/// Every tool is listed in a steady order, and says what it and each of its arguments is.
///
/// # Panics
/// If it is broken.
pub async fn tools_are_listed_and_documented(suite: &Suite) {
    let app = suite.open().await;
    let tools = suite.user(&app, ALICE).await.tools().await;
    assert!(!tools.is_empty(), "the app has no tools");
    assert!(tools.iter().map(name).is_sorted(), "the list has no order");
    assert_eq!(tools, app.probe().tools().await, "the list is not the same for everyone");
    for tool in &tools {
        assert!(is_said(tool), "`{}` does not say what it does: write a doc comment above it", name(tool));
        for (argument, schema) in tool["inputSchema"]["properties"].as_object().into_iter().flatten() {
            let is_described = is_said(schema) || schema.get("$ref").is_some();
            assert!(is_described, "`{}`: write a doc comment above its argument `{argument}`", name(tool));
        }
    }
}

/// Input and output schemas are JSON Schema, draft 2020-12, and their root is an object.
///
/// # Panics
/// If it is broken.
pub async fn schemas_are_json_schema(suite: &Suite) {
    let app = suite.open().await;
    for tool in app.probe().tools().await {
        for which in ["inputSchema", "outputSchema"] {
            let Some(schema) = tool.get(which) else { continue };
            assert_eq!(schema["type"], "object", "{which} of `{}`: its root must be an object", name(&tool));
            validator(schema).unwrap_or_else(|fault| panic!("{which} of `{}`: {fault}", name(&tool)));
        }
    }
}

/// There is a tool that operators may call to see whether tools work; it changes nothing and needs no arguments.
///
/// # Panics
/// If it is broken.
pub async fn the_safe_tool_is_safe(suite: &Suite) {
    let app = suite.open().await;
    let safe = app.admin().ask(Method::GET, "/admin/safe-tool", None).await;
    assert_eq!(safe.json["supported"], true, "name one with `App::safe_tool`: {}", safe.text);
    let wanted = safe.json["tool"]["name"].as_str().expect("a name");
    let tools = app.probe().tools().await;
    let tool = tools.iter().find(|tool| name(tool) == wanted).expect("the safe tool is among the tools");
    assert_eq!(tool["annotations"]["readOnlyHint"], true, "`{wanted}` must be read-only");
    let alice = suite.user(&app, ALICE).await;
    let answer = alice.call(wanted, safe.json["tool"]["arguments"].clone()).await;
    answered(&answer, tool, false);
}

/// Every tool answers a user's call with a result, to the least and to the most arguments: with what its schema
/// promises, or, where [`Suite::may_fail`] says so, with words on what is wrong.
///
/// # Panics
/// If it is broken.
pub async fn every_tool_answers(suite: &Suite) {
    let app = suite.open().await;
    let alice = suite.user(&app, ALICE).await;
    for tool in alice.tools().await {
        let schema = validator(&tool["inputSchema"]).unwrap_or_else(|fault| panic!("`{}`: {fault}", name(&tool)));
        for fill in [Fill::Needed, Fill::All] {
            let arguments = suite.arguments_for(&tool, fill);
            let fits = schema.is_valid(&arguments);
            assert!(
                fits,
                "no arguments of `{0}` can be made up; give some with `Suite::arguments(\"{0}\", …)`",
                name(&tool)
            );
            answered(&alice.call(name(&tool), arguments).await, &tool, suite.can_fail(&tool));
        }
    }
}

/// Every prompt says what it is, and so does each of its arguments.
///
/// # Panics
/// If it is broken.
pub async fn prompts_are_listed_and_documented(suite: &Suite) {
    let app = suite.open().await;
    let prompts = suite.user(&app, ALICE).await.listed("prompts").await;
    assert!(prompts.iter().map(name).is_sorted(), "the list has no order");
    assert_eq!(prompts, app.probe().listed("prompts").await, "the list is not the same for everyone");
    for prompt in &prompts {
        assert!(is_said(prompt), "`{}` does not say what it does: write a doc comment above it", name(prompt));
        let silent = prompt["arguments"].as_array().into_iter().flatten().find(|argument| !is_said(argument));
        assert!(silent.is_none(), "`{}`: write a doc comment above its argument {silent:?}", name(prompt));
    }
}

/// Every resource that is listed says what it is and can be read, and what is not there is named as such; where
/// [`Suite::may_fail`] says so, one may also refuse.
///
/// # Panics
/// If it is broken.
pub async fn resources_can_be_read(suite: &Suite) {
    let app = suite.open().await;
    let alice = suite.user(&app, ALICE).await;
    for resource in alice.listed("resources").await {
        assert!(is_said(&resource), "`{}` does not say what it is: write a doc comment above it", name(&resource));
        let answer = alice.read(resource["uri"].as_str().expect("a URI")).await;
        let has_contents = answer.json["result"]["contents"].as_array().is_some_and(|contents| !contents.is_empty());
        assert!(has_contents || suite.can_fail(&resource), "`{}` can't be read: {}", name(&resource), answer.text);
    }
    let answer = alice.read("nowhere://at.all").await;
    assert_eq!(answer.error_code(), -32_602, "a URI that stands for nothing: {}", answer.text);
}

/// What one user does changes nothing that another sees by a read-only tool; what other tools answer is not compared.
///
/// # Panics
/// If it is broken.
pub async fn users_never_meet(suite: &Suite) {
    let app = suite.open().await;
    let (alice, bob) = (suite.user(&app, ALICE).await, suite.user(&app, BOB).await);
    let tools = alice.tools().await;
    let before = seen(suite, &bob, &tools).await;
    for tool in &tools {
        alice.call(name(tool), suite.arguments_for(tool, Fill::All)).await;
    }
    for ((tool, before), (_, after)) in before.into_iter().zip(seen(suite, &bob, &tools).await) {
        assert_eq!(
            before, after,
            "`{tool}` shows one user what another did; if it should, say `Suite::shared(\"{tool}\")`"
        );
    }
}

/// What a user's own tools answer.
async fn seen(suite: &Suite, client: &Client<'_>, tools: &[Value]) -> Vec<(String, Value)> {
    let mut answers = Vec::new();
    for tool in tools.iter().filter(|tool| suite.is_own(tool)) {
        let answer = client.call(name(tool), suite.arguments_for(tool, Fill::Needed)).await;
        answers
            .push((name(tool).to_owned(), json!([answer.result()["content"], answer.result()["structuredContent"]])));
    }
    answers
}

/// A result that its tool stands for.
fn answered(answer: &Answer, tool: &Value, may_fail: bool) {
    let (name, result) = (name(tool), answer.result());
    let words: Vec<_> =
        result["content"].as_array().into_iter().flatten().filter_map(|part| part["text"].as_str()).collect();
    if answer.is_tool_error() {
        assert!(words.iter().any(|text| !text.trim().is_empty()), "`{name}` fails without words: {}", answer.text);
        assert!(!words.concat().contains(BROKE_DOWN), "`{name}` panics: {}", answer.text);
        assert!(
            may_fail,
            "`{name}` fails: {}; give it other `Suite::arguments`, or say `Suite::may_fail(\"{name}\")`",
            words.concat()
        );
        return;
    }
    let has_answer = result["content"].as_array().is_some_and(|content| !content.is_empty());
    assert!(has_answer, "`{name}` answers with nothing: {}", answer.text);
    if let Some(schema) = tool.get("outputSchema") {
        let schema = validator(schema).unwrap_or_else(|fault| panic!("outputSchema of `{name}`: {fault}"));
        let data = result.get("structuredContent");
        let data =
            data.unwrap_or_else(|| panic!("`{name}` has an output schema and answers without data: {}", answer.text));
        let faults: Vec<_> = schema.iter_errors(data).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "`{name}` answers what its schema does not promise: {}", faults.join("; "));
    }
}

fn validator(schema: &Value) -> Result<Validator, String> {
    jsonschema::draft202012::meta::validate(schema).map_err(|fault| fault.to_string())?;
    jsonschema::options().with_draft(Draft::Draft202012).build(schema).map_err(|fault| fault.to_string())
}

fn is_said(about: &Value) -> bool {
    about["description"].as_str().is_some_and(|text| !text.trim().is_empty())
}
