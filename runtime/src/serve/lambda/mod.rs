//! The Lambda entry point: events of function URLs, API Gateway and load balancers, answered in the form each takes.
//!
//! Every invocation gets an answer, never an invocation error: whoever reaches the URL must not be able to raise `Errors`.
//! `lambda_runtime` polls; reading the event and posting the answer are ours, for the reasons in `docs/design/lambda.md`.
//! Nothing may be left running after the answer: the environment freezes.

mod answer;
mod event;

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use http::HeaderValue;
use hyper_util::client::legacy::connect::HttpConnector;
use lambda_runtime::tower::layer::layer_fn;
use lambda_runtime::{Context, LambdaEvent, LambdaInvocation, service_fn};
use lambda_runtime_api_client::{BoxError, PooledClient, body};
use serde::de::IgnoredAny;
use tokio::time::Instant;

use crate::call::{Deadline, RequestId};
use crate::clock::{Clock, SystemClock};
use crate::config::{Environment, ProcessEnvironment, ResponseMode};
use crate::error::{Error, Result};
use crate::http::{Problem, Response, Router};

use event::{Event, Request};

/// What is kept of Lambda's own time to word an answer. The clock tells whole seconds, so half a second at least is left.
const MARGIN: Duration = Duration::from_millis(1_500);

/// How often one environment asks again, without an invocation in between, after the Runtime API hung up. Then it ends, and
/// Lambda starts another.
const RECONNECTS: usize = 3;

/// Which invocation an answer belongs to. Lambda refuses one that comes after its invocation has timed out.
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";

/// How many invocations one environment runs at a time.
pub(super) fn concurrency() -> u32 {
    ProcessEnvironment
        .get("AWS_LAMBDA_MAX_CONCURRENCY")
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
}

/// Answers invocations until the environment ends.
///
/// When the Runtime API hangs up between two of them, invocations are asked for again: what waits there would wait for ever.
pub(super) async fn serve(router: Router, mode: ResponseMode) -> Result<()> {
    let function = Arc::new(Function {
        router,
        mode,
        client: client(),
        is_invoked: AtomicBool::new(false),
    });
    let mut tries = 0..RECONNECTS;
    loop {
        let Err(error) = poll(&function).await else {
            return Ok(());
        };
        if function.is_invoked.swap(false, Ordering::Relaxed) {
            tries = 0..RECONNECTS;
        }
        if tries.next().is_none() {
            return Err(
                Error::unavailable("the Lambda runtime API can't be reached").with_source(error),
            );
        }
        tracing::warn!(cause = %error, "the Lambda runtime API hung up; asking again");
    }
}

/// Runs `lambda_runtime`'s loop until it fails. The loop hands over whole invocations; the handler below the layer, which
/// would get a parsed event, is never called.
async fn poll(function: &Arc<Function>) -> std::result::Result<(), BoxError> {
    let unused = service_fn(|_: LambdaEvent<IgnoredAny>| async { Ok::<_, Infallible>(()) });
    let function = Arc::clone(function);
    let invoked = service_fn(move |invocation| {
        let function = Arc::clone(&function);
        async move { function.invoke(invocation).await }
    });
    lambda_runtime::Runtime::new(unused)
        .layer(layer_fn(move |_| invoked.clone()))
        .run_concurrent()
        .await
}

/// The client that posts answers. Without `TCP_NODELAY` each part of a streamed answer waits for the acknowledgement of the
/// one before it, which the other side delays by 40 ms.
fn client() -> PooledClient {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let pool = usize::try_from(concurrency()).unwrap_or(1);
    PooledClient::builder()
        .with_connector(connector)
        .with_pool_size(pool)
        .build()
}

struct Function {
    router: Router,
    mode: ResponseMode,
    client: PooledClient,
    /// Whether an invocation has come since the Runtime API last hung up.
    is_invoked: AtomicBool,
}

impl Function {
    async fn invoke(&self, invocation: LambdaInvocation) -> std::result::Result<(), BoxError> {
        self.is_invoked.store(true, Ordering::Relaxed);
        let LambdaInvocation {
            parts,
            body,
            context,
        } = invocation;
        let Event { format, request } = Event::read(&body);
        drop(body);
        let response = match request {
            Ok(request) => answered(self.router.handle(prepared(request, &context))).await,
            Err(refusal) => {
                tracing::info!(
                    status = refusal.status().as_u16(),
                    "an event that is no HTTP request"
                );
                refusal
            }
        };
        let mut answer = if self.mode == ResponseMode::Stream && format.can_stream() {
            answer::streamed(&context.request_id, response)?
        } else {
            answer::buffered(&context.request_id, format, response).await?
        };
        if let Some(id) = parts.headers.get(INVOCATION_ID) {
            answer.headers_mut().insert(INVOCATION_ID, id.clone());
        }
        self.post(answer).await;
        Ok(())
    }

    /// Posts an answer. One that can't be posted is of no use to anyone any more; the next poll tells whether more is wrong.
    async fn post(&self, answer: http::Request<body::Body>) {
        match self.client.call(answer).await {
            Ok(response) if response.status().is_success() => {}
            Ok(response) => {
                tracing::warn!(
                    status = response.status().as_u16(),
                    "the Lambda runtime API refused an answer"
                );
            }
            Err(error) => tracing::warn!(
                cause = error,
                "an answer did not reach the Lambda runtime API"
            ),
        }
    }
}

/// Puts Lambda's deadline beside the request, and its trace into it. A deadline that has passed before the call began tells
/// nothing: the emulator of `cargo lambda watch` sends a constant.
fn prepared(mut request: Request, context: &Context) -> Request {
    let now = Duration::from_secs(SystemClock.now());
    if let Some(left) = Duration::from_millis(context.deadline).checked_sub(now) {
        request
            .extensions_mut()
            .insert(Deadline(Instant::now() + left.saturating_sub(MARGIN)));
    }
    let id = RequestId(context.request_id.clone());
    request.extensions_mut().insert(id);
    if let Some(trace) = context
        .xray_trace_id
        .as_deref()
        .and_then(|trace| HeaderValue::from_str(trace).ok())
    {
        request.headers_mut().insert("x-amzn-trace-id", trace);
    }
    request
}

/// Awaits an answer; a panic on the way to it is one too.
async fn answered(answer: impl Future<Output = Response>) -> Response {
    let broken = |_| {
        Problem::from(Error::internal(
            "the request broke the server; its log tells more",
        ))
        .into_response()
    };
    AssertUnwindSafe(answer)
        .catch_unwind()
        .await
        .unwrap_or_else(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_lambdas_log_lines_goes_beside_the_request() {
        let mut context = Context::default();
        context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
        let request = prepared(Request::default(), &context);
        let id = RequestId(context.request_id);
        assert_eq!(request.extensions().get(), Some(&id));
    }

    #[tokio::test]
    async fn a_panic_is_answered_for() {
        let answer = answered(async { panic!("at the disco") }).await;
        assert_eq!(answer.status(), 500);
    }
}
