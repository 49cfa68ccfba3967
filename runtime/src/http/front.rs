//! Who may ask from where: `Host` (DNS rebinding), `Origin` (browsers) and CORS.
//!
//! On Lambda the function URL or the gateway answers preflights and sets the CORS headers; doing it here too would
//! double them, so only the local server does.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode, Uri};

use super::body::{Response, empty};
use super::problem::Problem;

const ALLOW_METHODS: &str = "GET, POST, PATCH, DELETE";
const ALLOW_HEADERS: &str = "authorization, x-api-key, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, \
    mcp-session-id, last-event-id, traceparent, tracestate, baggage";
const EXPOSE_HEADERS: &str = "www-authenticate, mcp-session-id, retry-after, link";

/// Who may ask from where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Front {
    /// Whether this is a server on a laptop: then names other than its own are refused, pages of the same machine may
    /// ask, and CORS is answered here.
    pub is_local: bool,
    /// Names, beside `localhost` and addresses, by which a local server may be called.
    pub hosts: Vec<String>,
    /// Origins whose pages may ask, such as `https://app.example.com`.
    pub origins: Vec<String>,
}

impl Front {
    /// Refuses what comes from the wrong place.
    pub(super) fn check(&self, parts: &Parts) -> Result<(), Problem> {
        if self.is_local && !self.knows_host(parts) {
            return Err(Problem::refused("this host name is not this server's; set PUBLIC_URL to serve under it"));
        }
        match origin(&parts.headers) {
            Some(origin) if !self.allows(origin) => {
                Err(Problem::refused("pages of this origin may not ask here; add it to ALLOWED_ORIGINS"))
            }
            _ => Ok(()),
        }
    }

    /// The answer to a preflight, where one is for us to give.
    pub(super) fn preflight(&self, parts: &Parts) -> Option<Response> {
        let asks = parts.method == Method::OPTIONS && parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !asks || !self.is_local {
            return None;
        }
        if let Err(problem) = self.check(parts) {
            return Some(problem.into_response());
        }
        let mut response = empty(StatusCode::NO_CONTENT);
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(ALLOW_METHODS));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers(&parts.headers));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        Some(response)
    }

    /// The origin to allow in the answer's headers.
    pub(super) fn cors_origin(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let allowed = self.is_local && origin(headers).is_some_and(|origin| self.allows(origin));
        if allowed { headers.get(header::ORIGIN).cloned() } else { None }
    }

    fn knows_host(&self, parts: &Parts) -> bool {
        let mut named = parts.headers.get_all(header::HOST).iter().map(HeaderValue::to_str);
        let host = match (named.next(), named.next()) {
            (Some(Ok(text)), None) => text.parse::<http::uri::Authority>().ok(),
            (None, None) => parts.uri.authority().cloned(),
            _ => None,
        };
        let host = host.filter(|host| !host.as_str().contains('@'));
        host.is_some_and(|host| {
            is_own_machine_or_address(host.host()) || self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host.host()))
        })
    }

    fn allows(&self, origin: &str) -> bool {
        let is_loopback = || {
            let uri = origin.parse::<Uri>().ok().filter(|_| !origin.contains('@'));
            uri.as_ref().and_then(Uri::host).is_some_and(is_loopback)
        };
        self.origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)) || (self.is_local && is_loopback())
    }
}

/// Sets the CORS headers of an answer.
pub(super) fn allow(response: &mut Response, origin: Option<HeaderValue>) {
    let Some(origin) = origin else { return };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSE_HEADERS));
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}

fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN).map(|value| value.to_str().unwrap_or("?"))
}

/// Our list, and each `mcp-param-*` that the page asks for by name.
fn allowed_headers(headers: &HeaderMap) -> HeaderValue {
    const ASKED: HeaderName = header::ACCESS_CONTROL_REQUEST_HEADERS;
    let asked = headers.get(ASKED).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let parameters = asked.split(',').map(str::trim).filter(|name| name.to_ascii_lowercase().starts_with("mcp-param-"));
    let all: Vec<_> = [ALLOW_HEADERS].into_iter().chain(parameters).collect();
    HeaderValue::from_str(&all.join(", ")).unwrap_or(HeaderValue::from_static(ALLOW_HEADERS))
}

/// An address can't be rebound, a name can.
fn is_own_machine_or_address(host: &str) -> bool {
    is_loopback(host) || bare(host).parse::<std::net::IpAddr>().is_ok()
}

fn is_loopback(host: &str) -> bool {
    let is_address = bare(host).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    is_address || host.eq_ignore_ascii_case("localhost")
}

fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Front {
        Front {
            is_local: true,
            hosts: vec!["notes.example.com".into()],
            origins: vec!["https://app.example.com".into()],
        }
    }

    fn status(front: &Front, host: Option<&str>, origin: Option<&str>) -> u16 {
        let mut request = http::Request::builder().uri("/");
        for (name, value) in
            [("host", host), ("origin", origin)].into_iter().filter_map(|(name, value)| Some((name, value?)))
        {
            request = request.header(name, value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        front.check(&parts).map_or_else(|problem| problem.into_response().status().as_u16(), |()| 200)
    }

    #[test]
    fn a_local_server_answers_to_its_own_names_only() {
        for host in
            ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "192.168.1.5:8080", "NOTES.example.com"]
        {
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
        for origin in ["http://localhost:3000", "http://127.0.0.1:6274", "http://[::1]:1", "https://app.example.com"] {
            assert_eq!(status(&local(), Some("localhost"), Some(origin)), 200, "{origin}");
        }
        for origin in [
            "https://evil.example.com",
            "http://localhost.evil.com",
            "null",
            "https://app.example.com.evil.com",
            "http://192.168.1.5",
        ] {
            assert_eq!(status(&local(), Some("localhost"), Some(origin)), 403, "{origin}");
        }
    }

    #[test]
    fn behind_a_front_door_any_host_may_be_named_and_no_page_may_ask_unnamed() {
        let front = Front { is_local: false, ..local() };
        assert_eq!(status(&front, Some("x.lambda-url.eu-west-1.on.aws"), None), 200);
        assert_eq!(status(&front, None, None), 200);
        assert_eq!(status(&front, None, Some("https://app.example.com")), 200);
        assert_eq!(status(&front, None, Some("http://localhost:3000")), 403);
    }
}
