//! The places of a token in a request, and the [`Credential`] with all else that a verifier may want to see. [`take`] removes
//! what is secret from the request, so that nothing further in can see, log or forward it.
//!
//! `Authorization: Bearer TOKEN`, `Authorization: TOKEN` and `x-api-key: TOKEN` are one and the same; `?token=` counts
//! only where a deployment allows it. A credential of another scheme (`Basic`, AWS's signature) or a key that is no JWT
//! (an API Gateway's) is not a token of ours. It does not hide a token elsewhere in the request, and only the app's own
//! verifiers see it.

use http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use http::request::Parts;

use super::Problem;
use crate::identity::{Credential, SenderContext};
use crate::secret::Secret;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The content of one of the places that may hold a token.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// Nothing, or a credential for somebody else.
    Nothing,
    /// A place for a token, and none in it.
    Empty,
    /// A token that some verifier must recognise.
    Token(String),
    /// One word without a scheme, which is no JWT: a broken token, unless a whole one is elsewhere.
    Broken(String),
}

/// Takes the credential out of a request, and the headers of `secrets` with it. A place for a token that is there and empty
/// is an error ([`Found::Empty`]).
///
/// # Errors
///
/// [`Problem::invalid`] for two tokens in one place, [`Problem::no_token`] for an empty one.
pub(super) fn take(
    parts: &mut Parts,
    allow_query: bool,
    secrets: &[HeaderName],
) -> Result<Credential, Problem> {
    let authorization = find_in_authorization(&parts.headers);
    let key = find_in_api_key(&parts.headers);
    let query = if allow_query {
        find_in_query(parts)
    } else {
        Ok(Found::Nothing)
    };
    let headers = take_headers(parts, secrets, !matches!(key, Ok(Found::Nothing)));
    let context = parts.extensions.remove::<SenderContext>();
    let token = choose([authorization?, key?, query?])?;
    let path = parts.uri.path();
    let credential =
        Credential::from_request(parts.method.clone(), path, headers).with_token(token);
    Ok(match context {
        Some(SenderContext { members }) => credential.with_request_context(members),
        None => credential,
    })
}

/// Removes the secret headers from a request, and returns all that it had.
///
/// A token in `x-api-key` is left out of them: where another place decides, it may be one of ours, which no verifier
/// but ours may see.
fn take_headers(parts: &mut Parts, secrets: &[HeaderName], has_token_as_key: bool) -> HeaderMap {
    let mut headers = parts.headers.clone();
    if has_token_as_key {
        headers.remove(API_KEY);
    }
    remove_secrets(parts, &[AUTHORIZATION, API_KEY]);
    remove_secrets(parts, secrets);
    headers
}

/// Removes the headers that hold secrets from a request.
pub(super) fn remove_secrets(parts: &mut Parts, secrets: &[HeaderName]) {
    for name in secrets {
        parts.headers.remove(name);
    }
}

/// Chooses the token among what is in its places: the first that is whole, or else the first that is broken.
fn choose(found: [Found; 3]) -> Result<Option<Secret<String>>, Problem> {
    let is_empty = found.contains(&Found::Empty);
    let (mut whole, mut broken) = (None, None);
    for found in found {
        match found {
            Found::Token(token) => whole = whole.or(Some(token)),
            Found::Broken(token) => broken = broken.or(Some(token)),
            Found::Nothing | Found::Empty => {}
        }
    }
    match whole.or(broken) {
        None if is_empty => Err(Problem::no_token()),
        token => Ok(token.map(Secret::new)),
    }
}

/// Reads the `Authorization` header. Lambda joins repeated headers by commas, so they are read joined, and two tokens
/// are refused in either form (RFC 6750 §3.1). Commas also occur within one credential (RFC 9110 §11.4), as in AWS's
/// signature.
fn find_in_authorization(headers: &HeaderMap) -> Result<Found, Problem> {
    let Some(text) = join_values(headers, &AUTHORIZATION)? else {
        return Ok(Found::Nothing);
    };
    let credentials: Vec<_> = text.split(',').map(str::trim).collect();
    match credentials.as_slice() {
        [""] => Ok(Found::Empty),
        [one] => Ok(parse_bearer(one).unwrap_or_else(|| parse_bare(one))),
        several
            if several
                .iter()
                .any(|one| parse_bearer(one).is_some() || is_jwt(one)) =>
        {
            Err(refuse_repeated(&AUTHORIZATION))
        }
        _ => Ok(Found::Nothing),
    }
}

fn find_in_api_key(headers: &HeaderMap) -> Result<Found, Problem> {
    let Some(text) = join_values(headers, &API_KEY)? else {
        return Ok(Found::Nothing);
    };
    let keys: Vec<_> = text.split(',').map(str::trim).collect();
    match keys.as_slice() {
        [one] => Ok(parse_jwt(one)),
        several if several.iter().any(|one| is_jwt(one)) => Err(refuse_repeated(&API_KEY)),
        _ => Ok(Found::Nothing),
    }
}

fn find_in_query(parts: &Parts) -> Result<Found, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let mut tokens = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "token");
    match (tokens.next(), tokens.next()) {
        (None, _) => Ok(Found::Nothing),
        (Some((_, token)), None) if token.is_empty() => Ok(Found::Empty),
        (Some((_, token)), None) => Ok(Found::Token(token.into_owned())),
        _ => Err(Problem::invalid(
            "`?token=` must be sent once, with one token",
        )),
    }
}

fn join_values(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, Problem> {
    let values: Result<Vec<_>, _> = headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str())
        .collect();
    let values = values.map_err(|_| Problem::invalid(format!("`{name}` must be ASCII text")))?;
    Ok((!values.is_empty()).then(|| values.join(",")))
}

/// Returns the token after `Bearer`, in any case (RFC 9110 §11.1); [`Found::Empty`] if nothing follows.
fn parse_bearer(text: &str) -> Option<Found> {
    let (scheme, token) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let token = token.trim();
    let found = if token.is_empty() {
        Found::Empty
    } else {
        Found::Token(token.to_owned())
    };
    scheme.eq_ignore_ascii_case("bearer").then_some(found)
}

/// Reads a credential without a scheme: some clients ask their user for the header's whole value and send the token
/// bare. A word that is no JWT is [`Found::Broken`]; every other scheme has something behind it.
fn parse_bare(text: &str) -> Found {
    match parse_jwt(text) {
        Found::Nothing if !text.contains(char::is_whitespace) => Found::Broken(text.to_owned()),
        found => found,
    }
}

fn parse_jwt(text: &str) -> Found {
    if is_jwt(text) {
        Found::Token(text.to_owned())
    } else {
        Found::Nothing
    }
}

/// Returns whether a text looks like a JWT: three parts in base64url (RFC 7515 §3.1).
fn is_jwt(text: &str) -> bool {
    let is_base64url = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let parts: Vec<_> = text.split('.').collect();
    parts.len() == 3
        && parts.iter().all(|part| is_base64url(part))
        && parts[..2].iter().all(|part| !part.is_empty())
}

fn refuse_repeated(name: &HeaderName) -> Problem {
    Problem::invalid(format!("`{name}` must be sent once, with one token"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, value.as_bytes());
        }
        request.body(()).expect("a request").into_parts().0
    }

    fn status(problem: Problem) -> u16 {
        problem.into_response().status().as_u16()
    }

    fn taken(uri: &str, headers: &[(&str, &str)], allow_query: bool) -> Result<String, u16> {
        let mut parts = parts(uri, headers);
        let credential = take(&mut parts, allow_query, &[]);
        assert!(!parts.headers.contains_key(AUTHORIZATION) && !parts.headers.contains_key(API_KEY));
        let credential = credential.map_err(status)?;
        credential.token().map(str::to_owned).ok_or(401)
    }

    fn taken_if_any(headers: &[(&str, &str)]) -> Result<Option<String>, u16> {
        let credential = take(&mut parts("/", headers), false, &[]);
        credential
            .map(|credential| credential.token().map(str::to_owned))
            .map_err(status)
    }

    #[test]
    fn a_token_is_taken_in_each_of_its_forms() {
        for (name, value) in [
            ("authorization", "Bearer t.o.k"),
            ("authorization", "bearer  t.o.k "),
            ("authorization", "BEARER\tt.o.k"),
            ("Authorization", "t.o.k"),
            ("x-api-key", "t.o.k"),
        ] {
            assert_eq!(
                taken("/", &[(name, value)], false),
                Ok("t.o.k".to_owned()),
                "{name}: {value}"
            );
        }
        assert_eq!(
            taken("/", &[("authorization", "Bearer forged")], false),
            Ok("forged".to_owned())
        );
        assert_eq!(
            taken(
                "/",
                &[("x-api-key", "x.y.z"), ("authorization", "Bearer t")],
                false
            ),
            Ok("t".to_owned())
        );
    }

    const OTHERS: [&str; 7] = [
        "AWS4-HMAC-SHA256 Credential=AKID/20261125/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature=abc",
        "Basic YWxpY2U6cGFzc3dvcmQ=",
        "Digest username=\"Bearer x\", realm=\"a, b\"",
        "Negotiate abc.def",
        "DPoP a.b.c",
        "Bearerx a.b.c",
        "a key of somebody's",
    ];

    #[test]
    fn credentials_of_others_are_none_and_hide_none() {
        for other in OTHERS {
            assert_eq!(
                taken("/", &[("authorization", other)], false),
                Err(401),
                "{other}"
            );
            let both = [("authorization", other), ("x-api-key", "t.o.k")];
            assert_eq!(taken("/", &both, false), Ok("t.o.k".to_owned()), "{other}");
            assert_eq!(
                taken("/?token=q", &both[..1], true),
                Ok("q".to_owned()),
                "{other}"
            );
        }
        let gateways = [("x-api-key", "AbCdEf0123456789")];
        assert_eq!(taken("/", &gateways, false), Err(401));
        assert_eq!(taken("/?token=q", &gateways, true), Ok("q".to_owned()));
        assert_eq!(taken_if_any(&gateways), Ok(None));
        assert_eq!(taken_if_any(&[("authorization", OTHERS[0])]), Ok(None));
    }

    #[test]
    fn a_token_that_is_broken_is_not_none() {
        for broken in ["bad", "eyJhbGciOiJIUzI1NiJ9.x", "a.b.c.d"] {
            assert_eq!(
                taken_if_any(&[("authorization", broken)]),
                Ok(Some(broken.to_owned())),
                "{broken}"
            );
            let both = [("authorization", broken), ("x-api-key", "t.o.k")];
            assert_eq!(
                taken_if_any(&both),
                Ok(Some("t.o.k".to_owned())),
                "{broken}"
            );
        }
    }

    #[test]
    fn no_token_is_401_and_two_are_400() {
        for headers in [
            &[][..],
            &[("authorization", "")],
            &[("authorization", "Bearer")],
            &[("authorization", "Bearer ")],
        ] {
            assert_eq!(taken("/", headers, false), Err(401), "{headers:?}");
        }
        for headers in [
            &[("authorization", "Bearer a"), ("authorization", "Bearer b")][..],
            &[("authorization", "Bearer a,Bearer b")],
            &[("authorization", "a.b.c,d.e.f")],
            &[("authorization", "Basic x, Bearer a")],
            &[("authorization", "Basic x"), ("authorization", "Bearer a")],
            &[("x-api-key", "a.b.c"), ("x-api-key", "d.e.f")],
            &[("authorization", "Bearer \u{e9}")],
        ] {
            assert_eq!(taken("/", headers, false), Err(400), "{headers:?}");
        }
        assert_eq!(taken("/?token=a&token=b", &[], true), Err(400));
    }

    #[test]
    fn a_place_that_is_empty_is_not_the_same_as_none() {
        for headers in [
            [("authorization", "")],
            [("authorization", "Bearer")],
            [("authorization", "bearer  ")],
        ] {
            assert_eq!(taken_if_any(&headers), Err(401), "{headers:?}");
        }
        assert_eq!(taken_if_any(&[]), Ok(None));
    }

    #[test]
    fn a_query_token_counts_only_where_it_is_allowed() {
        assert_eq!(taken("/?token=t", &[], false), Err(401));
        assert_eq!(taken("/?a=b&token=t%2Ex", &[], true), Ok("t.x".to_owned()));
        assert_eq!(
            taken("/?token=q", &[("authorization", "Bearer h")], true),
            Ok("h".to_owned())
        );
        assert_eq!(taken("/?token=", &[], true), Err(401));
    }

    #[test]
    fn a_verifier_sees_headers_that_nothing_further_in_does() {
        const SECRET: HeaderName = HeaderName::from_static("x-proxy-secret");
        let sent = [
            ("authorization", "Basic abc"),
            ("x-api-key", "of-a-gateway"),
            ("x-proxy-secret", "sesame"),
            ("x-user", "alice@example.com"),
            (
                "x-amzn-request-context",
                r#"{"authorizer":{"principalId":"x"}}"#,
            ),
        ];
        let mut parts = parts("/mcp?token=q", &sent);
        let credential = take(&mut parts, false, &[SECRET]).expect("taken");
        for (name, value) in sent {
            assert_eq!(credential.header(name), Some(value));
        }
        assert_eq!(credential.authorization("Basic"), Some("abc"));
        assert_eq!((credential.token(), credential.path()), (None, "/mcp"));
        assert_eq!(credential.request_context(), None, "no header makes one");
        assert_eq!(parts.headers.len(), 2, "{:?}", parts.headers);
        assert_eq!(parts.headers["x-user"], "alice@example.com");
    }

    #[test]
    fn a_token_that_was_not_chosen_is_shown_to_nobody() {
        let sent = [("authorization", "Bearer a.b.c"), ("x-api-key", "d.e.f")];
        let credential = take(&mut parts("/", &sent), false, &[]).expect("taken");
        assert_eq!(credential.token(), Some("a.b.c"));
        assert_eq!(credential.header("x-api-key"), None);
    }

    #[test]
    fn what_a_gateway_says_is_taken_out_of_the_request() {
        let mut parts = parts("/", &[]);
        let members = serde_json::json!({"authorizer": {"iam": {"userId": "AIDA"}}});
        let context = SenderContext {
            members: members.clone(),
        };
        parts.extensions.insert(context);
        let credential = take(&mut parts, false, &[]).expect("taken");
        assert_eq!(credential.request_context(), Some(&members));
        assert!(parts.extensions.get::<SenderContext>().is_none());
    }

    proptest! {
        #[test]
        fn taking_never_panics(value in "[ -~\\t]{0,40}", query in "[ -~&&[^ \"<>\\\\^`{|}#]]{0,40}") {
            let _ = taken(&format!("/?{query}"), &[("authorization", &value)], true);
        }

        #[test]
        fn a_bearer_token_is_taken_as_it_is_whatever_else_is_sent(token in "[!-+.-~--]{1,30}", other in 0..OTHERS.len()) {
            let headers = [("authorization", format!("Bearer {token}")), ("x-api-key", OTHERS[other].to_owned())];
            let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
            prop_assert_eq!(taken("/", &headers, false), Ok(token));
        }

        #[test]
        fn another_scheme_never_brings_a_token(
            scheme in "[A-Za-z][A-Za-z0-9-]{0,15}", credential in "[A-Za-z0-9=/+;:\"._-]{1,30}(, [A-Za-z]{1,8}=[a-z0-9;]{1,8}){0,3}",
        ) {
            prop_assume!(!scheme.eq_ignore_ascii_case("bearer"));
            let value = format!("{scheme} {credential}");
            prop_assert_eq!(taken_if_any(&[("authorization", &value)]), Ok(None));
            let both = [("authorization", value.as_str()), ("x-api-key", "t.o.k")];
            prop_assert_eq!(taken_if_any(&both), Ok(Some("t.o.k".to_owned())));
        }

        #[test]
        fn headers_sent_twice_are_read_as_if_a_front_had_joined_them(one in "[ -~]{0,20}", two in "[ -~]{0,20}") {
            let joined = format!("{one},{two}");
            let apart = [("authorization", one.as_str()), ("authorization", two.as_str())];
            prop_assert_eq!(taken_if_any(&apart), taken_if_any(&[("authorization", &joined)]));
        }
    }
}
