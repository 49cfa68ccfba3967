//! [`Credential`]: the statements of a request about its sender, as a verifier sees them.
//!
//! It must never be printed: all that `Debug` shows is that there is one.

use std::fmt;

use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::Value;

use crate::secret::Secret;

/// The statements of a request about its sender: what a [`Verifier`](super::Verifier) is asked about.
///
/// Everything but the [request context](Self::request_context) comes from the client, and anyone can send it: a header is
/// proof of nothing but what it is signed with, or a secret in it that only a trusted proxy knows.
///
/// ```
/// use http::{HeaderMap, Method};
/// use mcp_lambda::identity::Credential;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("authorization", "Basic YWxpY2U6c2VzYW1l".parse()?);
/// let credential = Credential::from_request(Method::POST, "/mcp", headers);
/// assert_eq!(credential.token(), None, "of another scheme");
/// assert_eq!(credential.authorization("basic"), Some("YWxpY2U6c2VzYW1l"));
/// assert!(!format!("{credential:?}").contains("YWxp"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Credential {
    token: Option<Secret<String>>,
    method: Method,
    path: String,
    headers: HeaderMap,
    request_context: Option<Value>,
}

/// The statements of AWS about the sender of a request, in the request's extensions: [`Credential::request_context`].
#[derive(Clone, Debug)]
pub(crate) struct SenderContext {
    /// The members of the event's `requestContext` that are about the sender.
    pub(crate) members: Value,
}

impl Credential {
    /// Creates the credential of a request that brought this token, as `Authorization: Bearer TOKEN`.
    #[must_use]
    pub fn new(token: Secret<String>) -> Self {
        let mut headers = HeaderMap::new();
        if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", token.expose())) {
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        Self::from_request(Method::POST, "/mcp", headers).with_token(Some(token))
    }

    /// Creates the credential of a request that brought no token of this server's form.
    #[must_use]
    pub fn from_request(method: Method, path: impl Into<String>, headers: HeaderMap) -> Self {
        Self {
            token: None,
            method,
            path: path.into(),
            headers,
            request_context: None,
        }
    }

    pub(crate) fn with_token(mut self, token: Option<Secret<String>>) -> Self {
        self.token = token;
        self
    }

    /// Sets the [request context](Self::request_context), as tests do.
    #[must_use]
    pub fn with_request_context(mut self, members: Value) -> Self {
        self.request_context = Some(members);
        self
    }

    /// Returns the token: what stood behind `Bearer` (RFC 6750 §2.1), bare in `Authorization`, or as a JWT in `x-api-key`.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_ref().map(|token| token.expose().as_str())
    }

    /// Returns the scheme in `Authorization`, such as `DPoP`, as it was sent; `None` where nothing follows it.
    #[must_use]
    pub fn scheme(&self) -> Option<&str> {
        self.split_authorization().map(|(scheme, _)| scheme)
    }

    /// Returns the credential that follows a scheme in `Authorization` (RFC 9110 §11.4), whatever the scheme's case; `None`
    /// for another scheme.
    #[must_use]
    pub fn authorization(&self, scheme: &str) -> Option<&str> {
        let (found, rest) = self.split_authorization()?;
        found.eq_ignore_ascii_case(scheme).then_some(rest)
    }

    fn split_authorization(&self) -> Option<(&str, &str)> {
        let (scheme, rest) = self
            .header(header::AUTHORIZATION.as_str())?
            .trim()
            .split_once(char::is_whitespace)?;
        Some((scheme, rest.trim_start()))
    }

    /// Returns a header of the request; `None` if it is missing, no ASCII text, or sent more than once: of two values
    /// neither is known to be meant. Lambda joins the values of a header that was sent more than once by commas.
    ///
    /// A verifier names the headers that hold its secrets in
    /// [`Verifier::secret_headers`](super::Verifier::secret_headers).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    /// Returns the method of the request, which a proof may be bound to (`htm`, RFC 9449 §4.2).
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the path of the request, without the app's base path and without a query (`htu`, RFC 9449 §4.2).
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns what AWS says of the sender, where the request came through Lambda: an object with those of the members
    /// `authorizer`, `authentication` and `identity` that the event's `requestContext` has (Amazon API Gateway, "Create AWS
    /// Lambda proxy integrations for HTTP APIs"; AWS Lambda, "Invoking function URLs").
    ///
    /// No header of a client can set or change it; on any other way into the server there is none. A gateway's JWT
    /// authorizer puts claims at `/authorizer/jwt/claims`, IAM a caller at `/authorizer/iam`.
    ///
    /// ```
    /// use http::{HeaderMap, Method};
    /// use mcp_lambda::identity::Credential;
    /// use serde_json::{Value, json};
    ///
    /// let context = json!({"authorizer": {"jwt": {"claims": {"email": "alice@example.com"}}}});
    /// let credential = Credential::from_request(Method::POST, "/mcp", HeaderMap::new()).with_request_context(context);
    /// let email = |context: &Value| context.pointer("/authorizer/jwt/claims/email").cloned();
    /// assert_eq!(credential.request_context().and_then(email), Some(json!("alice@example.com")));
    /// ```
    #[must_use]
    pub const fn request_context(&self) -> Option<&Value> {
        self.request_context.as_ref()
    }
}

#[cfg(any(test, feature = "laws"))]
impl Credential {
    /// Returns the credential without each of its parts in turn, and the name of the part.
    pub(super) fn without_each_part(&self) -> Vec<(String, Self)> {
        let mut parts = Vec::new();
        for name in self.headers.keys() {
            let mut less = self.clone();
            less.headers.remove(name);
            // A token that came in a header goes with it.
            if *name == header::AUTHORIZATION {
                less.token = None;
            }
            parts.push((name.to_string(), less));
        }
        if self.request_context.is_some() {
            let mut less = self.clone();
            less.request_context = None;
            parts.push(("request context".to_owned(), less));
        }
        parts
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("has_token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn credential(headers: &[(&'static str, &'static str)]) -> Credential {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        Credential::from_request(Method::GET, "/mcp", map)
    }

    #[test]
    fn a_scheme_is_found_in_any_case_with_what_stands_behind_it() {
        for (text, scheme, rest) in [
            ("Basic abc", "basic", Some("abc")),
            ("dpop  a.b.c ", "DPoP", Some("a.b.c")),
            ("Digest a=b, c=d", "Digest", Some("a=b, c=d")),
            ("Basic abc", "Bearer", None),
            ("Basic", "Basic", None),
            ("a.b.c", "a.b.c", None),
        ] {
            let credential = credential(&[("authorization", text)]);
            assert_eq!(credential.authorization(scheme), rest, "{text}");
        }
        assert_eq!(credential(&[]).scheme(), None);
        assert_eq!(
            credential(&[("authorization", "DPoP x")]).scheme(),
            Some("DPoP")
        );
    }

    #[test]
    fn a_header_that_is_sent_twice_is_none() {
        let once = credential(&[("x-user", "alice@example.com")]);
        assert_eq!(once.header("X-User"), Some("alice@example.com"));
        let twice = credential(&[
            ("x-user", "mallory@example.com"),
            ("x-user", "alice@example.com"),
        ]);
        assert_eq!((twice.header("x-user"), twice.header("a b")), (None, None));
    }

    #[test]
    fn debug_shows_nothing_of_a_credential() {
        let credential = credential(&[("authorization", "Basic hush"), ("x-proxy-secret", "hush")])
            .with_token(Some(Secret::new("hush".to_owned())))
            .with_request_context(json!({"authorizer": {"claims": {"email": "hush"}}}));
        assert_eq!(
            format!("{credential:?}"),
            "Credential { has_token: true, .. }"
        );
    }
}
