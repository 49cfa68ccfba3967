//! The laws of [`Routes`]: every implementation keeps them, for every kind of caller.
//!
//! ```
//! use mcp_lambda::http::{Access, Route, RouteResponse, Routes, laws};
//!
//! #[derive(Debug)]
//! struct Page;
//!
//! impl Routes for Page {
//!     fn routes(&self) -> Vec<Route> {
//!         vec![Route::get("/", Access::Public, async |_| Ok(RouteResponse::html("<h1>hello</h1>")))]
//!     }
//! }
//!
//! mcp_lambda::testkit::block_on(laws::all(&Page));
//! ```

mod suite;
mod world;

use http::Method;
use http::header::{self, HeaderName};

use super::body::SMALL_BYTES;
use super::routes::{Access, BUILT_IN, Routes};
use crate::error::ErrorKind;
pub use suite::RouteLaws;
pub(super) use world::{Answer, Client, Row, World};

/// The methods that are tried on every path.
const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// Runs every law over routes, below a prefix of the laws' own.
///
/// Each handler is called once, with `sample` for each parameter of its path and without a body. Everything else is asked of
/// handlers that take its place, so it is no matter what the routes do.
///
/// # Panics
/// If the routes break a law.
pub async fn all(routes: &dyn Routes) {
    RouteLaws::new(routes).check().await;
}

/// Runs the laws that hold for any table of routes, whatever its handlers are.
pub(super) async fn surface(world: &World) {
    every_path_is_below_the_prefix(world).await;
    an_unknown_path_is_404(world).await;
    a_wrong_method_is_405_with_a_true_allow(world).await;
    a_stranger_learns_no_method_of_a_path_for_others(world).await;
    head_is_answered_like_get(world).await;
    a_route_is_reached_by_whom_it_names_alone(world).await;
    no_page_of_another_origin_reaches_a_route(world).await;
}

async fn every_handler_answers(world: &World) {
    for row in world.rows() {
        let answer = world.send(row, &row.method, row.entitled()).await;
        assert_ne!(answer.status, 500, "{row}: {answer}");
    }
}

async fn every_path_is_below_the_prefix(world: &World) {
    for row in world.rows() {
        let path = row.path();
        let first = path.split('/').nth(1).unwrap_or_default();
        let is_built_in = first.is_empty() || BUILT_IN.contains(&format!("/{first}").as_str());
        let beside = format!("{}x{path}", world.prefix());
        let above = (!is_built_in).then_some(path);
        for path in above.into_iter().chain([beside]) {
            let answer = world.send_to(&row.method, &path, row.entitled()).await;
            assert_eq!(answer.status, 404, "{row} at {path}: {answer}");
            assert!(!world.was_reached(&answer), "{row} at {path}");
        }
    }
}

async fn an_unknown_path_is_404(world: &World) {
    let longest = world.rows().iter().map(|row| row.path().split('/').count());
    let unknown = "/no_such".repeat(longest.max().unwrap_or_default() + 1);
    let path = format!("{}{unknown}", world.prefix());
    for method in METHODS {
        let answer = world.send_as_entitled(&method, &path).await;
        assert_eq!(answer.status, 404, "{method} {path}: {answer}");
        answer.assert_refusal(&method, "not_found");
    }
}

/// Every method that `Allow` names is answered, and no other is (RFC 9110 §15.5.6); who is asked for `GET` answers `HEAD`.
async fn a_wrong_method_is_405_with_a_true_allow(world: &World) {
    for row in world.rows() {
        let path = world.path_of(row);
        let mut wrong = Vec::new();
        for method in METHODS {
            let answer = world.send_as_entitled(&method, &path).await;
            if answer.status == 405 {
                assert!(!world.was_reached(&answer), "{method} {path}");
                answer.assert_refusal(&method, "method_not_allowed");
                wrong.push((method, answer.header(&header::ALLOW)));
            }
        }
        for (method, allow) in &wrong {
            let named: Vec<_> = allow.split(", ").collect();
            for other in METHODS {
                let is_named = named.contains(&other.as_str())
                    || (other == Method::HEAD && named.contains(&"GET"));
                let is_wrong = wrong.iter().any(|(wrong, _)| *wrong == other);
                assert_ne!(is_named, is_wrong, "{method} {path}: {other} and `{allow}`");
            }
        }
    }
}

/// Identity comes before 405, so that a path for users or operators looks the same to a stranger by every method.
async fn a_stranger_learns_no_method_of_a_path_for_others(world: &World) {
    for row in world.rows() {
        let mut rows = world.rows().iter();
        if rows.any(|other| other.access == Access::Public && other.overlaps(row)) {
            continue;
        }
        for method in METHODS {
            let answer = world.send(row, &method, Client::Nobody).await;
            assert_eq!(answer.status, 401, "{method} {row}: {answer}");
        }
    }
}

/// RFC 9110 §9.3.2. The body is taken off where it leaves the process.
async fn head_is_answered_like_get(world: &World) {
    let has_own = |row: &Row| {
        let mut rows = world.rows().iter();
        rows.any(|other| other.method == Method::HEAD && other.path() == row.path())
    };
    for row in world.rows() {
        if row.method != Method::GET || has_own(row) {
            continue;
        }
        let get = world.send(row, &Method::GET, row.entitled()).await;
        let head = world.send(row, &Method::HEAD, row.entitled()).await;
        assert_eq!(
            (head.status, &head.headers),
            (get.status, &get.headers),
            "{row}"
        );
    }
}

async fn a_route_is_reached_by_whom_it_names_alone(world: &World) {
    for row in world.rows() {
        for client in Client::ALL {
            let answer = world.send(row, &row.method, client).await;
            let is_reached = world.was_reached(&answer);
            let expected = row.refusal_of(client);
            assert_eq!(
                is_reached,
                expected.is_none(),
                "{row} by {client:?}: {answer}"
            );
            match expected {
                None => answer.assert_private(row),
                Some(status) => {
                    assert_eq!(answer.status, status, "{row} by {client:?}: {answer}");
                    let code = if status == 401 {
                        "unauthenticated"
                    } else {
                        "forbidden"
                    };
                    answer.assert_refusal(&row.method, code);
                    assert_challenge(&answer, client);
                }
            }
        }
    }
}

/// A 401 has its challenge in the header and, since gateways rename that, in the body; the error is named if a token was sent
/// (RFC 6750 §3).
fn assert_challenge(answer: &Answer, client: Client) {
    let challenge = answer.header(&header::WWW_AUTHENTICATE);
    assert_eq!(challenge.is_empty(), answer.status != 401, "{answer}");
    if answer.status == 401 {
        assert_eq!(answer.json()["www_authenticate"], *challenge, "{answer}");
        let names_error = challenge.contains("error=\"invalid_token\"");
        assert_eq!(names_error, client != Client::Nobody, "{challenge}");
    }
}

/// A preflight is answered before any route, and the request of a page that may not ask reaches none (Fetch standard, CORS).
async fn no_page_of_another_origin_reaches_a_route(world: &World) {
    const ORIGIN: (HeaderName, &str) = (header::ORIGIN, "https://elsewhere.example");
    for row in world.rows() {
        let path = world.path_of(row);
        let method = row.method.as_str();
        let preflight = [ORIGIN, (header::ACCESS_CONTROL_REQUEST_METHOD, method)];
        for (method, headers) in [
            (&Method::OPTIONS, preflight.as_slice()),
            (&row.method, [ORIGIN].as_slice()),
        ] {
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| (name.clone(), (*value).to_owned()))
                .chain(world.authorization(row.entitled()))
                .collect();
            let answer = world.send_with(method, &path, &headers, Vec::new()).await;
            assert_eq!(answer.status, 403, "{method} {path}: {answer}");
            assert!(!world.was_reached(&answer), "{method} {path}");
            let allowed = answer.header(&header::ACCESS_CONTROL_ALLOW_ORIGIN);
            assert!(allowed.is_empty(), "{method} {path}: {allowed}");
        }
    }
}

/// Neither in a header nor in the address, by whatever way it was sent; a public route has no credential of ours.
async fn no_credential_reaches_a_handler(world: &World) {
    const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
    for row in world.rows() {
        if row.access == Access::Public {
            continue;
        }
        let token = world.token(row.entitled()).to_owned();
        let bearer = (header::AUTHORIZATION, format!("Bearer {token}"));
        let key = (API_KEY, token.clone());
        let bare = (header::AUTHORIZATION, token.clone());
        let path = world.path_of(row);
        let in_query = format!("{path}?token={token}");
        for (headers, path) in [
            (vec![bearer.clone()], &path),
            (vec![bare], &path),
            (vec![key.clone()], &path),
            (vec![bearer, key], &path),
        ] {
            let answer = world
                .send_with(&row.method, path, &headers, Vec::new())
                .await;
            let reached = world.take_reached();
            assert_eq!(reached.len(), 1, "{row}: {answer}");
            for request in reached {
                let headers = request.request().headers();
                let has = |name| headers.contains_key(name);
                assert!(
                    !has(header::AUTHORIZATION) && !has(API_KEY),
                    "{row}: {headers:?}"
                );
                assert!(
                    !format!("{request:?}").contains(&token),
                    "{row} sees a token"
                );
                assert_eq!(
                    request.caller().is_some(),
                    row.access == Access::Caller,
                    "{row}"
                );
            }
        }
        let answer = world
            .send_with(&row.method, &in_query, &[], Vec::new())
            .await;
        assert_eq!(
            answer.status, 401,
            "{row} took a token from the query: {answer}"
        );
        assert!(world.take_reached().is_empty(), "{row}");
    }
}

/// A user's data are that user's and written by no token that only reads; nobody else's handler reaches them, nor what an
/// operator can do.
async fn a_handler_reaches_what_its_access_opens(world: &World) {
    for row in world.rows() {
        for client in [row.entitled(), Client::Reader] {
            world.send(row, &row.method, client).await;
            for request in world.take_reached() {
                let [data, admin] = [request.user_data().map(drop), request.admin().map(drop)];
                let [has_data, has_admin] =
                    [Access::Caller, Access::Admin].map(|of| of == row.access);
                for (reached, is_open) in [(data, has_data), (admin, has_admin)] {
                    let refusal = reached.err().map(|error| error.kind());
                    let expected = (!is_open).then_some(ErrorKind::Internal);
                    assert_eq!(refusal, expected, "{row} by {client:?}");
                }
                let Ok(data) = request.user_data() else {
                    continue;
                };
                let written = data.put("law", &"kept").await;
                let is_refused = written.is_err_and(|error| error.kind() == ErrorKind::Forbidden);
                assert_eq!(is_refused, client == Client::Reader, "{row} by {client:?}");
            }
        }
    }
}

async fn a_body_of_a_stranger_is_bounded(world: &World) {
    for row in world.rows() {
        if row.access != Access::Public {
            continue;
        }
        for (bytes, is_reached) in [(SMALL_BYTES, true), (SMALL_BYTES + 1, false)] {
            let path = world.path_of(row);
            let answer = world
                .send_with(&row.method, &path, &[], vec![b'x'; bytes])
                .await;
            assert_eq!(
                world.take_reached().len(),
                usize::from(is_reached),
                "{row}: {bytes} bytes"
            );
            if !is_reached {
                assert_eq!(answer.status, 413, "{row}: {answer}");
                answer.assert_refusal(&row.method, "too_large");
            }
        }
    }
}

/// The message of a handler's panic may quote an argument, so it is in no answer.
async fn a_handler_that_breaks_is(world: &World, status: u16, code: &str) {
    for row in world.rows() {
        let answer = world.send(row, &row.method, row.entitled()).await;
        assert_eq!(answer.status, status, "{row}: {answer}");
        answer.assert_refusal(&row.method, code);
        assert!(!answer.text.contains(world::SECRET), "{row}: {answer}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Result};
    use crate::http::{Route, RouteRequest, RouteResponse};

    #[derive(Debug)]
    struct Table {
        routes: fn() -> Vec<Route>,
    }

    impl Routes for Table {
        fn routes(&self) -> Vec<Route> {
            (self.routes)()
        }
    }

    async fn greet(request: RouteRequest) -> Result<RouteResponse> {
        let name = request.parameter("name").unwrap_or("nobody").to_owned();
        Ok(RouteResponse::text(name))
    }

    #[tokio::test]
    async fn routes_of_every_access_keep_the_laws() {
        let routes = || {
            vec![
                Route::get("/", Access::Public, greet),
                Route::post("/", Access::Public, greet),
                Route::get("/open/{name}", Access::Public, greet),
                Route::new(Method::DELETE, "/open/{name}", Access::Admin, greet),
                Route::get("/me", Access::Caller, greet),
                Route::get("/lost", Access::Caller, async |_| {
                    Err(Error::not_found("there is no such thing"))
                }),
                Route::get("/{name}", Access::Caller, greet).scopes(["notes:read"]),
                Route::new(Method::PUT, "/{name}", Access::Caller, greet).scopes(["notes:write"]),
                Route::get("/{name}/of/{all}", Access::Admin, greet),
                Route::post("/{name}/of/{all}", Access::Admin, greet),
            ]
        };
        all(&Table { routes }).await;
    }

    #[tokio::test]
    #[should_panic(expected = "no state of type `u32`")]
    async fn a_state_that_is_missing_breaks_a_law() {
        let routes = || vec![Route::get("/", Access::Public, greet).requires_state::<u32>()];
        all(&Table { routes }).await;
    }

    #[tokio::test]
    #[should_panic(expected = "is there twice")]
    async fn two_routes_of_one_shape_break_a_law() {
        let routes = || {
            vec![
                Route::get("/{a}", Access::Public, greet),
                Route::get("/{b}", Access::Public, greet),
            ]
        };
        all(&Table { routes }).await;
    }

    #[tokio::test]
    #[should_panic(expected = "GET /")]
    async fn a_handler_that_panics_breaks_a_law() {
        let routes = || vec![Route::get("/", Access::Public, async |_| panic!("hunter2"))];
        all(&Table { routes }).await;
    }
}
