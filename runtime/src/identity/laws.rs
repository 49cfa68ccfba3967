//! The laws of [`Verifier`]: every implementation runs all of them.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::{Claims, Credential, Verdict, Verifier};
use crate::secret::Secret;

/// Credentials of a verifier under test.
#[derive(Clone, Debug)]
pub struct Samples {
    valid: Credential,
    claims: Claims,
    refused: Vec<Credential>,
}

impl Samples {
    /// Creates samples of a credential that is valid now, and its [`Claims`]. It has what the verifier looks at and nothing
    /// else: each header of it must be needed.
    #[must_use]
    pub const fn new(valid: Credential, claims: Claims) -> Self {
        Self {
            valid,
            claims,
            refused: Vec::new(),
        }
    }

    /// Adds credentials of the verifier's own issuer that it refuses, as expired ones.
    #[must_use]
    pub fn with_refused(mut self, credentials: impl IntoIterator<Item = Credential>) -> Self {
        self.refused.extend(credentials);
        self
    }
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
    a_credential_without_a_part_is_never_valid(verifier, samples).await;
    a_challenge_is_a_header(verifier);
    no_format_shows_a_credential(verifier, samples);
}

async fn verify(verifier: &dyn Verifier, credential: &Credential) -> Verdict {
    verifier.verify(credential).await.expect("reachable")
}

fn of_token(token: &str) -> Credential {
    Credential::new(Secret::new(token.to_owned()))
}

async fn a_valid_credential_is_recognised_each_time(verifier: &dyn Verifier, samples: &Samples) {
    for _ in 0..3 {
        let verdict = verify(verifier, &samples.valid).await;
        assert_eq!(verdict, Verdict::Valid(samples.claims.clone()));
    }
}

async fn a_refused_credential_is_never_valid(verifier: &dyn Verifier, samples: &Samples) {
    for (place, credential) in samples.refused.iter().enumerate() {
        for _ in 0..2 {
            let verdict = verify(verifier, credential).await;
            assert!(
                matches!(verdict, Verdict::Refused(_)),
                "refused sample {place}: {verdict:?}"
            );
        }
    }
}

/// Also a request without a credential and one of another scheme: recognising it would shut out, or let in, everyone.
async fn a_foreign_credential_is_not_mine(verifier: &dyn Verifier) {
    let bare = Credential::from_request(Method::POST, "/mcp", HeaderMap::new());
    let verdict = verify(verifier, &bare).await;
    assert_eq!(
        verdict,
        Verdict::Unrecognized,
        "a request without a credential"
    );
    for text in ["Basic Og==", "DPoP a.b.c", "Negotiate", "Digest a=b, c=d"] {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static(text));
        let credential = Credential::from_request(Method::POST, "/mcp", headers);
        let verdict = verify(verifier, &credential).await;
        assert!(!matches!(verdict, Verdict::Valid(_)), "{text}: {verdict:?}");
    }
    let long = "x".repeat(100_000);
    for token in FOREIGN.iter().copied().chain([long.as_str()]) {
        let verdict = verify(verifier, &of_token(token)).await;
        let shown: String = token.chars().take(40).collect();
        assert_eq!(verdict, Verdict::Unrecognized, "`{shown}`");
    }
}

async fn a_changed_credential_is_never_valid(verifier: &dyn Verifier, samples: &Samples) {
    let Some(valid) = samples.valid.token() else {
        return;
    };
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
        let verdict = verify(verifier, &of_token(token)).await;
        assert!(
            !matches!(verdict, Verdict::Valid(_)),
            "a changed credential is valid"
        );
    }
}

/// A name without the secret beside it, or a proof without its token, opens nothing.
async fn a_credential_without_a_part_is_never_valid(verifier: &dyn Verifier, samples: &Samples) {
    for (part, credential) in samples.valid.without_each_part() {
        let verdict = verify(verifier, &credential).await;
        assert!(
            !matches!(verdict, Verdict::Valid(_)),
            "a credential is valid without its {part}"
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
    let shown = format!("{verifier:?} {:?}", samples.valid);
    let secrets = verifier.secret_headers();
    for name in &secrets {
        assert!(
            name.parse::<HeaderName>().is_ok(),
            "`{name}` names no header"
        );
    }
    let headers = secrets.iter().filter_map(|name| samples.valid.header(name));
    for secret in samples.valid.token().into_iter().chain(headers) {
        assert!(!shown.contains(secret), "Debug shows a credential");
    }
}
