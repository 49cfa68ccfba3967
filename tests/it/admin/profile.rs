//! `/admin/users/{email}/profile`.

use http::Method;
use mcp_lambda::testkit::{TestApp, request};
use mcp_lambda_tests::client::server;
use mcp_lambda_tests::fixture;
use serde_json::json;

const PATH: &str = "/admin/users/alice@example.com/profile";

async fn with_alice() -> TestApp {
    let server = TestApp::new(fixture::app_with_profile()).await;
    server
        .user_with(
            json!({"email": "alice@example.com", "profile": {"token": "s3cret", "colour": "blue"}}),
        )
        .await;
    server
}

#[tokio::test]
async fn secrets_are_masked_unless_revealed() {
    let server = with_alice().await;
    let answer = server.admin().ask(Method::GET, PATH, None).await;
    assert_eq!(
        answer.json,
        json!({"email": "alice@example.com", "profile": {"token": "********", "colour": "blue"}})
    );
    let answer = server
        .admin()
        .ask(Method::GET, &format!("{PATH}?reveal=true"), None)
        .await;
    assert_eq!(answer.json["profile"]["token"], "s3cret");
    assert_eq!(
        server
            .admin()
            .ask(Method::GET, &format!("{PATH}?reveal=yes"), None)
            .await
            .status,
        400
    );
    let twice = server
        .admin()
        .ask(
            Method::GET,
            &format!("{PATH}?reveal=false&reveal=true"),
            None,
        )
        .await;
    assert_eq!(
        (twice.status, twice.json["error"].as_str()),
        (400, Some("`reveal` is given twice; give it once"))
    );
}

#[tokio::test]
async fn a_patch_merges_and_is_checked_as_merged() {
    let server = with_alice().await;
    let answer = server
        .admin()
        .ask(
            Method::PATCH,
            PATH,
            Some(json!({"port": 80, "colour": null})),
        )
        .await;
    assert_eq!(
        answer.json,
        json!({"email": "alice@example.com", "profile": {"token": "********", "port": 80}})
    );
    for (patch, named) in [
        (json!({"token": null}), "`token`"),
        (json!({"port": "s3cret2"}), "`port`"),
        (json!({"shade": "dark"}), "`shade`"),
        (json!([]), "object"),
        (json!("s3cret2"), "object"),
    ] {
        let answer = server
            .admin()
            .ask(Method::PATCH, PATH, Some(patch.clone()))
            .await;
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (400, &json!("invalid")),
            "{patch}"
        );
        assert!(
            answer.json["error"]
                .as_str()
                .expect("words")
                .contains(named)
                && !answer.text.contains("s3cret2"),
            "{}",
            answer.text
        );
    }
    let kept = server
        .admin()
        .ask(Method::GET, &format!("{PATH}?reveal=true"), None)
        .await;
    assert_eq!(
        kept.json["profile"],
        json!({"token": "s3cret", "port": 80}),
        "what was refused changed nothing"
    );
}

#[tokio::test]
async fn a_registration_is_checked_too() {
    let server = TestApp::new(fixture::app_with_profile()).await;
    for profile in [
        json!(null),
        json!({}),
        json!({"token": "t", "port": 70_000}),
        json!({"token": {"a": 1}}),
    ] {
        let body = json!({"email": "alice@example.com", "profile": profile});
        assert_eq!(
            server
                .admin()
                .ask(Method::POST, "/admin/users", Some(body))
                .await
                .status,
            400,
            "{profile}"
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
async fn an_app_without_a_type_keeps_any_object() {
    let server = server().await;
    server.user("alice@example.com").await;
    assert_eq!(
        server.admin().ask(Method::GET, PATH, None).await.json["profile"],
        json!(null)
    );
    let answer = server
        .admin()
        .ask(Method::PATCH, PATH, Some(json!({"anything": {"goes": 1}})))
        .await;
    assert_eq!(
        answer.json["profile"],
        json!({"anything": "********"}),
        "nothing says that it is harmless"
    );
    let shown = server
        .admin()
        .ask(Method::GET, "/admin/users/alice@example.com", None)
        .await;
    assert_eq!(shown.json["profile"], json!({"anything": "********"}));
    let revealed = server
        .admin()
        .ask(Method::GET, &format!("{PATH}?reveal=true"), None)
        .await;
    assert_eq!(revealed.json["profile"], json!({"anything": {"goes": 1}}));
}

#[tokio::test]
async fn what_an_older_version_kept_is_masked() {
    let server = server().await;
    server
        .user_with(json!({"email": "alice@example.com", "profile": {"token": "t", "pat": "0ld"}}))
        .await;
    let newer = server
        .second_instance(fixture::app_with_profile(), &[])
        .await;
    for path in [PATH, "/admin/users/alice@example.com"] {
        let answer = newer.admin().ask(Method::GET, path, None).await;
        assert_eq!(
            answer.json["profile"],
            json!({"token": "********", "pat": "********"}),
            "{}",
            answer.text
        );
    }
}

/// A body of this many objects in one another, which `serde_json` would not build.
fn deep(depth: usize) -> String {
    format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth))
}

#[tokio::test]
async fn a_profile_that_could_not_be_read_back_is_refused_and_hides_nobody() {
    let server = server().await;
    let (alice, admin) = (server.user("alice@example.com").await, server.admin());
    for (depth, status) in [(33, 400), (64, 400), (65, 413), (127, 413)] {
        let request = request(Method::PATCH, PATH, Some(admin.token()), Some(deep(depth)));
        assert_eq!(server.send(request).await.status, status, "{depth} deep");
    }
    let large = json!({"x": "y".repeat(70_000)});
    assert_eq!(
        admin.ask(Method::PATCH, PATH, Some(large)).await.status,
        413
    );
    assert_eq!(
        server
            .send(request(
                Method::PATCH,
                PATH,
                Some(admin.token()),
                Some(deep(32))
            ))
            .await
            .status,
        200
    );
    assert_eq!(alice.call("whoami", json!({})).await.status, 200);
    for path in ["/admin/users", "/admin/users/alice@example.com"] {
        assert_eq!(
            admin.ask(Method::GET, path, None).await.status,
            200,
            "{path}"
        );
    }
    assert_eq!(
        admin
            .ask(
                Method::DELETE,
                "/admin/users/alice@example.com?purge=true",
                None
            )
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn parallel_patches_lose_nothing() {
    let server = server().await;
    server.user("alice@example.com").await;
    let admin = server.admin();
    let patches = (0..32).map(|number| {
        admin.ask(
            Method::PATCH,
            PATH,
            Some(json!({ format!("field{number}"): number })),
        )
    });
    for answer in futures_util::future::join_all(patches).await {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let kept = server.admin().ask(Method::GET, PATH, None).await;
    assert_eq!(
        kept.json["profile"].as_object().map(serde_json::Map::len),
        Some(32)
    );
}
