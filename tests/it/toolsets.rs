//! Parts and their pages, as a client meets them: what is composed, what leads nowhere, what leaves under which name, and
//! the parts that are ready.

mod changing;
mod composition;
mod layers;
mod questions;
mod references;
mod unknown;

use mcp_lambda::prelude::*;
use mcp_lambda::testkit::Client;
use serde_json::{Value, json};

/// A tool that says this.
fn says(name: &str, text: &'static str) -> Tool {
    Tool::raw(name, json!({"type": "object"}), move |_| async move {
        Ok(Outcome::text(text))
    })
    .description("Says something.")
}

/// A tool with a page that answers with this.
fn shows(name: &str, uri: &str, data: &Value) -> Tool {
    let data = data.clone();
    let answer = move |_| std::future::ready(Ok(Outcome::data(data.clone())));
    Tool::raw(name, json!({"type": "object"}), answer)
        .description("Shows something.")
        .ui(uri)
}

fn page(uri: &str, name: &str) -> UiResource {
    UiResource::html(uri, name, "<!doctype html>")
}

/// A tool as it is listed.
async fn listed(client: &Client<'_>, name: &str) -> Value {
    let tools = client.tools().await;
    tools
        .into_iter()
        .find(|tool| tool["name"] == name)
        .unwrap_or_else(|| panic!("no tool `{name}`"))
}

/// The faults of an app, of which there must be some.
fn faults(app: &App) -> Vec<String> {
    app.check().expect_err("it has a fault")
}
