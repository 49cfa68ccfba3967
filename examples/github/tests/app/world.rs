//! The app, the GitHub behind it, and Alice. Whatever she is told is searched for her token.

use mcp_lambda::testkit::{
    Client, TestApp, TestResponse, Upstream, UpstreamRequest, UpstreamResponse,
};
use serde_json::{Value, json};

use crate::upstream;

/// Alice's token for GitHub.
pub(crate) const TOKEN: &str = "github_pat_11ALICE0_secretsecretsecret";

pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) upstream: Upstream,
    alice: String,
}

impl World {
    /// A GitHub that answers so, and Alice with an account there.
    pub(crate) async fn answering(
        answer: impl Fn(&UpstreamRequest) -> UpstreamResponse + Send + Sync + 'static,
    ) -> Self {
        let upstream = upstream::start(answer).await;
        let app = TestApp::new(github::app()).await;
        let alice = user(&app, "alice@example.com", TOKEN, &upstream.url())
            .await
            .token()
            .to_owned();
        Self {
            app,
            upstream,
            alice,
        }
    }

    pub(crate) fn alice(&self) -> Client<'_> {
        self.app.with_token(self.alice.as_str())
    }

    /// What a tool tells Alice as data.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        told(&self.alice().call(tool, arguments).await)
    }

    /// What a tool tells Alice when it fails.
    pub(crate) async fn refusal(&self, tool: &str, arguments: Value) -> String {
        refused(&self.alice().call(tool, arguments).await)
    }
}

/// A user with this account.
pub(crate) async fn user<'a>(
    app: &'a TestApp,
    email: &str,
    token: &str,
    api_url: &str,
) -> Client<'a> {
    app.user_with(json!({ "email": email, "profile": { "token": token, "api_url": api_url } }))
        .await
}

/// The data in a tool's answer.
pub(crate) fn told(answer: &TestResponse) -> Value {
    keeps_the_token(answer);
    answer.data().clone()
}

/// The words of a tool's failure.
pub(crate) fn refused(answer: &TestResponse) -> String {
    keeps_the_token(answer);
    assert!(answer.is_tool_error(), "{}", answer.text);
    answer.tool_text().to_owned()
}

fn keeps_the_token(answer: &TestResponse) {
    assert!(
        !answer.text.contains(TOKEN),
        "the token is in {}",
        answer.text
    );
    assert!(
        !format!("{:?}", answer.headers).contains(TOKEN),
        "the token is in a header"
    );
}
