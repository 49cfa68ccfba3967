//! HTTP: one router for Lambda, the local server and the tests.
//!
//! | route | for | answers |
//! |---|---|---|
//! | `POST /`, `POST /mcp` | a user's credential | MCP, by the endpoint the app gives |
//! | `GET /health` | anyone | the state of each part |
//! | `/admin/*` | an admin token | the table in `admin.rs` |
//! | below the prefix of [`Routes`] | as each route declares | by the app's extensions |
//!
//! Other methods on the MCP paths are 401 without a token that holds and 405 with one, and what is refused there is a JSON-RPC
//! error. Every other path is 404, also below `/.well-known`: an answer there would make clients drop their header for OAuth.
//! No rule about users or tools lives here: the router verifies credentials, calls the right part and writes the answer.

mod accept;
mod access;
mod admin;
mod bearer;
mod body;
mod extension;
mod form;
#[cfg(any(test, feature = "laws"))]
pub mod laws;
mod origin;
mod origin_policy;
mod path;
mod problem;
mod route_request;
mod route_response;
mod routes;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{self, HeaderValue};
use http::{Method, Request, Uri, request};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::Value;

use accept::Accepted;
#[doc(hidden)] // The body is another crate's type.
pub use body::{Body, RequestBody, Response};
pub(crate) use origin::AllowedOrigin;
pub(crate) use origin_policy::OriginPolicy;
pub(crate) use problem::Problem;
pub use route_request::RouteRequest;
pub(crate) use route_request::RouteServices;
pub use route_response::RouteResponse;
pub use routes::{Access, Route, Routes};
pub(crate) use routes::{BUILT_IN, MountedRoutes, problems as route_problems};

use crate::call::Deadline;
use crate::error::Error;
use crate::health::{HealthCheck, Status};
use crate::identity::Identity;
use crate::user::Caller;

/// A service that answers MCP requests, whose [`Caller`] is in their extensions as `Arc<Caller>`.
pub(crate) type HttpService =
    Arc<dyn Fn(Request<Bytes>) -> BoxFuture<'static, Response> + Send + Sync>;

/// The router, with all that it needs to answer: [`Identity`], [`HealthCheck`], MCP, the admin API and the routes of
/// extensions.
#[derive(Clone)]
#[doc(hidden)] // Its body is another crate's type; authors meet it through `Server` alone.
pub struct Router {
    pub(crate) identity: Identity,
    /// The admin API, which `/admin` serves, and what else the routes of extensions reach.
    pub(crate) services: RouteServices,
    pub(crate) health_check: Arc<HealthCheck>,
    /// The service that answers MCP requests.
    pub(crate) mcp: HttpService,
    /// The routes of the app's extensions, below their prefixes; [`Routes`] are mounted as these.
    pub(crate) routes: Vec<MountedRoutes>,
    /// The time that a route of an extension may take.
    pub(crate) route_timeout: Duration,
    /// The path below which a gateway or a load balancer serves the app, such as `/notes`, or nothing. Requests come with it
    /// and without.
    pub(crate) base_path: String,
    /// The hosts and origins that requests may come from.
    pub(crate) origin_policy: OriginPolicy,
    /// Whether a token may come as `?token=`, on the MCP paths alone.
    pub(crate) allow_query_token: bool,
    /// True where a request without a credential is answered, as nobody's.
    pub(crate) allows_anonymous: bool,
}

impl Router {
    /// Answers a request. Every failure is an answer too, as a [`Problem`].
    pub async fn handle<B: RequestBody>(&self, request: Request<B>) -> Response {
        let (mut parts, body) = request.into_parts();
        strip_base(&mut parts.uri, &self.base_path);
        let line = access::Line::begin(&mut parts);
        let origin = self.origin_policy.find_allowed(&parts.headers);
        let mut response = match self.origin_policy.preflight(&parts) {
            Some(preflight) => preflight,
            None => body::hold_answer(self.answer(parts, body).await),
        };
        origin_policy::allow(&mut response, origin);
        line.log(response.status());
        response
    }

    async fn answer<B: RequestBody>(&self, parts: request::Parts, body: B) -> Response {
        let path = parts.uri.path().to_owned();
        let segments: Vec<_> = path::segments(&path).collect();
        let checked = self.origin_policy.check(&parts);
        if matches!(segments.as_slice(), [] | ["mcp"]) {
            let answer = match checked {
                Ok(()) => self.speak_mcp(parts, body).await,
                Err(problem) => Err((problem, None)),
            };
            return answer
                .unwrap_or_else(|(problem, id)| self.challenge(problem).into_mcp_response(id));
        }
        let answer = match (checked, segments.as_slice()) {
            (Err(problem), _) => Err(problem),
            (_, ["health"]) => {
                with_deadline(find_deadline(&parts), self.health(&parts.method)).await
            }
            // Boxed, so that every other request is not as large as the largest of these.
            (_, ["admin", route @ ..]) => {
                Box::pin(with_deadline(
                    find_deadline(&parts),
                    admin::answer(self, route, parts, body),
                ))
                .await
            }
            (_, segments) => Box::pin(self.extension(segments, parts, body)).await,
        };
        answer.unwrap_or_else(|problem| self.challenge(problem).into_response())
    }

    /// Answers a path below the prefix of an extension; [`Problem::no_such_path`] if no extension has it.
    async fn extension<B: RequestBody>(
        &self,
        segments: &[&str],
        parts: request::Parts,
        body: B,
    ) -> Result<Response, Problem> {
        if self.routes.is_empty() {
            return Err(self.no_such_path(parts.uri.path()));
        }
        let path = path::decode(segments)?;
        let mut mounted = self.routes.iter();
        match mounted.find_map(|mounted| Some((mounted, mounted.strip(&path)?))) {
            Some((mounted, rest)) => extension::answer(self, mounted, rest, parts, body).await,
            None => Err(self.no_such_path(parts.uri.path())),
        }
    }

    /// Makes the 404 of a path. It says nothing of OAuth where the app has verifiers: their issuers may speak it.
    fn no_such_path(&self, path: &str) -> Problem {
        if self.identity.has_verifiers() {
            Problem::no_such_path(path)
        } else {
            Problem::no_such_path_nor_oauth(path)
        }
    }

    /// Adds the challenges of the verifiers ([`Identity::challenges`]) to a 401.
    fn challenge(&self, problem: Problem) -> Problem {
        if problem.is_unauthenticated() {
            problem.with_challenges(&self.identity.challenges())
        } else {
            problem
        }
    }

    /// Verifies the caller, reads the message and passes it to MCP ([`HttpService`]). A refusal carries the message's
    /// id, once that is read.
    async fn speak_mcp<B: RequestBody>(
        &self,
        mut parts: request::Parts,
        body: B,
    ) -> Result<Response, (Problem, Option<Value>)> {
        let without_id = |problem| (problem, None);
        let caller = self.caller(&mut parts, self.allow_query_token).await;
        let caller = caller.map_err(without_id)?;
        access::mark_authenticated(&parts);
        if parts.method != Method::POST {
            return Err(without_id(Problem::method_not_allowed("POST")));
        }
        let body = body::read(&mut parts, body).await.map_err(without_id)?;
        let accepted = negotiate(&mut parts).map_err(|problem| (problem, read_id(&body)))?;
        name_host(&mut parts);
        parts.uri = Uri::from_static("/mcp");
        parts.extensions.insert(Arc::new(caller));
        let answer = (self.mcp)(Request::from_parts(parts, body.clone())).await;
        match check_plain_text(answer).await {
            Ok(answer) => Ok(accepted.convert(answer).await),
            Err(problem) => Err((problem, read_id(&body))),
        }
    }

    /// Returns the caller of a request. An invalid credential is refused even where [`Router::allows_anonymous`] lets anyone in
    /// without one.
    async fn caller(
        &self,
        parts: &mut request::Parts,
        allow_query_token: bool,
    ) -> Result<Caller, Problem> {
        let secrets = self.identity.secret_headers();
        let credential = bearer::take(parts, allow_query_token, secrets)?;
        match with_deadline(find_deadline(parts), self.identity.caller(&credential)).await? {
            Some(caller) => Ok(caller),
            None if self.allows_anonymous => Ok(Caller::anonymous()),
            None => Err(Problem::no_token()),
        }
    }

    async fn health(&self, method: &Method) -> Result<Response, Problem> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Err(Problem::method_not_allowed("GET"));
        }
        let health = self.health_check.health().await;
        let status = if health.status == Status::Unhealthy {
            503
        } else {
            200
        };
        let mut response = body::json(status, &health);
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

/// Checks the media types of request and answer (RFC 9110 §12.5.1), and returns those of the answer as [`Accepted`].
fn negotiate(parts: &mut request::Parts) -> Result<Accepted, Problem> {
    if !accept::is_json(&parts.headers) {
        return Err(Problem::not_json());
    }
    Accepted::take(&mut parts.headers)
}

/// Adds the `Host` that rmcp needs. In HTTP/2 it is in the URI (RFC 9113 §8.3.1), and a Lambda's event may have none; the
/// [`OriginPolicy`] has checked it.
fn name_host(parts: &mut request::Parts) {
    let host = parts
        .uri
        .authority()
        .and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    let host = host.unwrap_or(HeaderValue::from_static("localhost"));
    parts.headers.entry(header::HOST).or_insert(host);
}

/// Turns a refusal that rmcp worded in plain text into a [`Problem`].
async fn check_plain_text(answer: Response) -> Result<Response, Problem> {
    let has_media_type = answer.headers().contains_key(header::CONTENT_TYPE);
    let is_text = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|media| media.as_bytes().starts_with(b"text/plain"));
    if answer.status().is_success() || (has_media_type && !is_text) {
        return Ok(answer);
    }
    let (parts, body) = answer.into_parts();
    let Ok(text) = body.collect().await;
    Err(Problem::of_status(
        parts.status,
        String::from_utf8_lossy(&text.to_bytes()).into_owned(),
    ))
}

/// Returns the id of a message, if it is one that a JSON-RPC answer can carry.
fn read_id(message: &[u8]) -> Option<Value> {
    #[derive(Deserialize)]
    struct Identified {
        id: Value,
    }
    let found: Identified = serde_json::from_slice(message).ok()?;
    Some(found.id).filter(|id| id.is_string() || id.is_i64() || id.is_u64())
}

/// Removes the base path from a URI that begins with it.
fn strip_base(uri: &mut Uri, base: &str) {
    let rest = uri
        .path()
        .strip_prefix(base)
        .filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let Some(rest) = rest.filter(|_| !base.is_empty()) else {
        return;
    };
    let query = uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = format!("/{}{query}", rest.trim_start_matches('/'))
        .parse()
        .ok();
    if let Ok(bare) = Uri::from_parts(parts) {
        *uri = bare;
    }
}

/// Returns the [`Deadline`] that the entry point set for the request, if it set one.
fn find_deadline(parts: &request::Parts) -> Option<Deadline> {
    parts.extensions.get().copied()
}

/// Runs work until the request's [`Deadline`]: a store that hangs is reported as one that can't be reached.
///
/// # Errors
///
/// Those of the work; `Unavailable` if it takes longer.
async fn with_deadline<T, E: From<Error>>(
    deadline: Option<Deadline>,
    work: impl Future<Output = Result<T, E>> + Send,
) -> Result<T, E> {
    let Some(Deadline(instant)) = deadline else {
        return work.await;
    };
    let late = |_| Err(Error::unavailable("the store or the keys did not answer in time").into());
    tokio::time::timeout_at(instant, work)
        .await
        .unwrap_or_else(late)
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("origin_policy", &self.origin_policy)
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_taken_off_where_it_is_whole_segments() {
        for (base, uri, expected) in [
            ("/notes", "/notes/mcp?a=b", "/mcp?a=b"),
            ("/notes", "/notes", "/"),
            ("/notes", "/notes?a=/notes/", "/?a=/notes/"),
            ("/notes", "/notes//mcp", "/mcp"),
            ("/notes", "/notesbook/mcp", "/notesbook/mcp"),
            ("/notes", "/mcp", "/mcp"),
            (
                "/a/b",
                "http://host:1/a/b/admin/users",
                "http://host:1/admin/users",
            ),
            ("", "//mcp", "//mcp"),
        ] {
            let mut taken = uri.parse().expect("a URI");
            strip_base(&mut taken, base);
            assert_eq!(taken.to_string(), expected, "{base} {uri}");
        }
    }
}
