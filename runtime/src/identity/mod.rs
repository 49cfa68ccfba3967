//! Identity: from a credential to a [`Caller`].
//!
//! | part | does |
//! |---|---|
//! | [`Verifier`] | recognises and checks the credentials of one issuer; that of the server's own tokens is the first |
//! | revocation | reads the one user record and turns claims into a caller, the same for every verifier |
//! | issuer | signs new tokens |
//!
//! A caller who is refused learns only that the token is not valid; the reason is the error's cause, for the log.

mod challenge;
mod credential;
mod denial;
mod issuer;
#[cfg(any(test, feature = "laws"))]
pub mod laws;
#[cfg(feature = "local")]
mod local;
mod own;
mod request;
mod revocation;
mod signatures;
mod token;
mod verifier;

use std::sync::Arc;

use http::HeaderName;

pub use challenge::Challenge;
pub use credential::Credential;
pub(crate) use credential::SenderContext;
pub(crate) use denial::Denial;
pub(crate) use issuer::{DraftToken, Issuer, TokenConfig};
#[cfg(feature = "local")]
pub(crate) use local::LocalUser;
pub(crate) use own::OwnTokens;
pub(crate) use request::{DEFAULT_DURATION_SECONDS, DURATION_SECONDS, TokenRequest};
#[doc(hidden)] // For the admin CLI: authors meet no operator's token.
pub use token::{Operator, operator_token};
pub use verifier::{Claims, Verdict, Verifier};

use revocation::Revocation;
use verifier::Holder;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::profile::ProfileType;
use crate::records::Users;
use crate::user::Caller;
#[cfg(feature = "local")]
use crate::user::Email;

/// The [`Verifier`]s of a server in their order, and the revocation step after them.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    own: Arc<OwnTokens>,
    verifiers: Vec<Arc<dyn Verifier>>,
    /// The headers that hold the secrets of the verifiers ([`Verifier::secret_headers`]).
    secret_headers: Arc<[HeaderName]>,
    revocation: Revocation,
}

impl Identity {
    /// Creates an identity of these [`OwnTokens`], then these verifiers, for these users, whose profiles are of this type.
    #[must_use]
    pub(crate) fn new(
        own: OwnTokens,
        verifiers: Vec<Arc<dyn Verifier>>,
        users: Users,
        clock: Arc<dyn Clock>,
        profile: Option<ProfileType>,
    ) -> Self {
        let names = verifiers.iter().flat_map(|own| own.secret_headers());
        Self {
            own: Arc::new(own),
            // A name that no header can have is in no request.
            secret_headers: names.filter_map(|name| name.parse().ok()).collect(),
            verifiers,
            revocation: Revocation {
                users,
                clock,
                profile,
            },
        }
    }

    /// Returns the audience that own tokens must carry, if one is set.
    #[must_use]
    pub(crate) fn audience(&self) -> Option<&str> {
        self.own.audience()
    }

    /// Returns the challenges of all verifiers, one for each scheme (RFC 9110 §11.6.1).
    #[must_use]
    pub(crate) fn challenges(&self) -> Vec<Challenge> {
        let own = std::iter::once(self.own.challenge());
        Challenge::join(own.chain(self.verifiers.iter().map(|verifier| verifier.challenge())))
    }

    /// Returns the challenge for an operator, whose tokens no other verifier knows.
    pub(crate) fn admin_challenges(&self) -> Vec<Challenge> {
        vec![self.own.challenge()]
    }

    /// Returns whether the app has verifiers beside the server's own tokens.
    pub(crate) fn has_verifiers(&self) -> bool {
        !self.verifiers.is_empty()
    }

    /// Returns the headers that nothing further in may see.
    pub(crate) fn secret_headers(&self) -> &[HeaderName] {
        &self.secret_headers
    }

    /// Verifies a credential and returns its caller; `None` if it has no token and no verifier recognises it. Reads the
    /// store once, and writes to it only where a user is registered at first sight.
    ///
    /// # Errors
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated) with a [`Denial`] as cause,
    /// [`Forbidden`](crate::ErrorKind::Forbidden) for an admin token, [`Unavailable`](crate::ErrorKind::Unavailable).
    pub(crate) async fn caller(&self, credential: &Credential) -> Result<Option<Caller>> {
        let Some(claims) = self.claims(credential).await? else {
            return Ok(None);
        };
        match &claims.holder {
            Holder::Operator(Operator::Admin) => Err(Error::forbidden(
                "an admin token opens /admin only; use a user's token here",
            )),
            Holder::Operator(Operator::Probe) => Ok(Some(Caller::probe())),
            Holder::User(email) => self.revocation.admit(email, &claims).await.map(Some),
        }
    }

    /// Asks the verifiers in their order until one recognises the credential: any [`Verdict`] but
    /// [`Unrecognized`](Verdict::Unrecognized) decides. `None` if there is no token and none does.
    ///
    /// [`OwnTokens`] come first: a token that this server signed is never shown to a verifier that might send it
    /// elsewhere. For a token that nobody recognises the log gets the reason that own tokens give.
    async fn claims(&self, credential: &Credential) -> Result<Option<Claims>> {
        let unknown = match credential.token() {
            None => None,
            Some(token) => match self.own_claims(token).await? {
                Ok(claims) => return Ok(Some(claims)),
                Err(denial) if denial.is_of_signed_token() => return Err(denial.into()),
                Err(denial) => Some(denial),
            },
        };
        for verifier in &self.verifiers {
            match verifier.verify(credential).await? {
                Verdict::Valid(claims) => return Ok(Some(claims)),
                Verdict::Refused(reason) => return Err(Denial::ByVerifier(reason).into()),
                Verdict::Unrecognized => {}
            }
        }
        unknown.map_or(Ok(None), |denial| Err(denial.into()))
    }

    async fn own_claims(&self, token: &str) -> Result<Result<Claims, Denial>> {
        let examined = self.own.examine(token).await?;
        Ok(examined.and_then(|verified| self.own.claims(&verified.claims)))
    }

    /// Verifies an admin token; `None` if there is no credential. The current key must have signed it: a key that leaked is
    /// out at the first rotation.
    ///
    /// # Errors
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated) with a [`Denial`] as cause,
    /// [`Forbidden`](crate::ErrorKind::Forbidden) for any other credential,
    /// [`Unavailable`](crate::ErrorKind::Unavailable).
    pub(crate) async fn admin(&self, credential: &Credential) -> Result<Option<Operator>> {
        let Some(token) = credential.token() else {
            return self.forbid_recognized(credential).await;
        };
        let verified = match self.own.examine(token).await? {
            Ok(verified) => verified,
            Err(denial) if denial.is_of_signed_token() => return Err(denial.into()),
            Err(_) => return self.forbid_recognized(credential).await,
        };
        if verified.claims.operator() != Some(Operator::Admin) {
            return Err(forbid_user());
        }
        self.own.check_operator(&verified.claims)?;
        if self.own.is_current_fresh(&verified.key).await? {
            Ok(Some(Operator::Admin))
        } else {
            Err(Denial::ReplacedKey.into())
        }
    }

    /// Refuses a credential that any verifier recognises: it is a user's, and 403 as a user's own token is.
    async fn forbid_recognized(&self, credential: &Credential) -> Result<Option<Operator>> {
        match self.claims(credential).await? {
            Some(_) => Err(forbid_user()),
            None => Ok(None),
        }
    }

    /// Looks up a registered user without a token, for a process whose owner is that user.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), [`Unavailable`](crate::ErrorKind::Unavailable).
    #[cfg(feature = "local")]
    pub(crate) async fn local(&self, email: &Email) -> Result<LocalUser> {
        LocalUser::find(&self.revocation.users, email).await
    }
}

fn forbid_user() -> Error {
    Error::forbidden("this needs an admin token; the admin CLI makes one from the signing key")
}

#[cfg(test)]
mod tests;
