//! What goes wrong, in words that say what to do next.

use http::StatusCode;
use mcp_lambda::testkit::{TestApp, block_on};
use serde_json::{Value, json};

use crate::upstream::{plain, status};
use crate::world::{TOKEN, World, refused, user};

fn repository() -> Value {
    json!({"owner": "octocat", "repository": "Hello-World"})
}

/// What is said if GitHub answers so.
async fn said(code: u16, file: &'static str) -> String {
    World::answering(move |_| status(code, file))
        .await
        .refusal("list_issues", repository())
        .await
}

#[test]
fn a_token_that_is_not_accepted_is_to_be_renewed() {
    block_on(async {
        let refusal = said(401, "unauthorized").await;
        assert!(
            refusal.starts_with("GitHub does not accept your token"),
            "{refusal}"
        );
        assert!(
            refusal.contains("`github-admin users update-profile EMAIL --token-env GITHUB_TOKEN`"),
            "{refusal}"
        );
    });
}

#[test]
fn what_a_token_may_not_do_is_said_in_githubs_words() {
    block_on(async {
        let refusal = said(403, "forbidden").await;
        assert!(
            refusal.starts_with("GitHub does not allow this with your token"),
            "{refusal}"
        );
        assert!(
            refusal.contains("Resource not accessible by personal access token"),
            "{refusal}"
        );
    });
}

#[test]
fn what_is_not_there_may_only_be_out_of_sight() {
    block_on(async {
        let refusal = said(404, "not_found").await;
        assert!(
            refusal.starts_with("GitHub does not have this, or your token may not see it"),
            "{refusal}"
        );
        let refusal = said(410, "gone").await;
        assert!(
            refusal.contains("Issues has been disabled in this repository."),
            "{refusal}"
        );
    });
}

#[test]
fn a_query_that_is_not_understood_comes_with_every_reason() {
    block_on(async {
        let refusal = said(422, "unprocessable").await;
        for words in [
            "Validation Failed; ",
            "cannot be searched either because",
            "; `sort` is missing",
            "change it",
        ] {
            assert!(refusal.contains(words), "{words}: {refusal}");
        }
        let refusal = said(422, "unprocessable_issues").await;
        assert!(
            refusal.contains("(it says: Query must include 'is:issue' or 'is:pull-request')"),
            "{refusal}"
        );
    });
}

#[test]
fn a_github_out_of_order_is_asked_again_later() {
    block_on(async {
        for code in [500, 502, 503, 504] {
            let refusal = said(code, "bad_gateway").await;
            let status = StatusCode::from_u16(code).expect("a status");
            assert_eq!(
                refusal,
                format!(
                    "GitHub is out of order ({status}) (it says: Server Error); try again later"
                )
            );
        }
        let world =
            World::answering(|_| plain(502, &[], "<html><h1>502 Bad Gateway</h1></html>")).await;
        let refusal = world.refusal("list_issues", repository()).await;
        assert_eq!(
            refusal,
            "GitHub is out of order (502 Bad Gateway); try again later"
        );
    });
}

#[test]
fn any_other_status_is_told_as_it_is() {
    block_on(async {
        let refusal = said(418, "bad_gateway").await;
        assert_eq!(
            refusal,
            "GitHub refuses this request (418 I'm a teapot) (it says: Server Error)"
        );
    });
}

#[test]
fn what_answers_without_json_is_not_github() {
    block_on(async {
        for body in [
            "<!DOCTYPE html><title>Sign in</title>",
            "",
            r#"{"full_name": "octocat/He"#,
        ] {
            let world =
                World::answering(move |_| plain(200, &[("content-type", "text/html")], body)).await;
            let refusal = world.refusal("get_repository", repository()).await;
            assert!(
                refusal.starts_with(
                    "what answers is not GitHub's API, since it gives no JSON; try again"
                ),
                "{refusal}"
            );
            assert!(refusal.contains("`api_url`"), "{refusal}");
        }
    });
}

#[test]
fn another_shape_is_named_by_its_place() {
    block_on(async {
        let world = World::answering(|_| plain(200, &[], r#"[{"number": "secret"}]"#)).await;
        let refusal = world.refusal("list_issues", repository()).await;
        assert!(
            refusal.contains("another shape than its documentation says, at `[0].number`"),
            "{refusal}"
        );
        assert!(!refusal.contains("secret"), "{refusal}");
        let world = World::answering(|_| status(200, "issues")).await;
        let refusal = world.refusal("get_repository", repository()).await;
        assert!(refusal.contains("another shape"), "{refusal}");
    });
}

#[test]
fn an_echoed_token_is_masked() {
    block_on(async {
        let echo =
            json!({"message": format!("bad: {TOKEN}"), "errors": [TOKEN, {"message": TOKEN}]})
                .to_string();
        for code in [400, 403, 404, 422, 500] {
            let echo = echo.clone();
            let world = World::answering(move |_| plain(code, &[], echo.clone())).await;
            let refusal = world.refusal("get_repository", repository()).await;
            assert!(
                refusal.contains("(it says: bad: ********; ********; ********)"),
                "{refusal}"
            );
        }
    });
}

#[test]
fn long_words_are_cut() {
    block_on(async {
        let world = World::answering(|_| {
            plain(403, &[], json!({"message": "é".repeat(9_000)}).to_string())
        })
        .await;
        let refusal = world.refusal("get_repository", repository()).await;
        assert!(
            refusal.contains(&format!("{}…)", "é".repeat(300)))
                && !refusal.contains(&"é".repeat(301)),
            "{refusal}"
        );
    });
}

#[test]
fn nobody_there_is_said_without_the_token() {
    block_on(async {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .expect("a port")
            .local_addr()
            .expect("an address");
        let app = TestApp::new(github::app()).await;
        let alice = user(&app, "alice@example.com", TOKEN, &format!("http://{port}")).await;
        let refusal = refused(&alice.call("get_rate_limit", json!({})).await);
        assert!(
            refusal.starts_with("GitHub can't be reached; try again later"),
            "{refusal}"
        );
    });
}

#[test]
fn names_that_leave_their_place_reach_nobody() {
    block_on(async {
        let world = World::answering(|_| status(200, "repository")).await;
        for name in ["../..", "a/b", "", "..", "a\nb"] {
            for tool in ["get_repository", "list_issues", "list_pulls"] {
                let refusal = world
                    .refusal(tool, json!({"owner": name, "repository": "Hello-World"}))
                    .await;
                assert!(
                    refusal.starts_with("`owner` must be the name of a user"),
                    "{refusal}"
                );
                let refusal = world
                    .refusal(tool, json!({"owner": "octocat", "repository": name}))
                    .await;
                assert!(
                    refusal.starts_with("`repository` must be a repository's name alone"),
                    "{refusal}"
                );
            }
        }
        assert!(world.upstream.take_requests().is_empty());
    });
}

#[test]
fn odd_names_stay_one_segment() {
    block_on(async {
        let world = World::answering(|_| status(404, "not_found")).await;
        world
            .refusal(
                "get_repository",
                json!({"owner": "a?b=c#d", "repository": "%2e%2e"}),
            )
            .await;
        assert_eq!(
            world.upstream.targets(),
            ["/repos/a%3Fb%3Dc%23d/%252e%252e"]
        );
    });
}
