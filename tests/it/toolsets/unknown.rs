//! What is not there for a caller: one answer for every reason, by listed name and by address.

use http::Method;
use mcp_lambda::prelude::*;
use mcp_lambda::testkit::{Client, TestApp, TestResponse};
use mcp_lambda::tool::Visibility;
use mcp_lambda::toolsets::address;
use serde_json::{Value, json};

use super::{page, says, shows};

/// Tools of a part that are there, and some that are not there for everyone.
fn app() -> App {
    let part = Toolset::new("contacts")
        .resources([page("ui://contacts/list", "list")])
        .tools([
            shows("show", "ui://contacts/list", &json!({})),
            says("save", "saved").version("1.0"),
            says("wipe", "wiped").scopes(["contacts:wipe"]),
            says("merge", "merged"),
        ]);
    App::new("crm")
        .mount_as("sales", part)
        .disable("sales_merge")
}

async fn called(client: &Client<'_>, name: &str, version: Option<&str>) -> TestResponse {
    let meta = version.map_or(
        json!({}),
        |version| json!({ "mcp-lambda/version": version }),
    );
    client
        .mcp(
            "tools/call",
            json!({ "name": name, "arguments": {}, "_meta": meta }),
        )
        .await
}

/// The whole answer to a call of something unknown, without the name that was called.
async fn refused(client: &Client<'_>, name: &str, version: Option<&str>) -> (u16, String) {
    let answer = called(client, name, version).await;
    let words = answer.json["error"]["message"]
        .as_str()
        .unwrap_or_else(|| panic!("`{name}` is there: {}", answer.text));
    assert_eq!(words, format!("unknown tool `{name}`"));
    (answer.status, answer.text.replace(name, "…"))
}

/// Somebody whose token holds no scope.
async fn reader(app: &TestApp) -> Client<'_> {
    app.user("reader@example.com").await;
    let body = json!({"email": "reader@example.com", "scopes": []});
    let issued = app
        .admin()
        .ask(Method::POST, "/admin/tokens", Some(body))
        .await;
    app.with_token(issued.json["token"].as_str().expect("a token"))
}

#[tokio::test]
async fn every_reason_gives_one_and_the_same_answer() {
    let app = TestApp::new(app()).await;
    let reader = reader(&app).await;
    let nowhere = refused(&reader, "no_such_tool", None).await;
    for (reason, tool, version) in [
        ("disabled", "merge", None),
        ("forbidden", "wipe", None),
        ("of another version", "save", Some("9.9")),
        ("of no version", "show", Some("1.0")),
    ] {
        for name in [format!("sales_{tool}"), address("contacts", tool)] {
            assert_eq!(
                refused(&reader, &name, version).await,
                nowhere,
                "{reason}: {name}"
            );
        }
    }
    for (reason, name) in [
        ("for the model alone", address("contacts", "show")),
        ("of another server", address("tickets", "save")),
        (
            "by the name it had before it was mounted",
            "save".to_owned(),
        ),
        (
            "of no tool",
            format!("{}_", &address("contacts", "save")[..12]),
        ),
        ("in capitals", address("contacts", "save").to_uppercase()),
    ] {
        assert_eq!(
            refused(&reader, &name, None).await,
            nowhere,
            "{reason}: {name}"
        );
    }
}

#[tokio::test]
async fn what_is_there_is_called_by_listed_name_and_by_address() {
    let app = TestApp::new(app()).await;
    let (reader, everyone) = (reader(&app).await, app.user("alice@example.com").await);
    for name in ["sales_save".to_owned(), address("contacts", "save")] {
        for version in [None, Some("1.0")] {
            assert_eq!(
                called(&reader, &name, version).await.tool_text(),
                "saved",
                "{name} {version:?}"
            );
        }
    }
    for name in ["sales_wipe".to_owned(), address("contacts", "wipe")] {
        assert_eq!(
            called(&everyone, &name, None).await.tool_text(),
            "wiped",
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_disabled_tool_is_gone_by_every_way() {
    let app = TestApp::new(app()).await;
    let alice = app.user("alice@example.com").await;
    assert!(
        alice
            .tools()
            .await
            .iter()
            .all(|tool| tool["name"] != "sales_merge")
    );
    for name in ["sales_merge".to_owned(), address("contacts", "merge")] {
        refused(&alice, &name, None).await;
    }
}

#[tokio::test]
async fn a_foreign_tool_is_not_reached_in_the_same_process() {
    let crm = TestApp::new(app()).await;
    let tickets = Toolset::new("tickets").tools([says("save", "saved a ticket")]);
    let desk = TestApp::new(App::new("desk").mount(tickets)).await;
    let (here, there) = (
        crm.user("alice@example.com").await,
        desk.user("alice@example.com").await,
    );
    assert_eq!(
        called(&there, &address("tickets", "save"), None)
            .await
            .tool_text(),
        "saved a ticket"
    );
    refused(&here, &address("tickets", "save"), None).await;
    refused(&there, &address("contacts", "save"), None).await;
}

#[tokio::test]
async fn the_probe_learns_no_more_by_address() {
    let app = TestApp::new(app()).await;
    let told = async |name: &str| {
        let answer = called(&app.probe(), name, None).await;
        (answer.status, answer.text.replace(name, "…"))
    };
    assert_eq!(
        told("sales_save").await,
        told(&address("contacts", "save")).await
    );
    assert!(told("sales_save").await.1.contains("probe"));
}

#[tokio::test]
async fn pages_may_call_what_says_so() {
    let both = says("both", "for both").visibility(Visibility::Both);
    let model = says("model", "for the model").visibility(Visibility::Model);
    let app = TestApp::new(
        App::new("crm")
            .tools([says("own", "the app's own")])
            .mount(Toolset::new("part").tools([both, model])),
    )
    .await;
    let alice = app.user("alice@example.com").await;
    assert_eq!(
        called(&alice, &address("part", "both"), None)
            .await
            .tool_text(),
        "for both"
    );
    assert_eq!(
        called(&alice, &address("crm", "own"), None)
            .await
            .tool_text(),
        "the app's own"
    );
    assert_eq!(
        called(&alice, "model", None).await.tool_text(),
        "for the model"
    );
    refused(&alice, &address("part", "model"), None).await;
    let words = |tool: &Value| tool["_meta"]["ui"]["visibility"].clone();
    assert_eq!(
        words(&super::listed(&alice, "both").await),
        json!(["model", "app"])
    );
    assert_eq!(
        words(&super::listed(&alice, "own").await),
        json!(null),
        "what is absent means both"
    );
}
