//! Layers of toolsets, as a client meets them: what they hold for, and in which order.

use async_trait::async_trait;
use mcp_lambda::call::Call;
use mcp_lambda::middleware::{Middleware, Next, from_fn};
use mcp_lambda::prelude::*;
use mcp_lambda::provider::{DefinitionView, Reply};
use mcp_lambda::testkit::TestApp;
use mcp_lambda::user::Caller;
use serde_json::json;

use super::says;

/// A layer that writes its name behind what a tool says.
#[derive(Debug)]
struct Sign(&'static str);

#[async_trait]
impl Middleware for Sign {
    fn depends_on_caller(&self, _: &DefinitionView<'_>) -> bool {
        false
    }

    async fn call(&self, call: Call, next: Next) -> Result<Reply> {
        let mut reply = next.run(call).await?;
        if let Some(outcome) = reply.downcast_mut::<Outcome>() {
            outcome.content.push(Content::text(self.0));
        }
        Ok(reply)
    }
}

/// A layer that hides everything from everybody but Alice.
#[derive(Debug)]
struct AliceAlone;

impl Middleware for AliceAlone {
    fn visible(&self, caller: &Caller, _: &DefinitionView<'_>) -> bool {
        let email = caller.email().map(Email::as_str);
        email == Some("alice@example.com")
    }
}

fn prompt(name: &str) -> Prompt {
    Prompt::new(name, |_| async { Ok("hello") }).description("Greets.")
}

fn resource(uri: &str, name: &str) -> Resource {
    Resource::new(uri, name, |_| async { Ok("text") }).description("Is read.")
}

async fn signatures(app: &TestApp, tool: &str) -> Vec<String> {
    let alice = app.user("alice@example.com").await;
    let answer = alice.call(tool, json!({})).await;
    let content = answer.result()["content"].as_array().expect("a list");
    let texts = content.iter().map(|one| one["text"].as_str());
    texts.map(|text| text.expect("text").to_owned()).collect()
}

#[tokio::test]
async fn layers_run_from_the_outside_in_and_around_members_alone() {
    let inner = Toolset::new("inner")
        .tools([says("deep", "deep")])
        .layer(Sign("inner"));
    let outer = Toolset::new("outer")
        .tools([says("near", "near")])
        .mount_as("in", inner)
        .layer(Sign("outer"))
        .layer(Sign("second"));
    let app = App::new("desk")
        .tools([says("own", "own")])
        .mount_as("out", outer)
        .layer(Sign("app"));
    for (tool, signed) in [
        ("own", vec!["own", "app"]),
        ("out_near", vec!["near", "second", "outer", "app"]),
        (
            "out_in_deep",
            vec!["deep", "inner", "second", "outer", "app"],
        ),
    ] {
        let app = TestApp::new(app.clone()).await;
        assert_eq!(signatures(&app, tool).await, signed);
    }
}

#[tokio::test]
async fn what_a_layer_hides_is_neither_listed_nor_found() {
    let hidden = Toolset::new("hidden")
        .tools([says("secret", "told")])
        .prompts([prompt("whisper")])
        .resources([resource("note://{id}", "note")])
        .layer(AliceAlone);
    let open = says("open", "told");
    let app = App::new("desk").tools([open]).mount(hidden);
    let app = TestApp::new(app.prompts([prompt("greet")])).await;
    let (alice, bob) = (
        app.user("alice@example.com").await,
        app.user("bob@example.com").await,
    );
    assert_eq!((alice.tools().await.len(), bob.tools().await.len()), (2, 1));
    assert_eq!(alice.call("secret", json!({})).await.tool_text(), "told");
    assert_eq!(bob.call("open", json!({})).await.tool_text(), "told");
    let refused = bob.call("secret", json!({})).await;
    let unknown = bob.call("no_such_tool", json!({})).await;
    assert_eq!(
        (refused.status, refused.error_code()),
        (unknown.status, unknown.error_code())
    );
    let prompts = bob.mcp("prompts/list", json!({})).await;
    assert_eq!(
        prompts.result()["prompts"].as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(prompts.result()["cacheScope"], "private");
    assert_eq!(
        alice.read("note://7").await.result()["contents"][0]["text"],
        "text"
    );
    assert!(bob.read("note://7").await.json["error"].is_object());
    let whisper = json!({"name": "whisper"});
    alice.mcp("prompts/get", whisper.clone()).await.result();
    let refused = bob.mcp("prompts/get", whisper).await;
    assert!(refused.json["error"].is_object());
}

#[tokio::test]
async fn a_list_without_layers_stays_public() {
    let signed = Toolset::new("signed")
        .prompts([prompt("greet")])
        .layer(Sign("seen"));
    let app = TestApp::new(App::new("desk").mount(signed)).await;
    let alice = app.user("alice@example.com").await;
    let prompts = alice.mcp("prompts/list", json!({})).await;
    assert_eq!(prompts.result()["cacheScope"], "public");
}

#[tokio::test]
async fn a_toolset_mounted_twice_is_closed_once() {
    let shop = |name: &str| Toolset::new(name).tools([says("order", "done")]);
    let closed = from_fn(async |_: Call, _: Next| Err(Error::unavailable("the shop is closed")));
    let app = App::new("desk")
        .mount_as("a", shop("one").layer(closed))
        .mount_as("b", shop("two"));
    let app = TestApp::new(app).await;
    let alice = app.user("alice@example.com").await;
    let order = async |name: &str| alice.call(name, json!({})).await.tool_text().to_owned();
    assert_eq!(order("a_order").await, "the shop is closed");
    assert_eq!(order("b_order").await, "done");
}
