//! The Lambda entry point: events of function URLs, API Gateway and load balancers, each answered
//! in its own form.
//!
//! Every invocation gets an answer, never an invocation error: nobody who reaches the URL may raise
//! the metric `Errors`. `lambda_runtime` polls; this module reads the [`Event`] and posts the
//! answer, for the reasons in `docs/design/lambda.md`. Nothing may go on after the answer: the
//! environment freezes (AWS Lambda Developer Guide, "Understanding the Lambda execution environment
//! lifecycle").

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

/// The part of Lambda's time that is left for writing an answer. The [`Clock`] returns whole
/// seconds, so half a second remains at least.
const MARGIN: Duration = Duration::from_millis(1_500);

/// The number of times that one environment polls again after the Runtime API hung up, without an
/// invocation in between. Then it ends, and Lambda starts another.
const RECONNECTS: usize = 3;

/// The header that names the invocation of an answer. By it Lambda refuses an answer that comes
/// after its invocation has timed out.
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";

/// Reads the number of invocations that one environment runs at a time: more than one on Lambda
/// Managed Instances only (AWS Lambda Developer Guide, "Using the Lambda runtime API for custom
/// runtimes").
pub(super) fn read_concurrency() -> u32 {
    ProcessEnvironment
        .get("AWS_LAMBDA_MAX_CONCURRENCY")
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
}

/// Answers invocations through the [`Router`] until the environment ends.
///
/// After the Runtime API hung up between two invocations, it is polled again: an invocation that
/// waits there would otherwise wait for ever.
pub(super) async fn serve(router: Router, mode: ResponseMode) -> Result<()> {
    let function = Arc::new(Function {
        router,
        mode,
        client: new_client(),
        is_invoked: AtomicBool::new(false),
    });
    let mut tries = 0..RECONNECTS;
    loop {
        let Err(error) = poll(&function).await else {
            return Ok(());
        };
        // An invocation in between means that the API works. `Relaxed` is enough: the flag orders
        // no other memory.
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

/// Runs the loop of `lambda_runtime` until it fails. The layer takes whole invocations; the handler
/// below it, which would get a parsed event, is never called.
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

/// Creates the client that posts answers.
fn new_client() -> PooledClient {
    // Without `TCP_NODELAY` each part of a streamed answer waits for the acknowledgement of the one
    // before it (Nagle's algorithm, RFC 9293 §3.7.4), which the other side delays by 40 ms.
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let pool = usize::try_from(read_concurrency()).unwrap_or(1);
    PooledClient::builder()
        .with_connector(connector)
        .with_pool_size(pool)
        .build()
}

/// The function: it answers each invocation through its [`Router`].
struct Function {
    router: Router,
    mode: ResponseMode,
    client: PooledClient,
    /// True if an invocation has come since the Runtime API last hung up.
    is_invoked: AtomicBool,
}

impl Function {
    /// Answers one invocation and posts the answer.
    async fn invoke(&self, invocation: LambdaInvocation) -> std::result::Result<(), BoxError> {
        self.is_invoked.store(true, Ordering::Relaxed);
        let LambdaInvocation {
            parts,
            body,
            context,
        } = invocation;
        let Event { format, request } = Event::read(&body);
        // The request has a copy of what it needs; up to 6 MB would be held during the call.
        drop(body);
        let response = match request {
            Ok(request) => catch_panic(self.router.handle(prepare(request, &context))).await,
            Err(refusal) => {
                tracing::info!(
                    status = refusal.status().as_u16(),
                    "an event that is no HTTP request"
                );
                refusal
            }
        };
        let mut answer = if self.mode == ResponseMode::Stream && format.can_stream() {
            answer::build_streamed(&context.request_id, response)?
        } else {
            answer::build_buffered(&context.request_id, format, response).await?
        };
        if let Some(id) = parts.headers.get(INVOCATION_ID) {
            answer.headers_mut().insert(INVOCATION_ID, id.clone());
        }
        self.post(answer).await;
        Ok(())
    }

    /// Posts an answer. A failure is logged and no error: nobody waits for this answer any more,
    /// and the next poll fails, too, if the Runtime API is gone.
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

/// Adds Lambda's [`Deadline`] and [`RequestId`] to a request, and its trace header (AWS X-Ray
/// Developer Guide, "Tracing header").
fn prepare(mut request: Request, context: &Context) -> Request {
    // Lambda gives the deadline as a time of day in milliseconds. One that has passed before the
    // call began is ignored: the emulator of `cargo lambda watch` sends a constant.
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

/// Awaits an answer, and turns a panic on the way into an answer, a [`Problem`].
async fn catch_panic(answer: impl Future<Output = Response>) -> Response {
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
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::app::{App, Server};
    use crate::backend::Backend;
    use crate::config::Settings;
    use crate::identity::{Challenge, Claims, Credential, Verdict, Verifier};
    use crate::keys::{FixedKey, SigningKey};
    use crate::store::MemoryStore;

    #[test]
    fn the_id_of_lambdas_log_lines_goes_beside_the_request() {
        let mut context = Context::default();
        context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
        let request = prepare(Request::default(), &context);
        let id = RequestId(context.request_id);
        assert_eq!(request.extensions().get(), Some(&id));
    }

    /// Takes whoever IAM let through for a user.
    #[derive(Debug)]
    struct ByIam;

    #[async_trait::async_trait]
    impl Verifier for ByIam {
        async fn verify(&self, credential: &Credential) -> Result<Verdict> {
            let context = credential.request_context();
            let user = context.and_then(|context| context.pointer("/authorizer/iam/userId"));
            let claims = Claims::user("alice@example.com".parse()?, 1).register_if_new(None);
            Ok(user.map_or(Verdict::Unrecognized, |_| Verdict::Valid(claims)))
        }

        fn challenge(&self) -> Challenge {
            Challenge::new("AWS4-HMAC-SHA256")
        }
    }

    /// An event's MCP request reaches 405 with a valid credential, and 401 without one.
    async fn status_of(server: &Server, event: &Value) -> u16 {
        let request = Event::read(event.to_string().as_bytes()).request;
        let request = prepare(request.expect("a request"), &Context::default());
        server.router.handle(request).await.status().as_u16()
    }

    #[tokio::test]
    async fn a_verifier_sees_what_aws_says_of_the_sender() {
        let home = ("HOME".to_owned(), "/nonexistent".to_owned());
        let settings = Settings::read(&BTreeMap::from([home]), "notes").expect("valid");
        let key = SigningKey::new([7; 32]).expect("long enough");
        let backend = Backend {
            store: Arc::new(MemoryStore::default()),
            keys: Arc::new(FixedKey::new(key)),
        };
        let app = App::new("notes").verifier(ByIam).use_backend(backend);
        let server = app.build(&settings).await.expect("built");
        let mut event = json!({
            "rawPath": "/mcp", "headers": {"host": "localhost", "authorization": "AWS4-HMAC-SHA256 Credential=x, Signature=y"},
            "requestContext": {"http": {"method": "GET", "path": "/mcp"}, "domainName": "a.lambda-url.eu-west-1.on.aws"},
        });
        assert_eq!(status_of(&server, &event).await, 401);
        event["headers"]["x-amzn-request-context"] =
            json!(r#"{"authorizer":{"iam":{"userId":"x"}}}"#);
        assert_eq!(
            status_of(&server, &event).await,
            401,
            "a header says nothing"
        );
        event["requestContext"]["authorizer"] = json!({"iam": {"userId": "AIDA"}});
        assert_eq!(
            status_of(&server, &event).await,
            405,
            "GET, as a known user"
        );
    }

    #[tokio::test]
    async fn a_panic_is_answered_for() {
        let answer = catch_panic(async { panic!("at the disco") }).await;
        assert_eq!(answer.status(), 500);
    }
}
