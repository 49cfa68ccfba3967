//! `/admin/tokens` and `/admin/users/{email}/tokens`.

use http::Method;
use mcp_lambda_tests::client::house;
use serde_json::json;

#[tokio::test]
async fn a_token_is_made_listed_without_itself_and_revoked() {
    let house = house().await;
    let first = house.user("alice@example.com").await;
    let body = json!({"email": "alice@example.com", "name": "laptop", "duration_seconds": 3_600});
    let made = house.admin().ask(Method::POST, "/admin/tokens", Some(body)).await;
    let (token, id) = (made.json["token"].as_str().expect("a token"), made.json["id"].as_str().expect("an id"));
    assert_eq!(
        (&made.json["duration_seconds"], &made.json["expires"]),
        (&json!(3_600), &json!("2027-01-15T09:00:00Z"))
    );
    let listed = house.admin().ask(Method::GET, "/admin/users/alice@example.com/tokens", None).await;
    let laptop =
        listed.json.as_array().expect("a list").iter().find(|token| token["id"] == id).expect("listed").clone();
    let expected = json!({"id": id, "name": "laptop", "created": "2027-01-15T08:00:00Z", "expires": "2027-01-15T09:00:00Z", "scopes": null, "revoked": false});
    assert_eq!(laptop, expected);
    assert!(!listed.text.contains(token));
    let revoked = house.admin().ask(Method::DELETE, &format!("/admin/users/alice@example.com/tokens/{id}"), None).await;
    assert_eq!(revoked.json, json!({"revoked": id}));
    assert_eq!(house.with_token(token).call("whoami", json!({})).await.status, 401);
    assert_eq!(first.call("whoami", json!({})).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let house = house().await;
    house.user("alice@example.com").await;
    for (body, status) in [
        (json!({"email": "nobody@example.com"}), 404),
        (json!({}), 400),
        (json!({"email": "alice@example.com", "duration_seconds": -1}), 400),
        (json!({"email": "alice@example.com", "duration_seconds": 59}), 400),
        (json!({"email": "alice@example.com", "duration_seconds": "1"}), 400),
        (json!({"email": "alice@example.com", "duration_seconds": 1_000_000_000_000_u64}), 400),
        (json!({"email": "alice@example.com", "scopes": ["admin"]}), 400),
        (json!({"email": "alice@example.com", "scopes": "notes"}), 400),
        (json!({"email": "alice@example.com", "name": 7}), 400),
    ] {
        assert_eq!(house.admin().ask(Method::POST, "/admin/tokens", Some(body.clone())).await.status, status, "{body}");
    }
}

#[tokio::test]
async fn a_user_has_a_bounded_number_of_tokens_and_expired_ones_make_room() {
    let house = house().await;
    house.user("alice@example.com").await;
    let body = json!({"email": "alice@example.com", "duration_seconds": 60});
    for _ in 0..199 {
        assert_eq!(house.admin().ask(Method::POST, "/admin/tokens", Some(body.clone())).await.status, 200);
    }
    let answer = house.admin().ask(Method::POST, "/admin/tokens", Some(body.clone())).await;
    assert_eq!(answer.status, 400);
    assert!(answer.json["error"].as_str().expect("words").contains("200 tokens"), "{}", answer.text);
    house.clock.advance(60);
    assert_eq!(house.admin().ask(Method::POST, "/admin/tokens", Some(body)).await.status, 200);
}
