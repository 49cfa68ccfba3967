//! Parts without a server: what mounting makes of names, URIs, addresses and visibilities.

use serde_json::json;

use super::*;
use crate::middleware::laws;
use crate::provider::{Catalog, SharedProvider};
use crate::resource::{ResourceContents, UiResource};
use crate::tool::{Outcome, Tools};

fn tool(name: &str) -> Tool {
    Tool::raw(name, json!({"type": "object"}), |_| async {
        Ok(Outcome::text("done"))
    })
    .description("Does something.")
}

fn page() -> UiResource {
    UiResource::html("ui://contacts/list", "list", "<!doctype html>")
}

/// A part with one of each kind.
fn contacts() -> Toolset {
    let prompt = Prompt::new("introduce", |_| async { Ok("hello") }).description("Introduces.");
    let card = Resource::from_contents("contact://{id}", "card", ResourceContents::text("Ada"))
        .description("A contact.");
    Toolset::new("contacts")
        .tools([tool("show").ui("ui://contacts/list"), tool("save")])
        .prompts([prompt])
        .resources([page()])
        .resources([card])
}

fn outline(part: Toolset) -> Vec<(String, Option<&'static [&'static str]>, String)> {
    let tools = part.into_members().tools;
    let outlined = |tool: &Tool| {
        let tool = tool.definition();
        let origin = tool.origin.as_ref().expect("every tool has a origin");
        (
            tool.name.clone(),
            tool.visibility.map(Visibility::values),
            origin.address.clone(),
        )
    };
    tools.iter().map(outlined).collect()
}

#[test]
fn addresses_are_those_of_the_vectors() {
    assert_eq!(address("contacts", "save"), "10c0803009ff_save");
    assert_eq!(address("crm", "save_contact"), "b250fa55f537_save_contact");
    assert_ne!(
        address("ab", "c"),
        address("a", "bc"),
        "the parts of an address can't run together"
    );
}

#[test]
fn a_part_is_flattened_under_its_own_names() {
    let listed = outline(
        Toolset::new("desk")
            .tools([tool("count")])
            .mount(contacts()),
    );
    let expected = [
        ("count", None, address("desk", "count")),
        ("show", Some(&["model"][..]), address("contacts", "show")),
        ("save", Some(&["app"][..]), "10c0803009ff_save".to_owned()),
    ];
    assert_eq!(
        listed,
        expected.map(|(name, words, address)| (name.to_owned(), words, address))
    );
}

#[test]
fn names_and_uris_are_put_under_each_namespace_and_addresses_are_not() {
    let b = Toolset::new("b").mount_as("a", contacts());
    let contents = Toolset::new("root")
        .mount_as("c", Toolset::new("c").mount_as("b", b))
        .into_members();
    let tools: Vec<_> = contents
        .tools
        .iter()
        .map(|tool| tool.definition().name.as_str())
        .collect();
    assert_eq!(tools, ["c_b_a_show", "c_b_a_save"]);
    assert_eq!(
        contents.tools[0].definition().ui.as_deref(),
        Some("ui://c/b/a/contacts/list")
    );
    let origin = contents.tools[1]
        .definition()
        .origin
        .clone()
        .expect("a origin");
    assert_eq!(
        (
            origin.toolset.as_str(),
            origin.tool.as_str(),
            origin.address.as_str()
        ),
        ("contacts", "save", "10c0803009ff_save")
    );
    assert_eq!(contents.prompts[0].definition().name, "c_b_a_introduce");
    let resources: Vec<_> = contents
        .resources
        .iter()
        .map(|resource| resource.definition())
        .collect();
    assert_eq!(
        (resources[0].name.as_str(), resources[0].uri.as_str()),
        ("c_b_a_list", "ui://c/b/a/contacts/list")
    );
    assert_eq!(
        (resources[1].name.as_str(), resources[1].uri.as_str()),
        ("c_b_a_card", "contact://c/b/a/{id}")
    );
    let card = resources[1].template.as_ref().expect("still a template");
    assert_eq!(
        card.variables("contact://c/b/a/7")
            .map(serde_json::Value::Object),
        Some(json!({"id": "7"}))
    );
}

#[tokio::test]
async fn the_rules_of_toolsets_keep_the_laws_of_a_middleware() {
    let tools = Toolset::new("desk").mount(contacts()).into_tools();
    let tools: SharedProvider<Tools> = Arc::new(Catalog::new(tools).expect("well made"));
    laws::all(Arc::new(PageAddresses::new(&tools))).await;
    laws::all(Arc::new(ToolsetLayers)).await;
}

#[test]
fn a_tool_that_says_who_may_call_it_is_left_alone() {
    let part = Toolset::new("part").tools([
        tool("both").visibility(Visibility::Both),
        tool("model").visibility(Visibility::Model),
        tool("refresh")
            .ui("ui://contacts/list")
            .visibility(Visibility::App),
    ]);
    let listed = outline(Toolset::new("app").mount(part));
    let words: Vec<_> = listed
        .into_iter()
        .map(|(_, words, _)| words.expect("said"))
        .collect();
    assert_eq!(words, [&["model", "app"][..], &["model"], &["app"]]);
}

#[test]
fn mounting_copies_and_changes_nothing() {
    let part = contacts();
    let before = outline(part.clone());
    let mounted = outline(
        Toolset::new("desk")
            .mount_as("sales", part.clone())
            .mount_as("service", part.clone()),
    );
    assert_eq!(mounted.len(), 2 * before.len());
    assert_eq!(outline(part), before, "the part itself is as it was");
}

#[test]
fn problems_of_parts_come_up_from_wherever_they_are_mounted() {
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Order {
        name: String,
        tags: Vec<String>,
    }
    let problems = |part| {
        Toolset::new("shop")
            .mount_as("front", part)
            .into_members()
            .problems
    };
    let strange =
        "form `order`: its field `tags` is neither text, nor a number, a boolean or a choice";
    assert_eq!(
        problems(form_toolset::<Order>("order", "An order")),
        [strange]
    );
    assert_eq!(
        problems(Toolset::new("deep").mount(form_toolset::<Order>("order", "An order"))),
        [strange]
    );
    assert_eq!(
        problems(form_toolset::<String>("order", "An order")),
        ["form `order` has no fields"]
    );
    assert_eq!(problems(approval()), Vec::<String>::new());
}
