//! From a token to a caller, and from a user to a token.
//!
//! The rules of `ARCHITECTURE.md` ("Tokens") live here and nowhere else. Whoever is refused learns only that the token
//! is not valid; why is in the error's cause, for the log.

mod token;

use std::sync::Arc;

use thiserror::Error as ThisError;

use token::{Claims, key_id, sign, verify};
pub use token::{Operator, operator_token};

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::keys::SigningKeys;
use crate::records::{TokenRecord, UserRecord, Users};
use crate::secret::Secret;
use crate::user::{Caller, Email, Scopes, is_scope};

/// The shortest and the longest life a token may be given, in seconds: a minute and ten years.
pub const DURATION_SECONDS: std::ops::RangeInclusive<u64> = 60..=315_360_000;

/// How long a token lives if nobody says otherwise, in seconds: 90 days.
pub const DEFAULT_DURATION_SECONDS: u64 = 90 * 24 * 60 * 60;

/// What an operator wants of a new token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenRequest {
    /// What to call it.
    pub name: Option<String>,
    /// How long it lives, if not the deployment's default.
    pub duration_seconds: Option<u64>,
    /// What it is good for; `None` is everything its user may do.
    pub scopes: Option<Vec<String>>,
}

/// A new token, and what is to be kept of it.
#[derive(Debug)]
pub struct NewToken {
    /// The token, to be shown once.
    pub token: Secret<String>,
    /// Its `jti`.
    pub id: String,
    /// How long it lives, in seconds.
    pub duration_seconds: u64,
    /// What the user record keeps.
    pub record: TokenRecord,
}

/// Why a token was refused; for the log alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum Denial {
    /// It is no HS256 JWT with the claims we need.
    #[error("malformed")]
    Malformed,
    /// No key of ours signed it.
    #[error("bad_signature")]
    BadSignature,
    /// Its time is over.
    #[error("expired")]
    Expired,
    /// Its time has not come.
    #[error("not_yet_valid")]
    NotYetValid,
    /// It is meant for another deployment.
    #[error("wrong_audience")]
    WrongAudience,
    /// Its subject is no user's name.
    #[error("bad_subject")]
    BadSubject,
    /// Its user does not exist.
    #[error("unknown_user")]
    UnknownUser,
    /// Its user was revoked after it was issued.
    #[error("revoked_user")]
    RevokedUser,
    /// It was revoked by itself.
    #[error("revoked_token")]
    RevokedToken,
}

impl From<Denial> for Error {
    fn from(denial: Denial) -> Self {
        Self::unauthenticated("the token is not valid").with_source(denial)
    }
}

/// Knows who a token belongs to.
#[derive(Clone, Debug)]
pub struct Identity {
    keys: Arc<dyn SigningKeys>,
    users: Users,
    clock: Arc<dyn Clock>,
    config: Config,
}

/// What a deployment decides about its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The `aud` that every token must carry, if one is set.
    pub audience: Option<String>,
    /// How long a token lives if nobody says otherwise, in seconds.
    pub duration_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { audience: None, duration_seconds: DEFAULT_DURATION_SECONDS }
    }
}

impl Identity {
    /// Checks tokens with these keys against these users.
    #[must_use]
    pub const fn new(keys: Arc<dyn SigningKeys>, users: Users, clock: Arc<dyn Clock>, config: Config) -> Self {
        Self { keys, users, clock, config }
    }

    /// The audience that tokens must carry, if one is set.
    #[must_use]
    pub fn audience(&self) -> Option<&str> {
        self.config.audience.as_deref()
    }

    /// The caller whose token this is. One read of the store.
    ///
    /// # Errors
    /// `Unauthenticated` with a [`Denial`] as cause, `Forbidden` for an admin token, `Unavailable`.
    pub async fn caller(&self, token: &Secret<String>) -> Result<Caller> {
        let claims = self.verified(token).await?;
        match claims.operator() {
            Some(Operator::Admin) => Err(Error::forbidden("an admin token opens /admin only; use a user's token here")),
            Some(Operator::Probe) => Ok(Caller::probe()),
            None => self.user(&claims).await,
        }
    }

    /// Lets an admin token through.
    ///
    /// # Errors
    /// `Unauthenticated` with a [`Denial`] as cause, `Forbidden` for any other token, `Unavailable`.
    pub async fn admin(&self, token: &Secret<String>) -> Result<()> {
        match self.verified(token).await?.operator() {
            Some(Operator::Admin) => Ok(()),
            _ => Err(Error::forbidden("this needs an admin token; the admin CLI makes one from the signing key")),
        }
    }

    /// A token that discovers and lists, and never calls: good for five minutes.
    ///
    /// # Errors
    /// `Unavailable` if there is no key.
    pub async fn probe_token(&self) -> Result<Secret<String>> {
        operator_token(self.keys.current().await?.as_ref(), Operator::Probe, self.audience(), self.clock.now())
    }

    /// The registered user of that name as a caller, without a token: for a process whose owner is that user.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn local(&self, email: &Email) -> Result<Caller> {
        let record = self.users.get(email).await?;
        Ok(Caller::user(record.email, Scopes::All, record.profile))
    }

    /// Signs a new token for a user; the record of it is still to be stored.
    ///
    /// # Errors
    /// `Invalid` for a duration or a scope that can't be, `Unavailable`.
    pub async fn issue(&self, user: &UserRecord, request: TokenRequest) -> Result<NewToken> {
        let duration = request.duration_seconds.unwrap_or(self.config.duration_seconds);
        check_request(duration, &request)?;
        let (now, id) = (self.clock.now(), uuid::Uuid::new_v4().simple().to_string());
        let expires = now + duration;
        let claims = Claims {
            sub: user.email.to_string(),
            iat: Some(now),
            exp: expires,
            nbf: None,
            jti: Some(id.clone()),
            generation: Some(user.generation),
            aud: self.config.audience.clone().map(Into::into),
            scope: request.scopes.as_ref().map(|scopes| scopes.join(" ")),
        };
        let token = sign(self.keys.current().await?.as_ref(), &claims)?;
        let TokenRequest { name, scopes, .. } = request;
        let record = TokenRecord { name, created: now, expires, generation: user.generation, scopes, revoked: false };
        Ok(NewToken { token, id, duration_seconds: duration, record })
    }

    async fn verified(&self, token: &Secret<String>) -> Result<Claims> {
        let token = token.expose();
        let claims = match verify(&self.keys.verifying(None).await?, token) {
            // Perhaps by a key that is newer than those we know.
            Err(Denial::BadSignature) => verify(&self.keys.verifying(key_id(token)?.as_deref()).await?, token)?,
            verified => verified?,
        };
        self.check(&claims)?;
        Ok(claims)
    }

    fn check(&self, claims: &Claims) -> Result<(), Denial> {
        let now = self.clock.now();
        if claims.exp <= now {
            return Err(Denial::Expired);
        }
        if claims.nbf.is_some_and(|from| from > now) {
            return Err(Denial::NotYetValid);
        }
        match &self.config.audience {
            Some(audience) if !claims.is_for(audience) => Err(Denial::WrongAudience),
            _ => Ok(()),
        }
    }

    async fn user(&self, claims: &Claims) -> Result<Caller> {
        let email: Email = claims.sub.parse().map_err(|_| Denial::BadSubject)?;
        let record = self.users.find(&email).await?.ok_or(Denial::UnknownUser)?;
        check_revocation(claims, &record)?;
        Ok(Caller::user(email, Scopes::from_claim(claims.scope.as_deref()), record.profile))
    }
}

/// Revocation is by generation, not by clock: only a token that carries none is measured by its `iat`.
fn check_revocation(claims: &Claims, user: &UserRecord) -> Result<(), Denial> {
    let is_current = match claims.generation {
        Some(generation) => generation == user.generation,
        None => user.revoke_after.is_none_or(|revoked| claims.iat.unwrap_or_default() > revoked),
    };
    let is_revoked = claims.jti.as_ref().and_then(|id| user.tokens.get(id)).is_some_and(|token| token.revoked);
    match (is_current, is_revoked) {
        (true, false) => Ok(()),
        (true, true) => Err(Denial::RevokedToken),
        (false, _) => Err(Denial::RevokedUser),
    }
}

fn check_request(duration: u64, request: &TokenRequest) -> Result<()> {
    let (least, most) = (DURATION_SECONDS.start(), DURATION_SECONDS.end());
    if !DURATION_SECONDS.contains(&duration) {
        return Err(Error::invalid(format!(
            "a token lives from {least} to {most} seconds (1m to 3650d), and not {duration}: `duration_seconds` can't be that"
        )));
    }
    let name = request.name.as_deref().unwrap_or_default();
    if name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Error::invalid("`name` must be at most 100 characters, without control characters"));
    }
    match request.scopes.iter().flatten().find(|scope| !is_scope(scope)) {
        Some(scope) => Err(Error::invalid(format!(
            "scope `{scope}` must be letters, digits or `:._-`, and not `admin` or `probe`"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
