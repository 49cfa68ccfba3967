//! Limits: what is said when there were too many requests, or an answer is too large.

use mcp_lambda::testkit::block_on;
use serde_json::json;

use crate::upstream::{plain, recorded};
use crate::world::World;

type Headers = &'static [(&'static str, &'static str)];

#[test]
fn a_spent_limit_says_when_to_try_again() {
    block_on(async {
        let spent: &[_] = &[
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1795248000"),
        ];
        let cases: [(u16, Headers, &str, &str); 6] = [
            (403, spent, "rate_limited", "after 2026-11-21T08:00:00Z"),
            (429, spent, "rate_limited", "after 2026-11-21T08:00:00Z"),
            (
                403,
                &[("retry-after", "90")],
                "secondary_rate_limit",
                "in 90 seconds",
            ),
            (
                429,
                &[
                    ("retry-after", "90"),
                    ("x-ratelimit-remaining", "0"),
                    ("x-ratelimit-reset", "1795248000"),
                ],
                "secondary_rate_limit",
                "in 90 seconds",
            ),
            (
                403,
                &[
                    ("x-ratelimit-remaining", "4000"),
                    ("x-ratelimit-reset", "1795248000"),
                ],
                "secondary_rate_limit",
                "in a minute",
            ),
            (429, &[], "secondary_rate_limit", "in a minute"),
        ];
        for (status, headers, file, expected) in cases {
            let world = World::answering(move |_| recorded(status, headers, file)).await;
            let refusal = world
                .refusal("search_issues", json!({"query": "is:issue"}))
                .await;
            assert_eq!(
                refusal,
                format!("GitHub takes no more requests from you for now; try again {expected}")
            );
            assert_eq!(
                world.upstream.take_requests().len(),
                1,
                "a limit is not pushed against"
            );
        }
    });
}

#[test]
fn what_is_left_of_a_limit_hides_no_other_refusal() {
    block_on(async {
        let headers = &[
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1795248000"),
        ];
        let world = World::answering(|_| recorded(404, headers, "not_found")).await;
        let refusal = world
            .refusal(
                "get_repository",
                json!({"owner": "octocat", "repository": "gone"}),
            )
            .await;
        assert!(
            refusal.starts_with("GitHub does not have this"),
            "{refusal}"
        );
    });
}

#[test]
fn an_answer_that_never_ends_is_not_read_to_its_end() {
    block_on(async {
        for status in [200, 500] {
            let world =
                World::answering(move |_| plain(status, &[], vec![b' '; 4 * 1024 * 1024 + 1]))
                    .await;
            let refusal = world
                .refusal("search_repositories", json!({"query": "large"}))
                .await;
            assert_eq!(
                refusal,
                "GitHub's answer is over 4 MiB; ask again with a smaller `per_page`"
            );
        }
    });
}

#[test]
fn an_answer_at_the_limit_is_read() {
    block_on(async {
        let mut body = br#"{"total_count": 0, "incomplete_results": false, "items": []}"#.to_vec();
        body.resize(4 * 1024 * 1024, b' ');
        let world = World::answering(move |_| plain(200, &[], body.clone())).await;
        let found = world
            .call("search_repositories", json!({"query": "large"}))
            .await;
        assert_eq!(
            found,
            json!({"total": 0, "is_incomplete": false, "repositories": []})
        );
    });
}
