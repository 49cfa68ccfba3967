//! The reasons of a [`Denial`], for the log alone.
//!
//! The client learns only that its token is not valid: a reason would tell a thief how to mend it.

use std::borrow::Cow;
use std::fmt;

use crate::error::Error;

/// The reason for which a credential was refused.
///
/// It is in the log as the cause of an [`Unauthenticated`](crate::ErrorKind::Unauthenticated) error and never in an
/// answer. A verifier outside this crate gives a word of its own ([`Denial::ByVerifier`]) and can't claim another reason:
/// some of them say that a key of this server signed the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// The credential has a form that no [`Verifier`](super::Verifier) knows.
    Malformed,
    /// No known key signed the token.
    BadSignature,
    /// The `exp` of the token has passed (RFC 7519 §4.1.4).
    Expired,
    /// The `nbf` or `iat` of the token lies in the future (RFC 7519 §4.1.5).
    NotYetValid,
    /// The `aud` of the token names another deployment (RFC 7519 §4.1.3).
    WrongAudience,
    /// The subject is no [`Email`](crate::Email) of a user.
    BadSubject,
    /// The user does not exist.
    UnknownUser,
    /// The user was revoked after the credential was issued ([`AdminApi::revoke`](crate::admin::AdminApi::revoke)).
    RevokedUser,
    /// The user record does not list the token: it was revoked
    /// ([`AdminApi::revoke_token`](crate::admin::AdminApi::revoke_token)), or belongs to an earlier user of the same
    /// email.
    RevokedToken,
    /// The credential has no id and was issued before its user was registered.
    OlderThanUser,
    /// The user is to be registered at first sight, with a profile that does not fit the app's type
    /// ([`Claims::register_if_new`](super::Claims::register_if_new)).
    UnfitProfile,
    /// The operator's token lives longer than five minutes, or has no `iat`.
    LongLived,
    /// The admin token was signed by a key that has been replaced ([`SigningKeys`](crate::keys::SigningKeys)).
    ReplacedKey,
    /// The reason of a [`Verifier`](super::Verifier) outside this crate ([`Verdict::Refused`](super::Verdict::Refused)).
    ByVerifier(Cow<'static, str>),
}

impl Denial {
    /// Returns whether the sender holds a token signed by a key of this server: strangers hold none.
    pub(crate) const fn is_of_signed_token(&self) -> bool {
        !matches!(
            self,
            Self::Malformed | Self::BadSignature | Self::ByVerifier(_)
        )
    }

    /// Converts to the reason.
    pub(super) fn into_reason(self) -> Cow<'static, str> {
        match self {
            Self::ByVerifier(reason) => reason,
            own => own.reason().to_owned().into(),
        }
    }

    /// Returns the reason as one `snake_case` word.
    fn reason(&self) -> &str {
        match self {
            Self::Malformed => "malformed",
            Self::BadSignature => "bad_signature",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::WrongAudience => "wrong_audience",
            Self::BadSubject => "bad_subject",
            Self::UnknownUser => "unknown_user",
            Self::RevokedUser => "revoked_user",
            Self::RevokedToken => "revoked_token",
            Self::OlderThanUser => "older_than_user",
            Self::UnfitProfile => "unfit_profile",
            Self::LongLived => "long_lived",
            Self::ReplacedKey => "replaced_key",
            Self::ByVerifier(reason) => reason,
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Denial {}

impl From<Denial> for Error {
    fn from(denial: Denial) -> Self {
        Self::unauthenticated("the token is not valid").with_source(denial)
    }
}
