//! Streamable HTTP, statelessly, by rmcp's service called directly.
//!
//! rmcp's defaults are not for Lambda: sessions are off here, plain JSON is on (a call that reports progress still gets a
//! stream), and `Host` and `Origin` are not checked because the router has checked them.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::json;

use super::{Endpoint, Seated, message};

type Answer = Response<BoxBody<Bytes, Infallible>>;

/// The endpoint of a server.
pub(super) fn endpoint<S: Seated>(server: S) -> Endpoint {
    let service =
        StreamableHttpService::new(move || Ok(server.clone()), Arc::new(NeverSessionManager::default()), config());
    Arc::new(move |request: Request<Bytes>| {
        let service = service.clone();
        Box::pin(async move {
            let body = request.body().clone();
            let answer = service.handle(request.map(Full::new)).await;
            if answer.status().is_success() { answer } else { mend(answer, &body).await }
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

/// rmcp refuses some requests in plain text; ours are JSON, and malformed messages are JSON-RPC errors (MCP 2026-07-28,
/// basic: an unreadable request has no id to answer to).
async fn mend(answer: Answer, request: &Bytes) -> Answer {
    if answer.headers().get(header::CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"application/json"))
    {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let Ok(text) = body.collect().await;
    let said = String::from_utf8_lossy(&text.to_bytes()).into_owned();
    let body = match parts.status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE if said.contains("deserialize") => {
            parts.status = StatusCode::BAD_REQUEST;
            json!(message::unfit(request))
        }
        status => json!({ "error": said, "code": word(status) }),
    };
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Full::new(Bytes::from(body.to_string())).boxed())
}

fn word(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_ACCEPTABLE => "not_acceptable",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        status if status.is_server_error() => "internal",
        _ => "invalid",
    }
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
