//! `/admin/users`.

use http::Method;
use mcp_lambda::store::{Entry, Key, Put, Store, When};
use mcp_lambda::testkit::{TestApp, request};
use mcp_lambda_tests::client::server;
use mcp_lambda_tests::fixture;
use serde_json::{Value, json};

#[tokio::test]
async fn registering_answers_with_exactly_the_contract() {
    let server = server().await;
    let answer = server
        .admin()
        .ask(
            Method::POST,
            "/admin/users",
            Some(json!({"email": "Alice@Example.com"})),
        )
        .await;
    let mut body = answer.json;
    assert_eq!(
        body["token"]
            .take()
            .as_str()
            .expect("a token")
            .split('.')
            .count(),
        3
    );
    assert_eq!(
        body,
        json!({"email": "alice@example.com", "token": null, "duration_seconds": 7_776_000})
    );
    assert_eq!(answer.headers["cache-control"], "no-store");
    let again = server
        .admin()
        .ask(
            Method::POST,
            "/admin/users",
            Some(json!({"email": "ALICE@example.com"})),
        )
        .await;
    assert_eq!(
        (again.status, &again.json["code"]),
        (409, &json!("already_exists"))
    );
}

#[tokio::test]
async fn emails_that_are_none_are_refused_with_the_field_named() {
    let server = server().await;
    let long = format!("{}@example.com", "a".repeat(300));
    for email in [
        json!("../../x"),
        json!(""),
        json!("admin"),
        json!("probe"),
        json!("zoë@example.com"),
        json!("a@b@c"),
        json!(long),
        json!(7),
        json!(null),
        json!(["a@b.c"]),
        json!({"a": "b"}),
        json!(true),
    ] {
        let answer = server
            .admin()
            .ask(Method::POST, "/admin/users", Some(json!({"email": email})))
            .await;
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (400, &json!("invalid")),
            "{email}"
        );
        assert!(
            answer.json["error"]
                .as_str()
                .expect("words")
                .contains("`email`"),
            "{email}: {}",
            answer.text
        );
    }
    assert_eq!(
        server
            .admin()
            .ask(Method::GET, "/admin/users", None)
            .await
            .json,
        json!([])
    );
}

#[tokio::test]
async fn odd_but_valid_emails_go_all_the_way() {
    let server = server().await;
    for (email, path) in [
        ("a/b@example.com", "a%2Fb%40example.com"),
        ("a~b+c@example.com", "a~b%2Bc@example.com"),
        ("%41@example.com", "%2541@example.com"),
    ] {
        server.user(email).await;
        let answer = server
            .admin()
            .ask(Method::GET, &format!("/admin/users/{path}"), None)
            .await;
        assert_eq!(answer.json["email"], email, "{path}: {}", answer.text);
        assert_eq!(
            server
                .admin()
                .ask(Method::DELETE, &format!("/admin/users/{path}"), None)
                .await
                .json,
            json!({"revoked": email})
        );
    }
}

#[tokio::test]
async fn bodies_that_do_not_fit_are_400_with_a_reason() {
    let server = server().await;
    let token = server.admin();
    let email = json!("alice@example.com");
    let mut bodies: Vec<(String, &str)> = vec![
        ("".into(), "not JSON"),
        ("{".into(), "not JSON"),
        ("nonsense".into(), "not JSON"),
        ("{} {}".into(), "not JSON"),
        ("[]".into(), "object"),
        ("7".into(), "object"),
        (r#"["a@b.c", null, null]"#.into(), "object"),
        ("null".into(), "object"),
        ("{}".into(), "`email`"),
    ];
    for (extra, value, named) in [
        ("duration_seconds", json!(-1), "`duration_seconds`"),
        ("duration_seconds", json!("90"), "`duration_seconds`"),
        (
            "duration_seconds",
            json!(1_000_000_000_000_u64),
            "`duration_seconds`",
        ),
        ("duration_seconds", json!(1.5), "`duration_seconds`"),
        ("duration_seconds", json!(0), "`duration_seconds`"),
        ("profile", json!("text"), "`profile`"),
        ("profile", json!([1]), "`profile`"),
        ("emial", json!("x"), "`emial`"),
    ] {
        bodies.push((json!({"email": email, extra: value}).to_string(), named));
    }
    for (body, named) in bodies {
        let answer = server
            .send(request(
                Method::POST,
                "/admin/users",
                Some(token.token()),
                Some(body.clone()),
            ))
            .await;
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (400, &json!("invalid")),
            "{body}"
        );
        assert!(
            answer.json["error"]
                .as_str()
                .expect("words")
                .contains(named),
            "{body}: {}",
            answer.text
        );
    }
    assert_eq!(
        server
            .admin()
            .ask(Method::GET, "/admin/users", None)
            .await
            .json,
        json!([]),
        "nothing was registered on the way"
    );
}

#[tokio::test]
async fn a_body_of_five_megabytes_is_413_and_one_that_is_no_json_by_type_415() {
    let server = server().await;
    let token = server.admin();
    let answer = server
        .send(request(
            Method::POST,
            "/admin/users",
            Some(token.token()),
            Some("x".repeat(5_000_000)),
        ))
        .await;
    assert_eq!(
        (answer.status, &answer.json["code"]),
        (413, &json!("too_large"))
    );
    let mut form = request(
        Method::POST,
        "/admin/users",
        Some(token.token()),
        Some("email=a".into()),
    );
    form.headers_mut().insert(
        "content-type",
        "application/x-www-form-urlencoded".parse().expect("valid"),
    );
    assert_eq!(server.send(form).await.status, 415);
}

#[tokio::test]
async fn of_64_registrations_at_once_exactly_one_wins() {
    let server = server().await;
    let body = json!({"email": "alice@example.com"});
    let admin = server.admin();
    let attempts = (0..64).map(|_| admin.ask(Method::POST, "/admin/users", Some(body.clone())));
    let answers = futures_util::future::join_all(attempts).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        1
    );
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 409).count(),
        63
    );
}

#[tokio::test]
async fn the_list_is_an_array_in_pages_with_a_link_to_the_next() {
    let server = server().await;
    for name in ["carol", "alice", "bob"] {
        server.user(&format!("{name}@example.com")).await;
    }
    server
        .admin()
        .ask(Method::DELETE, "/admin/users/bob@example.com", None)
        .await;
    let first = server
        .admin()
        .ask(Method::GET, "/admin/users?limit=2", None)
        .await;
    assert_eq!(
        first.json[0],
        json!({"email": "alice@example.com", "created": "2027-01-15T08:00:00Z", "revoke_after": null})
    );
    assert_eq!(first.json[1]["revoke_after"], 1_800_000_000);
    let link = first.header("link").expect("a next page").to_owned();
    let next = link
        .strip_prefix('<')
        .and_then(|link| link.split_once('>'))
        .expect("a URL")
        .0
        .to_owned();
    assert!(link.ends_with("; rel=\"next\""));
    let second = server
        .admin()
        .ask(Method::GET, &format!("/admin/users{next}"), None)
        .await;
    assert_eq!(
        (second.json.as_array().map(Vec::len), second.header("link")),
        (Some(1), None)
    );
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=-1",
        "after=nobody",
    ] {
        assert_eq!(
            server
                .admin()
                .ask(Method::GET, &format!("/admin/users?{query}"), None)
                .await
                .status,
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_page_of_users_costs_one_query() {
    let server = server().await;
    for number in 0..5 {
        server.user(&format!("user{number}@example.com")).await;
    }
    server.store().take_counts();
    server
        .admin()
        .ask(Method::GET, "/admin/users?limit=3", None)
        .await;
    assert_eq!(server.store().take_counts(), (0, 1));
}

#[tokio::test]
async fn a_record_is_shown_without_secrets_or_tokens() {
    let server = TestApp::new(fixture::app_with_profile()).await;
    let token = server
        .user_with(json!({"email": "alice@example.com", "profile": {"token": "s3cret"}}))
        .await;
    let answer = server
        .admin()
        .ask(Method::GET, "/admin/users/alice@example.com", None)
        .await;
    assert_eq!(
        (&answer.json["profile"], &answer.json["tokens"]),
        (&json!({"token": "********"}), &json!(1))
    );
    assert!(!answer.text.contains("s3cret") && !answer.text.contains(token.token()));
}

#[tokio::test]
async fn unknown_users_are_404_and_unknown_routes_405_or_404() {
    let server = server().await;
    for (method, path) in [
        (Method::GET, ""),
        (Method::DELETE, ""),
        (Method::DELETE, "?purge=true"),
        (Method::GET, "/profile"),
        (Method::GET, "/tokens"),
        (Method::DELETE, "/tokens/x"),
    ] {
        let answer = server
            .admin()
            .ask(
                method.clone(),
                &format!("/admin/users/nobody@example.com{path}"),
                None,
            )
            .await;
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (404, &json!("not_found")),
            "{method} {path}"
        );
    }
    for (method, path, status) in [
        (Method::PUT, "/admin/users", 405),
        (Method::POST, "/admin/users/a@b.c", 405),
        (Method::GET, "/admin/tokens", 405),
        (Method::GET, "/admin", 404),
        (Method::GET, "/admin/x", 404),
    ] {
        assert_eq!(
            server.admin().ask(method.clone(), path, None).await.status,
            status,
            "{method} {path}"
        );
    }
    assert_eq!(
        server
            .admin()
            .ask(Method::DELETE, "/admin/users/a@b.c?purge=maybe", None)
            .await
            .status,
        400
    );
    assert_eq!(
        server
            .admin()
            .ask(Method::GET, "/admin/users/%FF", None)
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn one_record_that_cannot_be_read_is_listed_revoked_purged_and_replaced() {
    let server = server().await;
    let (alice, bob) = (
        server.user("alice@example.com").await,
        server.user("bob@example.com").await,
    );
    let key = Key::new("user#alice@example.com", "record");
    let spoil = async || {
        let entry = Some(Entry {
            listing: "users",
            text: "{".to_owned(),
        });
        server
            .store()
            .put(
                &key,
                Put {
                    entry,
                    ..Put::new("{".to_owned(), When::Always)
                },
            )
            .await
            .expect("spoilt");
    };
    spoil().await;
    let listed = server.admin().ask(Method::GET, "/admin/users", None).await;
    let unreadable = json!({"email": "alice@example.com", "created": null, "revoke_after": null, "unreadable": true});
    assert_eq!(
        (listed.status, &listed.json[0], &listed.json[1]["email"]),
        (200, &unreadable, &json!("bob@example.com"))
    );
    let shown = server
        .admin()
        .ask(Method::GET, "/admin/users/alice@example.com", None)
        .await;
    assert!(
        shown.json["error"]
            .as_str()
            .expect("words")
            .contains("revoke the user to replace it"),
        "{}",
        shown.text
    );
    assert_eq!(
        alice.call("whoami", json!({})).await.status,
        500,
        "nobody is let in by it"
    );
    assert_eq!(bob.call("whoami", json!({})).await.status, 200);
    assert_eq!(
        server
            .admin()
            .ask(Method::DELETE, "/admin/users/alice@example.com", None)
            .await
            .status,
        200
    );
    let shown = server
        .admin()
        .ask(Method::GET, "/admin/users/alice@example.com", None)
        .await;
    assert_eq!((shown.status, &shown.json["tokens"]), (200, &json!(0)));
    spoil().await;
    assert_eq!(
        server
            .admin()
            .ask(
                Method::DELETE,
                "/admin/users/alice@example.com?purge=true",
                None
            )
            .await
            .status,
        200
    );
    server.user("alice@example.com").await;
}

#[tokio::test]
async fn purging_says_so() {
    let server = server().await;
    server.user("alice@example.com").await;
    let answer = server
        .admin()
        .ask(
            Method::DELETE,
            "/admin/users/alice@example.com?purge=true",
            None,
        )
        .await;
    assert_eq!(
        answer.json,
        json!({"revoked": "alice@example.com", "purged": true})
    );
    assert_eq!(
        server
            .admin()
            .ask(Method::GET, "/admin/users/alice@example.com", None)
            .await
            .json["code"],
        Value::from("not_found")
    );
}
