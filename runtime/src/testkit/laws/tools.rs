//! The laws of [tools](crate::Tool), prompts and resources.

use http::Method;
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use super::{ALICE, BOB, name, report};
use crate::middleware::PANICKED;
use crate::schema::portability_problems;
use crate::testkit::{Client, Fill, Suite, TestResponse};

/// Every tool is listed in a steady order, with descriptions of itself and of each of
/// its arguments.
///
/// # Panics
/// If it is broken.
pub async fn tools_are_listed_and_documented(suite: &Suite) {
    let app = suite.open().await;
    let tools = suite.user(&app, ALICE).await.tools().await;
    assert!(!tools.is_empty(), "the app has no tools");
    assert!(tools.iter().map(name).is_sorted(), "the list has no order");
    assert_eq!(
        tools,
        app.probe().tools().await,
        "the list is not the same for everyone"
    );
    report(&tools.iter().flat_map(find_undocumented).collect::<Vec<_>>());
}

/// Returns messages about a listed tool and arguments of it without a description.
fn find_undocumented(tool: &Value) -> Vec<String> {
    let itself = (!has_description(tool)).then(|| {
        format!(
            "`{}` does not say what it does: write a doc comment above it",
            name(tool)
        )
    });
    let arguments = tool["inputSchema"]["properties"]
        .as_object()
        .into_iter()
        .flatten();
    let silent =
        arguments.filter(|(_, schema)| !has_description(schema) && schema.get("$ref").is_none());
    let describe = |(argument, _): (&String, _)| {
        format!(
            "`{}`: write a doc comment above its argument `{argument}`",
            name(tool)
        )
    };
    itself.into_iter().chain(silent.map(describe)).collect()
}

/// Input and output schemas are JSON Schema, draft 2020-12, and their root is an object.
///
/// # Panics
/// If it is broken.
pub async fn schemas_are_json_schema(suite: &Suite) {
    let app = suite.open().await;
    let mut problems = Vec::new();
    for (tool, which, schema) in list_schemas(&app.probe().tools().await) {
        if schema["type"] != "object" {
            problems.push(format!("{which} of `{tool}`: its root must be an object"));
        }
        problems.extend(
            compile_schema(schema)
                .err()
                .map(|problem| format!("{which} of `{tool}`: {problem}")),
        );
    }
    report(&problems);
}

/// Common clients accept all schemas ([`portability_problems`]); [`Suite::any_schema`] makes an
/// exception for a tool.
///
/// # Panics
/// If it is broken.
pub async fn schemas_are_taken_by_common_clients(suite: &Suite) {
    let app = suite.open().await;
    let mut tools = app.probe().tools().await;
    tools.retain(|tool| suite.needs_common_schema(tool));
    let mut problems = Vec::new();
    for (tool, which, schema) in list_schemas(&tools) {
        let found = schema
            .as_object()
            .map(|schema| portability_problems(schema, which == INPUT))
            .unwrap_or_default();
        problems.extend(
            found
                .into_iter()
                .map(|problem| format!("{which} of `{tool}`: {problem}")),
        );
    }
    report(&problems);
}

/// The key of a tool's input schema (MCP `Tool`).
const INPUT: &str = "inputSchema";

/// Returns every schema of these tools, with the tool's name and the schema's key.
fn list_schemas(tools: &[Value]) -> Vec<(&str, &'static str, &Value)> {
    let of = |tool| {
        [INPUT, "outputSchema"]
            .into_iter()
            .map(move |which| (tool, which))
    };
    tools
        .iter()
        .flat_map(of)
        .filter_map(|(tool, which)| Some((name(tool), which, tool.get(which)?)))
        .collect()
}

/// A tool that operators may call to see whether tools work is there; it changes
/// nothing and needs no arguments.
///
/// # Panics
/// If it is broken.
pub async fn the_safe_tool_is_safe(suite: &Suite) {
    let app = suite.open().await;
    let safe = app.admin().ask(Method::GET, "/admin/safe-tool", None).await;
    assert_eq!(
        safe.json["supported"], true,
        "name one with `App::safe_tool`: {}",
        safe.text
    );
    let wanted = safe.json["tool"]["name"].as_str().expect("a name");
    let tools = app.probe().tools().await;
    let tool = tools
        .iter()
        .find(|tool| name(tool) == wanted)
        .expect("the safe tool is among the tools");
    assert_eq!(
        tool["annotations"]["readOnlyHint"], true,
        "`{wanted}` must be read-only"
    );
    let alice = suite.user(&app, ALICE).await;
    let answer = alice
        .call(wanted, safe.json["tool"]["arguments"].clone())
        .await;
    report(&check_answer(&answer, tool, false));
}

/// Every tool answers a user's call with a result, to the least and to the most arguments.
///
/// The result fits the tool's output schema; where [`Suite::may_fail`] says so, it may be an error
/// with a message.
///
/// # Panics
/// If it is broken.
pub async fn every_tool_answers(suite: &Suite) {
    let app = suite.open().await;
    let alice = suite.user(&app, ALICE).await;
    let mut problems = Vec::new();
    for tool in alice.tools().await {
        for fill in [Fill::Needed, Fill::All] {
            let arguments = suite.prepare_arguments(&alice, &tool, fill).await;
            let misfits = find_misfits(&tool, &arguments);
            if misfits.is_empty() {
                let answer = alice.call(name(&tool), arguments).await;
                problems.extend(check_answer(&answer, &tool, suite.can_fail(&tool)));
            }
            problems.extend(misfits);
        }
    }
    // Both fills of a tool may have the same problem, and they come one after the other.
    problems.dedup();
    report(&problems);
}

/// Returns messages about generated arguments that don't fit their tool's schema.
fn find_misfits(tool: &Value, arguments: &Value) -> Vec<String> {
    let name = name(tool);
    let schema = match compile_schema(&tool[INPUT]) {
        Ok(schema) => schema,
        Err(problem) => return vec![format!("inputSchema of `{name}`: {problem}")],
    };
    let describe = |error: jsonschema::ValidationError<'_>| {
        let place = error.instance_path().to_string();
        let place = place
            .trim_start_matches('/')
            .split('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        let which = if place.is_empty() {
            String::new()
        } else {
            format!(" its argument `{place}` of")
        };
        format!(
            "no value for{which} `{name}` can be made up: {error}; give one with `Suite::arguments(\"{name}\", …)`"
        )
    };
    schema.iter_errors(arguments).map(describe).collect()
}

/// Every prompt has a description, and so has each of its arguments.
///
/// # Panics
/// If it is broken.
pub async fn prompts_are_listed_and_documented(suite: &Suite) {
    let app = suite.open().await;
    let prompts = suite.user(&app, ALICE).await.list("prompts").await;
    assert!(
        prompts.iter().map(name).is_sorted(),
        "the list has no order"
    );
    assert_eq!(
        prompts,
        app.probe().list("prompts").await,
        "the list is not the same for everyone"
    );
    let mut problems = Vec::new();
    for prompt in &prompts {
        if !has_description(prompt) {
            problems.push(format!(
                "`{}` does not say what it does: write a doc comment above it",
                name(prompt)
            ));
        }
        let silent = prompt["arguments"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|argument| !has_description(argument));
        problems.extend(silent.map(|argument| {
            format!(
                "`{}`: write a doc comment above its argument `{}`",
                name(prompt),
                name(argument)
            )
        }));
    }
    report(&problems);
}

/// Every listed resource has a description and can be read, and an unknown URI is
/// an error of the protocol; where [`Suite::may_fail`] says so, a resource may also refuse.
///
/// # Panics
/// If it is broken.
pub async fn resources_can_be_read(suite: &Suite) {
    let app = suite.open().await;
    let alice = suite.user(&app, ALICE).await;
    let mut problems = Vec::new();
    for resource in alice.list("resources").await {
        if !has_description(&resource) {
            problems.push(format!(
                "`{}` does not say what it is: write a doc comment above it",
                name(&resource)
            ));
        }
        let answer = alice.read(resource["uri"].as_str().expect("a URI")).await;
        let has_contents = answer.json["result"]["contents"]
            .as_array()
            .is_some_and(|contents| !contents.is_empty());
        if !has_contents && !suite.can_fail(&resource) {
            problems.push(format!(
                "`{}` can't be read: {}",
                name(&resource),
                answer.text
            ));
        }
    }
    report(&problems);
    let answer = alice.read("nowhere://at.all").await;
    assert_eq!(
        answer.error_code(),
        -32_602,
        "a URI that stands for nothing: {}",
        answer.text
    );
}

/// One user's calls change nothing that another sees by a read-only tool.
///
/// The answers of other tools are not compared; [`Suite::share`] leaves out a tool that shows shared
/// data.
///
/// # Panics
/// If it is broken.
pub async fn users_never_meet(suite: &Suite) {
    let app = suite.open().await;
    let alice = suite.user(&app, ALICE).await;
    let bob = suite.user(&app, BOB).await;
    let tools = alice.tools().await;
    // Bob's answers are compared before and after Alice has called everything with all arguments. A
    // tool that writes into another user's data, or into a global, shows in one of them.
    let before = collect_answers(suite, &bob, &tools).await;
    for tool in &tools {
        let arguments = suite.prepare_arguments(&alice, tool, Fill::All).await;
        alice.call(name(tool), arguments).await;
    }
    let after = collect_answers(suite, &bob, &tools).await;
    let changed = before
        .into_iter()
        .zip(after)
        .filter(|(before, after)| before != after);
    let describe = |((tool, before), (_, after)): ((String, Value), (String, Value))| {
        format!(
            "`{tool}` shows one user what another did; if it should, say `Suite::share(\"{tool}\")`: {before} became {after}"
        )
    };
    report(&changed.map(describe).collect::<Vec<_>>());
}

/// Returns the answers of a user's own tools.
async fn collect_answers(
    suite: &Suite,
    client: &Client<'_>,
    tools: &[Value],
) -> Vec<(String, Value)> {
    let mut answers = Vec::new();
    for tool in tools.iter().filter(|tool| suite.is_own(tool)) {
        let answer = client
            .call(name(tool), suite.arguments_for(tool, Fill::Needed))
            .await;
        answers.push((
            name(tool).to_owned(),
            json!([
                answer.result()["content"],
                answer.result()["structuredContent"]
            ]),
        ));
    }
    answers
}

/// Returns the violations of a tool's output schema by its result.
fn check_answer(answer: &TestResponse, tool: &Value, may_fail: bool) -> Vec<String> {
    let (name, Some(result)) = (name(tool), answer.json.get("result")) else {
        return vec![format!("`{}` has no result: {}", name(tool), answer.text)];
    };
    if answer.is_tool_error() {
        return check_failure(result, name, may_fail).into_iter().collect();
    }
    if result["content"].as_array().is_none_or(Vec::is_empty) {
        return vec![format!("`{name}` answers with nothing: {}", answer.text)];
    }
    let Some(schema) = tool.get("outputSchema") else {
        return Vec::new();
    };
    let (schema, data) = match (compile_schema(schema), result.get("structuredContent")) {
        (Ok(schema), Some(data)) => (schema, data),
        (Err(problem), _) => return vec![format!("outputSchema of `{name}`: {problem}")],
        (_, None) => {
            return vec![format!(
                "`{name}` has an output schema and answers without data: {}",
                answer.text
            )];
        }
    };
    let describe =
        |problem| format!("`{name}` answers what its schema does not promise: {problem}");
    schema.iter_errors(data).map(describe).collect()
}

/// Returns the problems of a tool's failure.
fn check_failure(result: &Value, name: &str, may_fail: bool) -> Option<String> {
    let parts = result["content"].as_array().into_iter().flatten();
    let message = parts
        .filter_map(|part| part["text"].as_str())
        .collect::<Vec<_>>()
        .concat();
    if message.trim().is_empty() {
        return Some(format!("`{name}` fails without words: {result}"));
    }
    // A panic is never allowed: `may_fail` is for answers that a tool means to give.
    if message.contains(PANICKED) {
        return Some(format!("`{name}` panics: {message}"));
    }
    (!may_fail).then(|| {
        format!(
            "`{name}` fails: {message}; give it other `Suite::arguments`, what it needs by `Suite::after`, or say \
             `Suite::may_fail(\"{name}\")`"
        )
    })
}

fn compile_schema(schema: &Value) -> Result<Validator, String> {
    // The schema is checked against its meta-schema first. A keyword with a value of the wrong kind
    // would otherwise be ignored, and everything would fit.
    jsonschema::draft202012::meta::validate(schema).map_err(|problem| problem.to_string())?;
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .build(schema)
        .map_err(|problem| problem.to_string())
}

fn has_description(about: &Value) -> bool {
    about["description"]
        .as_str()
        .is_some_and(|text| !text.trim().is_empty())
}
