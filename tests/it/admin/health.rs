//! `/health`, `/admin/health`, `/admin/safe-tool`.

use http::Method;
use mcp_lambda::App;
use mcp_lambda::testkit::TestApp;
use mcp_lambda_tests::client::server;
use serde_json::json;

#[tokio::test]
async fn health_is_told_to_everyone_in_words_alone() {
    let server = server().await;
    let answer = server.anonymous().ask(Method::GET, "/health", None).await;
    assert_eq!(
        (answer.status, answer.json),
        (
            200,
            json!({"status": "healthy", "checks": {"store": "reachable", "signing_key": "loaded"}})
        )
    );
    assert_eq!(
        server
            .anonymous()
            .ask(Method::POST, "/health", None)
            .await
            .status,
        405
    );
}

#[tokio::test]
async fn an_outage_is_503_within_ten_seconds_and_tells_strangers_nothing() {
    let server = server().await;
    server.anonymous().ask(Method::GET, "/health", None).await;
    server.store().set_down(true);
    assert_eq!(
        server
            .anonymous()
            .ask(Method::GET, "/health", None)
            .await
            .status,
        200,
        "the last verdict is still fresh"
    );
    server.clock().advance(10);
    let answer = server.anonymous().ask(Method::GET, "/health", None).await;
    assert_eq!(
        (answer.status, &answer.json["checks"]["store"]),
        (503, &json!("unavailable"))
    );
    assert!(!answer.text.contains("10.0.0.7"));
    let answer = server.admin().ask(Method::GET, "/admin/health", None).await;
    assert_eq!(
        (answer.status, &answer.json["status"]),
        (200, &json!("unhealthy"))
    );
    assert!(
        answer.json["details"]["store"]
            .as_str()
            .expect("words")
            .contains("10.0.0.7"),
        "operators learn the cause"
    );
}

#[tokio::test]
async fn strangers_cannot_make_us_ask_the_store() {
    let server = server().await;
    server.anonymous().ask(Method::GET, "/health", None).await;
    server.store().take_counts();
    for _ in 0..20 {
        server.anonymous().ask(Method::GET, "/health", None).await;
    }
    assert_eq!(server.store().take_counts(), (0, 0));
}

#[tokio::test]
async fn operators_are_told_details_and_no_key() {
    let server = server().await;
    let answer = server.admin().ask(Method::GET, "/admin/health", None).await;
    for (part, told) in [
        ("app", "fixture"),
        ("version", "1.2.3"),
        ("tools", "14"),
        ("store", "watched memory"),
    ] {
        assert_eq!(answer.json["details"][part], told);
    }
    assert!(!answer.text.contains("0123456789abcdef0"));
}

#[tokio::test]
async fn the_safe_tool_is_told() {
    let server = server().await;
    let answer = server
        .admin()
        .ask(Method::GET, "/admin/safe-tool", None)
        .await;
    let tool =
        json!({"name": "whoami", "description": "Says who calls, by two ways.", "arguments": {}});
    assert_eq!(
        answer.json,
        json!({"schema_version": "1", "supported": true, "tool": tool})
    );
    let without = TestApp::new(App::new("bare")).await;
    let answer = without
        .admin()
        .ask(Method::GET, "/admin/safe-tool", None)
        .await;
    assert_eq!(
        (&answer.json["supported"], answer.json.get("tool")),
        (&json!(false), None)
    );
    assert!(answer.json["hint"].is_string());
}
