//! The HTTP voice: one router for the Lambda, the local server and the tests.
//!
//! | route | for | answers |
//! |---|---|---|
//! | `POST /`, `POST /mcp` | a user's token | MCP, by the endpoint the app gives |
//! | `GET /health` | anyone | a word for each part |
//! | `/admin/*` | an admin token | see `admin.rs` |
//!
//! Other methods on the MCP paths are 401 without a token that holds and 405 with one, and what is refused there is a JSON-RPC
//! error. Every other path is 404, also below `/.well-known`: an answer there would make clients drop their header for OAuth.
//! No rule lives here; the router finds out who asks, asks the right part, and words the answer.

mod accept;
mod access;
mod admin;
mod bearer;
mod body;
mod origin;
mod origin_policy;
mod problem;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{self, HeaderValue};
use http::{Method, Request, Uri, request};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::Value;

use accept::Accepted;
pub use body::{Body, MAX_BODY_BYTES, Response};
pub use origin::AllowedOrigin;
pub use origin_policy::OriginPolicy;
pub use problem::Problem;

use crate::admin::AdminApi;
use crate::call::Deadline;
use crate::error::Error;
use crate::health::{HealthCheck, Status};
use crate::identity::Identity;
use crate::user::Caller;

/// Answers an MCP request whose caller stands in its extensions as `Arc<Caller>`.
pub type HttpService = Arc<dyn Fn(Request<Bytes>) -> BoxFuture<'static, Response> + Send + Sync>;

/// The parts that the router asks.
#[derive(Clone)]
pub struct Router {
    /// Who a token belongs to.
    pub identity: Identity,
    /// What operators ask for.
    pub admin: Arc<dyn AdminApi>,
    /// How the deployment is.
    pub health_check: Arc<HealthCheck>,
    /// What speaks MCP.
    pub mcp: HttpService,
    /// The path below which a gateway or a load balancer serves us, such as `/notes`, or nothing. Requests come with it and
    /// without.
    pub base_path: String,
    /// Who may ask from where.
    pub origin_policy: OriginPolicy,
    /// Whether a token may come as `?token=`, on the MCP paths alone.
    pub allow_query_token: bool,
    /// Whether a request without a token is answered, as nobody's.
    pub is_open: bool,
}

impl Router {
    /// Answers a request. Every failure is an answer too.
    pub async fn handle<B>(&self, request: Request<B>) -> Response
    where
        B: http_body::Body + Send,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (mut parts, body) = request.into_parts();
        take_off(&mut parts.uri, &self.base_path);
        let (line, origin) = (
            access::Line::of(&mut parts),
            self.origin_policy.allowed_origin(&parts.headers),
        );
        let mut response = match self.origin_policy.preflight(&parts) {
            Some(preflight) => preflight,
            None => body::hold_answer(self.answer(parts, body).await),
        };
        origin_policy::allow(&mut response, origin);
        line.log(response.status());
        response
    }

    async fn answer<B>(&self, parts: request::Parts, body: B) -> Response
    where
        B: http_body::Body + Send,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let path = parts.uri.path().to_owned();
        let segments: Vec<_> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .collect();
        let checked = self.origin_policy.check(&parts);
        if matches!(segments.as_slice(), [] | ["mcp"]) {
            let answer = match checked {
                Ok(()) => self.speak_mcp(parts, body).await,
                Err(problem) => Err((problem, None)),
            };
            return answer.unwrap_or_else(|(problem, id)| problem.into_mcp_response(id));
        }
        let answer = match (checked, segments.as_slice()) {
            (Err(problem), _) => Err(problem),
            (_, ["health"]) => in_time(deadline(&parts), self.health(&parts.method)).await,
            // Boxed, so that every other request is not as large as the largest of these.
            (_, ["admin", route @ ..]) => {
                Box::pin(in_time(
                    deadline(&parts),
                    admin::answer(self, route, parts, body),
                ))
                .await
            }
            _ => Err(Problem::no_such_path(&path)),
        };
        answer.unwrap_or_else(Problem::into_response)
    }

    /// Lets the caller in, reads the message and hands it on. A refusal comes with the message's id, once that is read.
    async fn speak_mcp<B>(
        &self,
        mut parts: request::Parts,
        body: B,
    ) -> Result<Response, (Problem, Option<Value>)>
    where
        B: http_body::Body + Send,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let without_id = |problem| (problem, None);
        let caller = self.caller(&mut parts).await.map_err(without_id)?;
        access::let_in(&parts);
        if parts.method != Method::POST {
            return Err(without_id(Problem::method_not_allowed("POST")));
        }
        let body = body::read(&mut parts, body).await.map_err(without_id)?;
        let accepted = negotiate(&mut parts).map_err(|problem| (problem, id(&body)))?;
        name_host(&mut parts);
        parts.uri = Uri::from_static("/mcp");
        parts.extensions.insert(Arc::new(caller));
        let answer = (self.mcp)(Request::from_parts(parts, body.clone())).await;
        match refused_in_text(answer).await {
            Ok(answer) => Ok(accepted.convert(answer).await),
            Err(problem) => Err((problem, id(&body))),
        }
    }

    /// Who asks. A token that does not hold is refused also where none is needed.
    async fn caller(&self, parts: &mut request::Parts) -> Result<Caller, Problem> {
        match bearer::take_if_any(parts, self.allow_query_token)? {
            Some(token) => in_time(deadline(parts), self.identity.caller(&token))
                .await
                .map_err(Into::into),
            None if self.is_open => Ok(Caller::anonymous()),
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

/// Which media types go in and out.
fn negotiate(parts: &mut request::Parts) -> Result<Accepted, Problem> {
    if !accept::is_json(&parts.headers) {
        return Err(Problem::not_json());
    }
    Accepted::take(&mut parts.headers)
}

/// rmcp wants a `Host`. In HTTP/2 it stands in the URI (RFC 9113 §8.3.1), and a Lambda's event may have none; that it is one
/// of ours has been checked.
fn name_host(parts: &mut request::Parts) {
    let host = parts
        .uri
        .authority()
        .and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    let host = host.unwrap_or(HeaderValue::from_static("localhost"));
    parts.headers.entry(header::HOST).or_insert(host);
}

/// rmcp refuses some requests in plain text.
async fn refused_in_text(answer: Response) -> Result<Response, Problem> {
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

/// The id of a message, if it has one that can be answered to.
fn id(message: &[u8]) -> Option<Value> {
    #[derive(Deserialize)]
    struct Identified {
        id: Value,
    }
    let found: Identified = serde_json::from_slice(message).ok()?;
    Some(found.id).filter(|id| id.is_string() || id.is_i64() || id.is_u64())
}

/// Takes the base path off a URI that begins with it.
fn take_off(uri: &mut Uri, base: &str) {
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

/// When whoever carries the request stops waiting, if they said.
fn deadline(parts: &request::Parts) -> Option<Deadline> {
    parts.extensions.get().copied()
}

/// Waits no longer than whoever carries the request does: a store that hangs is a store that can't be reached.
async fn in_time<T, E: From<Error>>(
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
            .field("front", &self.origin_policy)
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
            take_off(&mut taken, base);
            assert_eq!(taken.to_string(), expected, "{base} {uri}");
        }
    }
}
