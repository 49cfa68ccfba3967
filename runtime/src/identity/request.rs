//! [`TokenRequest`]s, and the limits they must keep.

use std::ops::RangeInclusive;

use crate::error::{Error, Result};
use crate::user::is_scope;

/// The lifetimes that a token may have, in seconds: from a minute to ten years.
pub(crate) const DURATION_SECONDS: RangeInclusive<u64> = 60..=315_360_000;

/// The lifetime of a token whose request and deployment name none, in seconds: 90 days.
pub(crate) const DEFAULT_DURATION_SECONDS: u64 = 90 * 24 * 60 * 60;

/// The most scopes a token may name.
pub(super) const MAX_SCOPES: usize = 32;

/// The most characters the name of a token may have.
const MAX_NAME_CHARACTERS: usize = 100;

/// A request for a new token, answered by [`Issuer::issue`](super::Issuer::issue).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TokenRequest {
    /// The name that tells the user's tokens apart.
    pub name: Option<String>,
    /// The lifetime in seconds; `None` is the deployment's default.
    pub duration_seconds: Option<u64>,
    /// The scopes (RFC 6749 §3.3); `None` is everything its user may do.
    pub scopes: Option<Vec<String>>,
    /// Limits the token to tools that change nothing.
    pub read_only: bool,
}

/// Refuses a request outside of the limits ([`DURATION_SECONDS`], [`MAX_SCOPES`]), by the name of
/// the field.
pub(super) fn check_request(duration: u64, request: &TokenRequest) -> Result<()> {
    let (least, most) = (DURATION_SECONDS.start(), DURATION_SECONDS.end());
    if !DURATION_SECONDS.contains(&duration) {
        return Err(Error::invalid(format!(
            "a token lives from {least} to {most} seconds (1m to 3650d), and not {duration}: `duration_seconds` can't be that"
        )));
    }
    let name = request.name.as_deref().unwrap_or_default();
    if name.chars().count() > MAX_NAME_CHARACTERS || name.chars().any(char::is_control) {
        return Err(Error::invalid(format!(
            "`name` must be at most {MAX_NAME_CHARACTERS} characters, without control characters"
        )));
    }
    check_scopes(request.scopes.as_deref().unwrap_or_default())
}

fn check_scopes(scopes: &[String]) -> Result<()> {
    if scopes.len() > MAX_SCOPES {
        return Err(Error::invalid(format!(
            "`scopes` names {}; a token has at most {MAX_SCOPES}",
            scopes.len()
        )));
    }
    match scopes.iter().find(|scope| !is_scope(scope)) {
        Some(scope) => Err(Error::invalid(format!(
            "scope `{scope}` must be 1 to 64 letters, digits or `:._-`, and not `admin` or `probe`"
        ))),
        None => Ok(()),
    }
}
