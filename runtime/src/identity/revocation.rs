//! [`Revocation`]: the one read of the user record that every verified credential must pass.
//!
//! There is no deny-list. The record lists the tokens that are live, and a token that it does not list is refused; only a
//! credential without an id, of an older system or of another issuer, is judged by its time of issue.

use std::sync::Arc;

use super::Denial;
use super::verifier::Claims;
use crate::clock::Clock;
use crate::error::Result;
use crate::records::{UserRecord, Users};
use crate::user::{Caller, Email, Scopes};

/// The step that turns [`Claims`] into a [`Caller`], by what the user record says now.
#[derive(Clone, Debug)]
pub(super) struct Revocation {
    pub(super) users: Users,
    pub(super) clock: Arc<dyn Clock>,
}

impl Revocation {
    /// Reads the [`UserRecord`] once and returns the caller, or the [`Denial`] of a credential that is no longer valid.
    pub(super) async fn admit(&self, email: &Email, claims: &Claims) -> Result<Caller> {
        let record = self.users.find(email).await?.ok_or(Denial::UnknownUser)?;
        let grant = grant(claims, &record, self.clock.now())?;
        Ok(Caller::user(record.email, grant.scopes, record.profile)
            .with_registration(record.id)
            .reading_only(grant.is_read_only))
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
    if issued < user.created || (issued == user.created && !user.is_imported) {
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
