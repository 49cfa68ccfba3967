//! `/admin/tokens` and `/admin/users/{email}/tokens`.

use http::Method;
use mcp_lambda_tests::client::server;
use serde_json::json;

#[tokio::test]
async fn a_token_is_made_listed_without_itself_and_revoked() {
    let server = server().await;
    let first = server.user("alice@example.com").await;
    let body = json!({"email": "alice@example.com", "name": "laptop", "duration_seconds": 3_600});
    let made = server
        .admin()
        .ask(Method::POST, "/admin/tokens", Some(body))
        .await;
    let (token, id) = (
        made.json["token"].as_str().expect("a token"),
        made.json["id"].as_str().expect("an id"),
    );
    assert_eq!(
        (&made.json["duration_seconds"], &made.json["expires"]),
        (&json!(3_600), &json!("2027-01-15T09:00:00Z"))
    );
    let listed = server
        .admin()
        .ask(Method::GET, "/admin/users/alice@example.com/tokens", None)
        .await;
    let laptop = listed
        .json
        .as_array()
        .expect("a list")
        .iter()
        .find(|token| token["id"] == id)
        .expect("listed")
        .clone();
    let expected = json!({"id": id, "name": "laptop", "created": "2027-01-15T08:00:00Z", "expires": "2027-01-15T09:00:00Z", "scopes": null, "read_only": false});
    assert_eq!(laptop, expected);
    assert!(!listed.text.contains(token));
    let revoked = server
        .admin()
        .ask(
            Method::DELETE,
            &format!("/admin/users/alice@example.com/tokens/{id}"),
            None,
        )
        .await;
    assert_eq!(revoked.json, json!({"revoked": id}));
    assert_eq!(
        server
            .with_token(token)
            .call("whoami", json!({}))
            .await
            .status,
        401
    );
    assert_eq!(first.call("whoami", json!({})).await.status, 200);
}

#[tokio::test]
async fn a_token_that_only_reads_lists_finds_and_calls_what_says_so() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    alice.call("keep", json!({"word": "milk"})).await.result();
    let body = json!({"email": "alice@example.com", "name": "ro", "read_only": true});
    let made = server
        .admin()
        .ask(Method::POST, "/admin/tokens", Some(body))
        .await;
    let reader = server.with_token(made.json["token"].as_str().expect("a token"));
    let all = alice.tools().await;
    let is_read_only = |tool: &&serde_json::Value| tool["annotations"]["readOnlyHint"] == true;
    let expected: Vec<_> = all.iter().filter(is_read_only).cloned().collect();
    assert!(!expected.is_empty() && expected.len() < all.len());
    assert_eq!(reader.tools().await, expected);
    assert_eq!(
        reader.call("recall", json!({})).await.result()["structuredContent"],
        json!({"result": ["milk"]})
    );
    for tool in ["keep", "fails", "raw", "scoped"] {
        let hidden = reader.call(tool, json!({"word": "x"})).await;
        assert_eq!(
            hidden.json["error"]["message"],
            format!("unknown tool `{tool}`"),
            "{}",
            hidden.text
        );
    }
    assert_eq!(
        alice.call("recall", json!({})).await.result()["structuredContent"],
        json!({"result": ["milk"]})
    );
}

#[tokio::test]
async fn a_user_may_begin_with_a_token_that_only_reads() {
    let server = server().await;
    let body = json!({"email": "alice@example.com", "name": "ro", "scopes": ["paint:write"], "read_only": true});
    let alice = server.user_with(body).await;
    assert_eq!(
        alice.call("keep", json!({"word": "x"})).await.error_code(),
        -32_602
    );
    let listed = server
        .admin()
        .ask(Method::GET, "/admin/users/alice@example.com/tokens", None)
        .await;
    let token = &listed.json[0];
    assert_eq!(
        (&token["name"], &token["scopes"], &token["read_only"]),
        (&json!("ro"), &json!(["paint:write"]), &json!(true))
    );
}

#[tokio::test]
async fn a_scope_that_nothing_needs_is_refused_with_what_was_meant() {
    let server = server().await;
    server.user("alice@example.com").await;
    for (path, email) in [
        ("/admin/tokens", "alice@example.com"),
        ("/admin/users", "bob@example.com"),
    ] {
        let body = json!({"email": email, "scopes": ["paint:wirte"]});
        let answer = server.admin().ask(Method::POST, path, Some(body)).await;
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (400, &json!("invalid"))
        );
        let expected =
            "nothing in this app needs the scope `paint:wirte`; did you mean `paint:write`?";
        assert_eq!(answer.json["error"], expected);
    }
    assert_eq!(
        server
            .admin()
            .ask(Method::GET, "/admin/users/bob@example.com", None)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn what_a_full_list_of_tokens_advises_helps() {
    let server = server().await;
    server.user("alice@example.com").await;
    let body = json!({"email": "alice@example.com"});
    let make = async || {
        server
            .admin()
            .ask(Method::POST, "/admin/tokens", Some(body.clone()))
            .await
    };
    let mut made = make().await;
    while made.status == 200 {
        made = make().await;
    }
    let advice = "user `alice@example.com` has 200 tokens already; revoke some by their ids, or the user to end them all";
    assert_eq!((made.status, &made.json["error"]), (400, &json!(advice)));
    let listed = server
        .admin()
        .ask(Method::GET, "/admin/users/alice@example.com/tokens", None)
        .await;
    let path = format!(
        "/admin/users/alice@example.com/tokens/{}",
        listed.json[0]["id"].as_str().expect("an id")
    );
    assert_eq!(
        server.admin().ask(Method::DELETE, &path, None).await.status,
        200
    );
    assert_eq!(make().await.status, 200, "one was revoked by its id");
    assert_eq!(make().await.status, 400, "and one was made");
    assert_eq!(
        server
            .admin()
            .ask(Method::DELETE, "/admin/users/alice@example.com", None)
            .await
            .status,
        200
    );
    assert_eq!(make().await.status, 200, "the user was revoked");
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let server = server().await;
    server.user("alice@example.com").await;
    for (body, status) in [
        (json!({"email": "nobody@example.com"}), 404),
        (json!({}), 400),
        (
            json!({"email": "alice@example.com", "duration_seconds": -1}),
            400,
        ),
        (
            json!({"email": "alice@example.com", "duration_seconds": 59}),
            400,
        ),
        (
            json!({"email": "alice@example.com", "duration_seconds": "1"}),
            400,
        ),
        (
            json!({"email": "alice@example.com", "duration_seconds": 1_000_000_000_000_u64}),
            400,
        ),
        (
            json!({"email": "alice@example.com", "scopes": ["admin"]}),
            400,
        ),
        (
            json!({"email": "alice@example.com", "scopes": "notes"}),
            400,
        ),
        (json!({"email": "alice@example.com", "name": 7}), 400),
    ] {
        assert_eq!(
            server
                .admin()
                .ask(Method::POST, "/admin/tokens", Some(body.clone()))
                .await
                .status,
            status,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_user_has_a_bounded_number_of_tokens_and_expired_ones_make_room() {
    let server = server().await;
    server.user("alice@example.com").await;
    let body = json!({"email": "alice@example.com", "duration_seconds": 60});
    for _ in 0..199 {
        assert_eq!(
            server
                .admin()
                .ask(Method::POST, "/admin/tokens", Some(body.clone()))
                .await
                .status,
            200
        );
    }
    let answer = server
        .admin()
        .ask(Method::POST, "/admin/tokens", Some(body.clone()))
        .await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.json["error"]
            .as_str()
            .expect("words")
            .contains("200 tokens"),
        "{}",
        answer.text
    );
    server.clock().advance(60);
    assert_eq!(
        server
            .admin()
            .ask(Method::POST, "/admin/tokens", Some(body))
            .await
            .status,
        200
    );
}
