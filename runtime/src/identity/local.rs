//! [`LocalUser`], the user on whose behalf a process runs without a token, looked up anew at each call.
//!
//! The user who was admitted when the process started may be revoked, removed or another person by now: nothing of the
//! first look-up is trusted later.

use crate::error::{Error, Result};
use crate::records::{UserRecord, Users};
use crate::user::{Caller, Email, RegistrationId, Scopes};

/// A registered user, as of the start of a process; [`Identity::local`](super::Identity::local) finds one.
#[derive(Clone, Debug)]
pub(crate) struct LocalUser {
    users: Users,
    email: Email,
    registration: RegistrationId,
    revocation: Option<String>,
}

impl LocalUser {
    pub(super) async fn find(users: &Users, email: &Email) -> Result<Self> {
        let UserRecord {
            email,
            id,
            revocation,
            is_purging,
            ..
        } = users.get(email).await?;
        if is_purging {
            return Err(Error::not_found(format!("user `{email}` is being removed")));
        }
        Ok(Self {
            users: users.clone(),
            email,
            registration: id,
            revocation,
        })
    }

    /// Returns the user as a [`Caller`], as of now. Reads the store once.
    ///
    /// # Errors
    /// `Forbidden` if the user was revoked or removed since the process started, `Unavailable`.
    pub(crate) async fn caller(&self) -> Result<Caller> {
        let is_same = |user: &UserRecord| user.id == self.registration && !user.is_purging;
        let user = self
            .users
            .find(&self.email)
            .await?
            .filter(is_same)
            .ok_or_else(|| {
                Error::forbidden(format!(
                    "user `{}` is not registered any more; this process ends",
                    self.email
                ))
            })?;
        if user.revocation != self.revocation {
            let email = &self.email;
            return Err(Error::forbidden(format!(
                "user `{email}` was revoked; this process ends, and a new one may start"
            )));
        }
        Ok(Caller::user(user.email, Scopes::All, user.profile).with_registration(user.id))
    }
}
