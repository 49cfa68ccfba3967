//! What a running call tells its client, and knows of it.

use std::time::Duration;

use mcp_lambda::testkit::{Client, TestResponse, older_request};
use serde_json::{Value, json};

use super::server;

async fn call(client: &Client<'_>, tool: &str, meta: Value) -> TestResponse {
    client
        .mcp(
            "tools/call",
            json!({ "name": tool, "arguments": {}, "_meta": meta }),
        )
        .await
}

/// The notifications of a stream, whose last message is its result.
fn notifications<'a>(messages: &'a [Value], method: &str) -> Vec<&'a Value> {
    let (result, before) = messages.split_last().expect("a result");
    assert!(result.get("result").is_some(), "{result}");
    before
        .iter()
        .filter(|message| message["method"] == method)
        .map(|message| &message["params"])
        .collect()
}

#[tokio::test]
async fn progress_only_increases_and_comes_before_the_result() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    for token in [json!("t"), json!(0)] {
        let messages = call(&alice, "reports", json!({ "progressToken": token }))
            .await
            .messages();
        let told = notifications(&messages, "notifications/progress");
        let done: Vec<_> = told
            .iter()
            .map(|report| report["progress"].as_f64().expect("a number"))
            .collect();
        assert_eq!(
            (done.first(), done.last()),
            (Some(&1.0), Some(&10.0)),
            "the first and the last are always told"
        );
        assert!(
            done.is_sorted() && told.iter().all(|report| report["progressToken"] == token),
            "{told:?}"
        );
        assert_eq!(told.last().expect("one")["message"], "done");
    }
}

#[tokio::test]
async fn who_asks_for_no_progress_hears_none_and_nothing_comes_after_the_end() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let answer = call(&alice, "reports", json!({})).await;
    assert_eq!(
        (answer.messages().len(), answer.header("content-type")),
        (1, Some("application/json"))
    );
    let messages = call(&alice, "reports", json!({ "progressToken": 1 }))
        .await
        .messages();
    assert!(!format!("{messages:?}").contains("too late"));
}

#[tokio::test]
async fn log_messages_come_from_the_level_that_was_asked_for() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    for (level, count) in [
        (None, 0),
        (Some("debug"), 3),
        (Some("info"), 2),
        (Some("warning"), 1),
        (Some("alert"), 0),
    ] {
        let meta = level.map_or(
            json!({}),
            |level| json!({"io.modelcontextprotocol/logLevel": level}),
        );
        let messages = call(&alice, "logs", meta).await.messages();
        assert_eq!(
            notifications(&messages, "notifications/message").len(),
            count,
            "{level:?}"
        );
    }
    let messages = call(
        &alice,
        "logs",
        json!({"io.modelcontextprotocol/logLevel": "info"}),
    )
    .await
    .messages();
    let told = notifications(&messages, "notifications/message");
    assert_eq!(
        (&told[0]["level"], &told[0]["data"]),
        (&json!("info"), &json!({"step": 1}))
    );
    for wrong in [json!("loud"), json!(7)] {
        let answer = call(
            &alice,
            "logs",
            json!({"io.modelcontextprotocol/logLevel": wrong}),
        )
        .await;
        assert_eq!(answer.error_code(), -32_602, "{}", answer.text);
    }
}

#[tokio::test]
async fn an_older_client_hears_from_info_on_and_can_set_nothing_for_others() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let set = json!({"jsonrpc": "2.0", "id": 1, "method": "logging/setLevel", "params": {"level": "debug"}});
    assert_eq!(alice.older(&set).await.result(), &json!({}));
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "logs", "arguments": {}}});
    assert_eq!(
        notifications(
            &alice.older(&call).await.messages(),
            "notifications/message"
        )
        .len(),
        2
    );
    let modern = alice
        .mcp("logging/setLevel", json!({"level": "debug"}))
        .await;
    assert_eq!((modern.status, modern.error_code()), (404, -32_601));
}

#[tokio::test]
async fn a_call_knows_its_client_and_its_trace() {
    let server = server().await;
    let alice = server
        .user("alice@example.com")
        .await
        .able_to(json!({"roots": {}}));
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let answer = call(
        &alice,
        "knows",
        json!({"traceparent": parent, "baggage": "tenant=7"}),
    )
    .await;
    let known: Value = serde_json::from_str(answer.tool_text()).expect("JSON");
    assert_eq!(known["client"], json!(["tests", "0"]));
    assert_eq!(known["can"], json!({"roots": {}}));
    assert_eq!(known["trace"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(
        known["headers"],
        json!({"traceparent": parent, "baggage": "tenant=7"})
    );
}

#[tokio::test]
async fn of_an_older_client_nothing_is_made_up() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "knows", "arguments": {}}});
    let known: Value = serde_json::from_str(alice.older(&call).await.tool_text()).expect("JSON");
    assert_eq!(
        (&known["client"], &known["can"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_call() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let message = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "waits", "arguments": {}, "_meta": {"progressToken": 1}}});
    let request = older_request(Some(alice.token()), Some("2025-11-25"), &message);
    let waiting = tokio::time::timeout(Duration::from_millis(50), server.send(request)).await;
    assert!(waiting.is_err(), "it waits for its client");
    assert_eq!(
        alice.call("knows", json!({})).await.status,
        200,
        "and nobody else for it"
    );
}

#[tokio::test]
async fn every_result_says_who_answers_where_the_revision_has_it() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    for (method, params) in [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("prompts/list", json!({})),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("tools/call", json!({"name": "logs", "arguments": {}})),
        (
            "tools/call",
            json!({"name": "all_at_once", "arguments": {}}),
        ),
        (
            "prompts/get",
            json!({"name": "write", "arguments": {"topic": "x"}}),
        ),
        ("resources/read", json!({"uri": "test://about"})),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/prompt", "name": "write"}, "argument": {"name": "tone", "value": ""}}),
        ),
    ] {
        let answer = alice.mcp(method, params).await;
        let info = &answer.result()["_meta"]["io.modelcontextprotocol/serverInfo"];
        assert_eq!(info["name"], "protocol", "{method}: {}", answer.text);
    }
    let older = alice
        .older(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}))
        .await;
    assert_eq!(older.result().get("_meta"), None);
}
