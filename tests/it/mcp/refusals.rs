//! What the MCP path refuses: JSON-RPC errors with the word for each, in the order that MCP's authorization wants.

use http::{Method, Request};
use http_body_util::Full;
use mcp_lambda::testkit::{TestApp, TestResponse, mcp_request, request};
use mcp_lambda_tests::client::server;
use mcp_lambda_tests::{fixture, protocol};
use serde_json::{Value, json};

type Sent = Request<Full<bytes::Bytes>>;

fn list(token: &str) -> Sent {
    mcp_request(Some(token), &json!({}), "tools/list", json!({}))
}

fn with(mut request: Sent, headers: &[(&'static str, &str)]) -> Sent {
    for (name, value) in headers {
        request
            .headers_mut()
            .insert(*name, value.parse().expect("valid"));
    }
    request
}

fn without(mut request: Sent, name: &str) -> Sent {
    request.headers_mut().remove(name);
    request
}

/// One sentence, where MCP clients look for it and where OAuth clients do.
fn assert_is_json_rpc(answer: &TestResponse, code: &str, id: &Value) {
    let (error, text) = (&answer.json["error"], &answer.text);
    assert_eq!(
        (&answer.json["jsonrpc"], answer.json.get("id")),
        (&json!("2.0"), Some(id)),
        "{text}"
    );
    assert_eq!(
        error["code"],
        if answer.status >= 500 {
            -32_603
        } else {
            -32_600
        },
        "{text}"
    );
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|words| words.contains(' ')),
        "{text}"
    );
    assert_eq!(
        (&answer.json["code"], &answer.json["error_description"]),
        (&json!(code), &error["message"]),
        "{text}"
    );
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn every_refusal_of_an_mcp_request_is_a_json_rpc_error() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let (good, id) = (alice.token(), json!(7));
    let no_body = request(Method::POST, "/mcp", Some(good), None);
    let large = request(
        Method::POST,
        "/mcp",
        Some(good),
        Some("x".repeat(5_000_000)),
    );
    for (sent, status, code, id) in [
        (
            without(list(good), "authorization"),
            401,
            "unauthenticated",
            &Value::Null,
        ),
        (list("forged"), 401, "unauthenticated", &Value::Null),
        (list(server.admin().token()), 403, "forbidden", &Value::Null),
        (
            with(list(good), &[("origin", "https://evil.example.com")]),
            403,
            "forbidden",
            &Value::Null,
        ),
        (
            with(list(good), &[("host", "evil.example.com")]),
            403,
            "forbidden",
            &Value::Null,
        ),
        (
            with(list(good), &[("authorization", "Bearer a,Bearer b")]),
            400,
            "invalid",
            &Value::Null,
        ),
        (
            request(Method::PUT, "/mcp", Some(good), None),
            405,
            "method_not_allowed",
            &Value::Null,
        ),
        (
            with(list(good), &[("accept", "text/html")]),
            406,
            "not_acceptable",
            &id,
        ),
        (
            with(list(good), &[("content-type", "text/plain")]),
            415,
            "unsupported_media_type",
            &id,
        ),
        (
            without(list(good), "content-type"),
            415,
            "unsupported_media_type",
            &id,
        ),
        (no_body, 415, "unsupported_media_type", &Value::Null),
        (large, 413, "too_large", &Value::Null),
    ] {
        let answer = server.send(sent).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_is_json_rpc(&answer, code, id);
    }
    server.store().set_down(true);
    let answer = server.send(list(good)).await;
    assert_eq!(
        (answer.status, answer.header("retry-after").is_some()),
        (503, true)
    );
    assert_is_json_rpc(&answer, "unavailable", &Value::Null);
}

#[tokio::test]
async fn what_the_library_refuses_in_plain_text_is_one_too() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let message = json!({"jsonrpc": "2.0", "id": "a", "method": "tools/list"}).to_string();
    let older = request(Method::POST, "/mcp", Some(alice.token()), Some(message));
    let answer = server
        .send(with(older, &[("mcp-protocol-version", "1999-01-01")]))
        .await;
    assert_eq!(answer.status, 400);
    assert_is_json_rpc(&answer, "invalid", &json!("a"));
}

#[tokio::test]
async fn other_refusals_say_the_same_sentence_twice() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let (anyone, admin) = (server.anonymous(), server.admin());
    for (answer, status) in [
        (anyone.ask(Method::GET, "/admin/users", None).await, 401),
        (alice.ask(Method::GET, "/admin/users", None).await, 403),
        (anyone.ask(Method::GET, "/nowhere", None).await, 404),
        (anyone.ask(Method::POST, "/health", None).await, 405),
        (
            admin
                .ask(Method::POST, "/admin/users", Some(json!({"email": "no"})))
                .await,
            400,
        ),
        (
            admin
                .ask(
                    Method::POST,
                    "/admin/users",
                    Some(json!({"email": "alice@example.com"})),
                )
                .await,
            409,
        ),
    ] {
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(
            answer.json["error"].is_string() && answer.json["code"].is_string(),
            "{}",
            answer.text
        );
        assert_eq!(
            answer.json["error"], answer.json["error_description"],
            "{}",
            answer.text
        );
        assert_eq!(answer.json.get("jsonrpc"), None);
    }
}

#[tokio::test]
async fn who_looks_for_oauth_is_told_of_the_token() {
    let server = server().await;
    for (method, path) in [
        (Method::POST, "/register"),
        (Method::GET, "/authorize"),
        (Method::GET, "/.well-known/oauth-protected-resource/mcp"),
        (Method::GET, "/.well-known/openid-configuration"),
    ] {
        let answer = server.anonymous().ask(method, path, None).await;
        let words = answer.json["error_description"].as_str().expect("words");
        assert!(
            answer.status == 404 && words.contains("token") && words.contains("not valid"),
            "{path}: {words}"
        );
    }
    let elsewhere = server
        .anonymous()
        .ask(Method::GET, "/registers", None)
        .await;
    assert!(
        elsewhere.json["error"]
            .as_str()
            .is_some_and(|words| words.contains("MCP is at `/mcp`"))
    );
}

#[tokio::test]
async fn another_method_needs_a_token_first_and_then_is_405() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let methods = [
        "GET",
        "HEAD",
        "PUT",
        "DELETE",
        "PATCH",
        "OPTIONS",
        "SUBSCRIBE",
    ];
    for method in methods.map(|method| Method::from_bytes(method.as_bytes()).expect("a method")) {
        for path in ["/", "/mcp"] {
            let none = server.anonymous().ask(method.clone(), path, None).await;
            assert_eq!(
                (none.status, none.header("www-authenticate")),
                (401, Some("Bearer")),
                "{method} {path}"
            );
            let bad = server
                .with_token("forged")
                .ask(method.clone(), path, None)
                .await;
            let challenge = bad.header("www-authenticate").expect("a challenge");
            assert!(
                bad.status == 401 && challenge.contains("invalid_token"),
                "{method} {path}: {}",
                bad.text
            );
            let good = alice.ask(method.clone(), path, None).await;
            assert_eq!(
                (good.status, good.header("allow")),
                (405, Some("POST")),
                "{method} {path}"
            );
        }
    }
    let open = TestApp::new(fixture::app().allow_anonymous()).await;
    let answer = open.anonymous().ask(Method::GET, "/mcp", None).await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, Some("POST")),
        "{}",
        answer.text
    );
    assert_eq!(
        open.with_token("forged")
            .ask(Method::GET, "/mcp", None)
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn accept_is_read_as_rfc_9110_has_it() {
    let server = TestApp::new(protocol::app()).await;
    let alice = server.user("alice@example.com").await;
    let call = |accept: Option<&str>, token: Value| {
        let params = json!({"name": "reports", "arguments": {}, "_meta": token});
        let request = mcp_request(Some(alice.token()), &json!({}), "tools/call", params);
        accept.map_or_else(
            || without(request.clone(), "accept"),
            |accept| with(request.clone(), &[("accept", accept)]),
        )
    };
    const JSON: &str = "application/json";
    const EVENTS: &str = "text/event-stream";
    for (accept, plain, with_progress) in [
        (None, JSON, EVENTS),
        (Some("*/*"), JSON, EVENTS),
        (Some("application/json, text/event-stream"), JSON, EVENTS),
        (Some("application/json"), JSON, JSON),
        (Some("application/json, application/mcp+json"), JSON, JSON),
        (Some("application/*;q=0.5"), JSON, JSON),
        (Some("text/event-stream;q=0, */*;q=0.1"), JSON, JSON),
        (Some("text/event-stream"), EVENTS, EVENTS),
        (Some("*/*, application/json;q=0"), EVENTS, EVENTS),
    ] {
        for (token, expected) in [
            (json!({}), plain),
            (json!({"progressToken": 1}), with_progress),
        ] {
            let answer = server.send(call(accept, token)).await;
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (200, Some(expected)),
                "{accept:?}: {}",
                answer.text
            );
            assert_eq!(
                answer.json["result"]["content"][0]["text"], "reported",
                "{accept:?}: {}",
                answer.text
            );
            assert!(
                expected == EVENTS || answer.messages().len() == 1,
                "{accept:?}: {}",
                answer.text
            );
        }
    }
    for accept in [
        "text/html",
        "*/*;q=0",
        "application/json;q=0, text/event-stream;q=0.000",
    ] {
        assert_eq!(
            server.send(call(Some(accept), json!({}))).await.status,
            406,
            "{accept}"
        );
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
async fn what_is_wrong_with_a_message_is_named() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let info = json!({"protocolVersion": "2025-11-25", "capabilities": {}});
    for (message, code, words) in [
        (
            json!({"id": null, "method": "ping"}),
            -32_600,
            "`id` must be a string or an integer",
        ),
        (
            json!({"id": null, "method": "notifications/initialized"}),
            -32_600,
            "`id` must be a string or an integer",
        ),
        (
            json!({"id": 1.5, "method": "ping"}),
            -32_600,
            "`id` must be a string or an integer",
        ),
        (
            json!({"id": 1.5, "method": "foo/bar"}),
            -32_600,
            "`id` must be a string or an integer",
        ),
        (
            json!({"id": 1, "method": "initialize", "params": info}),
            -32_602,
            "`clientInfo` is missing",
        ),
        (
            json!({"id": 1, "method": "foo/bar"}),
            -32_601,
            "there is no method `foo/bar`",
        ),
        (
            json!({"id": 1, "method": "completion/complete", "params": {
            "ref": {"type": "ref/prompt", "name": "a"}, "argument": {"name": "a", "value": ""}}}),
            -32_601,
            "there is no method `completion/complete`",
        ),
        (
            json!({"id": 1, "method": "subscriptions/listen", "params": {"notifications": {}}}),
            -32_601,
            "there is no method `subscriptions/listen`",
        ),
        (
            json!({"id": 1, "method": "resources/subscribe", "params": {"uri": "test://about"}}),
            -32_601,
            "there is no method `resources/subscribe`",
        ),
        (
            json!({"id": 1, "method": "tools/call", "params": {"name": "add", "arguments": []}}),
            -32_602,
            "`arguments` must be an object",
        ),
        (
            json!({"id": 1, "method": "tools/call", "params": {"name": "add", "arguments": "{}"}}),
            -32_602,
            "`arguments` must be an object",
        ),
        (
            json!({"id": 1, "method": "tools/call", "params": {"arguments": {}}}),
            -32_602,
            "`name` is missing",
        ),
    ] {
        let mut message = message;
        message["jsonrpc"] = json!("2.0");
        let answer = alice.older(&message).await;
        let said = answer.json["error"]["message"].as_str().unwrap_or_default();
        assert!(
            answer.error_code() == code && said.contains(words),
            "{message}: {}",
            answer.text
        );
    }
    let modern = alice
        .mcp("tools/call", json!({"name": "add", "arguments": []}))
        .await;
    assert!(
        modern.text.contains("`arguments` must be an object"),
        "{}",
        modern.text
    );
    for method in ["ping", "resources/subscribe", "logging/setLevel", "no/such"] {
        let modern = alice.mcp(method, json!({"uri": "test://about"})).await;
        let said = modern.json["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(
            (modern.status, modern.error_code()),
            (404, -32_601),
            "{}",
            modern.text
        );
        assert!(
            said.contains(&format!("there is no method `{method}`")),
            "{said}"
        );
    }
}
