//! Streamable HTTP without sessions, by rmcp's service called directly (MCP, transports).
//!
//! rmcp's defaults are not for Lambda: sessions are off here, plain JSON is on (a call that reports progress still gets a
//! stream), and `Host` and `Origin` are not checked because the router has checked them. The router replaces rmcp's
//! plain-text refusals.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use rmcp::model::{ErrorCode, JsonRpcError};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{McpHttpService, SessionHandler, error, message};

type HttpResponse = Response<BoxBody<Bytes, Infallible>>;

/// The longest answer that may be one of rmcp's own errors, in bytes.
const MAX_ERROR_BYTES: u64 = 1_024;

/// Makes the HTTP service of a server: reads each message's head ([`message::head`]) and passes it to rmcp's
/// [`StreamableHttpService`].
pub(super) fn service<S: SessionHandler>(server: S) -> McpHttpService {
    let service = StreamableHttpService::new(
        move || Ok(server.clone()),
        Arc::new(NeverSessionManager::default()),
        config(),
    );
    Arc::new(move |request: Request<Bytes>| {
        let mut service = service.clone();
        // rmcp makes a child of this token for each request, under the parent's lock. One parent for
        // all would be a lock that all cores share, for a signal that nobody sends.
        service.config.cancellation_token = CancellationToken::new();
        Box::pin(async move {
            if let Err(refusal) = message::head(request.body()) {
                return refuse_malformed(&refusal);
            }
            let body = request.body().clone();
            let answer = service.handle(request.map(Full::new)).await;
            match answer.status() {
                // The router has seen that it is called JSON: rmcp could not read it.
                StatusCode::UNSUPPORTED_MEDIA_TYPE => refuse_malformed(&message::error_for(&body)),
                _ => describe_no_method(answer).await,
            }
        })
    })
}

fn config() -> StreamableHttpServerConfig {
    StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_sse_retry(None)
        .disable_allowed_hosts()
        .disable_allowed_origins()
}

/// Answers a body that is no message of MCP (MCP 2026-07-28, transports, sending messages).
fn refuse_malformed(refusal: &JsonRpcError) -> HttpResponse {
    let mut answer = Response::new(Full::new(Bytes::from(json!(refusal).to_string())).boxed());
    *answer.status_mut() = StatusCode::BAD_REQUEST;
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    answer
}

/// Describes a method that rmcp knows and this server does not offer; rmcp's own message is the bare name.
async fn describe_no_method(answer: HttpResponse) -> HttpResponse {
    if answer
        .body()
        .size_hint()
        .exact()
        .is_none_or(|size| size > MAX_ERROR_BYTES)
    {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    let Ok(body) = body.collect().await;
    let body = body.to_bytes();
    let has_code = body.windows(6).any(|bytes| bytes == b"-32601");
    let error = has_code
        .then(|| serde_json::from_slice::<JsonRpcError>(&body).ok())
        .flatten();
    let body = match error.filter(|refusal| refusal.error.code == ErrorCode::METHOD_NOT_FOUND) {
        Some(refusal) => json!(JsonRpcError::new(
            refusal.id,
            error::describe_no_method(refusal.error)
        ))
        .to_string()
        .into(),
        None => body,
    };
    Response::from_parts(parts, Full::new(body).boxed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_default_that_is_wrong_for_lambda_is_left() {
        let config = config();
        assert!(!config.legacy_session_mode && config.json_response);
        assert!(config.allowed_hosts.is_empty() && config.allowed_origins.is_empty());
        assert!(config.session_store.is_none());
    }
}
