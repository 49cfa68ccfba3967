//! References to tools inside answers for pages: they leave under the names that this server lists, and nothing else is
//! touched.

use mcp_lambda::prelude::*;
use mcp_lambda::testkit::{TestApp, TestResponse};
use mcp_lambda::toolsets::address;
use serde_json::{Value, json};

use super::{page, says, shows};

const PAGE: &str = "ui://contacts/list";

/// A part whose page refers to its tool, deep inside what it shows.
fn part() -> Toolset {
    let save = address("contacts", "save");
    let data = json!({"view": {"buttons": [{"call": save, "label": "Save"}, {"call": "save"}]}, "first": save});
    Toolset::new("contacts")
        .resources([page(PAGE, "list")])
        .tools([shows("show", PAGE, &data), says("save", "saved")])
}

/// What the tool of this name answers in this app.
async fn answer(app: App, tool: &str) -> TestResponse {
    let app = TestApp::new(app).await;
    app.user("alice@example.com")
        .await
        .call(tool, json!({}))
        .await
}

fn names(answer: &TestResponse) -> &Value {
    &answer.result()["_meta"]["mcp-lambda/toolNames"]
}

#[tokio::test]
async fn references_leave_under_listed_names() {
    let nested = Toolset::new("all").mount_as("north", part());
    for (app, space) in [
        (App::new("crm").mount(part()), ""),
        (App::new("crm").mount_as("sales", part()), "sales_"),
        (App::new("crm").mount_as("sales", nested), "sales_north_"),
    ] {
        let answer = answer(app, &format!("{space}show")).await;
        let save = format!("{space}save");
        let expected = json!({"view": {"buttons": [{"call": save, "label": "Save"}, {"call": "save"}]}, "first": save});
        assert_eq!(answer.data(), &expected);
        assert_eq!(
            answer.tool_text(),
            expected.to_string(),
            "the text says the same"
        );
        assert_eq!(
            names(&answer),
            &json!({ save: address("contacts", "save") })
        );
    }
}

#[tokio::test]
async fn what_merely_looks_like_an_address_is_left_alone() {
    let save = address("contacts", "save");
    let data = json!({
        "foreign": "0123456789ab_save",
        "inside": format!("call {save} now"),
        "longer": format!("{save}d"),
        "capitals": save.to_uppercase(),
        save.as_str(): "as a key",
        "for the model": address("contacts", "look"),
    });
    let app = App::new("crm").mount_as("sales", part().tools([shows("look", PAGE, &data)]));
    let answer = answer(app, "sales_look").await;
    assert_eq!(answer.data(), &data);
    assert_eq!(answer.tool_text(), data.to_string());
    assert_eq!(names(&answer), &Value::Null, "nothing was renamed");
}

#[tokio::test]
async fn only_answers_for_pages_are_gone_through() {
    let save = address("contacts", "save");
    let data = json!({ "note": save });
    let plain = Tool::raw("note", json!({"type": "object"}), {
        let data = data.clone();
        move |_| std::future::ready(Ok(Outcome::data(data.clone())))
    });
    let app = App::new("crm").mount_as("sales", part().tools([plain.description("Has no page.")]));
    assert_eq!(answer(app, "sales_note").await.data(), &data);
}

#[tokio::test]
async fn words_of_their_own_stay_as_they_are() {
    let save = address("contacts", "save");
    let words = format!("The page saves by {save}.");
    let data = json!({ "save": save });
    let told = words.clone();
    let look = Tool::raw("look", json!({"type": "object"}), move |_| {
        let mut outcome = Outcome::text(told.clone());
        outcome.structured = Some(data.clone());
        std::future::ready(Ok(outcome.with_meta("example.com/ticket", "t")))
    });
    let app =
        App::new("crm").mount_as("sales", part().tools([look.description("Looks.").ui(PAGE)]));
    let answer = answer(app, "sales_look").await;
    assert_eq!(
        (answer.tool_text(), answer.data()),
        (words.as_str(), &json!({"save": "sales_save"}))
    );
    let meta = &answer.result()["_meta"];
    assert_eq!(
        (&meta["example.com/ticket"], names(&answer)),
        (&json!("t"), &json!({ "sales_save": save }))
    );
}

#[tokio::test]
async fn a_reference_to_a_disabled_tool_stays_an_address_that_leads_nowhere() {
    let app = TestApp::new(App::new("crm").mount(part()).disable("save")).await;
    let alice = app.user("alice@example.com").await;
    let shown = alice.call("show", json!({})).await;
    assert_eq!(shown.data()["first"], address("contacts", "save"));
    assert_eq!(
        alice
            .call(&address("contacts", "save"), json!({}))
            .await
            .error_code(),
        -32_602
    );
}
