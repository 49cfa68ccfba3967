//! The name of a user: an email address in one spelling, [`Email`].
//!
//! An email must never become a path or a part of a query. It is stored as a key and
//! percent-encoded in URLs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The longest address that mail can carry (RFC 5321 §4.5.3.1.3, less the angle brackets).
const MAX_BYTES: usize = 254;

/// The subjects of tokens that are no users': the operator's and the probe's.
const RESERVED: [&str; 2] = ["admin", "probe"];

/// Returns true for a subject that is reserved for tokens of another kind and can't be registered.
///
/// ```
/// use mcp_lambda::user::is_reserved;
///
/// assert!(is_reserved("Admin") && is_reserved("probe"));
/// assert!(!is_reserved("admin@example.com"));
/// ```
#[must_use]
pub fn is_reserved(subject: &str) -> bool {
    RESERVED
        .iter()
        .any(|reserved| subject.trim().eq_ignore_ascii_case(reserved))
}

/// An email address in lower case, the name of a user.
///
/// The accepted forms are those that need no quotes (RFC 5322 §3.2.3), in ASCII.
///
/// ```
/// use mcp_lambda::Email;
///
/// let email: Email = "Alice@Example.com".parse()?;
/// assert_eq!(email.as_str(), "alice@example.com");
/// assert!("../../x".parse::<Email>().is_err());
/// # Ok::<(), mcp_lambda::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Returns the address (RFC 5321 §2.3.11), in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match find_problem(text.trim()) {
            Some(problem) => Err(Error::invalid(format!("`email` {problem}"))),
            // The local part is case-sensitive by RFC 5321 §2.4, and by hardly any mail host: two
            // users whose names differ in case alone would be one person, or a trap.
            None => Ok(Self(text.trim().to_ascii_lowercase())),
        }
    }
}

impl TryFrom<String> for Email {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the problem of an address that can't become an [`Email`], as the end of a sentence.
/// Unusual but valid characters (`/`, `~`, `+`) are none.
fn find_problem(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("is empty; give an address such as alice@example.com");
    }
    if is_reserved(text) {
        return Some("is a reserved name; give an address such as alice@example.com");
    }
    if text.len() > MAX_BYTES {
        return Some("is longer than 254 bytes");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(
            "holds spaces, control characters or letters outside ASCII; write the domain in its ASCII (xn--) form",
        );
    }
    match text.split_once('@') {
        Some((local, domain)) if is_dot_atom(local) && is_domain(domain) => None,
        _ => Some("is not of the form name@domain; give an address such as alice@example.com"),
    }
}

/// Returns true for words of letters, digits and the signs that need no quotes, with single dots
/// between them (RFC 5322 §3.2.3, dot-atom).
fn is_dot_atom(local: &str) -> bool {
    let is_sign = |byte| b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    local.split('.').all(|word| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || is_sign(byte))
    })
}

/// Returns true for labels of letters, digits, `-` and `_`, with single dots between them.
fn is_domain(domain: &str) -> bool {
    domain.split('.').all(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn valid_addresses_are_stored_in_lower_case() {
        for (given, stored) in [
            ("Alice@Example.COM", "alice@example.com"),
            (" bob@example.com ", "bob@example.com"),
            ("a/b~c+d@example.com", "a/b~c+d@example.com"),
            ("root@localhost", "root@localhost"),
            ("$a`b{c}.d@example.com", "$a`b{c}.d@example.com"),
        ] {
            assert_eq!(given.parse::<Email>().expect(given).as_str(), stored);
        }
    }

    #[test]
    fn everything_else_is_refused_with_a_reason() {
        let long = format!("{}@example.com", "a".repeat(300));
        for given in [
            "",
            " ",
            "admin",
            "PROBE",
            "../../x",
            "a@b@c",
            "@b.com",
            "a@",
            "a@b..c",
            "a@../x",
            "a b@c.de",
            "$(>pwned)@b.c",
            "a;b@c.de",
            "\"a\"@c.de",
            ".a@c.de",
            "a..b@c.de",
            "zoë@x.de",
            "a\0@b.c",
            &long,
        ] {
            let error = given.parse::<Email>().expect_err(given);
            assert!(error.message().starts_with("`email` "), "{given}: {error}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_is_stable(text in "\\PC{0,40}|[a-zA-Z/~.]{0,10}@[a-zA-Z.]{0,10}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert_eq!(email.as_str().parse::<Email>().expect("parses again"), email);
            }
        }
    }
}
