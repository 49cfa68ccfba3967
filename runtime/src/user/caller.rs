//! The caller of a tool, a prompt or a resource: a [`Caller`] with its [`Subject`] and [`Scopes`].
//!
//! A caller holds no token: the credential stays in [`identity`](crate::identity).

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::{Email, RegistrationId};
use crate::error::{Error, Result};

/// The maker of a call, with the values that the one read of the user record gave.
///
/// ```
/// use mcp_lambda::user::{Caller, Scopes};
///
/// let scopes = Scopes::from_claim(Some("notes:read"));
/// let caller = Caller::user("alice@example.com".parse()?, scopes, None).with_read_only(true);
/// let needed = ["notes:read".to_owned()];
/// assert!(caller.scopes().include(&needed) && caller.is_read_only());
/// # Ok::<(), mcp_lambda::Error>(())
/// ```
#[derive(Clone)]
pub struct Caller {
    subject: Subject,
    registration: Option<RegistrationId>,
    scopes: Scopes,
    is_read_only: bool,
    profile: Option<Value>,
}

/// The kinds of [`Caller`] that reach MCP.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// A registered user.
    User(Email),
    /// An operator's probe: it may discover and list, and never acts as a user.
    Probe,
    /// Anyone, in an app that its author has opened ([`App::allow_anonymous`](crate::App::allow_anonymous)).
    Anonymous,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(email) => email.fmt(f),
            Self::Probe => f.write_str("probe"),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}

/// The scopes of a token (RFC 6749 §3.3): the permissions that it carries.
///
/// ```
/// use mcp_lambda::user::Scopes;
///
/// let needed = ["notes:write".to_owned()];
/// assert!(Scopes::All.include(&needed));
/// assert!(!Scopes::from_claim(Some("notes:read")).include(&needed));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scopes {
    /// Every scope: a token that names none can do everything that its user can.
    All,
    /// These scopes only: the token can use the tools that need no others.
    Only(BTreeSet<String>),
}

impl Scopes {
    /// Parses a `scope` claim (RFC 8693 §4.2: names separated by spaces); `None` means that there
    /// is no such claim.
    #[must_use]
    pub fn from_claim(claim: Option<&str>) -> Self {
        // An empty claim is not a missing one: it names no scope, so the token opens only what
        // needs none.
        claim.map_or(Self::All, |names| {
            Self::Only(names.split_whitespace().map(str::to_owned).collect())
        })
    }

    /// Returns true if the token carries every one of these scopes (RFC 6749 §3.3).
    #[must_use]
    pub fn include(&self, needed: &[String]) -> bool {
        match self {
            Self::All => true,
            Self::Only(held) => needed.iter().all(|scope| held.contains(scope)),
        }
    }
}

/// Returns true for a scope that definitions and users' tokens may name: a scope-token of RFC 6749
/// §3.3 without the characters that shells and logs treat specially.
#[must_use]
pub(crate) fn is_scope(scope: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":._-".contains(&byte);
    !scope.is_empty()
        && scope.len() <= 64
        && scope.bytes().all(is_allowed)
        && !super::is_reserved(scope)
}

impl Caller {
    /// Creates a user with this name and profile and without a registration: no data is stored for
    /// such a user.
    #[must_use]
    pub const fn user(email: Email, scopes: Scopes, profile: Option<Value>) -> Self {
        Self {
            subject: Subject::User(email),
            registration: None,
            scopes,
            is_read_only: false,
            profile,
        }
    }

    /// Creates the [probe](Subject::Probe), for tests of an extension: it sees every tool and may call none.
    #[must_use]
    pub const fn probe() -> Self {
        Self::without_user(Subject::Probe)
    }

    /// Creates an [anonymous](Subject::Anonymous) caller, for tests of an extension: it owns no data.
    #[must_use]
    pub const fn anonymous() -> Self {
        Self::without_user(Subject::Anonymous)
    }

    /// Creates a caller that is no user.
    const fn without_user(subject: Subject) -> Self {
        Self {
            subject,
            registration: None,
            scopes: Scopes::All,
            is_read_only: false,
            profile: None,
        }
    }

    /// Sets the [registration](RegistrationId) that the user's data belong to.
    #[must_use]
    #[doc(hidden)]
    pub fn with_registration(mut self, id: RegistrationId) -> Self {
        self.registration = Some(id);
        self
    }

    /// Sets whether the caller's token only reads.
    #[must_use]
    pub const fn with_read_only(mut self, is_read_only: bool) -> Self {
        self.is_read_only = is_read_only;
        self
    }

    /// Returns the [`Subject`]: the kind of caller, with a user's email.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Returns the user's [`Email`]; `None` for a caller that is no user.
    #[must_use]
    pub const fn email(&self) -> Option<&Email> {
        match &self.subject {
            Subject::User(email) => Some(email),
            Subject::Probe | Subject::Anonymous => None,
        }
    }

    /// Returns the user's [`Email`], for what users alone may have or do.
    ///
    /// # Errors
    /// [`Forbidden`](crate::ErrorKind::Forbidden) for a caller that is no user.
    pub(crate) fn require_email(&self) -> Result<&Email> {
        self.email()
            .ok_or_else(|| Error::forbidden("this call is not made by a registered user"))
    }

    /// Returns whether this is an operator's probe, which lists and never acts.
    #[must_use]
    pub const fn is_probe(&self) -> bool {
        matches!(self.subject, Subject::Probe)
    }

    /// Returns the user's [`RegistrationId`]; `None` for a caller without one.
    #[must_use]
    pub const fn registration(&self) -> Option<&RegistrationId> {
        self.registration.as_ref()
    }

    /// Returns the name that sealed values of this caller are bound to ([`Sealer`](crate::seal::Sealer)).
    ///
    /// It is the registration's, so that no value opens for a later user of the same email.
    #[must_use]
    pub(crate) fn seal_owner(&self) -> String {
        match &self.registration {
            Some(id) => format!("registration {id}"),
            None => self.subject.to_string(),
        }
    }

    /// Returns true if the token only reads: it opens only what is marked `read_only`.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// Returns true if the token opens a tool, a prompt or a resource that needs these scopes;
    /// `changes_nothing` tells whether it is marked `read_only`.
    #[must_use]
    pub(crate) fn may_use(&self, scopes: &[String], changes_nothing: bool) -> bool {
        self.scopes.include(scopes) && (changes_nothing || !self.is_read_only)
    }

    /// Returns the [`Scopes`] of the token.
    #[must_use]
    pub const fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Returns the stored profile unmasked, with the value of every [`Secret`](crate::Secret).
    #[must_use]
    pub const fn profile(&self) -> Option<&Value> {
        self.profile.as_ref()
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("subject", &self.subject)
            .field("scopes", &self.scopes)
            // Not the profile, which may hold secrets.
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_without_scopes_holds_all_and_one_with_none_holds_none() {
        let needed = ["notes:write".to_owned()];
        assert!(Scopes::from_claim(None).include(&needed));
        assert!(Scopes::from_claim(Some("notes:read notes:write")).include(&needed));
        assert!(!Scopes::from_claim(Some("notes:read")).include(&needed));
        assert!(!Scopes::from_claim(Some("")).include(&needed));
        assert!(Scopes::from_claim(Some("")).include(&[]));
    }

    #[test]
    fn debug_shows_no_profile() {
        let caller = Caller::user(
            "a@b.de".parse().expect("valid"),
            Scopes::All,
            Some(serde_json::json!({"token": "hush"})),
        );
        assert!(!format!("{caller:?}").contains("hush"));
    }
}
