//! The admin API of a server, over HTTP.
//!
//! Each request carries a fresh admin token, made here from the signing key; the key itself never travels. A server that
//! wants its audience named says so in its first refusal.

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
use mcp_lambda::{Email, Error, ErrorKind, Result, Secret};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::LINK;
use reqwest::{Client, Method, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use url::is_near;
pub(crate) use url::web_url;

/// How long a server may take to be reached, and to answer.
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(30);

/// What stands in a path segment as it is (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The [`AdminApi`] of a server by its URL.
pub struct RemoteAdmin {
    client: Client,
    url: String,
    key: SigningKey,
    clock: Arc<dyn Clock>,
    audience: Mutex<Option<String>>,
}

/// One answer: its JSON, and where the next page is.
struct AdminResponse {
    body: Value,
    has_next: bool,
}

/// What a refusal says.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    /// Beside `error`, which is a sentence too on the admin routes and an object on the MCP path.
    #[serde(rename = "error_description")]
    error: String,
    code: String,
    audience: Option<String>,
}

impl RemoteAdmin {
    /// The server at this URL, whose tokens this key signs.
    ///
    /// # Errors
    /// `Internal` if the HTTP client can't start.
    pub fn new(url: &str, key: SigningKey, clock: Arc<dyn Clock>) -> Result<Self> {
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .redirect(reqwest::redirect::Policy::none());
        // To this machine tokens go in the clear, and so to no proxy on the way.
        let client = if is_near(url) {
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

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T> {
        let answer = self.answer(method, path, body).await?;
        read(answer.body)
    }

    /// Sends a request; once more if the server names an audience that we did not.
    async fn answer(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<AdminResponse> {
        match self.send(method.clone(), path, body).await? {
            Ok(answer) => Ok(answer),
            Err((StatusCode::UNAUTHORIZED, refusal))
                if refusal.audience.is_some() && refusal.audience != self.audience() =>
            {
                let is_word =
                    |audience: &String| audience.bytes().all(|byte| byte.is_ascii_graphic());
                if !refusal.audience.as_ref().is_some_and(is_word) {
                    return Err(self.invalid_answer("audience"));
                }
                *self.audience.lock().unwrap_or_else(PoisonError::into_inner) = refusal.audience;
                self.send(method, path, body)
                    .await?
                    .map_err(|(status, refusal)| self.error(status, refusal))
            }
            Err((status, refusal)) => Err(self.error(status, refusal)),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Result<AdminResponse, (StatusCode, Refusal)>> {
        let unreachable = |error| self.unreachable(error);
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
        let (status, has_next) = (response.status(), response.headers().contains_key(LINK));
        let bytes = response.bytes().await.map_err(unreachable)?;
        if status.is_success() {
            let body = serde_json::from_slice(&bytes).map_err(|_| self.foreign(status))?;
            return Ok(Ok(AdminResponse { body, has_next }));
        }
        Ok(Err((
            status,
            serde_json::from_slice(&bytes).unwrap_or_default(),
        )))
    }

    /// A token that discovers and lists, and never calls. The audience is learned first: MCP's own refusals don't name it.
    pub(crate) async fn probe_token(&self) -> Result<Secret<String>> {
        if self.audience().is_none() {
            self.answer(Method::GET, "/health", None).await?;
        }
        operator_token(
            &self.key,
            Operator::Probe,
            self.audience().as_deref(),
            self.clock.now(),
        )
    }

    /// Posts a message to the MCP endpoint and gives the answer's body.
    pub(crate) async fn speak(&self, headers: &[(&str, String)], body: String) -> Result<Vec<u8>> {
        let request = headers.iter().fold(
            self.client.post(format!("{}/mcp", self.url)),
            |request, (name, value)| request.header(*name, value),
        );
        let response = request
            .body(body)
            .send()
            .await
            .map_err(|error| self.unreachable(error))?;
        let status = response.status();
        let bytes = response
            .bytes()
            .await
            .map_err(|error| self.unreachable(error))?
            .to_vec();
        match serde_json::from_slice::<Refusal>(&bytes) {
            Ok(refusal) if !status.is_success() && !refusal.code.is_empty() => {
                Err(self.error(status, refusal))
            }
            _ => Ok(bytes),
        }
    }

    /// Whether anything answers, and what it says of itself to everyone.
    pub(crate) async fn greet(&self) -> Result<Value> {
        let asked = self.client.get(format!("{}/health", self.url)).send().await;
        let response = asked.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        let said: Value = response.json().await.map_err(|_| self.foreign(status))?;
        if said["status"].is_string() {
            Ok(said)
        } else {
            Err(self.foreign(status))
        }
    }

    fn unreachable(&self, error: reqwest::Error) -> Error {
        Error::unavailable(format!("{} can't be reached", self.url))
            .with_source(error.without_url())
    }

    /// The audience that the server named.
    pub(crate) fn audience(&self) -> Option<String> {
        self.audience
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A refusal as the error it was, or as what its status means.
    fn error(&self, status: StatusCode, refusal: Refusal) -> Error {
        match (status, ErrorKind::from_code(&refusal.code)) {
            (StatusCode::UNAUTHORIZED, _) => Error::unauthenticated(format!(
                "{} does not accept the signing key; connect again with the right one, or, if it was rotated just now, try again in a minute",
                self.url
            )),
            (_, Some(kind)) => Error::new(kind, refusal.error),
            (StatusCode::TOO_MANY_REQUESTS, None) => Error::rate_limited(format!(
                "{} has too many requests; try again later",
                self.url
            )),
            (status, None) if status.is_server_error() => {
                Error::unavailable(format!("{} answered {status}", self.url))
            }
            (status, None) => self.foreign(status),
        }
    }

    /// What goes into a line that is pasted, or into a file, must be what such a thing is made of.
    fn check_word(&self, what: &str, text: &str) -> Result<()> {
        let is_allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let is_word = !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_allowed);
        is_word
            .then_some(())
            .ok_or_else(|| self.invalid_answer(what))
    }

    fn invalid_answer(&self, what: &str) -> Error {
        let words =
            "holds characters that none has; nothing of it is shown. Do not trust this server";
        Error::unavailable(format!("{} answered with a {what} that {words}", self.url))
    }

    fn foreign(&self, status: StatusCode) -> Error {
        Error::unavailable(format!(
            "what answers at {} is no mcp-lambda server (it said {status}); check the URL",
            self.url
        ))
    }
}

impl fmt::Debug for RemoteAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remote({})", self.url)
    }
}

#[async_trait]
impl AdminApi for RemoteAdmin {
    async fn health(&self) -> Result<Details> {
        self.ask(Method::GET, "/health", None).await
    }

    async fn register(&self, user: NewUser) -> Result<RegisteredUser> {
        let registered: RegisteredUser =
            self.ask(Method::POST, "/users", Some(&json!(user))).await?;
        self.check_word("token", registered.token.expose())?;
        Ok(registered)
    }

    async fn import(&self, user: ImportedUser) -> Result<ImportResult> {
        self.ask(Method::POST, "/imports", Some(&json!(user))).await
    }

    async fn users(&self, after: Option<&Email>, limit: usize) -> Result<UserList> {
        let after = after
            .map(|email| format!("&after={}", encode(email.as_str())))
            .unwrap_or_default();
        let answer = self
            .answer(Method::GET, &format!("/users?limit={limit}{after}"), None)
            .await?;
        let users: Vec<User> = read(answer.body)?;
        let next = users
            .last()
            .filter(|_| answer.has_next)
            .map(|user| user.email.clone());
        Ok(UserList { users, next })
    }

    async fn user(&self, email: &Email) -> Result<UserDetails> {
        self.ask(Method::GET, &user(email, ""), None).await
    }

    async fn revoke(&self, email: &Email) -> Result<()> {
        self.answer(Method::DELETE, &user(email, ""), None)
            .await
            .map(drop)
    }

    async fn purge(&self, email: &Email) -> Result<()> {
        self.answer(Method::DELETE, &user(email, "?purge=true"), None)
            .await
            .map(drop)
    }

    async fn profile(&self, email: &Email, reveal: bool) -> Result<Option<Value>> {
        let mut answer = self
            .answer(
                Method::GET,
                &user(email, &format!("/profile?reveal={reveal}")),
                None,
            )
            .await?;
        Ok(Some(answer.body["profile"].take()).filter(|profile| !profile.is_null()))
    }

    async fn update_profile(&self, email: &Email, patch: &Value) -> Result<Value> {
        let mut answer = self
            .answer(Method::PATCH, &user(email, "/profile"), Some(patch))
            .await?;
        Ok(answer.body["profile"].take())
    }

    async fn create_token(&self, token: NewToken) -> Result<IssuedToken> {
        let issued: IssuedToken = self
            .ask(Method::POST, "/tokens", Some(&json!(token)))
            .await?;
        self.check_word("token", issued.token.expose())?;
        self.check_word("token's id", &issued.id)?;
        Ok(issued)
    }

    async fn tokens(&self, email: &Email) -> Result<Vec<Token>> {
        let tokens: Vec<Token> = self.ask(Method::GET, &user(email, "/tokens"), None).await?;
        tokens
            .iter()
            .try_for_each(|token| self.check_word("token's id", &token.id))?;
        Ok(tokens)
    }

    async fn revoke_token(&self, email: &Email, id: &str) -> Result<()> {
        self.answer(
            Method::DELETE,
            &user(email, &format!("/tokens/{}", encode(id))),
            None,
        )
        .await
        .map(drop)
    }

    async fn safe_tool(&self) -> Result<SafeTool> {
        self.ask(Method::GET, "/safe-tool", None).await
    }
}

fn user(email: &Email, rest: &str) -> String {
    format!("/users/{}{rest}", encode(email.as_str()))
}

/// Text as one segment of a path.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T> {
    serde_json::from_value(body).map_err(|error| {
        Error::unavailable("the server answered in a way this CLI can't read; are both up to date?")
            .with_source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_kept_in_one_spelling() {
        for text in [
            "https://mcp.example.com",
            "https://mcp.example.com/",
            "https://MCP.example.com/mcp",
            "https://mcp.example.com/mcp/",
        ] {
            assert_eq!(
                web_url(text).expect(text),
                "https://mcp.example.com",
                "{text}"
            );
        }
        assert_eq!(
            web_url("http://localhost:9000/lambda-url/notes/").expect("near"),
            "http://localhost:9000/lambda-url/notes"
        );
        for text in [
            "mcp.example.com",
            "http://mcp.example.com",
            "ftp://x",
            "",
            "https://x/?token=t",
            "https://u:pw@x",
        ] {
            assert!(web_url(text).is_err(), "{text}");
        }
    }
}
