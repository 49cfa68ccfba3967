//! Lists in pages: 10,000 tools, and cursors that are not ours.

use std::collections::BTreeSet;

use mcp_lambda::prelude::*;
use mcp_lambda::testkit::TestApp;
use mcp_lambda::tool::Hints;
use mcp_lambda_tests::protocol;
use serde_json::{Value, json};

fn many(count: usize) -> App {
    let tool = |number: usize| {
        let answer = move |_| async move { Ok(Outcome::text(number.to_string())) };
        Tool::raw(
            format!("tool_{number:05}"),
            json!({"type": "object"}),
            answer,
        )
        .description("One of many.")
        .hints(Hints::default().read_only(true))
    };
    App::new("many")
        .tools((0..count).map(tool))
        .page_size(1_000)
}

#[tokio::test]
async fn ten_thousand_tools_are_listed_in_pages_and_each_is_there_once() {
    let server = TestApp::new(many(10_000)).await;
    let alice = server.user("alice@example.com").await;
    let first = alice.mcp("tools/list", json!({})).await;
    assert_eq!(
        first.result()["tools"].as_array().map(Vec::len),
        Some(1_000)
    );
    assert_eq!(
        first.result()["cacheScope"],
        "private",
        "its cursor is one user's"
    );
    let names: Vec<_> = alice
        .tools()
        .await
        .iter()
        .map(|tool| tool["name"].as_str().expect("a name").to_owned())
        .collect();
    assert_eq!(
        (names.len(), names.iter().collect::<BTreeSet<_>>().len()),
        (10_000, 10_000)
    );
    assert!(names.is_sorted());
    assert_eq!(alice.older_tools().await.len(), 10_000);
    assert_eq!(
        alice.call("tool_09999", json!({})).await.tool_text(),
        "9999"
    );
}

#[tokio::test]
async fn a_cursor_is_its_users_and_its_lists_and_nobody_elses() {
    let app = || protocol::app().page_size(2);
    let server = TestApp::new(app()).await;
    let (alice, bob) = (
        server.user("alice@example.com").await,
        server.user("bob@example.com").await,
    );
    let cursor = |answer: &Value| answer["nextCursor"].as_str().expect("a cursor").to_owned();
    let tools = cursor(alice.mcp("tools/list", json!({})).await.result());
    let next = alice.mcp("tools/list", json!({ "cursor": tools })).await;
    assert_eq!(next.result()["tools"].as_array().map(Vec::len), Some(2));
    let elsewhere = server.second_instance(app(), &[]).await;
    let there = elsewhere
        .with_token(alice.token())
        .mcp("tools/list", json!({ "cursor": tools }))
        .await;
    assert_eq!(
        there.result()["tools"],
        next.result()["tools"],
        "every instance knows it"
    );
    let mut changed = tools.clone();
    changed.replace_range(20..21, if &tools[20..21] == "A" { "B" } else { "A" });
    for (client, method, cursor) in [
        (&bob, "tools/list", tools.as_str()),
        (&alice, "prompts/list", &tools),
        (&alice, "resources/list", &tools),
        (&alice, "resources/templates/list", &tools),
        (&alice, "tools/list", &changed),
        (&alice, "tools/list", ""),
        (&alice, "tools/list", "2"),
        (&alice, "tools/list", "invalid.cursor"),
    ] {
        let answer = client.mcp(method, json!({ "cursor": cursor })).await;
        assert_eq!(
            answer.error_code(),
            -32_602,
            "{method} {cursor}: {}",
            answer.text
        );
        assert!(
            answer.json["error"]["message"]
                .as_str()
                .expect("words")
                .contains("without a cursor")
        );
    }
}

#[tokio::test]
async fn every_list_is_in_order_and_says_how_long_and_for_whom_it_holds() {
    let server = TestApp::new(protocol::app()).await;
    let alice = server.user("alice@example.com").await;
    for (method, list, key, scope) in [
        ("tools/list", "tools", "name", "private"),
        ("prompts/list", "prompts", "name", "private"),
        ("resources/list", "resources", "uri", "private"),
        (
            "resources/templates/list",
            "resourceTemplates",
            "uriTemplate",
            "private",
        ),
    ] {
        let answer = alice.mcp(method, json!({})).await;
        let result = answer.result();
        let keys: Vec<_> = result[list]
            .as_array()
            .expect("a list")
            .iter()
            .map(|entry| entry[key].as_str())
            .collect();
        assert!(keys.is_sorted() && !keys.is_empty(), "{keys:?}");
        assert_eq!(
            (result["cacheScope"].as_str(), result["ttlMs"].as_u64()),
            (Some(scope), Some(60_000)),
            "{method}"
        );
    }
    let server = TestApp::new(many(1)).await;
    let alice = server.user("alice@example.com").await;
    assert_eq!(
        alice.mcp("tools/list", json!({})).await.result()["cacheScope"],
        "public",
        "it is the same for everyone"
    );
    let discovered = alice.mcp("server/discover", json!({})).await;
    assert_eq!(discovered.result()["ttlMs"], 3_600_000);
    assert_eq!(
        discovered.result()["capabilities"],
        json!({"tools": {}, "logging": {}}),
        "and nothing that is not there"
    );
}
