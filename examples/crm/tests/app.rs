//! The laws of every app, and the crm as its users and its pages meet it.

use mcp_lambda::testkit::{Client, Suite, TestApp, block_on};
use serde_json::{Value, json};

mcp_lambda::app_suite!(
    Suite::new(crm::app())
        .arguments(
            "save_contact",
            json!({"name": "Ada Lovelace", "email": "ada@example.com"})
        )
        .may_fail("decide_approval")
        .may_fail("approval_status")
);

async fn saved(client: &Client<'_>, name: &str, email: &str) -> Value {
    client
        .call("save_contact", json!({ "name": name, "email": email }))
        .await
        .data()["contacts"]
        .clone()
}

#[test]
fn contacts_are_saved_shown_counted_and_removed() {
    block_on(async {
        let app = TestApp::new(crm::app()).await;
        let alice = app.user("alice@example.com").await;
        saved(&alice, " Ada Lovelace ", "Ada@Example.com").await;
        let contacts = saved(&alice, "<b>Grace</b> Hopper", "grace@example.com").await;
        assert_eq!(
            (&contacts[0]["name"], &contacts[0]["email"]),
            (&json!("Ada Lovelace"), &json!("ada@example.com"))
        );
        assert_eq!(
            contacts[1]["name"], "<b>Grace</b> Hopper",
            "text stays text"
        );
        let shown = alice.call("show_contacts", json!({})).await.data().clone();
        assert_eq!(
            (&shown["contacts"], shown["save"].as_str()),
            (&contacts, Some("save_contact"))
        );
        let removed = alice
            .call(
                shown["remove"].as_str().expect("a name"),
                json!({"id": contacts[0]["id"]}),
            )
            .await;
        assert_eq!(removed.data()["contacts"], json!([contacts[1]]));
        assert_eq!(
            alice.call("count_contacts", json!({})).await.data(),
            &json!({"count": 1})
        );
    });
}

#[test]
fn contacts_are_cleared_once_that_is_confirmed_by_a_question_or_a_second_call() {
    block_on(async {
        let app = TestApp::new(crm::app()).await;
        let alice = app.user("alice@example.com").await;
        saved(&alice, "Ada Lovelace", "ada@example.com").await;
        let kept = alice
            .clone()
            .confirm(false)
            .call("clear_contacts", json!({"confirm": true}))
            .await;
        assert_eq!(
            kept.tool_text(),
            "Nothing was removed.",
            "the user's own answer counts"
        );
        assert!(
            alice
                .call("clear_contacts", json!({}))
                .await
                .tool_text()
                .contains("`confirm: true`")
        );
        assert_eq!(
            alice.call("count_contacts", json!({})).await.data(),
            &json!({"count": 1})
        );
        let cleared = alice
            .clone()
            .confirm(true)
            .call("clear_contacts", json!({}))
            .await;
        assert_eq!(cleared.tool_text(), "1 contacts were removed.");
        saved(&alice, "Grace Hopper", "grace@example.com").await;
        assert_eq!(
            alice
                .call("clear_contacts", json!({"confirm": "true"}))
                .await
                .tool_text(),
            "1 contacts were removed."
        );
        assert_eq!(
            alice.call("count_contacts", json!({})).await.data(),
            &json!({"count": 0})
        );
    });
}

#[test]
fn what_is_no_contact_is_refused_with_words() {
    block_on(async {
        let app = TestApp::new(crm::app()).await;
        let alice = app.user("alice@example.com").await;
        for (name, email, words) in [
            (" ", "ada@example.com", "`name` is empty"),
            (
                &*"x".repeat(201),
                "ada@example.com",
                "`name` is longer than 200 characters",
            ),
            ("Ada", "no address", "`email` holds spaces"),
            ("Ada", "ada", "`email` is not of the form name@domain"),
        ] {
            let answer = alice
                .call("save_contact", json!({ "name": name, "email": email }))
                .await;
            assert!(
                answer.is_tool_error() && answer.tool_text().starts_with(words),
                "{}",
                answer.text
            );
        }
        assert_eq!(
            alice.call("count_contacts", json!({})).await.data(),
            &json!({"count": 0})
        );
    });
}

#[test]
fn one_users_contacts_are_not_anothers() {
    block_on(async {
        let app = TestApp::new(crm::app()).await;
        let alice = app.user("alice@example.com").await;
        let bob = app.user("bob@example.com").await;
        let id = saved(&alice, "Ada Lovelace", "ada@example.com").await[0]["id"].clone();
        assert_eq!(
            bob.call("remove_contact", json!({ "id": id })).await.data(),
            &json!({"contacts": []})
        );
        let uri = format!("contact://{}", id.as_str().expect("text"));
        let read = alice.read(&uri).await;
        let card = &read.result()["contents"][0];
        assert_eq!(
            (&card["uri"], &card["mimeType"]),
            (&json!(uri), &json!("application/json"))
        );
        let contact: Value =
            serde_json::from_str(card["text"].as_str().expect("text")).expect("JSON");
        assert_eq!(
            contact,
            json!({"id": id, "name": "Ada Lovelace", "email": "ada@example.com"})
        );
        let theirs = bob.read(&uri).await;
        let nobodys = bob.read("contact://0").await;
        assert_eq!(
            theirs.json["error"]["code"], nobodys.json["error"]["code"],
            "{}",
            theirs.text
        );
        assert!(
            theirs.json["result"].is_null() && !theirs.text.contains("Ada"),
            "{}",
            theirs.text
        );
    });
}

#[test]
fn a_uri_leads_nowhere_else() {
    block_on(async {
        let app = TestApp::new(crm::app()).await;
        let alice = app.user("alice@example.com").await;
        saved(&alice, "Ada Lovelace", "ada@example.com").await;
        for uri in [
            "contact://..",
            "contact://%2e%2e",
            "contact://../contact",
            "contact://..%2fcontact",
            "contact://",
        ] {
            let answer = alice.read(uri).await;
            assert_eq!(answer.json["error"]["data"]["uri"], uri, "{}", answer.text);
        }
    });
}

#[test]
fn the_page_is_one_for_hosts_and_its_tools_are_for_pages() {
    block_on(async {
        let app = TestApp::new(crm::app()).await;
        let alice = app.user("alice@example.com").await;
        let tools = alice.tools().await;
        let ui = |name: &str| {
            tools
                .iter()
                .find(|tool| tool["name"] == name)
                .unwrap_or_else(|| panic!("no `{name}`"))["_meta"]["ui"]
                .clone()
        };
        assert_eq!(
            ui("show_contacts"),
            json!({"resourceUri": "ui://contacts/list", "visibility": ["model"]})
        );
        assert_eq!(
            ui("request_approval"),
            json!({"resourceUri": "ui://approval/question", "visibility": ["model"]})
        );
        for tool in ["save_contact", "remove_contact", "decide_approval"] {
            assert_eq!(ui(tool), json!({"visibility": ["app"]}), "{tool}");
        }
        let read = alice.read("ui://contacts/list").await;
        let page = &read.result()["contents"][0];
        assert_eq!(page["mimeType"], "text/html;profile=mcp-app");
        assert!(
            page["text"]
                .as_str()
                .is_some_and(|html| html.starts_with("<!doctype html>")),
            "{}",
            read.text
        );
    });
}

#[test]
fn the_prompt_is_filled_in_and_completed() {
    block_on(async {
        let app = TestApp::new(crm::app()).await;
        let alice = app.user("alice@example.com").await;
        let prompt = alice
            .mcp(
                "prompts/get",
                json!({"name": "introduce", "arguments": {"name": "Ada"}}),
            )
            .await;
        let text = prompt.result()["messages"][0]["content"]["text"]
            .as_str()
            .expect("text")
            .to_owned();
        assert!(
            text.contains("Ada") && text.contains("a warm message"),
            "{text}"
        );
        let typed = json!({"ref": {"type": "ref/prompt", "name": "introduce"}, "argument": {"name": "tone", "value": "f"}});
        let completed = alice.mcp("completion/complete", typed).await;
        assert_eq!(
            completed.result()["completion"]["values"],
            json!(["formal"])
        );
    });
}
