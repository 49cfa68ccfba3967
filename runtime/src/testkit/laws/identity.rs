//! The laws of [credentials](crate::identity): tokens, their ends, and the rights they give.

use http::Method;
use serde_json::json;

use super::{ALICE, name};
use crate::identity::TokenRequest;
use crate::records::UserRecord;
use crate::testkit::{Client, Fill, Suite, TestApp};

/// No tool is listed or called without a token.
///
/// # Panics
/// If it is broken.
pub async fn every_tool_needs_an_identity(suite: &Suite) {
    assert!(
        !suite.app().allows_anonymous(),
        "the app lets anyone in: take `App::allow_anonymous` out"
    );
    let app = suite.open().await;
    for tool in app.probe().tools().await {
        let arguments = suite.arguments_for(&tool, Fill::Needed);
        let answer = app.anonymous().call(name(&tool), arguments).await;
        assert_eq!(
            answer.status,
            401,
            "`{}` answers anyone: {}",
            name(&tool),
            answer.text
        );
    }
    assert_refused(&app.anonymous(), 401).await;
}

/// The refusal of a missing token says how to bring one (RFC 6750 §3).
///
/// # Panics
/// If it is broken.
pub async fn a_missing_token_is_401(suite: &Suite) {
    let app = suite.open().await;
    for (method, path) in [
        (Method::POST, "/"),
        (Method::POST, "/mcp"),
        (Method::GET, "/admin/users"),
    ] {
        let answer = app.anonymous().ask(method, path, None).await;
        assert_eq!(
            (answer.status, answer.header("www-authenticate")),
            (401, Some("Bearer")),
            "{path}: {}",
            answer.text
        );
    }
}

/// A malformed token is refused, and nobody outside learns why.
///
/// # Panics
/// If it is broken.
pub async fn a_malformed_token_is_401(suite: &Suite) {
    let app = suite.open().await;
    for token in [
        "forged",
        "a.b.c",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZUBleGFtcGxlLmNvbSIsImV4cCI6NDEwMjQ0NDgwMH0.",
    ] {
        let answer = assert_refused(&app.with_token(token), 401).await;
        assert_eq!(
            answer["error"]["message"], "the token is not valid",
            "{token}"
        );
    }
}

/// A token ends at its time.
///
/// # Panics
/// If it is broken.
pub async fn an_expired_token_is_401(suite: &Suite) {
    let app = suite.open().await;
    let mut body = suite.registration(ALICE);
    body["duration_seconds"] = json!(60);
    let alice = app.user_with(body).await;
    // The clock is the app's own, so the token ends between two calls and the test takes no minute.
    app.clock().advance(59);
    assert_allowed(&alice).await;
    app.clock().advance(1);
    assert_refused(&alice, 401).await;
}

/// Revoking a user ends every token so far, at the next call; a new one works.
///
/// # Panics
/// If it is broken.
pub async fn a_revoked_users_token_is_401(suite: &Suite) {
    let app = suite.open().await;
    let alice = suite.user(&app, ALICE).await;
    assert_allowed(&alice).await;
    app.admin()
        .ask(Method::DELETE, &format!("/admin/users/{ALICE}"), None)
        .await;
    assert_refused(&alice, 401).await;
    let again = app
        .admin()
        .ask(
            Method::POST,
            "/admin/tokens",
            Some(json!({ "email": ALICE })),
        )
        .await;
    assert_allowed(&app.with_token(again.json["token"].as_str().expect("a token"))).await;
    assert_refused(&alice, 401).await;
}

/// One token is ended by its id, and the others go on.
///
/// # Panics
/// If it is broken.
pub async fn a_revoked_token_is_401(suite: &Suite) {
    let app = suite.open().await;
    let alice = suite.user(&app, ALICE).await;
    let laptop = app
        .admin()
        .ask(
            Method::POST,
            "/admin/tokens",
            Some(json!({ "email": ALICE, "name": "laptop" })),
        )
        .await;
    let second = app.with_token(laptop.json["token"].as_str().expect("a token"));
    let id = laptop.json["id"].as_str().expect("an id");
    let ended = app
        .admin()
        .ask(
            Method::DELETE,
            &format!("/admin/users/{ALICE}/tokens/{id}"),
            None,
        )
        .await;
    assert_eq!(ended.status, 200, "{}", ended.text);
    assert_refused(&second, 401).await;
    assert_allowed(&alice).await;
}

/// A well signed token of nobody is refused.
///
/// # Panics
/// If it is broken.
pub async fn an_unknown_users_token_is_401(suite: &Suite) {
    let app = suite.open().await;
    assert_refused(&app.with_token(issue_to_nobody(&app).await), 401).await;
}

/// A token that is meant for another deployment is refused here, and the other way round.
///
/// # Panics
/// If it is broken.
pub async fn a_token_for_another_audience_is_401(suite: &Suite) {
    let here =
        TestApp::with_settings(suite.app(), &[("JWT_AUD", "https://here.example.com")]).await;
    let there = here
        .second_instance(suite.app(), &[("JWT_AUD", "https://there.example.com")])
        .await;
    let alice = suite.user(&here, ALICE).await;
    assert_allowed(&alice).await;
    assert_refused(&there.with_token(alice.token()), 401).await;
    let answer = there
        .with_token(here.admin().token())
        .ask(Method::GET, "/admin/users", None)
        .await;
    assert_eq!(answer.status, 401, "an operator's too: {}", answer.text);
}

/// A token that no key of this server signed is refused.
///
/// # Panics
/// If it is broken.
pub async fn a_token_by_another_key_is_401(suite: &Suite) {
    let here = suite.open().await;
    let key = "another key of thirty-two bytes or more";
    let there = here
        .second_instance(suite.app(), &[("SIGNING_KEY", key)])
        .await;
    let alice = suite.user(&there, ALICE).await;
    assert_allowed(&alice).await;
    assert_refused(&here.with_token(alice.token()), 401).await;
    let answer = here
        .with_token(there.admin().token())
        .ask(Method::GET, "/admin/users", None)
        .await;
    assert_eq!(answer.status, 401, "an operator's too: {}", answer.text);
}

/// An operator is no user: an admin token opens `/admin` alone.
///
/// # Panics
/// If it is broken.
pub async fn an_admin_token_on_mcp_is_403(suite: &Suite) {
    let app = suite.open().await;
    assert_refused(&app.admin(), 403).await;
}

/// A user is no operator.
///
/// # Panics
/// If it is broken.
pub async fn a_user_token_on_admin_is_403(suite: &Suite) {
    let app = suite.open().await;
    let alice = suite.user(&app, ALICE).await;
    for (method, path) in [
        (Method::GET, "/admin/health"),
        (Method::GET, "/admin/users"),
        (Method::POST, "/admin/users"),
        (Method::POST, "/admin/tokens"),
        (Method::GET, "/admin/users/alice@example.com"),
        (Method::DELETE, "/admin/users/alice@example.com"),
    ] {
        let answer = alice.ask(method, path, None).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text);
    }
}

/// A probe sees which tools there are, and can call none.
///
/// # Panics
/// If it is broken.
pub async fn a_probe_token_lists_and_never_calls(suite: &Suite) {
    let app = suite.open().await;
    for tool in app.probe().tools().await {
        let answer = app
            .probe()
            .call(name(&tool), suite.arguments_for(&tool, Fill::Needed))
            .await;
        // A refusal is an error of the protocol, or one of the tool's that models read.
        let message = answer.json["result"]["content"][0]["text"]
            .as_str()
            .unwrap_or_default();
        let is_refused = answer.json["error"].is_object()
            || (answer.is_tool_error() && message.contains("probe"));
        assert!(
            is_refused,
            "`{}` is called for a probe: {}",
            name(&tool),
            answer.text
        );
    }
    let answer = app.probe().ask(Method::GET, "/admin/users", None).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
}

/// Issues a token to a user who was never registered.
async fn issue_to_nobody(app: &TestApp) -> String {
    // The record is never stored: the token is signed well, and only the look-up can refuse it.
    let nobody = UserRecord::new("nobody@example.com".parse().expect("valid"), None, 0);
    let issued = app
        .server()
        .issuer
        .issue(&nobody, TokenRequest::default())
        .await;
    issued.expect("signed").token.expose().clone()
}

async fn assert_allowed(client: &Client<'_>) {
    let answer = client.mcp("tools/list", json!({})).await;
    assert_eq!(answer.status, 200, "refused: {}", answer.text);
}

/// Asserts that nothing is called or listed, and returns the refusal.
async fn assert_refused(client: &Client<'_>, status: u16) -> serde_json::Value {
    let called = client.call("any", json!({})).await;
    assert_eq!(called.status, status, "a call: {}", called.text);
    let listed = client.mcp("tools/list", json!({})).await;
    assert_eq!(listed.status, status, "a list: {}", listed.text);
    listed.json
}
