//! Pages: what is asked for, and what is told of the next one.

use mcp_lambda::testkit::block_on;
use serde_json::{Value, json};

use crate::upstream::{recorded, status};
use crate::world::World;

const BOTH: &str = r#"<https://api.github.com/repositories/1296269/issues?state=closed&per_page=2&page=2>; rel="prev", <https://api.github.com/repositories/1296269/issues?state=closed&per_page=2&page=4&after=Y3Vyc29yOnYyOpLPAAABmV>; rel="next", <https://api.github.com/repositories/1296269/issues?state=closed&per_page=2&page=9>; rel="last""#;
const LAST: &str = r#"<https://api.github.com/repositories/1296269/issues?page=1>; rel="first", <https://api.github.com/repositories/1296269/issues?page=8>; rel="prev""#;

const LISTS: [(&str, &str); 4] = [
    ("search_repositories", "search_repositories"),
    ("search_issues", "search_issues"),
    ("list_issues", "issues"),
    ("list_pulls", "pulls"),
];

fn arguments(tool: &str, more: &Value) -> Value {
    let mut arguments = if tool.starts_with("search") {
        json!({"query": "is:issue"})
    } else {
        json!({"owner": "octocat", "repository": "Hello-World"})
    };
    arguments
        .as_object_mut()
        .into_iter()
        .for_each(|fields| fields.extend(more.as_object().cloned().unwrap_or_default()));
    arguments
}

#[test]
fn the_next_page_is_told_until_there_is_none() {
    block_on(async {
        for (tool, file) in LISTS {
            for (link, expected) in [(BOTH, Some(json!(4))), (LAST, None)] {
                let world = World::answering(move |_| recorded(200, &[("link", link)], file)).await;
                let listed = world.call(tool, arguments(tool, &json!({}))).await;
                assert_eq!(listed.get("next_page"), expected.as_ref(), "{tool}");
            }
            let world = World::answering(move |_| status(200, file)).await;
            assert_eq!(
                world
                    .call(tool, arguments(tool, &json!({})))
                    .await
                    .get("next_page"),
                None,
                "{tool}"
            );
        }
    });
}

#[test]
fn pages_are_asked_for_within_githubs_bounds() {
    block_on(async {
        for (tool, file) in LISTS {
            let world = World::answering(move |_| status(200, file)).await;
            for (more, expected) in [
                (json!({"page": 4, "per_page": 2}), "per_page=2&page=4"),
                (json!({"per_page": 100_000}), "per_page=100"),
                (json!({"page": 0, "per_page": 0}), "per_page=1&page=1"),
            ] {
                world.call(tool, arguments(tool, &more)).await;
                let targets = world.upstream.targets();
                assert!(
                    targets.len() == 1 && targets[0].ends_with(&format!("&{expected}")),
                    "{tool}: {targets:?}"
                );
            }
        }
    });
}

#[test]
fn a_state_is_one_of_githubs() {
    block_on(async {
        let world = World::answering(|_| status(200, "issues")).await;
        for state in ["open", "closed", "all"] {
            world
                .call(
                    "list_issues",
                    arguments("list_issues", &json!({ "state": state })),
                )
                .await;
            let expected = format!("/repos/octocat/Hello-World/issues?state={state}&per_page=20");
            assert_eq!(world.upstream.targets(), [expected]);
        }
        let refusal = world
            .refusal(
                "list_issues",
                arguments("list_issues", &json!({"state": "merged"})),
            )
            .await;
        assert!(
            refusal.contains("`state` must be one of `open`, `closed`, `all`"),
            "{refusal}"
        );
        assert!(world.upstream.take_requests().is_empty());
    });
}
