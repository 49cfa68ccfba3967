//! The Lambda Runtime API, spoken from Lambda's side: it hands a binary its invocations and keeps what comes back.
//!
//! The protocol is that of `GET /2018-06-01/runtime/invocation/next` and `POST …/{id}/response`; a streamed response is a
//! JSON prelude, eight zero bytes, and the body.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use mcp_lambda::identity::{Operator, operator_token};
use mcp_lambda::keys::SigningKey;

use crate::loopback::{self, Reads};
use crate::process::Home;
use mcp_lambda::testkit::NEWEST_REVISION;

/// The longest time of an invocation before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The Runtime API's side of one binary.
struct Desk {
    queue: Mutex<mpsc::UnboundedReceiver<Invocation>>,
    waiting: Mutex<HashMap<String, oneshot::Sender<Posted>>>,
    polled: watch::Sender<Option<Instant>>,
    hang_ups: Arc<AtomicUsize>,
}

/// The answer that a binary posted for an invocation.
#[derive(Debug)]
pub struct Posted {
    /// The content type: a streamed response has one of its own.
    pub content_type: String,
    /// True if it was posted as an error.
    pub is_error: bool,
    /// In how many reads it came.
    pub reads: usize,
    /// The body.
    pub body: Bytes,
}

/// A binary that runs as a Lambda.
#[derive(Debug)]
pub struct Lambda {
    invocations: mpsc::UnboundedSender<Invocation>,
    polled: watch::Receiver<Option<Instant>>,
    hang_ups: Arc<AtomicUsize>,
    child: Child,
    _tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Invocation {
    id: String,
    event: String,
    deadline_ms: u128,
    answer: oneshot::Sender<Posted>,
}

/// An answer as a function URL would give it.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Value,
    /// The body.
    pub body: String,
}

impl Lambda {
    /// Starts a binary as a Lambda, with these variables.
    ///
    /// # Panics
    /// If it can't be started.
    pub async fn start(home: &Home, binary: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = home.command(binary);
        command.envs(variables.iter().copied());
        Self::spawn(command).await
    }

    /// Starts a command as a Lambda.
    ///
    /// # Panics
    /// If it can't be started.
    pub async fn spawn(command: Command) -> Self {
        Self::spawn_with(command, 0).await
    }

    /// Starts a command as a Lambda whose first polls are cut off.
    ///
    /// # Panics
    /// If it can't be started.
    pub async fn spawn_with(mut command: Command, hang_ups: usize) -> Self {
        let (listener, address) = loopback::listener().await;
        let ((invocations, queue), (first, polled)) =
            (mpsc::unbounded_channel(), watch::channel(None));
        let hang_ups = Arc::new(AtomicUsize::new(hang_ups));
        let desk = Arc::new(Desk {
            queue: Mutex::new(queue),
            waiting: Mutex::default(),
            polled: first,
            hang_ups: Arc::clone(&hang_ups),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(loopback::serve(listener, move |request| {
            answer(request, Arc::clone(&desk))
        }));
        command
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "fixture")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128");
        let child = command.spawn().expect("it starts");
        Self {
            invocations,
            polled,
            hang_ups,
            child,
            _tasks: tasks,
        }
    }

    /// Returns the time at which it first asked for an invocation; waits until it does.
    ///
    /// # Panics
    /// If it does not ask.
    pub async fn polled(&self) -> Instant {
        let mut polled = self.polled.clone();
        let asked = tokio::time::timeout(PATIENCE, polled.wait_for(Option::is_some));
        asked
            .await
            .expect("it asks in time")
            .expect("it runs")
            .expect("asked")
    }

    /// Cuts off the next polls.
    pub fn hang_up(&self, times: usize) {
        self.hang_ups.store(times, Ordering::SeqCst);
    }

    /// With what it ends.
    ///
    /// # Panics
    /// If it does not end.
    pub async fn ended(&mut self) -> std::process::ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("it ends in time")
            .expect("a status")
    }

    /// Its process id.
    ///
    /// # Panics
    /// If it has ended.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id().expect("still running")
    }

    /// Invokes it with an event that has this long to be answered.
    ///
    /// # Panics
    /// If nothing is posted back.
    pub async fn invoke(&self, event: &Value, time: Duration) -> Posted {
        let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
        self.invoke_until(event, (now + time).as_millis()).await
    }

    /// Invokes it with an event that is to be answered until then, in milliseconds since 1970.
    ///
    /// # Panics
    /// If nothing is posted back.
    pub async fn invoke_until(&self, event: &Value, deadline_ms: u128) -> Posted {
        self.invoke_with(event.to_string(), deadline_ms).await
    }

    /// Invokes it with an event's text, as it is, that is to be answered until then, in milliseconds since 1970.
    ///
    /// # Panics
    /// If nothing is posted back.
    pub async fn invoke_with(&self, event: String, deadline_ms: u128) -> Posted {
        let (answer, posted) = oneshot::channel();
        let id = format!(
            "{:032x}",
            std::time::UNIX_EPOCH
                .elapsed()
                .expect("after 1970")
                .as_nanos()
        );
        self.invocations
            .send(Invocation {
                id,
                event,
                deadline_ms,
                answer,
            })
            .expect("it listens");
        tokio::time::timeout(PATIENCE, posted)
            .await
            .expect("an answer in time")
            .expect("an answer")
    }

    /// Sends a request through a function URL.
    pub async fn request(&self, event: &Value) -> Answer {
        self.invoke(event, Duration::from_secs(30)).await.read()
    }
}

impl Posted {
    /// Reads a response in either mode.
    ///
    /// # Panics
    /// If it is neither.
    #[must_use]
    pub fn read(&self) -> Answer {
        assert!(!self.is_error, "{}", String::from_utf8_lossy(&self.body));
        if self.content_type == "application/vnd.awslambda.http-integration-response" {
            self.streamed()
        } else {
            self.buffered()
        }
    }

    fn streamed(&self) -> Answer {
        let end = self
            .body
            .windows(8)
            .position(|window| window == [0; 8])
            .expect("eight zero bytes after the prelude");
        let prelude: Value = serde_json::from_slice(&self.body[..end]).expect("a JSON prelude");
        let body = String::from_utf8(self.body[end + 8..].to_vec()).expect("UTF-8");
        Answer {
            status: status(&prelude),
            headers: prelude["headers"].clone(),
            body,
        }
    }

    fn buffered(&self) -> Answer {
        let envelope: Value = serde_json::from_slice(&self.body).expect("a JSON envelope");
        assert_ne!(envelope["isBase64Encoded"], true, "text is sent as text");
        Answer {
            status: status(&envelope),
            headers: headers(&envelope),
            body: envelope["body"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

/// The one of two fields that an answer has; a load balancer's has both.
fn headers(envelope: &Value) -> Value {
    let Some(several) = envelope["multiValueHeaders"]
        .as_object()
        .filter(|_| envelope["headers"].is_null())
    else {
        return envelope["headers"].clone();
    };
    several
        .iter()
        .map(|(name, values)| (name.clone(), json!(texts(values).join(", "))))
        .collect()
}

fn texts(values: &Value) -> Vec<&str> {
    values
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn status(envelope: &Value) -> u16 {
    envelope["statusCode"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok())
        .expect("a status")
}

/// The headers of an MCP request of an older revision.
#[must_use]
pub fn older_headers(bearer: &str) -> [(&'static str, &str); 4] {
    [
        ("authorization", bearer),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2025-11-25"),
    ]
}

/// A function-URL event (payload format 2.0).
#[must_use]
pub fn function_url_event(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Value {
    let mut all = json!({ "host": "abc.lambda-url.eu-west-1.on.aws", "x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.1" });
    for (name, value) in headers {
        all[*name] = json!(value);
    }
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": all,
        "requestContext": {
            "accountId": "anonymous", "apiId": "abc", "domainName": "abc.lambda-url.eu-west-1.on.aws", "domainPrefix": "abc",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "tests" },
            "requestId": "r", "routeKey": "$default", "stage": "$default", "time": "21/Nov/2026:07:10:00 +0000", "timeEpoch": 1,
        },
        "isBase64Encoded": false,
    });
    if let Some(body) = body {
        event["body"] = json!(body);
    }
    event
}

/// An operator's request, signed with this key.
///
/// # Panics
/// If the key is too short.
#[must_use]
pub fn admin_event(key: &str, method: &str, path: &str, body: Option<&Value>) -> Value {
    let now = std::time::UNIX_EPOCH
        .elapsed()
        .expect("after 1970")
        .as_secs();
    let key = SigningKey::from_text(key).expect("long enough");
    let token = operator_token(&key, Operator::Admin, None, now).expect("signed");
    let bearer = format!("Bearer {}", token.expose());
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    function_url_event(
        method,
        path,
        &headers,
        body.map(Value::to_string).as_deref(),
    )
}

/// The headers of a `tools/call` of the newest revision.
#[must_use]
pub fn tool_headers<'a>(bearer: &'a str, tool: &'a str) -> [(&'static str, &'a str); 6] {
    [
        ("authorization", bearer),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", NEWEST_REVISION),
        ("mcp-method", "tools/call"),
        ("mcp-name", tool),
    ]
}

/// The body of a `tools/call` of the newest revision.
#[must_use]
pub fn tool_body(tool: &str, arguments: &Value) -> String {
    let meta = json!({"io.modelcontextprotocol/protocolVersion": NEWEST_REVISION, "io.modelcontextprotocol/clientCapabilities": {}});
    let params = json!({"name": tool, "arguments": arguments, "_meta": meta});
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string()
}

/// A `tools/call` of the newest revision through a function URL.
#[must_use]
pub fn tool_event(token: &str, tool: &str, arguments: &Value) -> Value {
    let bearer = format!("Bearer {token}");
    function_url_event(
        "POST",
        "/mcp",
        &tool_headers(&bearer, tool),
        Some(&tool_body(tool, arguments)),
    )
}

/// An error hangs up.
async fn answer(
    request: Request<Incoming>,
    desk: Arc<Desk>,
) -> Result<Response<Full<Bytes>>, &'static str> {
    let path = request.uri().path().to_owned();
    if path.ends_with("/invocation/next") {
        if desk
            .hang_ups
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok()
        {
            return Err("hung up");
        }
        desk.polled.send_if_modified(|polled| {
            let is_first = polled.is_none();
            polled.get_or_insert_with(Instant::now);
            is_first
        });
        request.extensions().get::<Reads>().map(Reads::take);
        return Ok(next(&desk).await);
    }
    let reads = request
        .extensions()
        .get::<Reads>()
        .cloned()
        .unwrap_or_default();
    let content_type = request
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let body = request
        .into_body()
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let id = path.split('/').nth(4).unwrap_or_default();
    if let Some(answer) = desk.waiting.lock().await.remove(id) {
        let _ = answer.send(Posted {
            content_type,
            is_error: path.ends_with("/error"),
            reads: reads.take(),
            body,
        });
    }
    Ok(Response::builder()
        .status(202)
        .body(Full::default())
        .expect("valid"))
}

async fn next(desk: &Desk) -> Response<Full<Bytes>> {
    let Some(invocation) = desk.queue.lock().await.recv().await else {
        return std::future::pending().await;
    };
    desk.waiting
        .lock()
        .await
        .insert(invocation.id.clone(), invocation.answer);
    Response::builder()
        .header("lambda-runtime-aws-request-id", &invocation.id)
        .header(
            "lambda-runtime-deadline-ms",
            invocation.deadline_ms.to_string(),
        )
        .header(
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-west-1:1:function:fixture",
        )
        .header("lambda-runtime-trace-id", "Root=1-0-0")
        .header("content-type", "application/json")
        .body(Full::from(invocation.event))
        .expect("valid")
}
