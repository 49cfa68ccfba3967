//! The laws of [`Verifier`]: every implementation runs all of them.

use super::{Claims, Credential, Verdict, Verifier};
use crate::secret::Secret;

/// Credentials of a verifier under test.
#[derive(Clone, Debug)]
pub struct Samples {
    /// A credential that is valid now.
    pub valid: String,
    /// The claims of the valid credential.
    pub claims: Claims,
    /// Credentials of the verifier's own issuer that it refuses, as expired ones; may be empty.
    pub refused: Vec<String>,
}

/// Texts that no issuer makes, or that another one makes.
const FOREIGN: &[&str] = &[
    "",
    " ",
    ".",
    "..",
    "a.b.c",
    "Bearer",
    "null",
    "admin",
    "\u{e9}\u{1f511}",
    // {"alg":"none"} with a subject and an end (RFC 8725 §2.1).
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZUBleGFtcGxlLmNvbSIsImV4cCI6NDEwMjQ0NDgwMH0.",
    // {"alg":"RS256"} of nobody.
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZUBleGFtcGxlLmNvbSIsImV4cCI6NDEwMjQ0NDgwMH0.AAAA",
];

/// Runs every law over a verifier that can be reached.
///
/// # Panics
/// When the verifier breaks a law.
pub async fn all(verifier: &dyn Verifier, samples: &Samples) {
    a_valid_credential_is_recognised_each_time(verifier, samples).await;
    a_refused_credential_is_never_valid(verifier, samples).await;
    a_foreign_credential_is_not_mine(verifier).await;
    a_changed_credential_is_never_valid(verifier, samples).await;
    a_challenge_is_a_header(verifier);
    no_format_shows_a_credential(verifier, samples);
}

async fn verify(verifier: &dyn Verifier, token: &str) -> Verdict {
    let credential = Credential::new(Secret::new(token.to_owned()));
    verifier.verify(&credential).await.expect("reachable")
}

async fn a_valid_credential_is_recognised_each_time(verifier: &dyn Verifier, samples: &Samples) {
    for _ in 0..3 {
        let verdict = verify(verifier, &samples.valid).await;
        assert_eq!(verdict, Verdict::Valid(samples.claims.clone()));
    }
}

async fn a_refused_credential_is_never_valid(verifier: &dyn Verifier, samples: &Samples) {
    for (place, token) in samples.refused.iter().enumerate() {
        for _ in 0..2 {
            let verdict = verify(verifier, token).await;
            assert!(
                matches!(verdict, Verdict::Refused(_)),
                "refused sample {place}: {verdict:?}"
            );
        }
    }
}

async fn a_foreign_credential_is_not_mine(verifier: &dyn Verifier) {
    let long = "x".repeat(100_000);
    for token in FOREIGN.iter().copied().chain([long.as_str()]) {
        let verdict = verify(verifier, token).await;
        let shown: String = token.chars().take(40).collect();
        assert_eq!(verdict, Verdict::Unrecognized, "`{shown}`");
    }
}

async fn a_changed_credential_is_never_valid(verifier: &dyn Verifier, samples: &Samples) {
    let valid = samples.valid.as_str();
    let cut: String = valid.chars().take(valid.chars().count() - 1).collect();
    let swapped: String = valid.chars().rev().collect();
    let changed = [
        cut,
        format!("{valid}A"),
        format!("A{valid}"),
        format!(" {valid}"),
        format!("{valid} "),
        format!("{valid}\0"),
        swapped,
    ];
    for token in changed.iter().filter(|token| *token != valid) {
        let verdict = verify(verifier, token).await;
        assert!(
            !matches!(verdict, Verdict::Valid(_)),
            "a changed credential is valid"
        );
    }
}

/// A challenge that no header can carry would leave every 401 without one.
fn a_challenge_is_a_header(verifier: &dyn Verifier) {
    let challenge = verifier.challenge();
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    assert!(
        !challenge.scheme().is_empty() && challenge.scheme().bytes().all(is_token),
        "{challenge}"
    );
    let text = challenge.to_string();
    assert!(http::HeaderValue::from_str(&text).is_ok(), "{text}");
}

fn no_format_shows_a_credential(verifier: &dyn Verifier, samples: &Samples) {
    let shown = format!("{verifier:?}");
    assert!(!shown.contains(&samples.valid), "Debug shows a credential");
}
