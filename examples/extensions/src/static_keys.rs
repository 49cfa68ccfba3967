//! A [`Verifier`] for a static table of API keys, as for scripts that can't renew tokens.
//!
//! A key stands for a registered user and opens what its scopes allow. Revocation is the framework's: revoking the user in
//! the admin API ends the key, too, until the table has a newer one.

use std::fmt;

use async_trait::async_trait;
use mcp_lambda::identity::{Challenge, Claims, Credential, Verdict, Verifier};
use mcp_lambda::user::Scopes;
use mcp_lambda::{Email, Result, Secret};

/// An API key of [`StaticKeys`], and what it opens.
#[derive(Clone, Debug)]
pub struct ApiKey {
    secret: Secret<String>,
    claims: Claims,
    is_blocked: bool,
}

impl ApiKey {
    /// Creates a key of a user, made at this time in epoch seconds.
    #[must_use]
    pub fn new(secret: impl Into<String>, user: Email, made_at: u64) -> Self {
        Self {
            secret: Secret::new(secret.into()),
            claims: Claims::user(user, made_at),
            is_blocked: false,
        }
    }

    /// Limits the key to these [`Scopes`], separated by spaces.
    #[must_use]
    pub fn scopes(mut self, scopes: &str) -> Self {
        self.claims = self.claims.with_scopes(Scopes::from_claim(Some(scopes)));
        self
    }

    /// Blocks the key: it is refused ([`Verdict::Refused`]) with a reason of its own in the log.
    #[must_use]
    pub const fn blocked(mut self) -> Self {
        self.is_blocked = true;
        self
    }
}

/// A [`Verifier`] of the API keys in a table, sent as `Authorization: Bearer KEY`.
#[derive(Clone, Default)]
pub struct StaticKeys {
    keys: Vec<ApiKey>,
}

impl StaticKeys {
    /// Creates a [`Verifier`] of these keys.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = ApiKey>) -> Self {
        Self {
            keys: keys.into_iter().collect(),
        }
    }

    /// Finds a key. Every key is compared whole ([`is_equal`]), so that the time taken says nothing about where a guess
    /// differs.
    fn find(&self, token: &str) -> Option<&ApiKey> {
        let mut found = None;
        for key in &self.keys {
            if is_equal(key.secret.expose(), token) {
                found = Some(key);
            }
        }
        found
    }
}

/// Compares two texts in a time that depends on their lengths alone.
fn is_equal(secret: &str, token: &str) -> bool {
    let pairs = secret.bytes().zip(token.bytes());
    let difference = pairs.fold(0, |difference, (one, other)| difference | (one ^ other));
    secret.len() == token.len() && std::hint::black_box(difference) == 0
}

#[async_trait]
impl Verifier for StaticKeys {
    async fn verify(&self, credential: &Credential) -> Result<Verdict> {
        Ok(
            match credential.token().and_then(|token| self.find(token)) {
                Some(key) if key.is_blocked => Verdict::Refused("key_is_blocked".into()),
                Some(key) => Verdict::Valid(key.claims.clone()),
                None => Verdict::Unrecognized,
            },
        )
    }

    fn challenge(&self) -> Challenge {
        Challenge::bearer().with_parameter("realm", "api keys")
    }
}

impl fmt::Debug for StaticKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StaticKeys({})", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use mcp_lambda::identity::laws::{self, Samples};
    use mcp_lambda::prelude::*;
    use mcp_lambda::testkit::{TestApp, block_on};
    use serde_json::json;

    use super::*;

    const KEY: &str = "key-of-alice-b7e151628aed2a6a";
    const BLOCKED: &str = "key-of-alice-9e3779b97f4a7c15";

    /// Ten seconds after the clock of a test app begins.
    const MADE_AT: u64 = 1_800_000_010;

    #[tools]
    #[expect(unreachable_pub, reason = "public functions are the tools")]
    mod tools {
        use mcp_lambda::prelude::*;

        /// Names the current user.
        #[tool(read_only)]
        pub async fn whoami(user: CurrentUser) -> String {
            user.email().to_string()
        }

        /// Needs a scope.
        #[tool(scopes("notes:write"))]
        pub async fn write() -> &'static str {
            "written"
        }
    }

    fn alice() -> Email {
        "alice@example.com".parse().expect("an email")
    }

    fn keys() -> StaticKeys {
        StaticKeys::new([
            ApiKey::new(BLOCKED, alice(), MADE_AT).blocked(),
            ApiKey::new(KEY, alice(), MADE_AT).scopes("notes:read"),
        ])
    }

    async fn app() -> TestApp {
        let app = App::new("notes").tools(tools::tools()).verifier(keys());
        let app = TestApp::new(app).await;
        app.user("alice@example.com").await;
        app.clock().advance(20);
        app
    }

    #[test]
    fn static_keys_keep_the_laws_of_verifiers() {
        let credential = |key: &str| Credential::new(Secret::new(key.to_owned()));
        let claims = keys().keys[1].claims.clone();
        let samples = Samples::new(credential(KEY), claims).with_refused([credential(BLOCKED)]);
        block_on(laws::all(&keys(), &samples));
    }

    #[test]
    fn a_key_calls_as_its_user_within_its_scopes() {
        block_on(async {
            let app = app().await;
            let script = app.with_token(KEY);
            let answer = script.call("whoami", json!({})).await;
            assert_eq!(answer.tool_text(), "alice@example.com");
            let answer = script.call("write", json!({})).await;
            assert!(answer.json["error"].is_object(), "{}", answer.text);
        });
    }

    #[test]
    fn a_key_ends_with_its_user_and_opens_no_admin_route() {
        block_on(async {
            let app = app().await;
            let script = app.with_token(KEY);
            let answer = script.ask(Method::GET, "/admin/users", None).await;
            assert_eq!(answer.status, 403, "{}", answer.text);
            let revoked = app
                .admin()
                .ask(Method::DELETE, "/admin/users/alice@example.com", None)
                .await;
            assert_eq!(revoked.status, 200, "{}", revoked.text);
            let answer = script.call("whoami", json!({})).await;
            assert_eq!(answer.status, 401, "{}", answer.text);
        });
    }

    #[test]
    fn a_key_that_nobody_knows_is_401_with_the_challenge_of_all_verifiers() {
        block_on(async {
            let app = app().await;
            for token in [BLOCKED, "key-of-nobody"] {
                let answer = app.with_token(token).call("whoami", json!({})).await;
                let challenge = answer.header("www-authenticate").expect("a challenge");
                assert_eq!(answer.status, 401);
                assert!(challenge.contains(r#"realm="api keys", error="invalid_token""#));
            }
            let own = app.user("bob@example.com").await;
            let answer = own.call("whoami", json!({})).await;
            assert_eq!(answer.tool_text(), "bob@example.com", "own tokens go on");
        });
    }
}
