//! The operations of a server over HTTP: its admin API, its public health, and its MCP endpoint.
//!
//! Each request carries a fresh admin token, made here from the signing key; the key itself is never sent. A server that
//! requires an audience (`aud`) names it in its first refusal, and the request is sent again with it.

mod refusal;
mod url;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use mcp_lambda::admin::{
    AdminApi, ImportResult, ImportedUser, IssuedToken, NewToken, NewUser, RegisteredUser, SafeTool,
    Token, User, UserDetails, UserList,
};
use mcp_lambda::clock::Clock;
use mcp_lambda::health::Details;
use mcp_lambda::identity::{Operator, operator_token};
use mcp_lambda::keys::SigningKey;
use mcp_lambda::{Email, Error, Result, Secret};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::LINK;
use reqwest::{Client, Method, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use refusal::Refusal;
use url::is_loopback;
pub(crate) use url::parse_server_url;

/// The time limit of connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The time limit of a whole request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The characters that are encoded in a segment of a path: all but the unreserved ones (RFC 3986 §2.3).
const ENCODED_IN_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The [`AdminApi`] of a server, over HTTP.
///
/// Any program that holds the signing key may use it as the CLI does.
///
/// ```
/// use std::sync::Arc;
///
/// use mcp_lambda::clock::SystemClock;
/// use mcp_lambda::keys::SigningKey;
/// use mcp_lambda_admin::RemoteAdmin;
///
/// let key = SigningKey::new([7; 32])?;
/// let remote = RemoteAdmin::new("https://mcp.example.com/", key, Arc::new(SystemClock))?;
/// assert_eq!(format!("{remote:?}"), "RemoteAdmin(https://mcp.example.com)");
/// # Ok::<(), mcp_lambda::Error>(())
/// ```
pub struct RemoteAdmin {
    client: Client,
    url: String,
    key: SigningKey,
    clock: Arc<dyn Clock>,
    /// The audience that the server named.
    audience: Mutex<Option<String>>,
}

/// A successful response.
struct AdminResponse {
    body: Value,
    /// It has a `Link` header, so there is another page (RFC 8288).
    has_next: bool,
}

impl RemoteAdmin {
    /// Returns the API of the server at `url`, whose tokens `key` signs. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::internal`] if the HTTP client can't start.
    pub fn new(url: &str, key: SigningKey, clock: Arc<dyn Clock>) -> Result<Self> {
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        // Plain HTTP is allowed to this machine, and a proxy on the way would see the tokens.
        let client = if is_loopback(url) {
            client.no_proxy()
        } else {
            client
        };
        let client = client
            .build()
            .map_err(|error| Error::internal("the HTTP client can't start").with_source(error))?;
        Ok(Self {
            client,
            url: url.trim_end_matches('/').to_owned(),
            key,
            clock,
            audience: Mutex::default(),
        })
    }

    /// Sends a request, and reads the response as a `T`.
    async fn request_as<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T> {
        let response = self.request(method, path, body).await?;
        decode(response.body)
    }

    /// Sends a request, and sends it again if the server names an audience that the token lacked.
    async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<AdminResponse> {
        match self.send(method.clone(), path, body).await? {
            Ok(response) => Ok(response),
            Err((StatusCode::UNAUTHORIZED, refusal))
                if refusal.audience.is_some() && refusal.audience != self.audience() =>
            {
                let is_printable =
                    |audience: &String| audience.bytes().all(|byte| byte.is_ascii_graphic());
                if !refusal.audience.as_ref().is_some_and(is_printable) {
                    return Err(self.character_error("audience"));
                }
                *self.audience.lock().unwrap_or_else(PoisonError::into_inner) = refusal.audience;
                self.send(method, path, body)
                    .await?
                    .map_err(|(status, refusal)| self.to_error(status, refusal))
            }
            Err((status, refusal)) => Err(self.to_error(status, refusal)),
        }
    }

    /// Sends one request with a fresh admin token. The inner error is a response of another status than success.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Result<AdminResponse, (StatusCode, Refusal)>> {
        let unreachable = |error| self.connection_error(error);
        let url = Url::parse(&format!("{}/admin{path}", self.url))
            .map_err(|_| Error::invalid(format!("`{}` is not a URL", self.url)))?;
        let token = operator_token(
            &self.key,
            Operator::Admin,
            self.audience().as_deref(),
            self.clock.now(),
        )?;
        let mut request = self.client.request(method, url).bearer_auth(token.expose());
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let has_next = response.headers().contains_key(LINK);
        let bytes = response.bytes().await.map_err(unreachable)?;
        if status.is_success() {
            let body =
                serde_json::from_slice(&bytes).map_err(|_| self.unknown_server_error(status))?;
            return Ok(Ok(AdminResponse { body, has_next }));
        }
        Ok(Err((
            status,
            serde_json::from_slice(&bytes).unwrap_or_default(),
        )))
    }

    /// Makes a token that can discover and list, but never call.
    ///
    /// The audience is learned first by an admin request: refusals of the MCP endpoint do not name it.
    ///
    /// # Errors
    /// Those of `GET /admin/health`.
    pub(crate) async fn probe_token(&self) -> Result<Secret<String>> {
        if self.audience().is_none() {
            self.request(Method::GET, "/health", None).await?;
        }
        operator_token(
            &self.key,
            Operator::Probe,
            self.audience().as_deref(),
            self.clock.now(),
        )
    }

    /// Posts a message to the MCP endpoint, and returns the body of the response.
    ///
    /// # Errors
    /// Those of the connection, and refusals with a `code`. Other statuses have a JSON-RPC error in the body.
    pub(crate) async fn post_mcp(
        &self,
        headers: &[(&str, String)],
        body: String,
    ) -> Result<Vec<u8>> {
        let request = headers.iter().fold(
            self.client.post(format!("{}/mcp", self.url)),
            |request, (name, value)| request.header(*name, value),
        );
        let response = request
            .body(body)
            .send()
            .await
            .map_err(|error| self.connection_error(error))?;
        let status = response.status();
        let bytes = response
            .bytes()
            .await
            .map_err(|error| self.connection_error(error))?
            .to_vec();
        match serde_json::from_slice::<Refusal>(&bytes) {
            Ok(refusal) if !status.is_success() && !refusal.code.is_empty() => {
                Err(self.to_error(status, refusal))
            }
            _ => Ok(bytes),
        }
    }

    /// Fetches the public health, `GET /health`, which needs no token.
    ///
    /// # Errors
    /// [`Error::unavailable`] if nothing answers, or if what answers is no mcp-lambda server.
    pub(crate) async fn fetch_health(&self) -> Result<Value> {
        let sent = self.client.get(format!("{}/health", self.url)).send().await;
        let response = sent.map_err(|error| self.connection_error(error))?;
        let status = response.status();
        let health: Value = response
            .json()
            .await
            .map_err(|_| self.unknown_server_error(status))?;
        if health["status"].is_string() {
            Ok(health)
        } else {
            Err(self.unknown_server_error(status))
        }
    }

    /// Returns the audience that the server has named.
    pub(crate) fn audience(&self) -> Option<String> {
        self.audience
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl fmt::Debug for RemoteAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteAdmin({})", self.url)
    }
}

#[async_trait]
impl AdminApi for RemoteAdmin {
    async fn health(&self) -> Result<Details> {
        self.request_as(Method::GET, "/health", None).await
    }

    async fn register(&self, user: NewUser) -> Result<RegisteredUser> {
        let registered: RegisteredUser = self
            .request_as(Method::POST, "/users", Some(&json!(user)))
            .await?;
        self.check_characters("token", registered.token.expose())?;
        Ok(registered)
    }

    async fn import(&self, user: ImportedUser) -> Result<ImportResult> {
        self.request_as(Method::POST, "/imports", Some(&json!(user)))
            .await
    }

    async fn users(&self, after: Option<&Email>, limit: usize) -> Result<UserList> {
        let after = after
            .map(|email| format!("&after={}", encode(email.as_str())))
            .unwrap_or_default();
        let response = self
            .request(Method::GET, &format!("/users?limit={limit}{after}"), None)
            .await?;
        let users: Vec<User> = decode(response.body)?;
        let next = users
            .last()
            .filter(|_| response.has_next)
            .map(|user| user.email.clone());
        Ok(UserList::new(users, next))
    }

    async fn user(&self, email: &Email) -> Result<UserDetails> {
        self.request_as(Method::GET, &user_path(email, ""), None)
            .await
    }

    async fn revoke(&self, email: &Email) -> Result<()> {
        self.request(Method::DELETE, &user_path(email, ""), None)
            .await
            .map(drop)
    }

    async fn purge(&self, email: &Email) -> Result<()> {
        self.request(Method::DELETE, &user_path(email, "?purge=true"), None)
            .await
            .map(drop)
    }

    async fn profile(&self, email: &Email, reveal: bool) -> Result<Option<Value>> {
        let mut response = self
            .request(
                Method::GET,
                &user_path(email, &format!("/profile?reveal={reveal}")),
                None,
            )
            .await?;
        Ok(Some(response.body["profile"].take()).filter(|profile| !profile.is_null()))
    }

    async fn update_profile(&self, email: &Email, patch: &Value) -> Result<Value> {
        let mut response = self
            .request(Method::PATCH, &user_path(email, "/profile"), Some(patch))
            .await?;
        Ok(response.body["profile"].take())
    }

    async fn create_token(&self, token: NewToken) -> Result<IssuedToken> {
        let issued: IssuedToken = self
            .request_as(Method::POST, "/tokens", Some(&json!(token)))
            .await?;
        self.check_characters("token", issued.token.expose())?;
        self.check_characters("token's id", &issued.id)?;
        Ok(issued)
    }

    async fn tokens(&self, email: &Email) -> Result<Vec<Token>> {
        let tokens: Vec<Token> = self
            .request_as(Method::GET, &user_path(email, "/tokens"), None)
            .await?;
        tokens
            .iter()
            .try_for_each(|token| self.check_characters("token's id", &token.id))?;
        Ok(tokens)
    }

    async fn revoke_token(&self, email: &Email, id: &str) -> Result<()> {
        self.request(
            Method::DELETE,
            &user_path(email, &format!("/tokens/{}", encode(id))),
            None,
        )
        .await
        .map(drop)
    }

    async fn safe_tool(&self) -> Result<SafeTool> {
        self.request_as(Method::GET, "/safe-tool", None).await
    }
}

/// Returns the path of a user, and what follows it.
fn user_path(email: &Email, rest: &str) -> String {
    format!("/users/{}{rest}", encode(email.as_str()))
}

/// Encodes text as one segment of a path (RFC 3986 §2.1).
fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED_IN_SEGMENT).to_string()
}

/// Reads a response's JSON as a `T`.
fn decode<T: DeserializeOwned>(body: Value) -> Result<T> {
    serde_json::from_value(body).map_err(|error| {
        Error::unavailable("the server answered in a way this CLI can't read; are both up to date?")
            .with_source(error)
    })
}
