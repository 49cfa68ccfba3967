//! A [`Verifier`] for a gateway in front: the claims that the JWT authorizer of an Amazon API Gateway HTTP API has verified.
//!
//! Such a gateway refuses bad tokens itself and passes on what the good ones say. A claim is taken from the request's context
//! alone, and from no header: only the gateway writes there.

use async_trait::async_trait;
use mcp_lambda::identity::{Challenge, Claims, Credential, Verdict, Verifier};
use mcp_lambda::user::Scopes;
use mcp_lambda::{Email, Result};
use serde_json::{Value, json};

/// A [`Verifier`] of people of one email domain, who are registered when they are first seen.
///
/// ```
/// use extensions::gateway_claims::GatewayClaims;
/// use mcp_lambda::App;
///
/// let app = App::new("notes").verifier(GatewayClaims::new("example.com"));
/// assert_eq!(app.check(), Ok(()));
/// ```
#[derive(Clone, Debug)]
pub struct GatewayClaims {
    domain: String,
}

impl GatewayClaims {
    /// Creates a verifier that admits verified addresses of this domain.
    #[must_use]
    pub fn new(domain: impl Into<String>) -> Self {
        Self {
            domain: domain.into(),
        }
    }

    /// Converts the claims of a token to [`Claims`] about a user, or to the reason of a refusal.
    fn convert(&self, claims: &Value) -> Result<Claims, &'static str> {
        let text = |name: &str| claims[name].as_str();
        if text("email_verified") != Some("true") {
            return Err("email_not_verified");
        }
        let email: Option<Email> = text("email").and_then(|email| email.parse().ok());
        let email = email.ok_or("no_email")?;
        if email.as_str().rsplit_once('@').map(|(_, domain)| domain) != Some(&self.domain) {
            return Err("other_domain");
        }
        let issued_at = text("iat").and_then(|seconds| seconds.parse().ok());
        let profile = text("name").map(|name| json!({ "name": name }));
        Ok(Claims::user(email, issued_at.ok_or("no_time_of_issue")?)
            .with_scopes(Scopes::from_claim(Some(text("scope").unwrap_or_default())))
            .register_if_new(profile))
    }
}

#[async_trait]
impl Verifier for GatewayClaims {
    async fn verify(&self, credential: &Credential) -> Result<Verdict> {
        let context = credential.request_context();
        // The gateway writes every claim as text, numbers and truth values too.
        let claims = context.and_then(|context| context.pointer("/authorizer/jwt/claims"));
        Ok(match claims.map(|claims| self.convert(claims)) {
            None => Verdict::Unrecognized,
            Some(Ok(claims)) => Verdict::Valid(claims),
            Some(Err(reason)) => Verdict::Refused(reason.into()),
        })
    }

    fn challenge(&self) -> Challenge {
        Challenge::bearer()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method, Request};
    use mcp_lambda::App;
    use mcp_lambda::identity::laws::{self, Samples};
    use mcp_lambda::testkit::{TestApp, block_on};

    use super::*;

    fn credential(change: impl Fn(&mut Value)) -> Credential {
        let mut claims = json!({
            "sub": "00u1", "email": "alice@example.com", "email_verified": "true", "iat": "1800000000", "name": "Alice",
            "scope": "notes:read",
        });
        change(&mut claims);
        let context = json!({"authorizer": {"jwt": {"claims": claims, "scopes": null}}});
        Credential::from_request(Method::POST, "/mcp", HeaderMap::new())
            .with_request_context(context)
    }

    fn verifier() -> GatewayClaims {
        GatewayClaims::new("example.com")
    }

    #[test]
    fn it_keeps_the_laws_of_verifiers() {
        let scopes = Scopes::from_claim(Some("notes:read"));
        let claims = Claims::user("alice@example.com".parse().expect("valid"), 1_800_000_000)
            .with_scopes(scopes)
            .register_if_new(Some(json!({"name": "Alice"})));
        let refused = [
            credential(|claims| claims["email_verified"] = json!("false")),
            credential(|claims| claims["email"] = json!("alice@evilexample.com")),
            credential(|claims| claims["email"] = json!("00u1")),
            credential(|claims| claims["iat"] = json!(null)),
        ];
        let samples = Samples::new(credential(|_| ()), claims).with_refused(refused);
        block_on(laws::all(&verifier(), &samples));
    }

    #[test]
    fn a_client_that_says_what_a_gateway_says_is_nobody() {
        block_on(async {
            let app = TestApp::new(App::new("notes").verifier(verifier())).await;
            let context = r#"{"authorizer":{"jwt":{"claims":{"email":"alice@example.com","email_verified":"true"}}}}"#;
            let request = Request::post("/mcp")
                .header("host", "localhost")
                .header("x-amzn-request-context", context)
                .header("requestcontext", context)
                .body(http_body_util::Full::new(bytes::Bytes::from(context)))
                .expect("a request");
            let answer = app.send(request).await;
            assert_eq!(answer.status, 401, "{}", answer.text);
        });
    }
}
