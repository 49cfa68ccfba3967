//! `App::serve_handler`: somebody's rmcp server with our identity, admin and entry points.

use mcp_lambda::testkit::TestApp;
use mcp_lambda::{App, current_user};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::json;

#[derive(Clone, Debug)]
struct Existing;

impl ServerHandler for Existing {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(vec![who(), tool("panic")]))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        Some(who()).filter(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if request.name == "panic" {
            panic!("hunter2");
        }
        let parts = context
            .extensions
            .get::<http::request::Parts>()
            .expect("HTTP");
        assert!(
            !parts.headers.contains_key("authorization"),
            "the token stays outside"
        );
        let user = current_user().expect("a user");
        Ok(CallToolResult::success(vec![ContentBlock::text(user.email().as_str())]).into())
    }
}

fn tool(name: &'static str) -> Tool {
    let schema = json!({"type": "object"})
        .as_object()
        .cloned()
        .unwrap_or_default();
    Tool::new(name, "Says who calls.", std::sync::Arc::new(schema))
}

fn who() -> Tool {
    tool("who").with_annotations(ToolAnnotations::new().read_only(true))
}

async fn server() -> TestApp {
    TestApp::new(App::new("existing").serve_handler(Existing)).await
}

#[tokio::test]
async fn it_knows_its_caller_and_needs_a_token() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    assert_eq!(
        token.call("who", json!({})).await.tool_text(),
        "alice@example.com"
    );
    assert_eq!(
        server
            .with_token("forged")
            .call("who", json!({}))
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    let answer = token.call("panic", json!({})).await;
    assert_eq!(answer.json["error"]["code"], -32_603);
    assert!(!answer.text.contains("hunter2"));
}

#[tokio::test]
async fn the_probe_lists_and_does_not_call() {
    let server = server().await;
    let probe = server.probe();
    assert_eq!(
        probe.mcp("tools/list", json!({})).await.result()["tools"][0]["name"],
        "who"
    );
    assert!(
        probe.call("who", json!({})).await.json["error"]["message"]
            .as_str()
            .expect("refused")
            .contains("probe")
    );
}

#[tokio::test]
async fn a_token_that_only_reads_reaches_what_the_handler_says_to_be_read_only() {
    let server = server().await;
    let token = server
        .user_with(json!({"email": "alice@example.com", "read_only": true}))
        .await;
    let names: Vec<_> = token
        .tools()
        .await
        .into_iter()
        .map(|tool| tool["name"].clone())
        .collect();
    assert_eq!(names, ["who"]);
    assert_eq!(
        token.call("who", json!({})).await.tool_text(),
        "alice@example.com"
    );
    for name in ["panic", "nowhere"] {
        let refused = token.call(name, json!({})).await;
        assert!(refused.text.contains("unknown tool"), "{}", refused.text);
    }
    let custom = token.mcp("custom/thing", json!({})).await;
    assert!(custom.json["error"].is_object(), "{}", custom.text);
}

#[test]
fn an_app_has_either_tools_or_a_handler() {
    let both = App::new("both")
        .tools(mcp_lambda_tests::fixture::tools::tools())
        .serve_handler(Existing);
    assert_eq!(both.check().expect_err("one fault").len(), 1);
}
