//! `App::serve_handler`: somebody's rmcp server with our identity, admin and entry points.

use mcp_lambda::middleware::Middleware;
use mcp_lambda::provider::DefinitionView;
use mcp_lambda::testkit::TestApp;
use mcp_lambda::user::Caller;
use mcp_lambda::{App, current_user};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
    CompletionInfo, ContentBlock, GetPromptRequestParams, GetPromptResponse, GetPromptResult,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, Prompt, PromptMessage, ReadResourceRequestParams, ReadResourceResponse,
    ReadResourceResult, Resource, ResourceContents, ResourceTemplate, Role, ServerCapabilities,
    ServerConfig, SubscribeRequestParams, Tool, ToolAnnotations,
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

/// A handler with one thing of each kind, which answers with so many bytes.
#[derive(Clone, Debug)]
struct Sized {
    bytes: usize,
}

impl Sized {
    fn text(&self) -> String {
        "x".repeat(self.bytes)
    }
}

impl ServerHandler for Sized {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder();
        let capabilities = capabilities
            .enable_tools()
            .enable_prompts()
            .enable_resources();
        ServerConfig::new(capabilities.enable_completions().build())
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        Some(routed()).filter(|tool| tool.name == name)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut tool = routed();
        tool.description = Some(self.text().into());
        Ok(ListToolsResult::with_all_items(vec![tool]))
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let prompt = Prompt::new("greet", Some(self.text()), None);
        Ok(ListPromptsResult::with_all_items(vec![prompt]))
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let resource = Resource::new("own://page", "page").with_description(self.text());
        Ok(ListResourcesResult::with_all_items(vec![resource]))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let template = ResourceTemplate::new("own://{page}", "pages");
        Ok(ListResourceTemplatesResult::with_all_items(vec![template]))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let fails = request
            .arguments
            .is_some_and(|arguments| arguments.contains_key("fails"));
        if fails {
            return Err(ErrorData::internal_error(self.text(), None));
        }
        Ok(CallToolResult::success(vec![ContentBlock::text(self.text())]).into())
    }

    async fn get_prompt(
        &self,
        _: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let message = PromptMessage::new_text(Role::User, self.text());
        Ok(GetPromptResult::new(vec![message]).into())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let contents = ResourceContents::text(self.text(), request.uri);
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let values = CompletionInfo::new(vec![self.text()]).expect("not too many");
        Ok(CompleteResult::new(values))
    }

    async fn subscribe(
        &self,
        _: SubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }
}

fn routed() -> Tool {
    let schema = json!({"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}});
    let schema = schema.as_object().cloned().unwrap_or_default();
    Tool::new(
        "routed",
        "Goes where its header says.",
        std::sync::Arc::new(schema),
    )
}

/// A request for each of the things that [`Sized`] has.
fn requests() -> Vec<(&'static str, serde_json::Value)> {
    let argument = json!({"name": "a", "value": ""});
    vec![
        ("tools/call", json!({"name": "routed", "arguments": {}})),
        ("prompts/get", json!({"name": "greet"})),
        ("resources/read", json!({"uri": "own://page"})),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/prompt", "name": "greet"}, "argument": argument}),
        ),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/resource", "uri": "own://{page}"}, "argument": argument}),
        ),
    ]
}

#[tokio::test]
async fn answers_and_lists_of_a_handler_are_bounded_as_an_apps_own() {
    let app = |bytes| App::new("sized").serve_handler(Sized { bytes });
    let floods = TestApp::new(app(4_000_001)).await;
    let fits = TestApp::new(app(3_900_000)).await;
    let alice = floods.user("alice@example.com").await;
    let same = fits.user("alice@example.com").await;
    let lists = ["tools/list", "prompts/list", "resources/list"].map(|list| (list, json!({})));
    let fails = (
        "tools/call",
        json!({"name": "routed", "arguments": {"fails": true}}),
    );
    for (method, params) in requests().into_iter().chain(lists) {
        let refused = alice.mcp(method, params.clone()).await;
        assert!(
            refused.text.len() < 1_000,
            "{method}: {} bytes",
            refused.text.len()
        );
        let message = refused.json["error"]["message"]
            .as_str()
            .unwrap_or_default();
        assert!(
            message.contains("at most 4000000 can be sent"),
            "{method}: {message}"
        );
        let answer = same.mcp(method, params).await;
        assert!(answer.result().is_object(), "{method}");
    }
    let refused = alice.mcp(fails.0, fails.1).await;
    assert!(refused.text.len() < 1_000, "an error may be long too");
}

/// Hides everything that [`Sized`] has from everyone but Alice.
#[derive(Debug)]
struct AlicesOwn;

impl Middleware for AlicesOwn {
    fn visible(&self, caller: &Caller, definition: &DefinitionView<'_>) -> bool {
        let is_alice = caller
            .email()
            .is_some_and(|email| email.as_str().starts_with("alice@"));
        let hidden = ["routed", "greet", "own://page", "own://{page}"];
        is_alice || !hidden.contains(&definition.key())
    }
}

#[tokio::test]
async fn what_a_layer_hides_of_a_handler_is_unknown_by_every_request_and_in_no_list() {
    let app = App::new("sized")
        .serve_handler(Sized { bytes: 3 })
        .layer(AlicesOwn);
    let server = TestApp::new(app).await;
    let alice = server.user("alice@example.com").await;
    let bob = server.user("bob@example.com").await;
    for (method, params) in requests() {
        assert!(
            alice.mcp(method, params.clone()).await.result().is_object(),
            "{method}"
        );
        let hidden = bob.mcp(method, params).await;
        let message = hidden.json["error"]["message"].as_str().unwrap_or_default();
        assert!(message.starts_with("unknown "), "{method}: {}", hidden.text);
    }
    let call = json!({"name": "routed", "arguments": {"region": "north"}});
    assert_eq!(
        alice.mcp("tools/call", call.clone()).await.error_code(),
        -32_020
    );
    let hidden = bob.mcp("tools/call", call).await;
    assert_eq!(hidden.json["error"]["message"], "unknown tool `routed`");
    let subscribe = json!({"jsonrpc": "2.0", "id": 1, "method": "resources/subscribe", "params": {"uri": "own://page"}});
    assert!(alice.older(&subscribe).await.json["result"].is_object());
    let hidden = bob.older(&subscribe).await;
    assert_eq!(
        hidden.json["error"]["message"],
        "unknown resource `own://page`"
    );
    for (method, list) in [
        ("tools/list", "tools"),
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
    ] {
        let listed = async |client: &mcp_lambda::testkit::Client<'_>| {
            let answer = client.mcp(method, json!({})).await;
            answer.result()[list].as_array().map(Vec::len)
        };
        assert_eq!(
            (listed(&alice).await, listed(&bob).await),
            (Some(1), Some(0)),
            "{method}"
        );
    }
}

#[test]
fn an_app_has_either_tools_or_a_handler() {
    let both = App::new("both")
        .tools(mcp_lambda_tests::fixture::tools::tools())
        .serve_handler(Existing);
    assert_eq!(both.check().expect_err("one fault").len(), 1);
}
