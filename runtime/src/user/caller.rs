//! Everything a call knows about who made it.
//!
//! A caller holds no token: what proved the identity stays behind in `identity`.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::{Email, RegistrationId};

/// Who makes a call, with what the one read of the user record gave.
#[derive(Clone)]
pub struct Caller {
    subject: Subject,
    registration: Option<RegistrationId>,
    scopes: Scopes,
    is_read_only: bool,
    profile: Option<Value>,
}

/// The kinds of caller that reach MCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A registered user.
    User(Email),
    /// An operator's probe: it may discover and list, and never acts as a user.
    Probe,
    /// Anyone at all, in an app that its author has opened.
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

/// What a token is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scopes {
    /// A token that names no scopes can do whatever its user can.
    All,
    /// A token that names scopes can use the tools that need no others.
    Only(BTreeSet<String>),
}

impl Scopes {
    /// Reads a `scope` claim (RFC 8693 §4.2: names separated by spaces); `None` means no such claim.
    #[must_use]
    pub fn from_claim(claim: Option<&str>) -> Self {
        claim.map_or(Self::All, |names| {
            Self::Only(names.split_whitespace().map(str::to_owned).collect())
        })
    }

    /// Whether every one of these scopes is held.
    #[must_use]
    pub fn contain(&self, needed: &[String]) -> bool {
        match self {
            Self::All => true,
            Self::Only(held) => needed.iter().all(|scope| held.contains(scope)),
        }
    }
}

/// Whether a scope may be named by a definition and a user's token (RFC 6749 §3.3, less what shells and logs stumble over).
#[must_use]
pub fn is_scope(scope: &str) -> bool {
    let lawful = |byte: u8| byte.is_ascii_alphanumeric() || b":._-".contains(&byte);
    !scope.is_empty()
        && scope.len() <= 64
        && scope.bytes().all(lawful)
        && !super::is_reserved(scope)
}

impl Caller {
    /// A user of this name and profile without a registration: nothing is kept for such a user.
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

    /// The probe, which sees every tool and may call none.
    #[must_use]
    pub const fn probe() -> Self {
        Self::nobody(Subject::Probe)
    }

    /// Anyone at all, who owns nothing.
    #[must_use]
    pub const fn anonymous() -> Self {
        Self::nobody(Subject::Anonymous)
    }

    const fn nobody(subject: Subject) -> Self {
        Self {
            subject,
            registration: None,
            scopes: Scopes::All,
            is_read_only: false,
            profile: None,
        }
    }

    /// The same user by this registration.
    #[must_use]
    pub fn registered(mut self, id: RegistrationId) -> Self {
        self.registration = Some(id);
        self
    }

    /// The same caller with a token that only reads, if this says so.
    #[must_use]
    pub const fn reading_only(mut self, is_read_only: bool) -> Self {
        self.is_read_only = is_read_only;
        self
    }

    /// Who this is.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The user's email; `None` for whoever is no user.
    #[must_use]
    pub const fn email(&self) -> Option<&Email> {
        match &self.subject {
            Subject::User(email) => Some(email),
            Subject::Probe | Subject::Anonymous => None,
        }
    }

    /// Returns whether this is an operator's probe, which lists and never acts.
    #[must_use]
    pub const fn is_probe(&self) -> bool {
        matches!(self.subject, Subject::Probe)
    }

    /// The registration of the user; `None` for whoever has none.
    #[must_use]
    pub const fn registration(&self) -> Option<&RegistrationId> {
        self.registration.as_ref()
    }

    /// What is sealed for this caller is bound to: the registration, so that it never opens for a later user of the same
    /// email.
    #[must_use]
    pub fn identity(&self) -> String {
        match &self.registration {
            Some(id) => format!("registration {id}"),
            None => self.subject.to_string(),
        }
    }

    /// Whether the token opens only what changes nothing.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// Whether the token is good for something that needs these scopes, and that changes nothing or may change something.
    #[must_use]
    pub fn may_use(&self, scopes: &[String], changes_nothing: bool) -> bool {
        self.scopes.contain(scopes) && (changes_nothing || !self.is_read_only)
    }

    /// What the token is good for.
    #[must_use]
    pub const fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// The stored profile as it is, secrets included.
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
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_without_scopes_holds_all_and_one_with_none_holds_none() {
        let needed = ["notes:write".to_owned()];
        assert!(Scopes::from_claim(None).contain(&needed));
        assert!(Scopes::from_claim(Some("notes:read notes:write")).contain(&needed));
        assert!(!Scopes::from_claim(Some("notes:read")).contain(&needed));
        assert!(!Scopes::from_claim(Some("")).contain(&needed));
        assert!(Scopes::from_claim(Some("")).contain(&[]));
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
