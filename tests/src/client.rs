//! A house in memory and clients of it: anonymous, user, admin. No sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use mcp_lambda::backend::Opened;
use mcp_lambda::clock::Clock;
use mcp_lambda::config::Settings;
use mcp_lambda::identity::{Operator, operator_token};
use mcp_lambda::keys::{Given, SigningKey};
use mcp_lambda::store::laws::ManualClock;
use mcp_lambda::store::{Key, Memory, Page, Put, Range, Record, Store, Version, When};
use mcp_lambda::{App, House, Result};
use serde_json::{Value, json};

/// The key of every test house.
pub const KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

/// The newest revision of MCP.
pub const NEWEST: &str = "2026-07-28";

/// A house, and what a test may turn in it.
#[derive(Debug)]
pub struct TestHouse {
    /// The house.
    pub house: House,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Its store.
    pub store: Arc<Counting>,
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON, or `null`.
    pub json: Value,
}

impl Answer {
    /// The answer of a JSON-RPC result in it, also where it came as an event stream.
    ///
    /// # Panics
    /// If there is none.
    pub fn result(&self) -> &Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json.get("result").unwrap_or_else(|| panic!("no result in {}", self.text))
    }

    /// The first text of a tool's answer.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn tool_text(&self) -> &str {
        self.result()["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text in {}", self.text))
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A house with these settings on top of a laptop's.
///
/// # Panics
/// If the app or the settings are faulty.
pub async fn house_with(app: App, settings: &[(&str, &str)]) -> TestHouse {
    let clock = Arc::new(ManualClock::default());
    let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let store = Arc::new(Counting::new(Arc::clone(&shared)));
    let keys = Arc::new(Given::new(SigningKey::new(*KEY).expect("long enough")));
    let opened = Opened { store: Arc::<Counting>::clone(&store), keys };
    let pairs = [("HOME", "/nonexistent")].iter().chain(settings);
    let environment: std::collections::BTreeMap<_, _> =
        pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let settings = Settings::read(&environment, app.name()).expect("lawful settings");
    let house = app.clock(shared).opened(opened).open(&settings).await.expect("a house");
    TestHouse { house, clock, store }
}

/// A house with the fixture app.
pub async fn house() -> TestHouse {
    house_with(crate::fixture::app(), &[]).await
}

impl TestHouse {
    /// Sends a request as it is.
    ///
    /// # Panics
    /// If the answer can't be read within ten seconds.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let answering = async {
            let response = self.house.router.handle(request).await;
            let (parts, body) = response.into_parts();
            (parts, body.collect().await.expect("infallible").to_bytes())
        };
        let (parts, bytes) = tokio::time::timeout(Duration::from_secs(10), answering).await.expect("an answer in time");
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let data = text.lines().rev().find_map(|line| line.strip_prefix("data: ")).unwrap_or(&text);
        let json = serde_json::from_str(data).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, text, json }
    }

    /// Sends JSON with a token.
    pub async fn ask(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
        self.send(request(method, path, token, body.map(|body| body.to_string()))).await
    }

    /// Asks the admin API.
    pub async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let token = self.admin_token(None);
        self.ask(method, path, Some(&token), body).await
    }

    /// An admin token.
    ///
    /// # Panics
    /// Never: the key is good.
    #[must_use]
    pub fn admin_token(&self, audience: Option<&str>) -> String {
        let key = SigningKey::new(*KEY).expect("long enough");
        operator_token(&key, Operator::Admin, audience, self.clock.now()).expect("signed").expose().clone()
    }

    /// A probe token.
    ///
    /// # Panics
    /// Never: the key is good.
    #[must_use]
    pub fn probe_token(&self) -> String {
        let key = SigningKey::new(*KEY).expect("long enough");
        operator_token(&key, Operator::Probe, None, self.clock.now()).expect("signed").expose().clone()
    }

    /// Registers a user and gives the token.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn user(&self, email: &str) -> String {
        self.user_with(json!({ "email": email })).await
    }

    /// Registers a user by this body and gives the token.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn user_with(&self, body: Value) -> String {
        let answer = self.admin(Method::POST, "/admin/users", Some(body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json["token"].as_str().expect("a token").to_owned()
    }

    /// Sends an MCP request of the newest revision.
    pub async fn mcp(&self, token: &str, method: &str, params: Value) -> Answer {
        self.send(mcp_request(token, method, params)).await
    }

    /// Calls a tool.
    pub async fn call(&self, token: &str, tool: &str, arguments: Value) -> Answer {
        self.mcp(token, "tools/call", json!({ "name": tool, "arguments": arguments })).await
    }
}

/// A request with JSON text and a token.
///
/// # Panics
/// If a part is not lawful in HTTP.
#[must_use]
pub fn request(method: Method, path: &str, token: Option<&str>, body: Option<String>) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    request.body(Full::from(body.unwrap_or_default())).expect("a lawful request")
}

/// An MCP request of the newest revision, as a client must send it.
///
/// # Panics
/// If a part is not lawful in HTTP.
#[must_use]
pub fn mcp_request(token: &str, method: &str, mut params: Value) -> Request<Full<Bytes>> {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": NEWEST,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "tests", "version": "0" },
    });
    let name = params.get("name").and_then(Value::as_str).map(str::to_owned);
    let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    let mut request = request(Method::POST, "/mcp", Some(token), Some(body.to_string()));
    let headers = request.headers_mut();
    headers.insert("accept", "application/json, text/event-stream".parse().expect("lawful"));
    headers.insert("mcp-protocol-version", NEWEST.parse().expect("lawful"));
    headers.insert("mcp-method", method.parse().expect("lawful"));
    if let Some(name) = name {
        headers.insert("mcp-name", name.parse().expect("lawful"));
    }
    request
}

/// An MCP request of an older revision: no `_meta`, and no header where `version` is `None`.
///
/// # Panics
/// If a part is not lawful in HTTP.
#[must_use]
pub fn older_request(token: &str, version: Option<&str>, message: &Value) -> Request<Full<Bytes>> {
    let mut request = request(Method::POST, "/", Some(token), Some(message.to_string()));
    let headers = request.headers_mut();
    headers.insert("accept", "application/json, text/event-stream".parse().expect("lawful"));
    if let Some(version) = version {
        headers.insert("mcp-protocol-version", version.parse().expect("lawful"));
    }
    request
}

/// A [`Memory`] that counts what it is asked, and can be out of order.
#[derive(Debug)]
pub struct Counting {
    inner: Memory,
    reads: AtomicUsize,
    others: AtomicUsize,
    is_down: std::sync::atomic::AtomicBool,
}

impl Counting {
    fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            inner: Memory::new(clock),
            reads: AtomicUsize::default(),
            others: AtomicUsize::default(),
            is_down: false.into(),
        }
    }

    /// How often it was read and otherwise asked since the last time.
    pub fn taken(&self) -> (usize, usize) {
        (self.reads.swap(0, Ordering::SeqCst), self.others.swap(0, Ordering::SeqCst))
    }

    /// Takes it out of order, or puts it back.
    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    fn asked(&self, counter: &AtomicUsize) -> Result<()> {
        counter.fetch_add(1, Ordering::SeqCst);
        if self.is_down.load(Ordering::SeqCst) {
            return Err(mcp_lambda::Error::unavailable("the store can't be reached")
                .with_source("connection refused to 10.0.0.7"));
        }
        Ok(())
    }
}

impl std::fmt::Display for Counting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("counting memory")
    }
}

#[async_trait::async_trait]
impl Store for Counting {
    async fn get(&self, key: &Key) -> Result<Option<Record>> {
        self.asked(&self.reads)?;
        self.inner.get(key).await
    }

    async fn put(&self, key: &Key, put: Put) -> Result<Version> {
        self.asked(&self.others)?;
        self.inner.put(key, put).await
    }

    async fn delete(&self, key: &Key, when: When) -> Result<()> {
        self.asked(&self.others)?;
        self.inner.delete(key, when).await
    }

    async fn list(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<Page> {
        self.asked(&self.others)?;
        self.inner.list(range, after, limit).await
    }

    async fn add(&self, key: &Key, amount: i64, expires: Option<u64>) -> Result<i64> {
        self.asked(&self.others)?;
        self.inner.add(key, amount, expires).await
    }

    async fn check(&self) -> Result<()> {
        self.asked(&self.others)?;
        self.inner.check().await
    }
}
