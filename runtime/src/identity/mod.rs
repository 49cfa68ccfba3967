//! From a token to a caller, and from a user to a token.
//!
//! The rules of `ARCHITECTURE.md` ("Tokens") live here and nowhere else. Whoever is refused learns only that the token
//! is not valid; why is in the error's cause, for the log.

mod local;
mod request;
mod token;

use std::sync::Arc;

use thiserror::Error as ThisError;

pub use local::LocalUser;
use request::check_request;
pub use request::{DEFAULT_DURATION_SECONDS, DURATION_SECONDS, MAX_SCOPES, TokenRequest};
use token::{Claims, Verified, key_id, sign, verify};
pub use token::{Operator, operator_token};

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::keys::SigningKeys;
use crate::records::{TokenRecord, UserRecord, Users};
use crate::secret::Secret;
use crate::user::{Caller, Email, Scopes, is_reserved};

/// A new token, and what is to be kept of it.
#[derive(Debug)]
pub struct DraftToken {
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
    /// The record of its user does not know it: it was revoked, or belongs to an earlier user of the same name.
    #[error("revoked_token")]
    RevokedToken,
    /// It carries no `jti` and was issued before its user was registered.
    #[error("older_than_user")]
    OlderThanUser,
    /// It is an operator's and lives longer than operators' do, or does not say since when.
    #[error("long_lived")]
    LongLived,
    /// It is an operator's, and its key was replaced by another.
    #[error("replaced_key")]
    ReplacedKey,
}

impl Denial {
    /// Whether a key of ours signed the token: strangers have none.
    #[must_use]
    pub const fn is_of_a_signed_token(self) -> bool {
        !matches!(self, Self::Malformed | Self::BadSignature)
    }
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
        Self {
            audience: None,
            duration_seconds: DEFAULT_DURATION_SECONDS,
        }
    }
}

impl Identity {
    /// Checks tokens with these keys against these users.
    #[must_use]
    pub const fn new(
        keys: Arc<dyn SigningKeys>,
        users: Users,
        clock: Arc<dyn Clock>,
        config: Config,
    ) -> Self {
        Self {
            keys,
            users,
            clock,
            config,
        }
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
        let Verified { claims, .. } = self.verified(token).await?;
        match claims.operator() {
            Some(Operator::Admin) => Err(Error::forbidden(
                "an admin token opens /admin only; use a user's token here",
            )),
            Some(Operator::Probe) => self.check_operator(&claims).map(|()| Caller::probe()),
            None => self.user(&claims).await,
        }
    }

    /// Lets an admin token through, if the current key signed it: one that leaked is out at the first rotation.
    ///
    /// # Errors
    /// `Unauthenticated` with a [`Denial`] as cause, `Forbidden` for any other token, `Unavailable`.
    pub async fn admin(&self, token: &Secret<String>) -> Result<()> {
        let Verified { claims, key } = self.verified(token).await?;
        if claims.operator() != Some(Operator::Admin) {
            return Err(Error::forbidden(
                "this needs an admin token; the admin CLI makes one from the signing key",
            ));
        }
        self.check_operator(&claims)?;
        if self.keys.latest().await?.id() == key.id() {
            Ok(())
        } else {
            Err(Denial::ReplacedKey.into())
        }
    }

    fn check_operator(&self, claims: &Claims) -> Result<()> {
        if claims.is_short_lived(self.clock.now()) {
            Ok(())
        } else {
            Err(Denial::LongLived.into())
        }
    }

    /// A token that discovers and lists, and never calls: good for five minutes.
    ///
    /// # Errors
    /// `Unavailable` if there is no key.
    pub async fn probe_token(&self) -> Result<Secret<String>> {
        operator_token(
            self.keys.current().await?.as_ref(),
            Operator::Probe,
            self.audience(),
            self.clock.now(),
        )
    }

    /// The registered user of that name, without a token: for a process whose owner is that user.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn local(&self, email: &Email) -> Result<LocalUser> {
        LocalUser::find(&self.users, email).await
    }

    /// Signs a new token for a user; the record of it is still to be stored.
    ///
    /// # Errors
    /// `Invalid` for a duration or a scope that can't be, `Unavailable`.
    pub async fn issue(&self, user: &UserRecord, request: TokenRequest) -> Result<DraftToken> {
        let duration = request
            .duration_seconds
            .unwrap_or(self.config.duration_seconds);
        check_request(duration, &request)?;
        let (now, id) = (self.clock.now(), uuid::Uuid::new_v4().simple().to_string());
        let expires = now + duration;
        let claims = Claims {
            sub: user.email.to_string(),
            iat: Some(now),
            exp: expires,
            nbf: None,
            jti: Some(id.clone()),
            aud: self.config.audience.clone().map(Into::into),
            scope: request.scopes.as_ref().map(|scopes| scopes.join(" ")),
        };
        let token = sign(self.keys.current().await?.as_ref(), &claims)?;
        let TokenRequest {
            name,
            scopes,
            read_only,
            ..
        } = request;
        let record = TokenRecord {
            name,
            created: now,
            expires,
            scopes,
            read_only,
        };
        Ok(DraftToken {
            token,
            id,
            duration_seconds: duration,
            record,
        })
    }

    async fn verified(&self, token: &Secret<String>) -> Result<Verified> {
        let token = token.expose();
        let verified = match verify(&self.keys.verifying(None).await?, token) {
            // Perhaps by a key that is newer than those we know.
            Err(Denial::BadSignature) => verify(
                &self.keys.verifying(key_id(token)?.as_deref()).await?,
                token,
            )?,
            verified => verified?,
        };
        self.check(&verified.claims)?;
        Ok(verified)
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
        if claims.scope.as_deref().is_some_and(is_reserved) {
            return Err(Denial::BadSubject.into());
        }
        let record = self.users.find(&email).await?.ok_or(Denial::UnknownUser)?;
        let Access {
            scopes,
            is_read_only,
        } = admit(claims, &record, self.clock.now())?;
        Ok(Caller::user(email, scopes, record.profile)
            .registered(record.id)
            .reading_only(is_read_only))
    }
}

/// What a token opens of what its user may do.
struct Access {
    scopes: Scopes,
    is_read_only: bool,
}

/// Whether the record of its user knows a token. Only one without `jti`, an older system's, is measured by its time.
fn admit(claims: &Claims, user: &UserRecord, now: u64) -> Result<Access, Denial> {
    if user.is_purging {
        return Err(Denial::RevokedUser);
    }
    let Some(id) = &claims.jti else {
        return admit_older(claims, user, now);
    };
    let known = user.tokens.get(id).filter(|token| token.expires > now);
    let scopes = |scopes: &Vec<String>| Scopes::Only(scopes.iter().cloned().collect());
    known
        .map(|token| Access {
            scopes: token.scopes.as_ref().map_or(Scopes::All, scopes),
            is_read_only: token.read_only,
        })
        .ok_or_else(|| {
            if is_after(claims, user.revoke_after) {
                Denial::RevokedToken
            } else {
                Denial::RevokedUser
            }
        })
}

/// The older system makes user and token in one second; whoever was registered here has no token of that second without
/// `jti`.
fn admit_older(claims: &Claims, user: &UserRecord, now: u64) -> Result<Access, Denial> {
    let issued = claims.iat.unwrap_or_default();
    // One from the future would outlive a revocation of today.
    if issued > now {
        return Err(Denial::NotYetValid);
    }
    if issued < user.created || (issued == user.created && !user.is_imported) {
        return Err(Denial::OlderThanUser);
    }
    if !is_after(claims, user.revoke_after) {
        return Err(Denial::RevokedUser);
    }
    Ok(Access {
        scopes: Scopes::from_claim(claims.scope.as_deref()),
        is_read_only: false,
    })
}

fn is_after(claims: &Claims, revoked: Option<u64>) -> bool {
    revoked.is_none_or(|revoked| claims.iat.unwrap_or_default() > revoked)
}

#[cfg(test)]
mod tests;
