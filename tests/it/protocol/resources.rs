//! Resources one by one and by template.

use std::sync::Arc;

use http::Method;
use mcp_lambda::records::Users;
use mcp_lambda::testkit::{FaultyStore, TestApp};
use mcp_lambda_tests::protocol;
use serde_json::{Value, json};

use super::server;

#[tokio::test]
async fn what_is_listed_can_be_read() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let listed = alice.mcp("resources/list", json!({})).await;
    for resource in listed.result()["resources"].as_array().expect("a list") {
        let uri = resource["uri"].as_str().expect("a URI");
        assert!(
            resource["name"].is_string() && !uri.contains('{'),
            "{resource}"
        );
        assert_eq!(alice.read(uri).await.status, 200);
    }
    let templates = alice.mcp("resources/templates/list", json!({})).await;
    assert_eq!(
        templates.result()["resourceTemplates"]
            .as_array()
            .map(Vec::len),
        Some(4)
    );
    assert_eq!(
        alice.read("files:///pictures/7").await.result()["contents"][0]["text"],
        "picture 7",
        "the closest one is meant"
    );
}

#[tokio::test]
async fn text_bytes_and_json_come_with_their_type() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let contents = async |uri: &str| alice.read(uri).await.result()["contents"][0].clone();
    assert_eq!(
        contents("test://about").await,
        json!({"uri": "test://about", "mimeType": "text/plain", "text": "about this app"})
    );
    assert_eq!(
        contents("test://picture").await,
        json!({"uri": "test://picture", "mimeType": "image/png", "blob": "iVBORw=="})
    );
    let day = contents("days://2026/warm").await;
    assert_eq!(
        (&day["mimeType"], &day["text"]),
        (
            &json!("application/json"),
            &json!(r#"{"tone":"warm","year":2026}"#)
        )
    );
    assert_eq!(contents("files:///a/b%20c.txt").await["text"], "a/b c.txt");
}

#[tokio::test]
async fn each_says_how_long_and_for_whom_it_holds() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    for (uri, ttl, scope) in [
        ("test://about", 300_000, "public"),
        ("test://picture", 0, "private"),
        ("test://secret", 300_000, "private"),
    ] {
        let answer = alice.read(uri).await;
        let result = answer.result();
        assert_eq!(
            (result["ttlMs"].as_u64(), result["cacheScope"].as_str()),
            (Some(ttl), Some(scope)),
            "{uri}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_named_in_either_era() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    for uri in [
        "test://nothing",
        "note://none",
        "days://2026",
        "",
        "test://about/",
        "TEST://about",
    ] {
        let answer = alice.read(uri).await;
        assert_eq!(
            (answer.error_code(), &answer.json["error"]["data"]["uri"]),
            (-32_602, &json!(uri)),
            "{}",
            answer.text
        );
        let message =
            json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": uri}});
        assert_eq!(alice.older(&message).await.error_code(), -32_002, "{uri}");
    }
    let answer = alice.read("days://soon/warm").await;
    assert!(
        answer.json["error"]["message"]
            .as_str()
            .expect("words")
            .contains("`year` must be a whole number"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn no_uri_leads_out_of_its_template() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    for uri in [
        "note://..",
        "note://%2e%2e",
        "note://a%2Fb",
        "note://a/../b",
        "files:///a/../b",
        "files:///%2e%2e/b",
        "files:///a%2f..%2fb",
    ] {
        assert_eq!(alice.read(uri).await.error_code(), -32_602, "{uri}");
    }
}

#[tokio::test]
async fn a_users_own_is_nobody_elses() {
    let server = server().await;
    let (alice, bob) = (
        server.user("alice@example.com").await,
        server.user("bob@example.com").await,
    );
    let users = Users::new(Arc::<FaultyStore>::clone(server.store()));
    let data = users.data(
        &users
            .get(&"alice@example.com".parse().expect("valid"))
            .await
            .expect("registered"),
    );
    data.put("hers", &"mine").await.expect("kept");
    assert_eq!(
        alice.read("note://hers").await.result()["contents"][0]["text"],
        "mine"
    );
    let refused = bob.read("note://hers").await;
    assert_eq!(refused.error_code(), -32_602);
    let absent = bob.read("note://none").await;
    let words = |text: &str, id: &str| text.replace(id, "ID");
    assert_eq!(
        words(&refused.json["error"].to_string(), "hers"),
        words(&absent.json["error"].to_string(), "none"),
        "who looks for another's learns nothing"
    );
}

#[tokio::test]
async fn what_a_token_is_not_good_for_is_not_there() {
    let server = server().await;
    server.user("alice@example.com").await;
    let body = json!({"email": "alice@example.com", "scopes": []});
    let token = server
        .admin()
        .ask(Method::POST, "/admin/tokens", Some(body))
        .await;
    let reader = server.with_token(token.json["token"].as_str().expect("a token"));
    assert!(
        !reader
            .mcp("resources/list", json!({}))
            .await
            .text
            .contains("test://secret")
    );
    let (hidden, absent) = (
        reader.read("test://secret").await,
        reader.read("test://absent").await,
    );
    assert_eq!(
        hidden.text.replace("secret", "X"),
        absent.text.replace("absent", "X")
    );
}

fn initialize() -> Value {
    let info = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}});
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": info})
}

#[tokio::test]
async fn nothing_is_to_subscribe_to_in_either_era() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    assert_eq!(
        alice.older(&initialize()).await.result()["capabilities"]["resources"],
        json!({}),
        "none is offered"
    );
    for method in ["resources/subscribe", "resources/unsubscribe"] {
        let message =
            json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"uri": "test://about"}});
        assert_eq!(
            alice.older(&message).await.error_code(),
            -32_601,
            "{method}"
        );
        let modern = alice.mcp(method, json!({ "uri": "test://about" })).await;
        assert_eq!(
            (modern.status, modern.error_code()),
            (404, -32_601),
            "{method}"
        );
    }
}

#[tokio::test]
async fn an_app_whose_resources_never_change_may_accept_subscriptions() {
    let server = TestApp::new(protocol::app().accept_subscriptions()).await;
    let alice = server.user("alice@example.com").await;
    assert_eq!(
        alice.older(&initialize()).await.result()["capabilities"]["resources"],
        json!({"subscribe": true})
    );
    let discovered = alice.mcp("server/discover", json!({})).await;
    assert_eq!(
        discovered.result()["capabilities"]["resources"],
        json!({}),
        "the newest revision has other ones"
    );
    for method in ["resources/subscribe", "resources/unsubscribe"] {
        let message = |uri: &str| json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"uri": uri}});
        assert_eq!(
            alice.older(&message("test://about")).await.result(),
            &json!({}),
            "{method}"
        );
        assert_eq!(
            alice.older(&message("test://absent")).await.error_code(),
            -32_002,
            "{method}"
        );
        assert_eq!(
            alice
                .mcp(method, json!({ "uri": "test://about" }))
                .await
                .error_code(),
            -32_601,
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_path_in_a_uri_leads_below_its_folder_and_nowhere_else() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    for path in [
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "%252Fetc",
        "a//b",
        "a%5Cb",
        "C:/x",
        "C%3A/x",
        "a/../b",
        "",
    ] {
        let answer = alice.read(&format!("files:///{path}")).await;
        assert_eq!(answer.error_code(), -32_602, "{path}: {}", answer.text);
        assert!(
            answer.json["error"]["message"]
                .as_str()
                .is_some_and(|words| words.contains("unknown resource")),
            "{path}"
        );
    }
    assert_eq!(
        alice.read("files:///a/b.txt").await.result()["contents"][0]["text"],
        "a/b.txt"
    );
}
