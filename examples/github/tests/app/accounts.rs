//! Accounts: whose token is used, what a profile must hold, and where it may point.

use http::Method;
use mcp_lambda::testkit::{TestApp, block_on};
use serde_json::{Value, json};

use crate::upstream::{self, status};
use crate::world::{World, refused, told, user};

#[test]
fn each_user_asks_with_the_own_token() {
    block_on(async {
        let upstream = upstream::start(|_| status(200, "rate_limit")).await;
        let app = TestApp::new(github::app()).await;
        let alice = user(&app, "alice@example.com", "ghp_alice", &upstream.url()).await;
        let bob = user(&app, "bob@example.com", "ghp_bob", &upstream.url()).await;
        for token in [&alice, &bob, &alice] {
            told(&token.call("get_rate_limit", json!({})).await);
        }
        let bearers: Vec<_> = upstream
            .take_requests()
            .iter()
            .map(|seen| seen.header("authorization").to_owned())
            .collect();
        assert_eq!(
            bearers,
            ["Bearer ghp_alice", "Bearer ghp_bob", "Bearer ghp_alice"]
        );
    });
}

#[test]
fn a_new_token_counts_at_the_next_call() {
    block_on(async {
        let world = World::answering(|_| status(200, "rate_limit")).await;
        let patch = json!({"token": "ghp_renewed"});
        let patched = world
            .app
            .admin()
            .ask(
                Method::PATCH,
                "/admin/users/alice@example.com/profile",
                Some(patch),
            )
            .await;
        assert_eq!(patched.status, 200, "{}", patched.text);
        world.call("get_rate_limit", json!({})).await;
        assert_eq!(
            world.upstream.take_requests()[0].header("authorization"),
            "Bearer ghp_renewed"
        );
    });
}

#[test]
fn an_enterprises_address_may_have_a_path() {
    block_on(async {
        let upstream = upstream::start(|_| status(200, "rate_limit")).await;
        let app = TestApp::new(github::app()).await;
        let alice = user(
            &app,
            "alice@example.com",
            "ghp_alice",
            &format!("{}/api/v3/", upstream.url()),
        )
        .await;
        told(&alice.call("get_rate_limit", json!({})).await);
        assert_eq!(upstream.targets(), ["/api/v3/rate_limit"]);
    });
}

#[test]
fn a_profile_without_a_token_is_refused() {
    block_on(async {
        for body in [
            json!({}),
            json!({"profile": {}}),
            json!({"profile": {"api_url": "https://github.example.com"}}),
        ] {
            let refusal = registration(body).await;
            assert!(refusal.contains("needs `token`"), "{refusal}");
        }
    });
}

#[test]
fn an_address_where_a_token_is_not_safe_is_refused() {
    block_on(async {
        for url in [
            "http://github.example.com",
            "https://user:word@github.example.com",
            "github.example.com",
        ] {
            let refusal =
                registration(json!({"profile": {"token": "ghp_alice", "api_url": url}})).await;
            assert!(
                refusal.contains(
                    "profile field `api_url` does not fit: expected an `https` URL such as"
                ),
                "{refusal}"
            );
            assert!(
                !refusal.contains("word@") && !refusal.contains("ghp_alice"),
                "{refusal}"
            );
        }
    });
}

#[test]
fn a_token_that_is_none_is_not_sent() {
    block_on(async {
        let upstream = upstream::start(|_| status(200, "rate_limit")).await;
        let app = TestApp::new(github::app()).await;
        let alice = user(&app, "alice@example.com", "ghp_alice\n", &upstream.url()).await;
        let refusal = refused(&alice.call("get_rate_limit", json!({})).await);
        assert!(
            refusal.starts_with("the `token` of your profile") && !refusal.contains("ghp_alice"),
            "{refusal}"
        );
        assert!(upstream.take_requests().is_empty());
    });
}

/// What the admin API says to a registration like this, which it refuses.
async fn registration(mut body: Value) -> String {
    body["email"] = "alice@example.com".into();
    let app = TestApp::new(github::app()).await;
    let answer = app
        .admin()
        .ask(Method::POST, "/admin/users", Some(body))
        .await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    answer.json["error"]
        .as_str()
        .expect("a sentence")
        .to_owned()
}
