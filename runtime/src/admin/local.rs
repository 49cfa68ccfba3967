//! The [`AdminApi`] over the records of a store, for the server's admin routes and for the CLI on
//! the same machine.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::{
    AdminApi, ImportResult, ImportedUser, IssuedToken, KnownScopes, MAX_LIMIT, NewToken, NewUser,
    RegisteredUser, SafeTool, Token, User, UserDetails, UserList,
};
use crate::clock::{Clock, format_rfc3339};
use crate::error::{Error, ErrorKind, Result};
use crate::health::{Details, HealthCheck};
use crate::identity::{DraftToken, Issuer, TokenRequest};
use crate::profile::{ProfileType, check_profile, mask_whole, merge};
use crate::records::{MAX_TOKENS, TokenRecord, UserRecord, UserSummary, Users};
use crate::user::Email;

/// A lookup of the app's safe tool, which a [`Provider`](crate::provider::Provider) may add or
/// remove while the server runs.
#[async_trait]
pub(crate) trait FindSafeTool: Send + Sync {
    /// Finds the safe tool as of now.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn find(&self) -> Result<SafeTool>;
}

#[async_trait]
impl FindSafeTool for SafeTool {
    async fn find(&self) -> Result<Self> {
        Ok(self.clone())
    }
}

/// The [`AdminApi`] over the [`Users`] of a store.
pub(crate) struct LocalAdmin {
    /// The users it works on.
    pub(crate) users: Users,
    /// The issuer of their tokens.
    pub(crate) issuer: Issuer,
    /// The health check of the deployment.
    pub(crate) health_check: Arc<HealthCheck>,
    /// The clock of expiries and revocations.
    pub(crate) clock: Arc<dyn Clock>,
    /// The type that profiles must fit, if the app declares one.
    pub(crate) profile: Option<ProfileType>,
    /// The lookup of the tool that may be called to see whether tools work.
    pub(crate) safe_tool: Arc<dyn FindSafeTool>,
    /// The scopes that have a meaning in the app.
    pub(crate) scopes: KnownScopes,
}

impl LocalAdmin {
    /// Validates a whole profile against the app's [`ProfileType`].
    fn check_profile(&self, profile: Option<&Value>) -> Result<()> {
        check_profile(self.profile.as_ref(), profile)
    }

    /// Masks the fields of a profile that its [`ProfileType`] does not declare or marks `writeOnly`
    /// (JSON Schema 2020-12, Validation §9.4), or all of it without a type.
    fn mask(&self, profile: Value) -> Value {
        match &self.profile {
            Some(declared) => declared.mask(profile),
            // Without a declaration no field is known to be harmless.
            None => mask_whole(profile),
        }
    }
}

impl fmt::Debug for LocalAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalAdmin")
            .field("users", &self.users)
            .finish_non_exhaustive()
    }
}

impl LocalAdmin {
    /// Revokes an imported user here, with all tokens of either system, if the other system has
    /// revoked the user since. Returns the record that is stored here.
    async fn apply_revocation(&self, imported: &UserRecord) -> Result<UserRecord> {
        let known = self.users.get(&imported.email).await?;
        if imported.revoke_after <= known.revoke_after {
            return Ok(known);
        }
        let now = self.clock.now();
        let later = |user: &mut UserRecord| {
            // Compared again with the record that is written, which another call may have changed
            // since it was read: a later revocation must not be moved back to an earlier time.
            if user.revoke_after < imported.revoke_after {
                user.revoke(now);
                user.revoke_after = imported.revoke_after;
            }
            Ok(())
        };
        self.users
            .change(&imported.email, now, later)
            .await
            .map(|()| known)
    }

    /// Adds an issued token to the [`UserRecord`] of the registration that it was issued for.
    async fn add_token(&self, user: &UserRecord, new: &DraftToken) -> Result<()> {
        let add = |now: &mut UserRecord| {
            let email = &now.email;
            // The token was signed for the record as it was read. If the user was revoked or
            // removed and registered again since, it must not come to life with the new record.
            if now.id != user.id || now.revocation != user.revocation {
                return Err(Error::conflict(format!(
                    "user `{email}` was revoked in between; try again"
                )));
            }
            if now.tokens.len() >= MAX_TOKENS {
                return Err(Error::invalid(format!(
                    "user `{email}` has {MAX_TOKENS} tokens already; revoke some by their ids, or the user to end them all"
                )));
            }
            now.tokens.insert(new.id.clone(), new.record.clone());
            Ok(())
        };
        self.users.change(&user.email, self.clock.now(), add).await
    }
}

#[async_trait]
impl AdminApi for LocalAdmin {
    async fn health(&self) -> Result<Details> {
        Ok(self.health_check.details().await)
    }

    async fn register(&self, user: NewUser) -> Result<RegisteredUser> {
        self.check_profile(user.profile.as_ref())?;
        let NewUser {
            email,
            profile,
            name,
            duration_seconds,
            scopes,
            read_only,
        } = user;
        self.scopes.check(scopes.as_deref())?;
        let mut record = UserRecord::new(email, profile, self.clock.now());
        let request = TokenRequest {
            name,
            duration_seconds,
            scopes,
            read_only,
        };
        let new = self.issuer.issue(&record, request).await?;
        record.tokens.insert(new.id.clone(), new.record.clone());
        self.users.register(&record).await?;
        tracing::info!(user.email = %record.email, "user registered");
        Ok(RegisteredUser {
            email: record.email,
            token: new.token,
            duration_seconds: new.duration_seconds,
        })
    }

    // The values come last: a user whose import was cut short is registered, and repeating the
    // import adds the missing ones.
    async fn import(&self, user: ImportedUser) -> Result<ImportResult> {
        self.check_profile(user.profile.as_ref())?;
        let created = user.created.unwrap_or_else(|| self.clock.now());
        let mut record = UserRecord::new(user.email, user.profile, created);
        record.is_imported = user.created.is_some();
        record.revoke_after = user.revoke_after;
        let (record, is_new) = match self.users.register(&record).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                (self.apply_revocation(&record).await?, false)
            }
            registered => registered.map(|()| (record, true))?,
        };
        let data = self.users.data(&record);
        let mut new_values = 0;
        for (name, value) in &user.data {
            new_values += usize::from(data.put_new(name, value).await?);
        }
        tracing::info!(user.email = %record.email, "user imported");
        Ok(ImportResult {
            email: record.email,
            is_new,
            new_values,
        })
    }

    async fn users(&self, after: Option<&Email>, limit: usize) -> Result<UserList> {
        let page = self.users.page(after, limit.clamp(1, MAX_LIMIT)).await?;
        let summary = |user: UserSummary| User {
            is_unreadable: user.created.is_none(),
            created: user.created.map(format_rfc3339),
            revoke_after: user.revoke_after,
            email: user.email,
        };
        Ok(UserList {
            users: page.users.into_iter().map(summary).collect(),
            next: page.next,
        })
    }

    async fn user(&self, email: &Email) -> Result<UserDetails> {
        let user = self.users.get(email).await?;
        let now = self.clock.now();
        let tokens = user
            .tokens
            .values()
            .filter(|token| token.expires > now)
            .count();
        let profile = user.profile.map(|profile| self.mask(profile));
        Ok(UserDetails {
            email: user.email,
            created: format_rfc3339(user.created),
            revoke_after: user.revoke_after,
            profile,
            tokens,
        })
    }

    async fn revoke(&self, email: &Email) -> Result<()> {
        self.users.revoke(email, self.clock.now()).await?;
        tracing::info!(user.email = %email, "user revoked");
        Ok(())
    }

    async fn purge(&self, email: &Email) -> Result<()> {
        self.users.purge(email, self.clock.now()).await?;
        tracing::info!("user purged");
        Ok(())
    }

    async fn profile(&self, email: &Email, reveal: bool) -> Result<Option<Value>> {
        let profile = self.users.get(email).await?.profile;
        if reveal {
            tracing::info!(user.email = %email, "profile revealed");
            return Ok(profile);
        }
        Ok(profile.map(|profile| self.mask(profile)))
    }

    async fn update_profile(&self, email: &Email, patch: &Value) -> Result<Value> {
        let Value::Object(changes) = patch else {
            return Err(Error::invalid(
                "the body must be a JSON object of profile fields",
            ));
        };
        let change = |user: &mut UserRecord| {
            let mut merged = user.profile.take().unwrap_or_default();
            merge(&mut merged, patch);
            self.check_profile(Some(&merged))?;
            user.profile = Some(merged.clone());
            Ok(merged)
        };
        let merged = self.users.change(email, self.clock.now(), change).await?;
        let fields: Vec<_> = changes.keys().map(String::as_str).collect();
        tracing::info!(user.email = %email, fields = fields.join(","), "profile updated");
        Ok(self.mask(merged))
    }

    async fn create_token(&self, token: NewToken) -> Result<IssuedToken> {
        let NewToken {
            email,
            name,
            duration_seconds,
            scopes,
            read_only,
        } = token;
        self.scopes.check(scopes.as_deref())?;
        let user = self.users.get(&email).await?;
        let new = self
            .issuer
            .issue(
                &user,
                TokenRequest {
                    name,
                    duration_seconds,
                    scopes,
                    read_only,
                },
            )
            .await?;
        self.add_token(&user, &new).await?;
        tracing::info!(user.email = %email, token.id = new.id, "token created");
        let expires = format_rfc3339(new.record.expires);
        Ok(IssuedToken {
            email,
            token: new.token,
            duration_seconds: new.duration_seconds,
            id: new.id,
            expires,
        })
    }

    async fn tokens(&self, email: &Email) -> Result<Vec<Token>> {
        let user = self.users.get(email).await?;
        let now = self.clock.now();
        let mut live: Vec<_> = user
            .tokens
            .iter()
            .filter(|(_, token)| token.expires > now)
            .collect();
        live.sort_by_key(|(_, token)| token.created);
        let wire = |(id, token): (&String, &TokenRecord)| Token {
            id: id.clone(),
            name: token.name.clone(),
            created: format_rfc3339(token.created),
            expires: format_rfc3339(token.expires),
            scopes: token.scopes.clone(),
            read_only: token.read_only,
        };
        Ok(live.into_iter().map(wire).collect())
    }

    async fn revoke_token(&self, email: &Email, id: &str) -> Result<()> {
        self.users.revoke_token(email, id, self.clock.now()).await?;
        tracing::info!(user.email = %email, token.id = id, "token revoked");
        Ok(())
    }

    async fn safe_tool(&self) -> Result<SafeTool> {
        self.safe_tool.find().await
    }
}

#[cfg(test)]
mod tests {
    use crate::admin::laws;

    #[tokio::test]
    async fn keeps_the_laws() {
        laws::all(&laws::local()).await;
    }
}
