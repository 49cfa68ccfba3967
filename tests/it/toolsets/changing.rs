//! A toolset from a provider whose contents change: its pages call its tools, and its arguments are repeated in headers, as
//! those of a mounted one.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mcp_lambda::prelude::*;
use mcp_lambda::provider::{Catalog, Listing, Provider, Resolved, laws};
use mcp_lambda::testkit::{TestApp, TestResponse, mcp_request};
use mcp_lambda::tool::Tools;
use mcp_lambda::toolsets::address;
use mcp_lambda::user::Caller;
use serde_json::{Value, json};

use super::{listed, page, says};

/// The tools of a toolset that is put in place of another while the server runs.
#[derive(Clone, Debug)]
struct Changing {
    catalog: Arc<Mutex<Arc<Catalog<Tools>>>>,
}

impl Changing {
    fn new(toolset: Toolset) -> Self {
        Self {
            catalog: Arc::new(Mutex::new(catalog(toolset))),
        }
    }

    fn change(&self, toolset: Toolset) {
        *self.catalog.lock().expect("unpoisoned") = catalog(toolset);
    }

    fn now(&self) -> Arc<Catalog<Tools>> {
        Arc::clone(&self.catalog.lock().expect("unpoisoned"))
    }
}

fn catalog(toolset: Toolset) -> Arc<Catalog<Tools>> {
    Arc::new(Catalog::new(toolset.into_tools()).expect("well made"))
}

#[async_trait]
impl Provider<Tools> for Changing {
    async fn list(&self, caller: &Caller) -> Result<Listing<Tools>> {
        self.now().list(caller).await
    }

    async fn resolve(&self, caller: &Caller, name: &str) -> Result<Option<Resolved<Tools>>> {
        self.now().resolve(caller, name).await
    }
}

/// A tool with a page that tells the page which tool to save with.
fn show(saves_with: &'static str) -> Tool {
    let show = Tool::raw("show", json!({"type": "object"}), move |call| async move {
        let save = call.context().address(saves_with)?;
        Ok(Outcome::data(json!({ "save": save })))
    });
    show.description("Shows a form.").ui("ui://form/page")
}

fn form(saves_with: &'static str) -> Toolset {
    Toolset::new("form").tools([show(saves_with), says(saves_with, "saved")])
}

fn app(provider: Changing) -> App {
    let fixed = Toolset::new("contacts").tools([says("save_contact", "saved")]);
    App::new("desk")
        .mount(fixed)
        .resources([page("ui://form/page", "form")])
        .provider(provider)
}

#[tokio::test]
async fn a_page_calls_the_tools_of_its_toolset_as_they_are_now() {
    let provider = Changing::new(form("save"));
    let app = TestApp::new(app(provider.clone())).await;
    let alice = app.user("alice@example.com").await;
    for name in ["save", "store"] {
        provider.change(form(name));
        assert_eq!(alice.call("show", json!({})).await.data()["save"], name);
        let called = alice.call(&address("form", name), json!({})).await;
        assert_eq!(called.tool_text(), "saved");
        let ui = &listed(&alice, name).await["_meta"]["ui"];
        assert_eq!(*ui, json!({"visibility": ["app"]}));
    }
    provider.change(Toolset::new("form").tools([show("save")]));
    let dead = alice.call("show", json!({})).await;
    assert!(dead.tool_text().contains("no tool `save`"), "{}", dead.text);
}

#[tokio::test]
async fn a_provider_of_a_toolset_keeps_the_laws() {
    let alice = Caller::user(
        "alice@example.com".parse().expect("valid"),
        mcp_lambda::user::Scopes::All,
        None,
    );
    laws::all(&Changing::new(form("save")), &Arc::new(alice)).await;
}

async fn send(app: &TestApp, token: &str, region: Option<&'static str>) -> TestResponse {
    let params = json!({"name": "route", "arguments": {"region": "north"}});
    let mut request = mcp_request(Some(token), &json!({}), "tools/call", params);
    if let Some(region) = region {
        let value = region.parse().expect("valid");
        request.headers_mut().insert("mcp-param-region", value);
    }
    app.send(request).await
}

#[tokio::test]
async fn its_arguments_are_compared_with_their_headers() {
    let region: Value = json!({"type": "string", "x-mcp-header": "Region"});
    let schema = json!({"type": "object", "properties": {"region": region}});
    let route = Tool::raw("route", schema, |call| async move {
        Ok(Outcome::text(call.arguments()["region"].to_string()))
    });
    let route = route.description("Routes.");
    let app = TestApp::new(app(Changing::new(Toolset::new("net").tools([route])))).await;
    let alice = app.user("alice@example.com").await;
    let told = send(&app, alice.token(), Some("north")).await;
    assert_eq!(told.tool_text(), "\"north\"");
    for region in [None, Some("south")] {
        let refused = send(&app, alice.token(), region).await;
        assert_eq!((refused.status, refused.error_code()), (400, -32_020));
    }
}
