//! rmcp and nothing of ours: an echo written by hand, without identity, users, limits or logs. The bench measures ours
//! against it, by both entry points.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use lambda_http::{Body, Request, service_fn};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};

/// Work before each [`Echo`].
pub trait Before: Clone + Send + Sync + 'static {
    /// Does the work.
    fn work(&self) -> impl Future<Output = ()> + Send;
}

/// Does nothing.
impl Before for () {
    async fn work(&self) {}
}

/// One strongly consistent read of the table `users`, by the SDK alone: the least that asking DynamoDB costs.
#[derive(Clone, Debug)]
pub struct OneRead(pub aws_sdk_dynamodb::Client);

impl Before for OneRead {
    async fn work(&self) {
        let key = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
        let request = self.0.get_item().table_name("users").consistent_read(true);
        request
            .key("pk", key("user"))
            .key("sk", key("record"))
            .send()
            .await
            .expect("DynamoDB answers");
    }
}

/// Says what it is told.
#[derive(Clone, Debug)]
pub struct Echo<B> {
    before: B,
}

impl<B: Before> ServerHandler for Echo<B> {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = json!({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]});
        let Value::Object(schema) = schema else {
            return Ok(ListToolsResult::default());
        };
        Ok(ListToolsResult::with_all_items(vec![Tool::new(
            "echo",
            "Says what it is told.",
            Arc::new(schema),
        )]))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.before.work().await;
        let text = request
            .arguments
            .as_ref()
            .and_then(|arguments| arguments.get("text")?.as_str());
        let text = text.ok_or_else(|| ErrorData::invalid_params("`text` is missing", None))?;
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

/// The echo as a service of HTTP, with rmcp set as ours is: no sessions, plain JSON.
#[must_use]
pub fn service<B: Before>(before: B) -> StreamableHttpService<Echo<B>, NeverSessionManager> {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_sse_retry(None)
        .disable_allowed_hosts()
        .disable_allowed_origins();
    StreamableHttpService::new(
        move || {
            Ok(Echo {
                before: before.clone(),
            })
        },
        Arc::new(NeverSessionManager::default()),
        config,
    )
}

/// The echo on `lambda_http`, until the environment ends.
///
/// # Errors
/// If the Runtime API can't be reached.
pub async fn on_lambda<B: Before>(before: B) -> Result<(), lambda_http::Error> {
    let service = service(before);
    let answer = move |request: Request| {
        let service = service.clone();
        async move {
            let request = request.map(|body| Full::new(Bytes::copy_from_slice(body.as_ref())));
            let (parts, body) = service.handle(request).await.into_parts();
            let Ok(body) = body.collect().await;
            let text = String::from_utf8(body.to_bytes().to_vec()).unwrap_or_default();
            Ok::<_, Infallible>(http::Response::from_parts(parts, Body::from(text)))
        }
    };
    lambda_http::run(service_fn(answer)).await
}
