//! `/health`, `/admin/health`, `/admin/safe-tool`.

use http::Method;
use mcp_lambda::App;
use mcp_lambda::testkit::TestApp;
use mcp_lambda_tests::client::house;
use serde_json::json;

#[tokio::test]
async fn health_is_told_to_everyone_in_words_alone() {
    let house = house().await;
    let answer = house.anonymous().ask(Method::GET, "/health", None).await;
    assert_eq!(
        (answer.status, answer.json),
        (
            200,
            json!({"status": "healthy", "checks": {"store": "reachable", "signing_key": "loaded"}})
        )
    );
    assert_eq!(
        house
            .anonymous()
            .ask(Method::POST, "/health", None)
            .await
            .status,
        405
    );
}

#[tokio::test]
async fn an_outage_is_503_within_ten_seconds_and_tells_strangers_nothing() {
    let house = house().await;
    house.anonymous().ask(Method::GET, "/health", None).await;
    house.store.set_down(true);
    assert_eq!(
        house
            .anonymous()
            .ask(Method::GET, "/health", None)
            .await
            .status,
        200,
        "the last verdict is still fresh"
    );
    house.clock.advance(10);
    let answer = house.anonymous().ask(Method::GET, "/health", None).await;
    assert_eq!(
        (answer.status, &answer.json["checks"]["store"]),
        (503, &json!("unavailable"))
    );
    assert!(!answer.text.contains("10.0.0.7"));
    let answer = house.admin().ask(Method::GET, "/admin/health", None).await;
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
    let house = house().await;
    house.anonymous().ask(Method::GET, "/health", None).await;
    house.store.taken();
    for _ in 0..20 {
        house.anonymous().ask(Method::GET, "/health", None).await;
    }
    assert_eq!(house.store.taken(), (0, 0));
}

#[tokio::test]
async fn operators_are_told_details_and_no_key() {
    let house = house().await;
    let answer = house.admin().ask(Method::GET, "/admin/health", None).await;
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
    let house = house().await;
    let answer = house
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
