//! An [app](App) in memory, on a clock that stands still.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

use super::client::{Client, TestResponse};
use super::faulty_store::FaultyStore;
use super::user::TestUser;
use crate::app::{App, Server};
use crate::backend::Backend;
use crate::clock::Clock;
use crate::config::Settings;
use crate::identity::{Operator, operator_token};
use crate::keys::{FixedKey, SigningKey};
use crate::store::laws::ManualClock;

/// The signing key of every test app that is given no other.
pub const SIGNING_KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

/// The longest wait of a test for an answer.
const MAX_WAIT: Duration = Duration::from_secs(90);

/// A built app in memory, with its clock and its store for a test to move and to break.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestApp {
    server: Server,
    clock: Arc<ManualClock>,
    store: Arc<FaultyStore>,
    audience: Option<String>,
    key: SigningKey,
}

impl TestApp {
    /// Returns the built server.
    #[must_use]
    pub const fn server(&self) -> &Server {
        &self.server
    }

    /// Returns the store, which counts its calls and fails when a test wants it to.
    #[must_use]
    pub const fn store(&self) -> &Arc<FaultyStore> {
        &self.store
    }

    /// Builds an app with a laptop's settings.
    ///
    /// # Panics
    /// If the app is faulty.
    pub async fn new(app: App) -> Self {
        Self::with_settings(app, &[]).await
    }

    /// Builds an app with these settings on top of a laptop's; `SIGNING_KEY` is the key that its
    /// tokens are signed with.
    ///
    /// # Panics
    /// If the app or the settings are faulty.
    pub async fn with_settings(app: App, settings: &[(&str, &str)]) -> Self {
        let clock = Arc::new(ManualClock::default());
        let store = Arc::new(FaultyStore::new(Arc::<ManualClock>::clone(&clock)));
        Self::build(app, settings, store, clock).await
    }

    /// Builds another instance over the same store and clock, as a second Lambda would be.
    ///
    /// # Panics
    /// If the app or the settings are faulty.
    pub async fn second_instance(&self, app: App, settings: &[(&str, &str)]) -> Self {
        Self::build(
            app,
            settings,
            Arc::clone(&self.store),
            Arc::clone(&self.clock),
        )
        .await
    }

    /// Builds an app over a store and a clock, which several may share.
    async fn build(
        app: App,
        settings: &[(&str, &str)],
        store: Arc<FaultyStore>,
        clock: Arc<ManualClock>,
    ) -> Self {
        // No setting comes from the real environment, so a test is the same on every machine. There is
        // no home either: an app that would read or write a file there fails in its test.
        let pairs = [("HOME", "/nonexistent")].iter().chain(settings);
        let environment: BTreeMap<_, _> = pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let settings = Settings::read(&environment, app.name())
            .unwrap_or_else(|problems| panic!("{problems:?}"));
        // Keys and store are given, whatever backend the settings name: nothing here reaches a network.
        let key = settings.signing_key.clone();
        let key = key.unwrap_or_else(|| SigningKey::new(*SIGNING_KEY).expect("long enough"));
        let opened_backend = Backend {
            store: Arc::<FaultyStore>::clone(&store),
            keys: Arc::new(FixedKey::new(key.clone())),
        };
        let app = app
            .clock(Arc::<ManualClock>::clone(&clock))
            .use_backend(opened_backend);
        let server = app
            .build(&settings)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        Self {
            server,
            clock,
            store,
            audience: settings.audience,
            key,
        }
    }

    /// Returns the app's clock, which stands still until it is moved.
    #[must_use]
    pub const fn clock(&self) -> &Arc<ManualClock> {
        &self.clock
    }

    /// Returns a client without a token.
    #[must_use]
    pub fn anonymous(&self) -> Client<'_> {
        Client::new(self, None)
    }

    /// Returns a client with this token.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Client<'_> {
        Client::new(self, Some(token.into()))
    }

    /// Returns an operator's client, whose token opens `/admin`.
    #[must_use]
    pub fn admin(&self) -> Client<'_> {
        self.operator(Operator::Admin)
    }

    /// Returns a probe's client, which discovers and lists.
    #[must_use]
    pub fn probe(&self) -> Client<'_> {
        self.operator(Operator::Probe)
    }

    fn operator(&self, operator: Operator) -> Client<'_> {
        let token = operator_token(
            &self.key,
            operator,
            self.audience.as_deref(),
            self.clock.now(),
        );
        self.with_token(token.expect("signed").expose().as_str())
    }

    /// Registers a user when this is awaited: `app.user("alice@example.com").await`, or first with
    /// [`profile`](TestUser::profile) and [`scopes`](TestUser::scopes).
    pub fn user(&self, email: &str) -> TestUser<'_> {
        TestUser::new(self, email)
    }

    /// Registers a user by this body of `POST /admin/users`.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn user_with(&self, body: Value) -> Client<'_> {
        let answer = self
            .admin()
            .ask(Method::POST, "/admin/users", Some(body))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.with_token(answer.json["token"].as_str().expect("a token"))
    }

    /// Returns a registered user's client with another token, which has these scopes and no others.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn token_with_scopes(&self, email: &str, scopes: &[&str]) -> Client<'_> {
        let body = json!({ "email": email, "scopes": scopes });
        let answer = self
            .admin()
            .ask(Method::POST, "/admin/tokens", Some(body))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.with_token(answer.json["token"].as_str().expect("a token"))
    }

    /// Sends a request unchanged.
    ///
    /// # Panics
    /// If there is no answer after 90 seconds, or one that is no text.
    #[doc(hidden)] // The body is another crate's type.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> TestResponse {
        // The body is read within the time limit as well, since a stream is answered at once and ends
        // with its call.
        let answering = async {
            let (parts, body) = self.server.router.handle(request).await.into_parts();
            let Ok(body) = body.collect().await;
            (parts, body.to_bytes())
        };
        let (parts, bytes) = tokio::time::timeout(MAX_WAIT, answering)
            .await
            .expect("an answer in time");
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        // Of an event stream the last message is the answer; those before it are progress, log messages
        // and questions (MCP 2026-07-28, Streamable HTTP).
        let data = text
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("data: "))
            .unwrap_or(&text);
        let json = serde_json::from_str(data).unwrap_or(Value::Null);
        TestResponse {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text,
            json,
        }
    }
}
