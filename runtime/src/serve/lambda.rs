//! The Lambda door: function URLs, HTTP APIs, load balancers, and their streamed and buffered answers.
//!
//! A handler never fails: an error would be a 502 without a body. Nothing may be left running after the answer: the
//! environment freezes.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Context, Request, RequestExt, service_fn};
use tokio::time::Instant;

use crate::call::Deadline;
use crate::clock::{Clock, SystemClock};
use crate::config::{Environment, ProcessEnvironment, ResponseMode};
use crate::error::{Error, Result};
use crate::http::Router;

/// What is kept of Lambda's own time to word an answer. The clock tells whole seconds, so half a second at least is left.
const MARGIN: Duration = Duration::from_millis(1_500);

/// The most a buffered answer may have (Lambda quotas: 6 MB), less what its envelope needs.
const MAX_BUFFERED_BYTES: usize = 5_500_000;

/// How often one environment asks again, without an invocation in between, after the Runtime API hung up. Then it ends, and
/// Lambda starts another.
const RECONNECTS: usize = 3;

/// How many invocations one environment runs at a time.
pub(super) fn concurrency() -> u32 {
    ProcessEnvironment.get("AWS_LAMBDA_MAX_CONCURRENCY").and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Answers invocations until the environment ends.
pub(super) async fn serve(router: Router, mode: ResponseMode) -> Result<()> {
    let (router, invoked) = (Arc::new(router), Arc::new(AtomicBool::new(false)));
    let answer = {
        let invoked = Arc::clone(&invoked);
        move |request| {
            invoked.store(true, Ordering::Relaxed);
            let router = Arc::clone(&router);
            async move { router.handle(timed(without_stage(request))).await }
        }
    };
    match mode {
        ResponseMode::Stream => {
            let streamed = move |request| {
                let answered = answer(request);
                async move { Ok::<_, Infallible>(never_empty(answered.await)) }
            };
            again(&invoked, || lambda_http::run_with_streaming_response_concurrent(service_fn(streamed.clone()))).await
        }
        ResponseMode::Buffered => {
            let whole = move |request| {
                let answered = answer(request);
                async move { Ok::<_, Infallible>(buffered(answered.await).await) }
            };
            again(&invoked, || lambda_http::run_concurrent(service_fn(whole.clone()))).await
        }
    }
}

/// Asks for invocations again when the Runtime API hangs up between two of them, or amid an answer that nobody waits for
/// any more: what waits there would wait for ever.
async fn again<F: Future<Output = std::result::Result<(), lambda_http::Error>>>(
    invoked: &AtomicBool,
    run: impl Fn() -> F,
) -> Result<()> {
    let mut tries = 0..RECONNECTS;
    loop {
        let Err(error) = run().await else { return Ok(()) };
        if invoked.swap(false, Ordering::Relaxed) {
            tries = 0..RECONNECTS;
        }
        if tries.next().is_none() {
            return Err(Error::unavailable("the Lambda runtime API can't be reached").with_source(error));
        }
        tracing::warn!(cause = %error, "the Lambda runtime API hung up; asking again");
    }
}

/// An API's named stage stands before the path; the routes know nothing of it.
fn without_stage(mut request: Request) -> Request {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else { return request };
    let stage = context.stage.as_deref().filter(|stage| *stage != "$default").map(|stage| format!("/{stage}"));
    let Some(path) = stage.and_then(|stage| request.uri().path().strip_prefix(&stage).map(str::to_owned)) else {
        return request;
    };
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let bare = format!("/{}{query}", path.trim_start_matches('/'));
    if let Ok(uri) = bare.parse() {
        *request.uri_mut() = uri;
    }
    request
}

/// Puts Lambda's deadline beside the request. One that has passed before the call began tells nothing: the emulator of
/// `cargo lambda watch` sends a constant.
fn timed(mut request: Request) -> Request {
    let now = Duration::from_secs(SystemClock.now());
    let deadline = request.lambda_context_ref().map(|context: &Context| Duration::from_millis(context.deadline));
    if let Some(left) = deadline.and_then(|deadline| deadline.checked_sub(now)) {
        request.extensions_mut().insert(Deadline(Instant::now() + left.saturating_sub(MARGIN)));
    }
    request
}

/// A streamed answer without a byte hangs behind API Gateway until its time-out; a line's end is no content to anyone.
fn never_empty(response: crate::http::Response) -> crate::http::Response {
    if response.body().size_hint().exact() == Some(0) {
        response.map(|_| Full::new(Bytes::from_static(b"\n")).boxed())
    } else {
        response
    }
}

async fn buffered(response: crate::http::Response) -> Response<Body> {
    let (parts, body) = response.into_parts();
    let Ok(collected) = body.collect().await;
    let bytes = collected.to_bytes();
    if bytes.len() > MAX_BUFFERED_BYTES {
        return too_large(bytes.len());
    }
    let body = match String::from_utf8(bytes.to_vec()) {
        Ok(text) if text.is_empty() => Body::Empty,
        Ok(text) => Body::Text(text),
        Err(error) => Body::Binary(error.into_bytes()),
    };
    Response::from_parts(parts, body)
}

fn too_large(size: usize) -> Response<Body> {
    let message =
        format!("the answer has {size} bytes, and Lambda sends at most {MAX_BUFFERED_BYTES} at once; ask for less");
    let error = serde_json::json!({ "error": message, "code": "too_large" });
    let mut response = Response::new(Body::Text(error.to_string()));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_empty_answer_is_sent_with_one_byte() {
        let empty = never_empty(Response::new(Full::default().boxed()));
        let Ok(body) = empty.into_body().collect().await;
        assert_eq!(body.to_bytes(), "\n");
        let full = never_empty(Response::new(Full::new(Bytes::from_static(b"{}")).boxed()));
        let Ok(body) = full.into_body().collect().await;
        assert_eq!(body.to_bytes(), "{}");
    }

    #[tokio::test]
    async fn an_answer_that_lambda_would_drop_is_refused_in_words() {
        let body = Full::new(Bytes::from(vec![b'x'; MAX_BUFFERED_BYTES + 1])).boxed();
        let response = buffered(Response::new(body)).await;
        assert_eq!(response.status(), 500);
        assert!(matches!(response.body(), Body::Text(text) if text.contains("too_large")));
    }
}
