//! `admin-tools`: the admin operations over MCP, for an operator's agent. Neither the key nor a token is ever told.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use mcp_lambda::testkit::{Fill, sample};
use mcp_lambda_tests::process::{Home, Talk};
use serde_json::{Value, json};

use crate::cli::{ADMIN, KEY, connected, ends_with, err};

const ALICE: &str = "alice@example.com";

async fn talk(home: &Home) -> (Talk, Value) {
    let mut command = home.command(ADMIN);
    command.arg("admin-tools");
    Talk::start(command).await
}

#[tokio::test]
async fn an_agent_administers_users_and_learns_no_key_and_no_token() {
    for place in ["local", "remote"] {
        let (home, _server) = connected(place).await;
        let (mut talk, hello) = talk(&home).await;
        assert!(
            hello["result"]["instructions"]
                .as_str()
                .expect("instructions")
                .contains("127.0.0.1"),
            "{hello}"
        );
        let mut told = vec![talk.call("register_user", json!({ "email": ALICE })).await];
        let file = told[0]["structuredContent"]["token_file"]
            .as_str()
            .expect("a file")
            .to_owned();
        let token = fs::read_to_string(&file).expect("written");
        assert!(
            token.starts_with("eyJ")
                && fs::metadata(&file).expect("there").permissions().mode() & 0o777 == 0o600
        );
        let made = talk
            .call("create_token", json!({ "email": ALICE, "name": "laptop" }))
            .await;
        let id = made["structuredContent"]["id"].clone();
        told.push(made);
        for (tool, arguments) in [
            ("server_health", json!({})),
            ("probe_server", json!({})),
            ("list_server_tools", json!({})),
            ("list_users", json!({})),
            ("show_user", json!({ "email": ALICE })),
            ("list_tokens", json!({ "email": ALICE })),
            (
                "update_profile",
                json!({ "email": ALICE, "patch": { "colour": "blue" } }),
            ),
            ("revoke_token", json!({ "email": ALICE, "id": id })),
            ("revoke_user", json!({ "email": ALICE })),
            ("purge_user", json!({ "email": ALICE, "confirm": ALICE })),
        ] {
            let result = talk.call(tool, arguments).await;
            assert_ne!(result["isError"], true, "{place} {tool}: {result}");
            told.push(result);
        }
        let all = json!(told).to_string();
        assert!(!all.contains("eyJ") && !all.contains(KEY), "{place}: {all}");
        assert!(
            all.contains("laptop") && all.contains("discover 2026-07-28"),
            "{place}: {all}"
        );
        assert_eq!(
            talk.call("list_users", json!({})).await["structuredContent"]["users"],
            json!([]),
            "{place}"
        );
        assert!(talk.end().await.success());
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_an_answer_in_words() {
    let (home, _server) = connected("remote").await;
    let (mut talk, _) = talk(&home).await;
    for (tool, arguments, words) in [
        ("show_user", json!({ "email": ALICE }), "does not exist"),
        ("show_user", json!({ "email": "nobody" }), "email"),
        (
            "purge_user",
            json!({ "email": ALICE, "confirm": "bob@example.com" }),
            "nothing was purged",
        ),
        ("register_user", json!({}), "email"),
        ("register_user", json!({ "email": "admin" }), "email"),
        (
            "create_token",
            json!({ "email": ALICE, "duration_seconds": 1 }),
            "",
        ),
    ] {
        let result = talk.call(tool, arguments.clone()).await;
        let said = result["content"][0]["text"].as_str().unwrap_or_default();
        assert!(
            result["isError"] == true && said.contains(words),
            "{tool} {arguments}: {result}"
        );
    }
}

#[tokio::test]
async fn what_changes_something_is_marked() {
    let (home, _server) = connected("local").await;
    let (mut talk, _) = talk(&home).await;
    let listed = talk.ask("tools/list", json!({})).await;
    let tools = listed["result"]["tools"].as_array().expect("tools");
    let marked = |hint: &str, value: bool| -> Vec<&str> {
        let hinted = tools
            .iter()
            .filter(|tool| tool["annotations"][hint] == value);
        hinted
            .map(|tool| tool["name"].as_str().expect("a name"))
            .collect()
    };
    assert_eq!(
        marked("destructiveHint", true),
        [
            "purge_user",
            "revoke_token",
            "revoke_user",
            "update_profile"
        ]
    );
    let reads = [
        "list_server_tools",
        "list_tokens",
        "list_users",
        "probe_server",
        "server_health",
        "show_user",
    ];
    assert_eq!(marked("readOnlyHint", true), reads);
    assert_eq!(
        marked("destructiveHint", false),
        ["create_token", "register_user"]
    );
    for tool in tools {
        assert!(
            tool["description"].is_string() && sample(&tool["inputSchema"], Fill::All).is_object(),
            "{tool}"
        );
    }
}

#[tokio::test]
async fn without_a_connection_it_says_so_and_does_not_start() {
    let home = Home::default();
    assert!(err(&ends_with(&home, ADMIN, 3, &["admin-tools"]).await).contains("not connected"));
    ends_with(&home, ADMIN, 0, &["connect", "local"]).await;
    ends_with(&home, ADMIN, 4, &["admin-tools", "--on", "staging"]).await;
}
