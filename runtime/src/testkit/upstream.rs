//! A fake HTTP service on loopback: it answers as a test says and records its [requests](UpstreamRequest).
//!
//! It speaks HTTP/1.1 with a `Content-Length` and no more, one request for each connection: what a test's client needs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The largest request that is read.
const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// A request that an [`Upstream`] was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpstreamRequest {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl UpstreamRequest {
    /// Returns a header as text, empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Returns the body as JSON, or `null`.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// The answer to an [`UpstreamRequest`].
pub type UpstreamResponse = Response<Vec<u8>>;

type Respond = dyn Fn(&UpstreamRequest) -> UpstreamResponse + Send + Sync;

/// A fake HTTP service that lives as long as this value.
///
/// ```
/// use mcp_lambda::testkit::{Upstream, block_on, json_response};
/// use serde_json::json;
///
/// block_on(async {
///     let upstream = Upstream::serving([("GET /rate", json!({"left": 7}))]).await;
///     let rate = request(&upstream, "GET /rate").await;
///     assert!(rate.starts_with("HTTP/1.1 200 ") && rate.ends_with(r#"{"left":7}"#));
///     assert!(request(&upstream, "GET /elsewhere").await.starts_with("HTTP/1.1 404 "));
///     assert_eq!(upstream.targets(), ["/rate", "/elsewhere"]);
///
///     let upstream = Upstream::start(|request| json_response(429, &json!({"wait": request.target.len()}))).await;
///     assert!(request(&upstream, "POST /busy").await.starts_with("HTTP/1.1 429 "));
/// });
///
/// /// In place of an HTTP client.
/// async fn request(upstream: &Upstream, line: &str) -> String {
///     use tokio::io::{AsyncReadExt, AsyncWriteExt};
///     let mut stream = tokio::net::TcpStream::connect(upstream.address()).await.unwrap();
///     stream.write_all(format!("{line} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
///     let mut answer = String::new();
///     stream.read_to_string(&mut answer).await.unwrap();
///     answer
/// }
/// ```
pub struct Upstream {
    address: String,
    requests: Arc<Mutex<Vec<UpstreamRequest>>>,
    /// Stops the server when it is dropped.
    _server: JoinSet<()>,
}

impl Upstream {
    /// Starts a service that answers each request by a function.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start(
        answer: impl Fn(&UpstreamRequest) -> UpstreamResponse + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let requests = Arc::<Mutex<Vec<_>>>::default();
        let mut server = JoinSet::new();
        server.spawn(serve(listener, Arc::new(answer), Arc::clone(&requests)));
        Self {
            address,
            requests,
            _server: server,
        }
    }

    /// Starts a service that answers by a table of methods with paths, such as `GET /user`,
    /// and JSON bodies; with 404 to everything else.
    ///
    /// A query is no part of the path.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn serving(table: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let table: BTreeMap<_, _> = table.into_iter().collect();
        Self::start(move |request| {
            let path = request.target.split('?').next().unwrap_or_default();
            match table.get(format!("{} {path}", request.method).as_str()) {
                Some(body) => json_response(200, body),
                None => json_response(404, &json!({ "message": "not found" })),
            }
        })
        .await
    }

    /// Returns the address that it listens at, such as `127.0.0.1:40123`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns the URL of its root, without a `/` at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Removes and returns the requests since the last time, in order.
    #[must_use]
    pub fn take_requests(&self) -> Vec<UpstreamRequest> {
        std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Removes the requests since the last time and returns their paths with queries.
    #[must_use]
    pub fn targets(&self) -> Vec<String> {
        let requests = self.take_requests().into_iter();
        requests.map(|request| request.target).collect()
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Upstream").field(&self.address).finish()
    }
}

/// Makes an answer with a JSON body.
///
/// # Panics
/// If the status is none.
#[must_use]
pub fn json_response(status: u16, body: &Value) -> UpstreamResponse {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(body.to_string().into_bytes())
        .expect("a valid answer")
}

async fn serve(
    listener: TcpListener,
    answer: Arc<Respond>,
    requests: Arc<Mutex<Vec<UpstreamRequest>>>,
) {
    let mut connections = JoinSet::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        let answer = Arc::clone(&answer);
        let requests = Arc::clone(&requests);
        connections.spawn(async move {
            let Some(request) = read_request(&mut stream).await else {
                return;
            };
            let response = write_response(&answer(&request));
            // It is recorded before it is answered: a test that has its answer finds the request.
            requests
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(request);
            let _ = stream.write_all(&response).await;
            let _ = stream.shutdown().await;
        });
    }
}

/// Reads one request; `None` if its client left, or if it is not HTTP/1.1 with a `Content-Length`.
async fn read_request(stream: &mut TcpStream) -> Option<UpstreamRequest> {
    let mut bytes = Vec::new();
    loop {
        // A request may come in any number of pieces: the head is parsed anew when more has come, which
        // a test can afford.
        let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(head_end) = head_end {
            let mut request = parse_head(std::str::from_utf8(&bytes[..head_end]).ok()?)?;
            let length = request.header("content-length").parse().unwrap_or(0);
            let body = &bytes[head_end + 4..];
            if body.len() >= length {
                request.body = body[..length].to_vec();
                return Some(request);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 || bytes.len() > MAX_REQUEST_BYTES {
            return None;
        }
    }
}

fn parse_head(head: &str) -> Option<UpstreamRequest> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let method = words.next()?.parse().ok()?;
    let target = words.next()?.to_owned();
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name: HeaderName = name.parse().ok()?;
        Some((name, HeaderValue::from_str(value.trim()).ok()?))
    });
    Some(UpstreamRequest {
        method,
        target,
        headers: headers.collect(),
        body: Vec::new(),
    })
}

fn write_response(response: &UpstreamResponse) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
    for (name, value) in response.headers() {
        bytes.extend_from_slice(format!("{name}: ").as_bytes());
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    let length = response.body().len();
    // Each connection ends with its answer, so a client's pool never holds one to a service that is
    // gone with its test.
    let end = format!("content-length: {length}\r\nconnection: close\r\n\r\n");
    bytes.extend_from_slice(end.as_bytes());
    bytes.extend_from_slice(response.body());
    bytes
}
