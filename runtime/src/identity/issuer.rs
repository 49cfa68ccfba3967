//! The [`Issuer`] of the server's own tokens. It stores nothing: its caller puts the [`TokenRecord`] of a new token
//! into the user record, under the conditions that hold there.

use std::sync::Arc;

use super::request::{DEFAULT_DURATION_SECONDS, TokenRequest, check_request};
use super::token::{Operator, TokenClaims, operator_token, sign};
use crate::clock::Clock;
use crate::error::Result;
use crate::keys::SigningKeys;
use crate::records::{TokenRecord, UserRecord};
use crate::secret::Secret;

/// A new token with the [`TokenRecord`] that makes it valid once it is stored.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) struct DraftToken {
    /// The token, to be shown once.
    pub token: Secret<String>,
    /// The `jti` of the token.
    pub id: String,
    /// The lifetime, in seconds.
    pub duration_seconds: u64,
    /// The entry for the user record.
    pub record: TokenRecord,
}

/// The settings of a deployment about its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenConfig {
    /// The `aud` that every token must carry, if one is set (RFC 7519 §4.1.3).
    pub audience: Option<String>,
    /// The lifetime, in seconds, of a token whose [`TokenRequest`] names none.
    pub duration_seconds: u64,
}

impl Default for TokenConfig {
    fn default() -> Self {
        Self {
            audience: None,
            duration_seconds: DEFAULT_DURATION_SECONDS,
        }
    }
}

/// Signs tokens for users and probes; [`OwnTokens`](super::OwnTokens) verifies them.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    keys: Arc<dyn SigningKeys>,
    clock: Arc<dyn Clock>,
    config: TokenConfig,
}

impl Issuer {
    /// Creates an issuer that signs with the current one of these [`SigningKeys`].
    #[must_use]
    pub(crate) const fn new(
        keys: Arc<dyn SigningKeys>,
        clock: Arc<dyn Clock>,
        config: TokenConfig,
    ) -> Self {
        Self {
            keys,
            clock,
            config,
        }
    }

    /// Signs a new token for a user. It is valid once [`DraftToken::record`] is in the user record.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for a duration, name or scope that is not allowed,
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if there is no key.
    pub(crate) async fn issue(
        &self,
        user: &UserRecord,
        request: TokenRequest,
    ) -> Result<DraftToken> {
        let duration_seconds = request
            .duration_seconds
            .unwrap_or(self.config.duration_seconds);
        check_request(duration_seconds, &request)?;
        let now = self.clock.now();
        let id = uuid::Uuid::new_v4().simple().to_string();
        let claims = TokenClaims {
            sub: user.email.to_string(),
            iat: Some(now),
            exp: now + duration_seconds,
            nbf: None,
            jti: Some(id.clone()),
            aud: self.config.audience.clone().map(Into::into),
            scope: request.scopes.as_ref().map(|scopes| scopes.join(" ")),
        };
        Ok(DraftToken {
            token: sign(self.keys.current().await?.as_ref(), &claims)?,
            id,
            duration_seconds,
            record: TokenRecord {
                name: request.name,
                created: now,
                expires: claims.exp,
                scopes: request.scopes,
                read_only: request.read_only,
            },
        })
    }

    /// Signs a probe token, which discovers and lists and never calls: good for five minutes.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if there is no key.
    pub(crate) async fn probe_token(&self) -> Result<Secret<String>> {
        operator_token(
            self.keys.current().await?.as_ref(),
            Operator::Probe,
            self.config.audience.as_deref(),
            self.clock.now(),
        )
    }
}
