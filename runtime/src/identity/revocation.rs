//! [`Revocation`]: the one read of the user record that every verified credential must pass.
//!
//! There is no deny-list. The record lists the tokens that are live, and a token that it does not list is refused; only a
//! credential without an id, of an older system or of another issuer, is judged by its time of issue.

use std::sync::Arc;

use super::Denial;
use super::verifier::Claims;
use crate::clock::Clock;
use crate::error::{ErrorKind, Result};
use crate::profile::{ProfileType, check_profile};
use crate::records::{UserRecord, Users};
use crate::user::{Caller, Email, Scopes};

/// The step that turns [`Claims`] into a [`Caller`], by what the user record says now.
#[derive(Clone, Debug)]
pub(super) struct Revocation {
    pub(super) users: Users,
    pub(super) clock: Arc<dyn Clock>,
    /// The type that the profile of a new user must fit, if the app declares one.
    pub(super) profile: Option<ProfileType>,
}

impl Revocation {
    /// Reads the [`UserRecord`] once and returns the caller, or the [`Denial`] of a credential that is no longer valid. A user
    /// without a record may be registered here.
    pub(super) async fn admit(&self, email: &Email, claims: &Claims) -> Result<Caller> {
        let now = self.clock.now();
        let record = match self.users.find(email).await? {
            Some(record) => record,
            None => self.register(email, claims, now).await?,
        };
        let grant = grant(claims, &record, now)?;
        Ok(Caller::user(record.email, grant.scopes, record.profile)
            .with_registration(record.id)
            .with_read_only(grant.is_read_only))
    }
}

impl Revocation {
    /// Registers the user of a credential whose issuer answers for that ([`Claims::register_if_new`]), if it would be
    /// admitted then. Of several first calls one writes, and the others read what it wrote.
    async fn register(&self, email: &Email, claims: &Claims, now: u64) -> Result<UserRecord> {
        let first_sight = claims.first_sight.as_ref().ok_or(Denial::UnknownUser)?;
        let profile = first_sight.profile.clone();
        check_profile(self.profile.as_ref(), profile.as_ref()).map_err(|_| Denial::UnfitProfile)?;
        let record = UserRecord::new(email.clone(), profile, now);
        grant(claims, &record, now)?;
        match self.users.register(&record).await {
            Ok(()) => {
                tracing::info!(user.email = %email, "user registered at first sight");
                Ok(record)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let record = self.users.find(email).await?;
                record.ok_or_else(|| Denial::UnknownUser.into())
            }
            Err(error) if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::TooLarge) => {
                Err(Denial::UnfitProfile.into())
            }
            Err(error) => Err(error),
        }
    }
}

/// The part of a user's rights that a credential opens: its [`Scopes`], and whether it may only read.
struct Grant {
    scopes: Scopes,
    is_read_only: bool,
}

fn grant(claims: &Claims, user: &UserRecord, now: u64) -> Result<Grant, Denial> {
    if user.is_purging {
        return Err(Denial::RevokedUser);
    }
    let Some(id) = &claims.token_id else {
        return grant_by_time(claims, user, now);
    };
    let Some(token) = user.tokens.get(id).filter(|token| token.expires > now) else {
        return Err(if is_after(claims, user.revoke_after) {
            Denial::RevokedToken
        } else {
            Denial::RevokedUser
        });
    };
    // The record decides and not the token: a scope that is taken away there is gone at once.
    let only = |scopes: &Vec<String>| Scopes::Only(scopes.iter().cloned().collect());
    Ok(Grant {
        scopes: token.scopes.as_ref().map_or(Scopes::All, only),
        is_read_only: token.read_only,
    })
}

/// Judges a credential without an id by its time of issue. The older system makes user and token in one second; a user
/// who was registered here has no token of that second without an id ([`Denial::OlderThanUser`]).
fn grant_by_time(claims: &Claims, user: &UserRecord, now: u64) -> Result<Grant, Denial> {
    let issued = claims.issued_at;
    // One from the future would outlive a revocation of today.
    if issued > now {
        return Err(Denial::NotYetValid);
    }
    let is_older = issued < user.created || (issued == user.created && !user.is_imported);
    // Who is registered at first sight has a credential from before that.
    if is_older && claims.first_sight.is_none() {
        return Err(Denial::OlderThanUser);
    }
    if !is_after(claims, user.revoke_after) {
        return Err(Denial::RevokedUser);
    }
    Ok(Grant {
        scopes: claims.scopes.clone(),
        is_read_only: claims.is_read_only,
    })
}

fn is_after(claims: &Claims, revoked: Option<u64>) -> bool {
    revoked.is_none_or(|revoked| claims.issued_at > revoked)
}
