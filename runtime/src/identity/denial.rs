//! The reasons of a [`Denial`], for the log alone.
//!
//! The client learns only that its token is not valid: a reason would tell a thief how to mend it.

use thiserror::Error as ThisError;

use crate::error::Error;

/// The reason for which a credential was refused.
///
/// It stands in the log as the cause of an [`Unauthenticated`](crate::ErrorKind::Unauthenticated) error and never in an
/// answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Denial {
    /// The credential has a form that no [`Verifier`](super::Verifier) knows.
    #[error("malformed")]
    Malformed,
    /// No known key signed the token.
    #[error("bad_signature")]
    BadSignature,
    /// The `exp` of the token has passed (RFC 7519 §4.1.4).
    #[error("expired")]
    Expired,
    /// The `nbf` or `iat` of the token lies in the future (RFC 7519 §4.1.5).
    #[error("not_yet_valid")]
    NotYetValid,
    /// The `aud` of the token names another deployment (RFC 7519 §4.1.3).
    #[error("wrong_audience")]
    WrongAudience,
    /// The subject is no [`Email`](crate::Email) of a user.
    #[error("bad_subject")]
    BadSubject,
    /// The user does not exist.
    #[error("unknown_user")]
    UnknownUser,
    /// The user was revoked after the credential was issued ([`AdminApi::revoke`](crate::admin::AdminApi::revoke)).
    #[error("revoked_user")]
    RevokedUser,
    /// The user record does not list the token: it was revoked
    /// ([`AdminApi::revoke_token`](crate::admin::AdminApi::revoke_token)), or belongs to an earlier user of the same
    /// email.
    #[error("revoked_token")]
    RevokedToken,
    /// The credential has no id and was issued before its user was registered.
    #[error("older_than_user")]
    OlderThanUser,
    /// The operator's token lives longer than five minutes, or has no `iat`.
    #[error("long_lived")]
    LongLived,
    /// The admin token was signed by a key that has been replaced ([`SigningKeys`](crate::keys::SigningKeys)).
    #[error("replaced_key")]
    ReplacedKey,
    /// The reason of a [`Verifier`](super::Verifier) outside this crate, as one `snake_case` word.
    #[error("{0}")]
    Custom(&'static str),
}

impl Denial {
    /// Returns whether the sender holds a token signed by a key of this server: strangers hold none.
    #[must_use]
    pub(crate) const fn is_of_signed_token(self) -> bool {
        !matches!(self, Self::Malformed | Self::BadSignature | Self::Custom(_))
    }
}

impl From<Denial> for Error {
    fn from(denial: Denial) -> Self {
        Self::unauthenticated("the token is not valid").with_source(denial)
    }
}
