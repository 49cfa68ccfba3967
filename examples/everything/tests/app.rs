//! The example as clients meet it: every answer that the conformance suite asks for, in this process.

use std::io::Write;
use std::process::{Command, Stdio};

use mcp_lambda::App;
use mcp_lambda::testkit::{Client, NEWEST_REVISION, TestApp, TestResponse};
use serde_json::{Value, json};

async fn everything() -> TestApp {
    TestApp::new(everything::app()).await
}

/// A client that can do whatever may be asked of one.
fn able(app: &TestApp) -> Client<'_> {
    app.anonymous()
        .able_to(json!({ "elicitation": {}, "sampling": {}, "roots": {} }))
}

/// Calls a tool, with this beside its arguments.
async fn call_with(client: &Client<'_>, tool: &str, beside: Value) -> TestResponse {
    let mut params = json!({ "name": tool, "arguments": {} });
    params
        .as_object_mut()
        .expect("an object")
        .extend(beside.as_object().expect("an object").clone());
    client.mcp("tools/call", params).await
}

/// The next round of a call: these answers, and what the client was given to carry.
async fn retry(
    client: &Client<'_>,
    tool: &str,
    asked: &TestResponse,
    responses: Value,
) -> TestResponse {
    let state = &asked.result()["requestState"];
    call_with(
        client,
        tool,
        json!({ "inputResponses": responses, "requestState": state }),
    )
    .await
}

fn accepted(content: &Value) -> Value {
    json!({ "action": "accept", "content": content })
}

/// What each question of a round asks by.
fn methods(asked: &TestResponse) -> Vec<(&str, &str)> {
    assert_eq!(
        asked.result()["resultType"],
        "input_required",
        "{}",
        asked.text
    );
    let requests = asked.result()["inputRequests"]
        .as_object()
        .expect("requests");
    requests
        .iter()
        .map(|(key, request)| (key.as_str(), request["method"].as_str().expect("a method")))
        .collect()
}

/// The notifications of a call, by their methods, and their parameters.
fn heard(answer: &TestResponse, method: &str) -> Vec<Value> {
    let messages = answer
        .messages()
        .into_iter()
        .filter(|message| message["method"] == method);
    messages.map(|message| message["params"].clone()).collect()
}

async fn content(app: &TestApp, tool: &str) -> Value {
    app.anonymous().call(tool, json!({})).await.result()["content"].clone()
}

#[tokio::test]
async fn the_app_is_well_made_and_open_to_anyone_but_not_to_a_wrong_token() {
    assert_eq!(everything::app().check(), Ok(()));
    let app = everything().await;
    assert_eq!(
        app.anonymous()
            .call("announce", json!({}))
            .await
            .tool_text(),
        "announced nothing in particular"
    );
    assert_eq!(
        app.with_token("wrong")
            .call("announce", json!({}))
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn tools_answer_with_every_kind_of_content() {
    let app = everything().await;
    let text = json!({ "type": "text", "text": "This is a simple text response for testing." });
    assert_eq!(content(&app, "test_simple_text").await, json!([text]));
    let image =
        json!({ "type": "image", "data": everything::contents::PNG, "mimeType": "image/png" });
    assert_eq!(content(&app, "test_image_content").await, json!([image]));
    let audio =
        json!({ "type": "audio", "data": everything::contents::WAV, "mimeType": "audio/wav" });
    assert_eq!(content(&app, "test_audio_content").await, json!([audio]));
    let resource = &content(&app, "test_embedded_resource").await[0];
    assert_eq!(
        (&resource["type"], &resource["resource"]["uri"]),
        (&json!("resource"), &json!("test://embedded-resource"))
    );
    let mixed = content(&app, "test_multiple_content_types").await;
    let kinds: Vec<_> = mixed
        .as_array()
        .expect("content")
        .iter()
        .map(|piece| piece["type"].clone())
        .collect();
    assert_eq!(kinds, ["text", "image", "resource"]);
    let failed = app.anonymous().call("test_error_handling", json!({})).await;
    assert!(
        failed.is_tool_error() && failed.tool_text().contains("intentionally"),
        "{}",
        failed.text
    );
}

#[tokio::test(start_paused = true)]
async fn progress_is_heard_before_the_result_by_who_asked_for_it() {
    let app = everything().await;
    let client = app.anonymous();
    let answer = call_with(
        &client,
        "test_tool_with_progress",
        json!({ "_meta": { "progressToken": "p-1" } }),
    )
    .await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let reports = heard(&answer, "notifications/progress");
    assert!(
        reports
            .iter()
            .all(|report| report["progressToken"] == "p-1" && report["total"] == 100.0),
        "{reports:?}"
    );
    let done: Vec<_> = reports
        .iter()
        .filter_map(|report| report["progress"].as_f64())
        .collect();
    assert_eq!(done, [0.0, 50.0, 100.0]);
    assert_eq!(
        answer.messages().last().expect("a result")["id"],
        answer.json["id"]
    );
    let answer = client.call("test_tool_with_progress", json!({})).await;
    assert_eq!(
        (answer.header("content-type"), answer.tool_text()),
        (Some("application/json"), "All of it is done.")
    );
}

#[tokio::test(start_paused = true)]
async fn log_messages_are_heard_from_the_level_that_a_client_asks_for() {
    let app = everything().await;
    let client = app.anonymous();
    for (level, count) in [("debug", 3), ("info", 3), ("notice", 0), ("error", 0)] {
        let beside = json!({ "_meta": { "io.modelcontextprotocol/logLevel": level } });
        let answer = call_with(&client, "test_tool_with_logging", beside).await;
        assert_eq!(
            heard(&answer, "notifications/message").len(),
            count,
            "{level}"
        );
    }
    assert!(
        heard(
            &client.call("test_logging_tool", json!({})).await,
            "notifications/message"
        )
        .is_empty()
    );
    let called = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "test_tool_with_logging", "arguments": {} },
    });
    let messages = heard(&client.older(&called).await, "notifications/message");
    assert_eq!(
        (messages.len(), &messages[0]["level"]),
        (3, &json!("info")),
        "older clients hear all but the finest"
    );
}

#[tokio::test(start_paused = true)]
async fn it_counts_a_number_each_tenth_of_a_second() {
    let app = everything().await;
    let params = json!({ "name": "count_slowly", "arguments": { "to": 20 }, "_meta": { "progressToken": 0 } });
    let answer = app.anonymous().mcp("tools/call", params).await;
    assert_eq!(
        (
            heard(&answer, "notifications/progress").len(),
            answer.tool_text()
        ),
        (20, "counted to 20")
    );
    // Longer than a call may take that does not say so.
    assert_eq!(
        app.anonymous()
            .call("count_slowly", json!({ "to": 700 }))
            .await
            .tool_text(),
        "counted to 700"
    );
}

#[tokio::test]
async fn a_trip_is_planned_in_two_rounds_and_what_was_said_first_is_kept() {
    let app = everything().await;
    let client = able(&app);
    let first = call_with(
        &client,
        "plan_trip",
        json!({ "_meta": { "progressToken": 1 } }),
    )
    .await;
    assert_eq!(
        heard(&first, "notifications/progress")[0]["message"],
        "asking for the city"
    );
    assert_eq!(methods(&first), [("city", "elicitation/create")]);
    let city = json!({ "city": accepted(&json!({ "city": "Oslo" })) });
    let beside = json!({
        "inputResponses": city, "requestState": first.result()["requestState"], "_meta": { "progressToken": 2 },
    });
    let second = call_with(&client, "plan_trip", beside).await;
    let done: Vec<_> = heard(&second, "notifications/progress")
        .iter()
        .map(|report| report["progress"].clone())
        .collect();
    assert_eq!(done, [2.0], "it goes on from where the round before was");
    let form = &second.result()["inputRequests"]["nights"]["params"];
    assert_eq!(form["message"], "How many nights in Oslo?");
    assert_eq!(
        form["requestedSchema"]["properties"]["nights"]["maximum"],
        30
    );
    let nights = |nights: u8| json!({ "nights": accepted(&json!({ "nights": nights })) });
    let unfit = retry(&client, "plan_trip", &second, nights(31)).await;
    assert_eq!(
        methods(&unfit),
        [("nights", "elicitation/create")],
        "it is asked again"
    );
    assert_eq!(
        retry(&client, "plan_trip", &unfit, nights(3))
            .await
            .tool_text(),
        "3 nights in Oslo"
    );
    let declined = retry(
        &client,
        "plan_trip",
        &second,
        json!({ "nights": { "action": "decline" } }),
    )
    .await;
    assert_eq!(declined.tool_text(), everything::asking::NO_ANSWER);
}

#[tokio::test]
async fn a_client_that_cannot_ask_is_told_which_can() {
    let app = everything().await;
    let called = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "plan_trip", "arguments": {} } });
    let newest = app.anonymous().call("plan_trip", json!({})).await;
    let older = app.anonymous().older(&called).await;
    for (answer, advice) in [
        (newest, "use a client that declares that it can"),
        (older, "only a client of MCP 2026-07-28"),
    ] {
        assert!(
            answer.is_tool_error() && answer.tool_text().contains(advice),
            "{}",
            answer.text
        );
    }
    let lacking = app
        .anonymous()
        .call("test_missing_capability", json!({}))
        .await;
    assert_eq!((lacking.status, lacking.error_code()), (400, -32_021));
    assert_eq!(
        lacking.json["error"]["data"],
        json!({ "requiredCapabilities": { "sampling": {} } })
    );
    assert_eq!(
        able(&app)
            .call("test_missing_capability", json!({}))
            .await
            .tool_text(),
        "This client can ask its model."
    );
}

#[tokio::test]
async fn every_question_is_asked_in_its_way_and_answered_in_one_round() {
    let app = everything().await;
    let client = able(&app);
    let sampled = json!({ "role": "assistant", "content": { "type": "text", "text": "Paris" }, "model": "m" });
    let roots = json!({ "roots": [{ "uri": "file:///work", "name": "work" }] });
    let name = accepted(&json!({ "name": "Alice" }));
    let confirmed = accepted(&json!({ "ok": true }));
    for (tool, key, method, answer, said) in [
        (
            "elicitation",
            "user_name",
            "elicitation/create",
            name,
            "Hello, Alice!",
        ),
        (
            "sampling",
            "capital_question",
            "sampling/createMessage",
            sampled,
            "Paris",
        ),
        (
            "list_roots",
            "client_roots",
            "roots/list",
            roots,
            "file:///work",
        ),
        (
            "request_state",
            "confirm",
            "elicitation/create",
            confirmed,
            "state-ok",
        ),
    ] {
        let tool = format!("test_input_required_result_{tool}");
        let asked = client.call(&tool, json!({})).await;
        assert_eq!(methods(&asked), [(key, method)]);
        let answer = retry(&client, &tool, &asked, json!({ key: answer })).await;
        assert!(answer.tool_text().contains(said), "{}", answer.text);
    }
}

#[tokio::test]
async fn questions_side_by_side_go_out_together() {
    let app = everything().await;
    let tool = "test_input_required_result_multiple_inputs";
    let asked = able(&app).call(tool, json!({})).await;
    assert_eq!(
        methods(&asked),
        [
            ("client_roots", "roots/list"),
            ("greeting", "sampling/createMessage"),
            ("user_name", "elicitation/create")
        ]
    );
    let answers = json!({
        "user_name": accepted(&json!({ "name": "Alice" })),
        "greeting": { "role": "assistant", "content": { "type": "text", "text": "Good day," }, "model": "m" },
        "client_roots": { "roots": [] },
    });
    assert_eq!(
        retry(&able(&app), tool, &asked, answers).await.tool_text(),
        "Good day, Alice works in []"
    );
}

#[tokio::test]
async fn a_second_round_knows_the_first() {
    let app = everything().await;
    let tool = "test_input_required_result_multi_round";
    let first = able(&app).call(tool, json!({})).await;
    let second = retry(
        &able(&app),
        tool,
        &first,
        json!({ "step1": accepted(&json!({ "name": "Alice" })) }),
    )
    .await;
    assert_eq!(methods(&second), [("step2", "elicitation/create")]);
    assert_ne!(
        first.result()["requestState"],
        second.result()["requestState"]
    );
    let last = retry(
        &able(&app),
        tool,
        &second,
        json!({ "step2": accepted(&json!({ "color": "blue" })) }),
    )
    .await;
    assert_eq!(last.tool_text(), "Alice likes blue");
}

#[tokio::test]
async fn what_a_client_carries_is_refused_when_it_was_changed_or_used() {
    let app = everything().await;
    let tool = "test_input_required_result_tampered_state";
    let asked = able(&app).call(tool, json!({})).await;
    let responses = json!({ "confirm": accepted(&json!({ "ok": true })) });
    let changed = format!(
        "{}-TAMPERED",
        asked.result()["requestState"].as_str().expect("text")
    );
    let changed = json!({ "inputResponses": responses, "requestState": changed });
    assert_eq!(
        call_with(&able(&app), tool, changed).await.error_code(),
        -32_602
    );
    assert_eq!(
        retry(&able(&app), tool, &asked, responses.clone())
            .await
            .tool_text(),
        "confirmed, once"
    );
    assert_eq!(
        retry(&able(&app), tool, &asked, responses)
            .await
            .error_code(),
        -32_602,
        "it holds for one use"
    );
}

#[tokio::test]
async fn only_what_a_client_can_is_asked_of_it() {
    let app = everything().await;
    let tool = "test_input_required_result_capabilities";
    for (capability, method) in [
        ("sampling", "sampling/createMessage"),
        ("elicitation", "elicitation/create"),
    ] {
        let client = app.anonymous().able_to(json!({ capability: {} }));
        let asked = client.call(tool, json!({})).await;
        assert_eq!(
            methods(&asked)
                .into_iter()
                .map(|(_, method)| method)
                .collect::<Vec<_>>(),
            [method]
        );
    }
}

#[tokio::test]
async fn what_is_no_answer_is_asked_again_and_what_was_not_asked_is_passed_over() {
    let app = everything().await;
    let tool = "test_input_required_result_elicitation";
    let name = accepted(&json!({ "name": "Alice" }));
    let more = json!({ "inputResponses": { "user_name": name, "unknown_extra_key": name } });
    assert_eq!(
        call_with(&able(&app), tool, more).await.tool_text(),
        "Hello, Alice!"
    );
    for responses in [
        json!({ "wrong_key": name }),
        json!({ "user_name": 12_345 }),
        json!(null),
    ] {
        let asked = call_with(&able(&app), tool, json!({ "inputResponses": responses })).await;
        assert_eq!(methods(&asked), [("user_name", "elicitation/create")]);
    }
}

#[tokio::test]
async fn forms_have_defaults_and_every_way_to_choose() {
    let app = everything().await;
    let asked = able(&app)
        .call("test_elicitation_sep1034_defaults", json!({}))
        .await;
    let fields =
        &asked.result()["inputRequests"]["membership"]["params"]["requestedSchema"]["properties"];
    for (name, kind, default) in [
        ("name", "string", json!("John Doe")),
        ("age", "integer", json!(30)),
        ("score", "number", json!(95.5)),
        ("status", "string", json!("active")),
        ("verified", "boolean", json!(true)),
    ] {
        assert_eq!(
            (&fields[name]["type"], &fields[name]["default"]),
            (&json!(kind), &default),
            "{name}"
        );
    }
    assert_eq!(
        fields["status"]["enum"],
        json!(["active", "inactive", "pending"])
    );
    let asked = able(&app)
        .call("test_elicitation_sep1330_enums", json!({}))
        .await;
    let fields =
        &asked.result()["inputRequests"]["choices"]["params"]["requestedSchema"]["properties"];
    assert_eq!(fields["untitledSingle"]["enum"][2], "option3");
    assert_eq!(
        fields["titledSingle"]["oneOf"][0],
        json!({ "const": "value1", "title": "First Option" })
    );
    assert_eq!(
        fields["legacyEnum"]["enumNames"],
        json!(["Option One", "Option Two"])
    );
    assert_eq!(fields["untitledMulti"]["items"]["enum"][0], "option1");
    assert_eq!(
        fields["titledMulti"]["items"]["anyOf"][1],
        json!({ "const": "value2", "title": "Second Choice" })
    );
}

#[tokio::test]
async fn schemas_by_hand_are_listed_untouched() {
    let app = everything().await;
    let tools = app.anonymous().tools().await;
    let schema = |name: &str| {
        &tools
            .iter()
            .find(|tool| tool["name"] == name)
            .expect("listed")["inputSchema"]
    };
    let contact = schema("json_schema_2020_12_tool");
    assert_eq!(contact["$defs"]["address"]["$anchor"], "addressDef");
    for word in [
        "$schema",
        "allOf",
        "if",
        "then",
        "else",
        "additionalProperties",
    ] {
        assert!(contact.get(word).is_some(), "{word}");
    }
    assert_eq!(
        schema("test_custom_header")["properties"]["value"]["x-mcp-header"],
        "Value"
    );
    let told_once = app
        .anonymous()
        .call("test_custom_header", json!({ "value": "a" }))
        .await;
    assert_eq!(
        (told_once.status, told_once.error_code()),
        (400, -32_020),
        "the header is missing"
    );
}

#[tokio::test]
async fn lists_have_pages_of_16() {
    let app = everything().await;
    let first = app
        .anonymous()
        .mcp("tools/list", json!({}))
        .await
        .result()
        .clone();
    assert_eq!(first["tools"].as_array().map(Vec::len), Some(16));
    let all = app.anonymous().tools().await;
    assert!(all.len() > 16 && all.len() <= 32, "{}", all.len());
    assert_eq!(
        app.anonymous()
            .mcp("tools/list", json!({ "cursor": "no-such-cursor" }))
            .await
            .error_code(),
        -32_602
    );
}

#[tokio::test]
async fn prompts_take_arguments_suggest_them_embed_and_ask() {
    let app = everything().await;
    let client = able(&app);
    let get = async |name: &str, beside: Value| {
        let mut params = json!({ "name": name });
        params
            .as_object_mut()
            .expect("an object")
            .extend(beside.as_object().expect("an object").clone());
        client.mcp("prompts/get", params).await
    };
    let simple = get("test_simple_prompt", json!({})).await;
    assert_eq!(
        simple.result()["messages"][0]["content"]["text"],
        "This is a simple prompt for testing."
    );
    let both = get(
        "test_prompt_with_arguments",
        json!({ "arguments": { "arg1": "one", "arg2": "two" } }),
    )
    .await;
    assert_eq!(
        both.result()["messages"][0]["content"]["text"],
        "Prompt with arguments: arg1='one', arg2='two'"
    );
    let uri = json!({ "arguments": { "resourceUri": "test://example-resource" } });
    let embedded = get("test_prompt_with_embedded_resource", uri).await;
    assert_eq!(
        embedded.result()["messages"][0]["content"]["resource"]["uri"],
        "test://example-resource"
    );
    let image = get("test_prompt_with_image", json!({})).await;
    assert_eq!(image.result()["messages"][0]["content"]["type"], "image");
    let asked = get("test_input_required_result_prompt", json!({})).await;
    assert_eq!(methods(&asked), [("user_context", "elicitation/create")]);
    let responses = json!({ "user_context": accepted(&json!({ "context": "the sea" })) });
    let beside =
        json!({ "inputResponses": responses, "requestState": asked.result()["requestState"] });
    let answered = get("test_input_required_result_prompt", beside).await;
    assert_eq!(
        answered.result()["messages"][0]["content"]["text"],
        "Let us talk about the sea."
    );
}

#[tokio::test]
async fn arguments_of_prompts_and_templates_are_completed() {
    let app = everything().await;
    let prompt = json!({ "type": "ref/prompt", "name": "test_prompt_with_arguments" });
    let template = json!({ "type": "ref/resource", "uri": "test://template/{id}/data" });
    for (reference, argument, typed, expected) in [
        (&prompt, "arg1", "par", json!(["paris", "park", "party"])),
        (&prompt, "arg1", "part", json!(["party"])),
        (&prompt, "arg1", "x", json!([])),
        (&prompt, "arg2", "par", json!([])),
        (
            &template,
            "id",
            "4",
            json!(["40", "41", "42", "43", "44", "45", "46", "47", "48", "49"]),
        ),
    ] {
        let params = json!({ "ref": reference, "argument": { "name": argument, "value": typed } });
        let completed = app.anonymous().mcp("completion/complete", params).await;
        assert_eq!(
            completed.result()["completion"]["values"],
            expected,
            "{argument} {typed}"
        );
    }
}

#[tokio::test]
async fn resources_are_read_as_text_as_bytes_and_by_template() {
    let app = everything().await;
    let read = async |uri: &str| app.anonymous().read(uri).await.result()["contents"][0].clone();
    let text = read("test://static-text").await;
    assert_eq!(
        (&text["mimeType"], &text["text"]),
        (
            &json!("text/plain"),
            &json!("This is the content of the static text resource.")
        )
    );
    let picture = read("test://static-binary").await;
    assert_eq!(
        (&picture["mimeType"], &picture["blob"]),
        (&json!("image/png"), &json!(everything::contents::PNG))
    );
    assert!(
        read("test://template/123/data").await["text"]
            .as_str()
            .is_some_and(|text| text.contains("123"))
    );
    let unknown = app.anonymous().read("test://no-such-resource").await;
    assert_eq!(
        (unknown.error_code(), &unknown.json["error"]["data"]["uri"]),
        (-32_602, &json!("test://no-such-resource"))
    );
    for method in ["resources/subscribe", "resources/unsubscribe"] {
        let params = json!({ "uri": "test://watched-resource" });
        let answer = app
            .anonymous()
            .older(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
            .await;
        assert_eq!(
            answer.result(),
            &json!({}),
            "{method}: nothing here changes, and the app says so"
        );
    }
}

#[tokio::test]
async fn the_same_tools_behind_tokens_let_nobody_in_without_one() {
    let app = TestApp::new(App::new("closed").tools(everything::contents::tools::tools())).await;
    assert_eq!(
        app.anonymous()
            .call("test_simple_text", json!({}))
            .await
            .status,
        401
    );
    let alice = app.user("alice@example.com").await;
    assert!(
        alice
            .call("test_simple_text", json!({}))
            .await
            .tool_text()
            .contains("simple text")
    );
}

#[test]
fn over_standard_input_and_output_nobody_need_be_named() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_everything"));
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    command.arg("stdio").env_clear().env("HOME", home.path());
    let running = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut running = running.expect("it runs");
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": NEWEST_REVISION, "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({ "name": "announce", "arguments": { "what": "a call" }, "_meta": meta });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let mut input = running.stdin.take().expect("an input");
    writeln!(input, "{message}").expect("written");
    drop(input);
    let output = running.wait_with_output().expect("it ends");
    let answer: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(answer["result"]["content"][0]["text"], "announced a call");
}
