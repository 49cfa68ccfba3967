//! The registration of a user of a [`TestApp`], as a builder.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use serde_json::{Value, json};

use super::app::TestApp;
use super::client::Client;

/// A builder of a user, who is registered when it is awaited; the result is the user's [`Client`].
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::testkit::{TestApp, block_on};
/// use serde_json::json;
///
/// #[derive(Deserialize, JsonSchema)]
/// pub struct Account {
///     team: String,
/// }
///
/// #[tools]
/// pub mod tools {
///     use super::*;
///
///     /// Names the caller's team.
///     #[tool(read_only, scopes("teams:read"))]
///     pub async fn team(account: Profile<Account>) -> String {
///         account.team.clone()
///     }
/// }
///
/// # fn main() {
/// block_on(async {
///     let app = TestApp::new(App::new("teams").profile::<Account>().tools(tools::tools())).await;
///     let alice = app.user("alice@example.com").profile(json!({"team": "blue"})).scopes(["teams:read"]).await;
///     assert_eq!(alice.call("team", json!({})).await.tool_text(), "blue");
/// });
/// # }
/// ```
#[must_use = "a user is registered when this is awaited"]
pub struct TestUser<'a> {
    app: &'a TestApp,
    email: String,
    profile: Option<Value>,
    scopes: Option<Vec<String>>,
}

impl<'a> TestUser<'a> {
    pub(super) fn new(app: &'a TestApp, email: &str) -> Self {
        Self {
            app,
            email: email.to_owned(),
            profile: None,
            scopes: None,
        }
    }

    /// Sets the user's profile.
    pub fn profile(mut self, profile: Value) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Sets the scopes of the user's token; without them, the token may do
    /// everything that the user may.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    async fn register(self) -> Client<'a> {
        let mut body = json!({ "email": self.email });
        if let Some(profile) = self.profile {
            body["profile"] = profile;
        }
        // Registration issues a token without scopes of its own; a narrower one is a second token, as
        // an operator would issue it.
        let client = self.app.user_with(body).await;
        match self.scopes {
            Some(scopes) => {
                let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
                self.app.token_with_scopes(&self.email, &scopes).await
            }
            None => client,
        }
    }
}

impl<'a> IntoFuture for TestUser<'a> {
    type Output = Client<'a>;
    type IntoFuture = Pin<Box<dyn Future<Output = Client<'a>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.register())
    }
}

impl fmt::Debug for TestUser<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestUser").field(&self.email).finish()
    }
}
