//! What is no MCP request gets words and a status, never silence and never plain text.

use http::Method;
use mcp_lambda::testkit::{TestApp, TestResponse, request};
use mcp_lambda_tests::client::server;
use serde_json::json;

async fn post(server: &TestApp, token: &str, body: &str) -> TestResponse {
    let mut request = request(Method::POST, "/mcp", Some(token), Some(body.to_owned()));
    request.headers_mut().insert(
        "accept",
        "application/json, text/event-stream"
            .parse()
            .expect("valid"),
    );
    server.send(request).await
}

#[tokio::test]
async fn malformed_json_and_batches_are_json_rpc_errors_with_400() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    for (body, code) in [
        ("{", -32_700),
        ("", -32_700),
        ("not json", -32_700),
        ("\u{0}\u{1}", -32_700),
        ("[]", -32_600),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32_600),
        ("7", -32_600),
        ("null", -32_600),
        (r#"{"id":1}"#, -32_600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32_600),
    ] {
        let answer = post(&server, token.token(), body).await;
        assert_eq!(
            (answer.status, &answer.json["error"]["code"]),
            (400, &json!(code)),
            "{body}: {}",
            answer.text
        );
        assert_eq!(
            (&answer.json["jsonrpc"], answer.json.get("id")),
            (&json!("2.0"), None),
            "{body}"
        );
        assert_eq!(
            answer.header("content-type"),
            Some("application/json"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn params_that_are_no_object_are_answered_to_their_id() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    for params in ["[]", "7", r#""x""#, r#"{"_meta":"x"}"#] {
        let body =
            format!(r#"{{"jsonrpc":"2.0","id":42,"method":"tools/list","params":{params}}}"#);
        let answer = post(&server, alice.token(), &body).await;
        assert_eq!(
            (answer.status, &answer.json["id"], answer.error_code()),
            (400, &json!(42), -32_602),
            "{params}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn five_megabytes_are_too_many() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    let answer = post(&server, token.token(), &"x".repeat(5_000_000)).await;
    assert_eq!(
        (answer.status, &answer.json["code"]),
        (413, &json!("too_large"))
    );
}

#[tokio::test]
async fn too_many_values_and_too_deep_a_nesting_are_413_and_the_bound_is_named() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    let objects = format!("[{{}}{}]", r#",{"a":0}"#.repeat(20_000));
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    for (value, bound) in [(objects, "40000 values"), (deep, "64 deep")] {
        let call = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"_meta":{{"x":{value}}}}}}}"#
        );
        let answer = post(&server, token.token(), &call).await;
        assert_eq!(answer.status, 413, "{}", answer.text);
        assert!(answer.text.contains(bound), "{}", answer.text);
        let import: serde_json::Value =
            serde_json::from_str(&format!(r#"{{"email":"b@example.com","data":{value}}}"#))
                .expect("JSON");
        let answer = server
            .admin()
            .ask(Method::POST, "/admin/imports", Some(import))
            .await;
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (413, &json!("too_large")),
            "{}",
            answer.text
        );
        assert!(answer.text.contains(bound), "{}", answer.text);
    }
}

#[tokio::test]
async fn other_paths_are_named() {
    let server = server().await;
    for path in [
        "/nowhere",
        "/mcp/mcp",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-authorization-server/mcp",
        "/%00",
    ] {
        let answer = server.anonymous().ask(Method::GET, path, None).await;
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (404, &json!("not_found")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_trailing_slash_changes_nothing() {
    let server = server().await;
    for path in ["/mcp", "/mcp/", "/"] {
        assert_eq!(
            server
                .anonymous()
                .ask(Method::POST, path, Some(json!({})))
                .await
                .status,
            401,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused_and_one_of_this_machine_may_ask() {
    let server = server().await;
    for (origin, status) in [
        ("https://evil.example.com", 403),
        ("http://localhost:6274", 200),
    ] {
        let mut request = request(Method::GET, "/health", None, None);
        request
            .headers_mut()
            .insert("origin", origin.parse().expect("valid"));
        let answer = server.send(request).await;
        assert_eq!(answer.status, status, "{origin}");
        assert_eq!(
            answer.header("access-control-allow-origin").is_some(),
            status == 200,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn a_preflight_is_answered_before_any_token() {
    let server = server().await;
    let mut preflight = request(Method::OPTIONS, "/mcp", None, None);
    let asked = [
        ("origin", "http://localhost:6274"),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "authorization, mcp-param-city",
        ),
    ];
    for (name, value) in asked {
        preflight
            .headers_mut()
            .insert(name, value.parse().expect("valid"));
    }
    let answer = server.send(preflight.clone()).await;
    assert_eq!(answer.status, 204);
    let allowed = answer
        .header("access-control-allow-headers")
        .expect("headers");
    for name in [
        "authorization",
        "mcp-protocol-version",
        "mcp-method",
        "mcp-name",
        "mcp-param-city",
    ] {
        assert!(allowed.contains(name), "{name} in {allowed}");
    }
    preflight.headers_mut().remove("origin");
    assert_eq!(
        server.send(preflight).await.status,
        401,
        "no browser asks so"
    );
}

#[tokio::test]
async fn a_page_reads_refusals_too() {
    let server = server().await;
    let mut request = request(Method::POST, "/mcp", None, Some("{}".into()));
    request
        .headers_mut()
        .insert("origin", "http://localhost:6274".parse().expect("valid"));
    let answer = server.send(request).await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (401, Some("http://localhost:6274"))
    );
    assert!(
        answer
            .header("access-control-expose-headers")
            .is_some_and(|names| names.contains("www-authenticate"))
    );
}
