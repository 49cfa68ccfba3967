//! `tools/list`: what an author wrote, as a model reads it.

use mcp_lambda::testkit::Client;
use mcp_lambda_tests::client::server;
use serde_json::{Value, json};

async fn tool(client: &Client<'_>, name: &str) -> Value {
    let answer = client.mcp("tools/list", json!({})).await;
    let tools = answer.result()["tools"].as_array().expect("tools").clone();
    tools
        .into_iter()
        .find(|tool| tool["name"] == name)
        .unwrap_or_else(|| panic!("no tool `{name}`"))
}

#[tokio::test]
async fn public_functions_and_methods_are_tools_in_order_of_name() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    let answer = token.mcp("tools/list", json!({})).await;
    let names: Vec<_> = answer.result()["tools"]
        .as_array()
        .expect("tools")
        .iter()
        .map(|tool| tool["name"].clone())
        .collect();
    let expected = [
        "add",
        "fails",
        "floods",
        "greet",
        "keep",
        "paint",
        "panics",
        "picture",
        "raw",
        "recall",
        "scoped",
        "sleeps",
        "time_left",
        "whoami",
    ];
    assert_eq!(names, expected);
    assert_eq!(answer.result()["cacheScope"], "private");
}

#[tokio::test]
async fn a_signature_becomes_a_definition() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    let add = tool(&token, "add").await;
    assert_eq!(
        (&add["description"], &add["title"]),
        (&json!("Adds two numbers."), &json!("Add"))
    );
    assert_eq!(
        add["annotations"],
        json!({"readOnlyHint": true, "idempotentHint": true})
    );
    let schema = &add["inputSchema"];
    assert_eq!(
        (
            &schema["type"],
            &schema["required"],
            schema.get("additionalProperties")
        ),
        (&json!("object"), &json!(["left"]), None)
    );
    assert_eq!(
        schema["properties"]["left"]["description"],
        "The first number."
    );
    assert_eq!(schema["properties"]["right"]["default"], 0);
    assert_eq!(add["outputSchema"]["properties"]["sum"]["type"], "integer");
}

#[tokio::test]
async fn extractors_are_no_arguments_and_text_has_no_output_schema() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    for name in ["whoami", "paint", "recall", "time_left"] {
        assert_eq!(
            tool(&token, name).await["inputSchema"]["properties"],
            json!({}),
            "{name}"
        );
    }
    assert_eq!(tool(&token, "whoami").await.get("outputSchema"), None);
    assert_eq!(
        tool(&token, "recall").await["outputSchema"]["required"],
        json!(["result"])
    );
}

#[tokio::test]
async fn a_raw_schema_is_untouched() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    let expected = json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": {"any": {"$anchor": "x"}}});
    assert_eq!(tool(&token, "raw").await["inputSchema"], expected);
}

#[tokio::test]
async fn a_cursor_is_refused_because_there_is_one_page() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    let answer = token.mcp("tools/list", json!({"cursor": "made-up"})).await;
    assert_eq!(answer.json["error"]["code"], -32_602);
}

#[tokio::test]
async fn the_probe_sees_every_tool() {
    let server = server().await;
    let answer = server.probe().mcp("tools/list", json!({})).await;
    assert_eq!(
        answer.result()["tools"].as_array().expect("tools").len(),
        14
    );
}
