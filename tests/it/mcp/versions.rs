//! Four revisions of MCP on one URL.

use mcp_lambda::testkit::{NEWEST_REVISION, older_request};
use mcp_lambda_tests::client::server;
use serde_json::{Value, json};

#[tokio::test]
async fn the_newest_revision_discovers_without_a_handshake() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    let answer = token.mcp("server/discover", json!({})).await;
    let found = answer.result();
    assert_eq!(
        found["supportedVersions"],
        json!(["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"])
    );
    assert_eq!(found["instructions"], "For tests.");
    assert!(found["ttlMs"].as_u64().expect("a time") > 0);
    assert_eq!(
        found["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "fixture"
    );
}

#[tokio::test]
async fn each_older_revision_shakes_hands_lists_and_calls() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    for version in ["2025-11-25", "2025-06-18", "2025-03-26"] {
        let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}});
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
        let answer = server
            .send(older_request(Some(token.token()), None, &message))
            .await;
        assert_eq!(answer.result()["protocolVersion"], version);
        assert_eq!(
            answer.result()["serverInfo"],
            json!({"name": "fixture", "version": "1.2.3"})
        );
        assert_eq!(answer.header("mcp-session-id"), None, "no state is kept");
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(
            server
                .send(older_request(
                    Some(token.token()),
                    Some(version),
                    &initialized
                ))
                .await
                .status,
            202
        );
        let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
        let answer = server
            .send(older_request(Some(token.token()), Some(version), &list))
            .await;
        assert_eq!(answer.result()["tools"].as_array().map(Vec::len), Some(14));
        let call = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "add", "arguments": {"left": 1}}});
        let answer = server
            .send(older_request(Some(token.token()), Some(version), &call))
            .await;
        assert_eq!(
            answer.result()["structuredContent"],
            json!({"sum": 1}),
            "{version}"
        );
    }
}

#[tokio::test]
async fn a_version_nobody_knows_is_offered_one_we_speak() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    let params = json!({"protocolVersion": "1999-01-01", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    let answer = server
        .send(older_request(Some(token.token()), None, &message))
        .await;
    assert_eq!(answer.result()["protocolVersion"], "2025-11-25");
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
    let answer = server
        .send(older_request(
            Some(token.token()),
            Some("1999-01-01"),
            &list,
        ))
        .await;
    assert_eq!(answer.status, 400);
    assert_ne!(answer.json, Value::Null, "{}", answer.text);
}

#[tokio::test]
async fn an_unknown_method_is_an_error_with_its_id() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    let answer = token.mcp("no/such", json!({})).await;
    assert_eq!(
        (
            answer.status,
            &answer.json["error"]["code"],
            &answer.json["id"]
        ),
        (404, &json!(-32_601), &json!(7))
    );
    assert_eq!(NEWEST_REVISION, "2026-07-28");
}
