//! Where a token may stand in a request. Taking it removes it, so that nothing further in can see, log or forward it.
//!
//! `Authorization: Bearer TOKEN`, `Authorization: TOKEN` and `x-api-key: TOKEN` are one and the same; `?token=` counts
//! only where a deployment allows it.

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;

use super::Problem;
use crate::secret::Secret;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Takes the token out of a request.
pub(super) fn take(parts: &mut Parts, allow_query: bool) -> Result<Secret<String>, Problem> {
    let given = [header(&parts.headers, &AUTHORIZATION)?.map(without_scheme), header(&parts.headers, &API_KEY)?];
    let query = if allow_query { query_token(parts) } else { None };
    let token = given.into_iter().flatten().find(|token| !token.is_empty()).map(str::to_owned).or(query);
    for name in [AUTHORIZATION, API_KEY] {
        parts.headers.remove(name);
    }
    token.map(Secret::new).ok_or_else(Problem::no_token)
}

/// One header's text. Lambda joins repeated headers by commas, which no token holds, so both forms of two are refused
/// (RFC 6750 §3.1).
fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    let text = first.map(HeaderValue::to_str).transpose();
    match (text, second) {
        (Ok(text), None) if text.is_none_or(|text| !text.contains(',')) => Ok(text.map(str::trim)),
        _ => Err(Problem::invalid(format!("`{name}` must be sent once, with one token"))),
    }
}

/// The token behind `Bearer`, in any case (RFC 9110 §11.1), or the text itself: some clients ask for a header's whole
/// value and send it bare.
fn without_scheme(text: &str) -> &str {
    match text.split_once(char::is_whitespace) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ if text.eq_ignore_ascii_case("bearer") => "",
        _ => text,
    }
}

/// Whether a request brings anything that stands for a token.
pub(super) fn is_there(parts: &Parts, allow_query: bool) -> bool {
    let in_headers = parts.headers.contains_key(AUTHORIZATION) || parts.headers.contains_key(API_KEY);
    in_headers || (allow_query && query_token(parts).is_some())
}

fn query_token(parts: &Parts) -> Option<String> {
    let query = parts.uri.query()?;
    let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "token");
    found.map(|(_, token)| token.into_owned()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn taken(uri: &str, headers: &[(&str, &str)], allow_query: bool) -> Result<String, u16> {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        let token = take(&mut parts, allow_query).map(|token| token.expose().clone());
        if token.is_ok() {
            assert!(!parts.headers.contains_key(AUTHORIZATION) && !parts.headers.contains_key(API_KEY));
        }
        token.map_err(|problem| problem.into_response().status().as_u16())
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
            assert_eq!(taken("/", &[(name, value)], false), Ok("t.o.k".to_owned()), "{name}: {value}");
        }
        assert_eq!(taken("/", &[("x-api-key", "gateway's"), ("authorization", "Bearer t")], false), Ok("t".to_owned()));
    }

    #[test]
    fn no_token_is_401_and_two_are_400() {
        for headers in
            [&[][..], &[("authorization", "")], &[("authorization", "Bearer")], &[("authorization", "Bearer ")]]
        {
            assert_eq!(taken("/", headers, false), Err(401), "{headers:?}");
        }
        for headers in [
            &[("authorization", "Bearer a"), ("authorization", "Bearer b")][..],
            &[("authorization", "Bearer a,Bearer b")],
        ] {
            assert_eq!(taken("/", headers, false), Err(400), "{headers:?}");
        }
    }

    #[test]
    fn a_query_token_counts_only_where_it_is_allowed() {
        assert_eq!(taken("/?token=t", &[], false), Err(401));
        assert_eq!(taken("/?a=b&token=t%2Ex", &[], true), Ok("t.x".to_owned()));
        assert_eq!(taken("/?token=q", &[("authorization", "Bearer h")], true), Ok("h".to_owned()));
        assert_eq!(taken("/?token=", &[], true), Err(401));
    }

    proptest! {
        #[test]
        fn taking_never_panics(value in "[ -~\\t]{0,40}", query in "[ -~&&[^ \"<>\\\\^`{|}#]]{0,40}") {
            let _ = taken(&format!("/?{query}"), &[("authorization", &value)], true);
        }
    }
}
