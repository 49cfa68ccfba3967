//! Parts put together: what each becomes where it is mounted, and what can't be put together.

use std::collections::BTreeMap;

use mcp_lambda::config::Settings;
use mcp_lambda::prelude::*;
use mcp_lambda::resource::Csp;
use mcp_lambda::testkit::TestApp;
use mcp_lambda::toolsets::address;
use serde_json::json;

use super::{faults, listed, page, says, shows};

fn contacts() -> Toolset {
    Toolset::new("contacts")
        .resources([page("ui://contacts/list", "list")])
        .tools([
            shows("show", "ui://contacts/list", &json!({})),
            says("save", "saved"),
        ])
}

/// Functions that any part may have.
#[expect(unreachable_pub, reason = "a tool is a public function")]
#[tools]
mod forms {
    use super::*;

    /// Which tool the page saves with.
    #[derive(Serialize, JsonSchema)]
    pub struct Links {
        save: String,
        store: String,
    }

    /// Shows a form.
    #[tool(ui = "ui://form/page")]
    pub async fn show(context: Context) -> Result<Links> {
        Ok(Links {
            save: context.address(tool_names::SAVE)?,
            store: context.address(tool_names::STORE_AWAY)?,
        })
    }

    /// Says at which address it is called.
    pub async fn save(context: Context) -> Result<String> {
        context.address("save")
    }

    /// Registered under another name than the function's.
    #[tool(name = "renamed")]
    pub async fn store_away() -> &'static str {
        "stored"
    }

    /// Refers to a tool by a name that is none.
    #[tool(ui = "ui://form/page")]
    pub async fn misspelt(context: Context) -> Result<String> {
        context.address("store_away")
    }
}

fn form(name: &str) -> Toolset {
    Toolset::new(name)
        .tools(forms::tools())
        .resources([page("ui://form/page", "form")])
}

#[tokio::test]
async fn one_function_in_two_parts_is_a_tool_of_each() {
    let app = TestApp::new(
        App::new("desk")
            .mount_as("a", form("one"))
            .mount_as("b", form("two")),
    )
    .await;
    let alice = app.user("alice@example.com").await;
    for (space, part) in [("a", "one"), ("b", "two")] {
        let shown = alice
            .call(&format!("{space}_show"), json!({}))
            .await
            .data()
            .clone();
        assert_eq!(
            shown,
            json!({"save": format!("{space}_save"), "store": format!("{space}_renamed")})
        );
        let called = alice
            .call(shown["save"].as_str().expect("a name"), json!({}))
            .await;
        assert_eq!(
            called.tool_text(),
            address(part, "save"),
            "it knows its own part"
        );
        assert_eq!(
            alice
                .call(&address(part, "save"), json!({}))
                .await
                .tool_text(),
            address(part, "save")
        );
    }
}

#[tokio::test]
async fn a_renamed_tool_is_referred_to_by_its_registered_name() {
    assert_eq!(
        (forms::tool_names::STORE_AWAY, forms::tool_names::SAVE),
        ("renamed", "save")
    );
    let app = TestApp::new(App::new("desk").mount(form("form"))).await;
    let alice = app.user("alice@example.com").await;
    assert_eq!(
        alice.call("show", json!({})).await.data()["store"],
        "renamed"
    );
    assert_eq!(
        alice
            .call(&address("form", "renamed"), json!({}))
            .await
            .tool_text(),
        "stored"
    );
    let dead = alice.call("misspelt", json!({})).await;
    assert!(
        dead.is_tool_error() && dead.tool_text().contains("no tool `store_away`"),
        "{}",
        dead.text
    );
}

#[tokio::test]
async fn one_tool_in_two_parts_belongs_to_both() {
    let save = says("save", "saved");
    let part = |name: &str| Toolset::new(name).tools([save.clone()]);
    let app = TestApp::new(
        App::new("desk")
            .mount_as("a", part("one"))
            .mount_as("b", part("two")),
    )
    .await;
    let alice = app.user("alice@example.com").await;
    for name in [
        "a_save".to_owned(),
        "b_save".to_owned(),
        address("one", "save"),
        address("two", "save"),
    ] {
        assert_eq!(
            alice.call(&name, json!({})).await.tool_text(),
            "saved",
            "{name}"
        );
    }
    assert_eq!(
        (save.definition().name.as_str(), &save.definition().origin),
        ("save", &None)
    );
    assert_eq!(
        save.definition().visibility,
        None,
        "the value itself is as it was"
    );
}

#[tokio::test]
async fn a_tool_without_a_page_is_for_pages_if_it_says_nothing() {
    let app = TestApp::new(App::new("crm").mount(contacts())).await;
    let alice = app.user("alice@example.com").await;
    let ui = async |name: &str| listed(&alice, name).await["_meta"]["ui"].clone();
    assert_eq!(ui("save").await, json!({"visibility": ["app"]}));
    assert_eq!(
        ui("show").await,
        json!({"resourceUri": "ui://contacts/list", "visibility": ["model"]})
    );
    assert_eq!(
        alice.call("save", json!({})).await.tool_text(),
        "saved",
        "it is listed, and hosts keep it from the model"
    );
}

#[tokio::test]
async fn a_page_is_found_under_its_new_uri() {
    let app = TestApp::new(
        App::new("crm").mount_as("sales", Toolset::new("all").mount_as("north", contacts())),
    )
    .await;
    let alice = app.user("alice@example.com").await;
    let uri = listed(&alice, "sales_north_show").await["_meta"]["ui"]["resourceUri"].clone();
    assert_eq!(uri, "ui://sales/north/contacts/list");
    let read = alice.read("ui://sales/north/contacts/list").await;
    let contents = &read.result()["contents"][0];
    assert_eq!(
        (&contents["uri"], &contents["mimeType"]),
        (&uri, &json!("text/html;profile=mcp-app"))
    );
    assert_eq!(contents["text"], "<!doctype html>");
    let resources = alice.mcp("resources/list", json!({})).await.result()["resources"].clone();
    assert_eq!(
        (&resources[0]["uri"], &resources[0]["name"]),
        (&uri, &json!("sales_north_list"))
    );
    assert_eq!(
        alice.read("ui://contacts/list").await.json["error"]["data"]["uri"],
        "ui://contacts/list"
    );
}

#[test]
fn the_same_part_twice_is_a_fault_under_any_names() {
    let twice = "shares its address with another";
    let nested = Toolset::new("outer").mount_as("deep", contacts());
    for app in [
        App::new("crm")
            .mount_as("a", contacts())
            .mount_as("b", contacts()),
        App::new("crm").mount(contacts()).mount_as("b", contacts()),
        App::new("crm")
            .mount_as("a", contacts())
            .mount_as("b", nested.clone()),
        App::new("crm")
            .mount(Toolset::new("x").mount_as("a", nested.clone()))
            .mount_as("b", contacts()),
    ] {
        let faults = faults(&app);
        assert!(
            faults
                .iter()
                .any(|fault| fault.contains("save`") && fault.contains(twice)),
            "{faults:?}"
        );
    }
    assert_eq!(
        App::new("crm").mount_as("a", nested).check(),
        Ok(()),
        "once is enough"
    );
    let other = Toolset::new("people").tools([says("save", "saved")]);
    assert_eq!(
        App::new("crm")
            .mount(contacts())
            .mount_as("b", other)
            .check(),
        Ok(()),
        "another part's has its own"
    );
}

#[test]
fn one_name_for_two_tools_is_a_fault() {
    let other = || Toolset::new("people").tools([says("save", "saved")]);
    let used_twice = |app: App| faults(&app).contains(&"tool name `save` is used twice".to_owned());
    assert!(used_twice(App::new("crm").mount(contacts()).mount(other())));
    assert!(used_twice(
        App::new("crm")
            .tools([says("save", "saved")])
            .mount(other())
    ));
    let joined = App::new("crm").mount_as("a", Toolset::new("x").tools([says("b_c", "")]));
    let faults = faults(&joined.mount_as("a_b", Toolset::new("y").tools([says("c", "")])));
    assert_eq!(faults, ["tool name `a_b_c` is used twice"]);
}

#[test]
fn one_uri_for_two_pages_is_a_fault() {
    let other = Toolset::new("people").resources([page("ui://contacts/list", "people")]);
    let faults = faults(&App::new("crm").mount(contacts()).mount(other));
    assert!(
        faults
            .iter()
            .any(|fault| fault.contains("`ui://contacts/list` is there twice")),
        "{faults:?}"
    );
}

#[test]
fn a_page_that_is_not_there_is_a_fault() {
    let part = || Toolset::new("contacts").tools([shows("show", "ui://contacts/list", &json!({}))]);
    let missing = |app: App, name: &str, uri: &str| {
        assert_eq!(
            faults(&app),
            [format!(
                "tool `{name}`: its page `{uri}` is not among the pages (`UiResource`)"
            )]
        );
    };
    missing(App::new("crm").mount(part()), "show", "ui://contacts/list");
    missing(
        App::new("crm").mount_as("sales", part()),
        "sales_show",
        "ui://sales/contacts/list",
    );
    let elsewhere = App::new("crm")
        .resources([page("ui://contacts/list", "list")])
        .mount_as("sales", part());
    missing(elsewhere, "sales_show", "ui://sales/contacts/list");
    missing(
        App::new("crm")
            .mount(contacts())
            .disable("ui://contacts/list"),
        "show",
        "ui://contacts/list",
    );
}

#[test]
fn what_is_wrong_with_a_resource_is_told_wherever_it_is_mounted() {
    let open = || UiResource::html("ui://a/open", "open", "").csp(Csp::default().connect("*"));
    let reaching = || {
        UiResource::html(
            "ui://a/reaching",
            "reaching",
            "<script src='https://cdn.example.com/x.js'></script>",
        )
    };
    let read = |uri: &str| Resource::new(uri, "read", |_| async { Ok("") }).description("Is read.");
    let twice = || {
        [
            read("a://{x}"),
            Resource::new("a://{y}", "other", |_| async { Ok("") }).description("Is read."),
        ]
    };
    for (part, word) in [
        (Toolset::new("a").resources([open()]), "declares `*`"),
        (Toolset::new("a").resources([reaching()]), "cdn.example.com"),
        (
            Toolset::new("a").resources([UiResource::html("https://example.com", "web", "")]),
            "must begin with `ui://`",
        ),
        (
            Toolset::new("a").resources([read("a://{?q}")]),
            "is written `{name}`",
        ),
        (
            Toolset::new("a").resources(twice()),
            "stands for the same as another",
        ),
        (
            Toolset::new("a")
                .resources([read("a://{id}").variables(&json!({"properties": {"other": {}}}))]),
            "`{other}`",
        ),
    ] {
        for app in [
            App::new("x").mount(part.clone()),
            App::new("x").mount_as("deep", part),
        ] {
            let faults = faults(&app);
            assert!(
                faults.len() == 1 && faults[0].contains(word),
                "{word}: {faults:?}"
            );
        }
    }
    let own = App::new("x").resources([open()]);
    assert!(faults(&own)[0].contains("declares `*`"));
}

#[tokio::test]
async fn nothing_is_served_of_an_app_that_can_not_be_put_together() {
    let app = App::new("crm")
        .tools([says("count", "0")])
        .mount_as("a", contacts())
        .mount_as("b", contacts());
    let environment = BTreeMap::from([("HOME".to_owned(), "/nonexistent".to_owned())]);
    let settings = Settings::read(&environment, "crm").expect("valid");
    let refusal = app.build(&settings).await.expect_err("a fault");
    assert!(
        refusal.message().contains("shares its address"),
        "{refusal}"
    );
}

#[tokio::test]
async fn pages_are_spoken_of_only_where_there_is_one() {
    let extensions = async |app: App| {
        let app = TestApp::new(app).await;
        let answer = app
            .user("alice@example.com")
            .await
            .mcp("server/discover", json!({}))
            .await;
        answer.result()["capabilities"]["extensions"].clone()
    };
    let ui = json!({"io.modelcontextprotocol/ui": {}});
    assert_eq!(extensions(App::new("crm").mount(contacts())).await, ui);
    assert_eq!(
        extensions(App::new("crm").mount_as("sales", contacts())).await,
        ui
    );
    assert_eq!(
        extensions(App::new("crm").mount(Toolset::new("x").tools([says("save", "saved")]))).await,
        json!(null)
    );
    assert_eq!(
        extensions(
            App::new("crm")
                .mount(contacts())
                .tools([says("a", "b")])
                .disable("show")
        )
        .await,
        json!(null)
    );
}
