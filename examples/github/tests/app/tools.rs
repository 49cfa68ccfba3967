//! What each tool asks of GitHub and what it makes of the answer.

use mcp_lambda::testkit::block_on;
use serde_json::{Value, json};

use crate::upstream::status;
use crate::world::{World, told};

#[test]
fn repositories_are_searched() {
    block_on(async {
        let world = World::answering(|_| status(200, "search_repositories")).await;
        let found = world
            .call(
                "search_repositories",
                json!({"query": "hello world language:c&page=9"}),
            )
            .await;
        assert_eq!(
            world.upstream.targets(),
            ["/search/repositories?q=hello+world+language%3Ac%26page%3D9&per_page=20"]
        );
        let linguist = json!({
            "full_name": "octo-org/linguist", "description": null, "html_url": "https://github.com/octo-org/linguist",
            "stars": 12_345, "language": null, "open_issues": 0, "default_branch": "master", "updated_at": "2026-11-20T08:15:42Z",
        });
        let expected =
            json!({"total": 41, "is_incomplete": false, "repositories": [hello_world(), linguist]});
        assert_eq!(found, expected);
    });
}

#[test]
fn a_request_is_part_of_its_callers_trace() {
    block_on(async {
        let world = World::answering(|_| status(200, "rate_limit")).await;
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let call =
            json!({"name": "get_rate_limit", "arguments": {}, "_meta": {"traceparent": parent}});
        told(&world.alice().mcp("tools/call", call).await);
        assert_eq!(
            world.upstream.take_requests()[0].header("traceparent"),
            parent
        );
    });
}

#[test]
fn issues_are_searched_and_long_texts_are_cut() {
    block_on(async {
        let world = World::answering(|_| status(200, "search_issues")).await;
        let found = world
            .call(
                "search_issues",
                json!({"query": "is:issue lines", "page": 3, "per_page": 2}),
            )
            .await;
        assert_eq!(
            world.upstream.targets(),
            ["/search/issues?q=is%3Aissue+lines&per_page=2&page=3"]
        );
        assert_eq!(
            (&found["total"], &found["is_incomplete"]),
            (&json!(280), &json!(true))
        );
        let body = format!("Steps: {}…", "é".repeat(493));
        assert_eq!(
            found["issues"],
            json!([
                {
                    "number": 132, "title": "Line Number Indexes Beyond 20 Not Displayed", "state": "open",
                    "is_pull_request": false, "author": "mona", "html_url": "https://github.com/octocat/Hello-World/issues/132",
                    "labels": ["bug"], "comments": 15, "created_at": "2026-04-22T13:33:48Z", "body": body,
                },
                {
                    "number": 133, "title": "Show line numbers beyond 20", "state": "open",
                    "is_pull_request": true, "author": "octocat", "html_url": "https://github.com/octocat/Hello-World/pull/133",
                    "labels": [], "comments": 1, "created_at": "2026-04-22T13:33:48Z", "body": "Fixes #132",
                },
            ])
        );
    });
}

#[test]
fn one_repository_is_told() {
    block_on(async {
        let world = World::answering(|_| status(200, "repository")).await;
        let found = world
            .call(
                "get_repository",
                json!({"owner": "octocat", "repository": "Hello-World"}),
            )
            .await;
        assert_eq!(world.upstream.targets(), ["/repos/octocat/Hello-World"]);
        assert_eq!(found, hello_world());
    });
}

#[test]
fn issues_are_listed_without_pull_requests() {
    block_on(async {
        let world = World::answering(|_| status(200, "issues")).await;
        let listed = world
            .call(
                "list_issues",
                json!({"owner": "octocat", "repository": "Hello-World"}),
            )
            .await;
        assert_eq!(
            world.upstream.targets(),
            ["/repos/octocat/Hello-World/issues?state=open&per_page=20"]
        );
        let issues = listed["issues"].as_array().expect("a list");
        assert_eq!(
            issues
                .iter()
                .map(|issue| &issue["number"])
                .collect::<Vec<_>>(),
            [1347, 1345]
        );
        assert_eq!(issues[0]["labels"], json!(["bug", "good first issue"]));
        assert_eq!(
            (&issues[1]["author"], &issues[1]["body"]),
            (&Value::Null, &Value::Null)
        );
    });
}

#[test]
fn pull_requests_are_listed() {
    block_on(async {
        let world = World::answering(|_| status(200, "pulls")).await;
        let arguments = json!({"owner": "octocat", "repository": "Hello-World", "state": "all", "per_page": 100});
        let listed = world.call("list_pulls", arguments).await;
        assert_eq!(
            world.upstream.targets(),
            ["/repos/octocat/Hello-World/pulls?state=all&per_page=100"]
        );
        let first = json!({
            "number": 1348, "title": "Amazing new feature", "state": "open", "is_draft": false, "author": "octocat",
            "html_url": "https://github.com/octocat/Hello-World/pull/1348", "labels": ["bug"], "head": "new-topic",
            "base": "main", "created_at": "2026-01-26T19:01:12Z", "body": "Please pull these awesome changes in!",
        });
        assert_eq!(listed["pulls"][0], first);
        let second = &listed["pulls"][1];
        assert_eq!(
            (&second["is_draft"], &second["head"]),
            (&json!(true), &json!("patch-1"))
        );
    });
}

#[test]
fn the_rate_limit_is_told_and_is_the_safe_tool() {
    block_on(async {
        let world = World::answering(|_| status(200, "rate_limit")).await;
        let limit = world.call("get_rate_limit", json!({})).await;
        assert_eq!(world.upstream.targets(), ["/rate_limit"]);
        let core = json!({"limit": 5000, "remaining": 4999, "resets_at": "2026-11-21T08:00:00Z"});
        let search = json!({"limit": 30, "remaining": 18, "resets_at": "2026-11-21T07:11:00Z"});
        assert_eq!(limit, json!({ "core": core, "search": search }));
        let safe = world
            .app
            .admin()
            .ask(http::Method::GET, "/admin/safe-tool", None)
            .await;
        assert!(safe.text.contains("get_rate_limit"), "{}", safe.text);
    });
}

#[test]
fn every_request_says_what_github_asks_for() {
    block_on(async {
        let world = World::answering(|_| status(200, "repository")).await;
        world
            .call(
                "get_repository",
                json!({"owner": "octocat", "repository": "Hello-World"}),
            )
            .await;
        let seen = &world.upstream.take_requests()[0];
        assert_eq!(seen.header("accept"), "application/vnd.github+json");
        assert_eq!(seen.header("x-github-api-version"), "2022-11-28");
        assert_eq!(
            seen.header("user-agent"),
            concat!("mcp-lambda-github/", env!("CARGO_PKG_VERSION"))
        );
    });
}

#[test]
fn every_tool_reads_and_reaches_out() {
    block_on(async {
        let world = World::answering(|_| status(200, "rate_limit")).await;
        let tools = world.app.probe().tools().await;
        assert_eq!(tools.len(), 6);
        for tool in tools {
            let hints = &tool["annotations"];
            let said = [
                &hints["readOnlyHint"],
                &hints["idempotentHint"],
                &hints["openWorldHint"],
            ];
            assert_eq!(said, [true, true, true], "{tool}");
            assert_eq!(tool["outputSchema"]["type"], "object", "{tool}");
            assert!(
                !tool["inputSchema"].to_string().contains("account"),
                "{tool}"
            );
        }
    });
}

fn hello_world() -> Value {
    json!({
        "full_name": "octocat/Hello-World", "description": "This your first repo!",
        "html_url": "https://github.com/octocat/Hello-World", "stars": 80, "language": "C", "open_issues": 2,
        "default_branch": "main", "updated_at": "2026-11-20T08:15:42Z",
    })
}
