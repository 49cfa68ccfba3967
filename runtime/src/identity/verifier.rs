//! The [`Verifier`] extension point: from a credential to claims.
//!
//! A verifier must never read the user record, decide about revocation, or answer for a credential that another issuer made.

use std::borrow::Cow;
use std::fmt;

use async_trait::async_trait;
use serde_json::Value;

use super::{Challenge, Credential, Operator};
use crate::error::Result;
use crate::user::{Email, Scopes};

/// The statements of a valid credential about its holder.
///
/// ```
/// use mcp_lambda::identity::Claims;
/// use mcp_lambda::user::Scopes;
///
/// let claims = Claims::user("alice@example.com".parse()?, 1_800_000_000)
///     .with_scopes(Scopes::from_claim(Some("notes:read")))
///     .with_read_only(true);
/// assert_eq!(claims.email().map(|email| email.as_str()), Some("alice@example.com"));
/// # Ok::<(), mcp_lambda::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    pub(super) holder: Holder,
    pub(super) scopes: Scopes,
    pub(super) is_read_only: bool,
    pub(super) token_id: Option<String>,
    pub(super) issued_at: u64,
    pub(super) first_sight: Option<FirstSight>,
}

/// The registration of a user whom no record knows yet ([`Claims::register_if_new`]).
#[derive(Clone, PartialEq, Eq)]
pub(super) struct FirstSight {
    pub(super) profile: Option<Value>,
}

impl fmt::Debug for FirstSight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the profile, which may hold secrets.
        f.write_str("FirstSight")
    }
}

/// The holder of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    User(Email),
    /// No verifier outside this module can name one: only own keys make operators.
    Operator(Operator),
}

impl Claims {
    /// Creates the claims of a credential that belongs to a user and was issued at this time, in epoch seconds.
    ///
    /// The user must be registered, or [be so at first sight](Self::register_if_new). A credential without a
    /// [token id](Self::with_token_id) holds while it was issued after its user was registered and last revoked, so the time must
    /// be the issuer's and not the time of the request.
    #[must_use]
    pub const fn user(email: Email, issued_at: u64) -> Self {
        Self {
            holder: Holder::User(email),
            scopes: Scopes::All,
            is_read_only: false,
            token_id: None,
            issued_at,
            first_sight: None,
        }
    }

    /// Creates the claims of an operator's token.
    pub(super) const fn operator(operator: Operator, issued_at: u64) -> Self {
        Self {
            holder: Holder::Operator(operator),
            scopes: Scopes::All,
            is_read_only: false,
            token_id: None,
            issued_at,
            first_sight: None,
        }
    }

    /// Limits the credential to these [`Scopes`]; without this call it can do whatever its user can.
    #[must_use]
    pub fn with_scopes(mut self, scopes: Scopes) -> Self {
        self.scopes = scopes;
        self
    }

    /// Sets whether the credential opens only tools that change nothing.
    #[must_use]
    pub const fn with_read_only(mut self, is_read_only: bool) -> Self {
        self.is_read_only = is_read_only;
        self
    }

    /// Sets the id under which the user record lists the token (`jti`, RFC 7519 §4.1.7).
    ///
    /// Only tokens that this server issued are listed. A token with an id that is not in the record is refused, so a
    /// verifier of another issuer's tokens leaves this out.
    #[must_use]
    pub fn with_token_id(mut self, id: impl Into<String>) -> Self {
        self.token_id = Some(id.into());
        self
    }

    /// Registers the user with this profile if there is no record for the email.
    ///
    /// The record is made once, even if many calls come at once, and no credential changes it later. It decides as any
    /// record does: a revoked user needs a credential that was issued after the revocation. After a purge there is no
    /// record, so the issuer's next credential registers the user again: remove the user at the issuer first.
    ///
    /// A credential that was issued before its user was registered is valid too. A profile that does not fit the app's type
    /// ([`App::profile`](crate::App::profile)) registers nobody.
    ///
    /// ```
    /// use mcp_lambda::identity::{Challenge, Claims, Credential, Verdict, Verifier};
    /// use mcp_lambda::prelude::*;
    /// use mcp_lambda::testkit::{TestApp, block_on};
    ///
    /// #[derive(Debug)]
    /// struct Directory;
    ///
    /// #[async_trait::async_trait]
    /// impl Verifier for Directory {
    ///     async fn verify(&self, credential: &Credential) -> Result<Verdict> {
    ///         Ok(match credential.token() {
    ///             Some("7f9c2ba4e88f827d") => {
    ///                 Verdict::Valid(Claims::user("alice@example.com".parse()?, 1_800_000_000).register_if_new(None))
    ///             }
    ///             _ => Verdict::Unrecognized,
    ///         })
    ///     }
    ///
    ///     fn challenge(&self) -> Challenge {
    ///         Challenge::bearer()
    ///     }
    /// }
    ///
    /// block_on(async {
    ///     let app = TestApp::new(App::new("notes").verifier(Directory)).await;
    ///     assert_eq!(app.with_token("7f9c2ba4e88f827d").mcp("tools/list", serde_json::json!({})).await.status, 200);
    ///     let users = app.admin().ask(http::Method::GET, "/admin/users", None).await;
    ///     assert_eq!(users.json[0]["email"], "alice@example.com");
    /// });
    /// ```
    #[must_use]
    pub fn register_if_new(mut self, profile: Option<Value>) -> Self {
        self.first_sight = Some(FirstSight { profile });
        self
    }

    /// Returns the user's [`Email`]; `None` for an operator.
    #[must_use]
    pub const fn email(&self) -> Option<&Email> {
        match &self.holder {
            Holder::User(email) => Some(email),
            Holder::Operator(_) => None,
        }
    }

    /// Returns the time of issue, in epoch seconds.
    #[must_use]
    pub const fn issued_at(&self) -> u64 {
        self.issued_at
    }
}

/// The answer of a [`Verifier`] about a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The credential is of this verifier's issuer and valid now.
    Valid(Claims),
    /// The credential is of this verifier's issuer and refused, for a reason that the log alone shows: one `snake_case` word,
    /// such as `expired`, of the verifier's own or from the issuer's answer. It must not repeat the credential.
    Refused(Cow<'static, str>),
    /// The credential is not of this verifier's issuer; the next verifier looks at it.
    Unrecognized,
}

/// Recognises and checks the credentials of one issuer; registered by [`App::verifier`](crate::App::verifier).
///
/// The server's own tokens are looked at first, then the app's verifiers in their order. The first that recognises a
/// credential decides. One that nobody recognises is refused: a request that brings a credential never becomes anonymous.
/// Revocation follows in one place for all of them, by the user record. The laws in `identity::laws` (feature `laws`) hold
/// for every implementation.
///
/// ```
/// use mcp_lambda::identity::{Challenge, Claims, Credential, Verdict, Verifier};
///
/// /// Lets the one key of a build server in.
/// #[derive(Debug)]
/// struct BuildServer;
///
/// #[async_trait::async_trait]
/// impl Verifier for BuildServer {
///     async fn verify(&self, credential: &Credential) -> mcp_lambda::Result<Verdict> {
///         Ok(match credential.token() {
///             Some("build-7f9c2ba4e88f827d") => Verdict::Valid(Claims::user("build@example.com".parse()?, 1_800_000_000)),
///             _ => Verdict::Unrecognized,
///         })
///     }
///
///     fn challenge(&self) -> Challenge {
///         Challenge::bearer()
///     }
/// }
///
/// let app = mcp_lambda::App::new("notes").verifier(BuildServer);
/// assert_eq!(app.check(), Ok(()));
/// ```
#[async_trait]
pub trait Verifier: fmt::Debug + Send + Sync + 'static {
    /// Checks signature or lookup, issuer, audience and time of a credential.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if the verifier can't tell now, as without its keys: the client is
    /// answered 503 and keeps its token.
    async fn verify(&self, credential: &Credential) -> Result<Verdict>;

    /// Returns the [`Challenge`] for a client without a valid credential; those of all verifiers are sent together.
    fn challenge(&self) -> Challenge;

    /// Returns the names of the headers that hold this verifier's secrets, beside `Authorization` and `x-api-key`: the
    /// [`Credential`] has them, and nothing further in can see, log or forward them, public routes included.
    ///
    /// ```
    /// use mcp_lambda::identity::{Challenge, Claims, Credential, Verdict, Verifier};
    ///
    /// /// Believes a proxy that knows the secret about who its user is.
    /// #[derive(Debug)]
    /// struct Proxy {
    ///     secret: mcp_lambda::Secret<String>,
    /// }
    ///
    /// #[async_trait::async_trait]
    /// impl Verifier for Proxy {
    ///     async fn verify(&self, credential: &Credential) -> mcp_lambda::Result<Verdict> {
    ///         let Some(secret) = credential.header("x-proxy-secret") else {
    ///             return Ok(Verdict::Unrecognized);
    ///         };
    ///         let user = credential.header("x-user").and_then(|user| user.parse().ok());
    ///         Ok(match user {
    ///             // Compare digests, or byte by byte in constant time.
    ///             Some(user) if secret == self.secret.expose() => Verdict::Valid(Claims::user(user, 1_800_000_000)),
    ///             _ => Verdict::Refused("not_the_proxy".into()),
    ///         })
    ///     }
    ///
    ///     fn challenge(&self) -> Challenge {
    ///         Challenge::bearer()
    ///     }
    ///
    ///     fn secret_headers(&self) -> Vec<String> {
    ///         vec!["x-proxy-secret".to_owned()]
    ///     }
    /// }
    ///
    /// let secret = mcp_lambda::Secret::new("b7e151628aed2a6a".to_owned());
    /// assert_eq!(mcp_lambda::App::new("notes").verifier(Proxy { secret }).check(), Ok(()));
    /// ```
    fn secret_headers(&self) -> Vec<String> {
        Vec::new()
    }
}
