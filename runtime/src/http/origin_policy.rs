//! The check of `Host` (DNS rebinding) and `Origin` (browsers), and CORS: [`OriginPolicy`].
//!
//! Preflights are answered here behind every entry point, with one list of headers. A proxy before a Lambda must
//! not set the CORS headers too: a function URL that has a CORS configuration sends both, and browsers refuse two of
//! them. (An HTTP API with one replaces ours; load balancers and REST APIs set none.)

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::Authority;
use http::{Method, StatusCode};

use super::body::{Response, empty};
use super::origin::{AllowedOrigin, Origin};
use super::problem::Problem;

const ALLOW_METHODS: &str = "GET, POST, PATCH, DELETE";
const ALLOW_HEADERS: &str = "authorization, x-api-key, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, \
    mcp-session-id, last-event-id, traceparent, tracestate, baggage";
const EXPOSE_HEADERS: &str =
    "www-authenticate, x-amzn-remapped-www-authenticate, mcp-session-id, retry-after, link";

/// The hosts by which the server may be called, and the origins whose pages may call it ([`AllowedOrigin`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OriginPolicy {
    /// True for a server on a laptop: then names other than its own are refused, and pages of the same machine may send
    /// requests.
    pub is_local: bool,
    /// Names, beside `localhost` and addresses, by which a local server may be called.
    pub hosts: Vec<String>,
    /// The origins whose pages may send requests.
    pub origins: Vec<AllowedOrigin>,
}

impl OriginPolicy {
    /// Checks the host and the origin of a request.
    ///
    /// # Errors
    ///
    /// [`Problem::forbidden`] for a host that is not the server's, and for a page that may not send requests.
    pub(super) fn check(&self, parts: &Parts) -> Result<(), Problem> {
        if self.is_local && !self.knows_host(parts) {
            return Err(Problem::forbidden(
                "this host name is not this server's; set PUBLIC_URL to serve under it",
            ));
        }
        if parts.headers.contains_key(header::ORIGIN) && self.find_allowed(&parts.headers).is_none()
        {
            return Err(Problem::forbidden(
                "pages of this origin may not ask here; add it to ALLOWED_ORIGINS",
            ));
        }
        Ok(())
    }

    /// Answers a preflight (Fetch standard, CORS-preflight fetch); `None` for any other request.
    pub(super) fn preflight(&self, parts: &Parts) -> Option<Response> {
        let has = |name: HeaderName| parts.headers.contains_key(name);
        if parts.method != Method::OPTIONS
            || !has(header::ORIGIN)
            || !has(header::ACCESS_CONTROL_REQUEST_METHOD)
        {
            return None;
        }
        if let Err(problem) = self.check(parts) {
            return Some(problem.into_response());
        }
        let mut response = empty(StatusCode::NO_CONTENT);
        let headers = response.headers_mut();
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static(ALLOW_METHODS),
        );
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            allow_headers(&parts.headers),
        );
        headers.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static("600"),
        );
        Some(response)
    }

    /// Returns the request's `Origin`, if its pages may send requests: the value for [`allow`].
    pub(super) fn find_allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut values = headers.get_all(header::ORIGIN).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return None;
        };
        let origin = Origin::parse(value.to_str().ok()?)?;
        let is_allowed = self.origins.iter().any(|allowed| allowed.allows(&origin))
            || (self.is_local && origin.is_web() && is_loopback(origin.host()));
        is_allowed.then(|| value.clone())
    }

    /// Returns whether every name that the request gives the server is its own: `Host` or, in HTTP/2, `:authority`, which
    /// hyper puts into the URI (RFC 9113 §8.3.1).
    fn knows_host(&self, parts: &Parts) -> bool {
        let mut named = parts
            .headers
            .get_all(header::HOST)
            .iter()
            .map(|value| value.to_str().unwrap_or_default());
        match (named.next(), named.next(), parts.uri.authority()) {
            (Some(host), None, None) => self.is_own(host),
            (Some(host), None, Some(authority)) => {
                self.is_own(host) && self.is_own(authority.as_str())
            }
            (None, _, Some(authority)) => self.is_own(authority.as_str()),
            _ => false,
        }
    }

    fn is_own(&self, host: &str) -> bool {
        let host: Option<Authority> = host.parse().ok().filter(|_| !host.contains('@'));
        host.is_some_and(|host| {
            is_own_machine_or_address(host.host())
                || self
                    .hosts
                    .iter()
                    .any(|own| own.eq_ignore_ascii_case(host.host()))
        })
    }
}

/// Sets the CORS headers of an answer.
pub(super) fn allow(response: &mut Response, origin: Option<HeaderValue>) {
    let Some(origin) = origin else { return };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(EXPOSE_HEADERS),
    );
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}

/// Returns the headers that a preflight allows: [`ALLOW_HEADERS`], and each `mcp-param-*` that the page names.
fn allow_headers(headers: &HeaderMap) -> HeaderValue {
    const ASKED: HeaderName = header::ACCESS_CONTROL_REQUEST_HEADERS;
    let asked = headers
        .get(ASKED)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let parameters = asked
        .split(',')
        .map(str::trim)
        .filter(|name| name.to_ascii_lowercase().starts_with("mcp-param-"));
    let all: Vec<_> = [ALLOW_HEADERS].into_iter().chain(parameters).collect();
    HeaderValue::from_str(&all.join(", ")).unwrap_or(HeaderValue::from_static(ALLOW_HEADERS))
}

/// Returns whether a host is this machine's or an address: a name can be rebound to another address (DNS rebinding), an
/// address can't.
fn is_own_machine_or_address(host: &str) -> bool {
    is_loopback(host) || bare(host).parse::<std::net::IpAddr>().is_ok()
}

fn is_loopback(host: &str) -> bool {
    let is_address = bare(host)
        .parse::<std::net::IpAddr>()
        .is_ok_and(|address| address.is_loopback());
    is_address || host.eq_ignore_ascii_case("localhost")
}

fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> OriginPolicy {
        OriginPolicy {
            is_local: true,
            hosts: vec!["notes.example.com".into()],
            origins: vec!["https://app.example.com".parse().expect("an origin")],
        }
    }

    fn status(origin_policy: &OriginPolicy, host: Option<&str>, origin: Option<&str>) -> u16 {
        let mut request = http::Request::builder().uri("/");
        for (name, value) in [("host", host), ("origin", origin)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
        {
            request = request.header(name, value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        origin_policy.check(&parts).map_or_else(
            |problem| problem.into_response().status().as_u16(),
            |()| 200,
        )
    }

    #[test]
    fn a_local_server_answers_to_its_own_names_only() {
        for host in [
            "localhost",
            "localhost:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
            "192.168.1.5:8080",
            "NOTES.example.com",
        ] {
            assert_eq!(status(&local(), Some(host), None), 200, "{host}");
        }
        for host in [
            Some("evil.example.com"),
            Some("localhost.evil.com"),
            Some("evil.com@localhost"),
            Some("a b"),
            Some("127.0.0.1.evil.com:80"),
            None,
        ] {
            assert_eq!(status(&local(), host, None), 403, "{host:?}");
        }
    }

    #[test]
    fn pages_of_this_machine_and_of_named_origins_may_ask() {
        for origin in [
            "http://localhost:3000",
            "http://127.0.0.1:6274",
            "http://[::1]:1",
            "https://app.example.com",
        ] {
            assert_eq!(
                status(&local(), Some("localhost"), Some(origin)),
                200,
                "{origin}"
            );
        }
        for origin in [
            "https://evil.example.com",
            "http://localhost.evil.com",
            "null",
            "https://app.example.com.evil.com",
            "http://192.168.1.5",
            "evil://localhost",
            "moz-extension://localhost",
            "tauri://localhost",
            "capacitor://localhost",
            "http://me@localhost",
            "localhost",
            "",
        ] {
            assert_eq!(
                status(&local(), Some("localhost"), Some(origin)),
                403,
                "{origin}"
            );
        }
    }

    #[test]
    fn behind_a_front_door_any_host_may_be_named_and_no_page_may_ask_unnamed() {
        let origin_policy = OriginPolicy {
            is_local: false,
            ..local()
        };
        assert_eq!(
            status(&origin_policy, Some("x.lambda-url.eu-west-1.on.aws"), None),
            200
        );
        assert_eq!(status(&origin_policy, None, None), 200);
        assert_eq!(
            status(&origin_policy, None, Some("https://app.example.com")),
            200
        );
        assert_eq!(
            status(&origin_policy, None, Some("http://localhost:3000")),
            403
        );
    }
}
