//! The HTTP voice: one router for the Lambda, the local server and the tests.
//!
//! | route | for | answers |
//! |---|---|---|
//! | `POST /`, `POST /mcp` | a user's token | MCP, by the endpoint the app gives |
//! | `GET /health` | anyone | a word for each part |
//! | `/admin/*` | an admin token | see `admin.rs` |
//!
//! Every other path is 404, also below `/.well-known`: an answer there would make clients drop their header for OAuth.
//! No rule lives here; the router finds out who asks, asks the right part, and words the answer.

mod access;
mod admin;
mod bearer;
mod body;
mod front;
mod problem;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{self, HeaderValue};
use http::{Method, Request, Uri, request};

pub use body::{Body, MAX_BODY_BYTES, Response};
pub use front::Front;
pub use problem::Problem;

use crate::admin::AdminApi;
use crate::call::Deadline;
use crate::error::Error;
use crate::health::{Checkup, Status};
use crate::identity::Identity;
use crate::user::Caller;

/// Answers an MCP request whose caller stands in its extensions as `Arc<Caller>`.
pub type Endpoint = Arc<dyn Fn(Request<Bytes>) -> BoxFuture<'static, Response> + Send + Sync>;

/// The parts that the router asks.
#[derive(Clone)]
pub struct Router {
    /// Who a token belongs to.
    pub identity: Identity,
    /// What operators ask for.
    pub admin: Arc<dyn AdminApi>,
    /// How the deployment is.
    pub checkup: Arc<Checkup>,
    /// What speaks MCP.
    pub mcp: Endpoint,
    /// Who may ask from where.
    pub front: Front,
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
        let (parts, body) = request.into_parts();
        let (line, origin) = (access::Line::of(&parts), self.front.cors_origin(&parts.headers));
        let mut response = match self.front.preflight(&parts) {
            Some(preflight) => preflight,
            None => self.answer(parts, body).await.unwrap_or_else(Problem::into_response),
        };
        front::allow(&mut response, origin);
        line.log(response.status());
        response
    }

    async fn answer<B>(&self, parts: request::Parts, body: B) -> Result<Response, Problem>
    where
        B: http_body::Body + Send,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.front.check(&parts)?;
        let path = parts.uri.path().to_owned();
        let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match segments.as_slice() {
            [] | ["mcp"] => self.speak_mcp(parts, body).await,
            ["health"] => in_time(deadline(&parts), self.health(&parts.method)).await,
            // Boxed, so that every other request is not as large as the largest of these.
            ["admin", route @ ..] => Box::pin(in_time(deadline(&parts), admin::answer(self, route, parts, body))).await,
            _ => Err(Problem::no_such_path(&path)),
        }
    }

    async fn speak_mcp<B>(&self, mut parts: request::Parts, body: B) -> Result<Response, Problem>
    where
        B: http_body::Body + Send,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        if parts.method != Method::POST {
            return Err(Problem::method_not_allowed("POST"));
        }
        let caller = self.caller(&mut parts).await?;
        let body = body::read(body).await?;
        parts.uri = Uri::from_static("/mcp");
        parts.extensions.insert(Arc::new(caller));
        Ok((self.mcp)(Request::from_parts(parts, body)).await)
    }

    /// Who asks. A token that does not hold is refused also where none is needed.
    async fn caller(&self, parts: &mut request::Parts) -> Result<Caller, Problem> {
        if self.is_open && !bearer::is_there(parts, self.allow_query_token) {
            return Ok(Caller::anonymous());
        }
        let token = bearer::take(parts, self.allow_query_token)?;
        in_time(deadline(parts), self.identity.caller(&token)).await.map_err(Into::into)
    }

    async fn health(&self, method: &Method) -> Result<Response, Problem> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Err(Problem::method_not_allowed("GET"));
        }
        let health = self.checkup.health().await;
        let status = if health.status == Status::Unhealthy { 503 } else { 200 };
        let mut response = body::json(status, &health);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
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
    let Some(Deadline(instant)) = deadline else { return work.await };
    let late = |_| Err(Error::unavailable("the store or the keys did not answer in time").into());
    tokio::time::timeout_at(instant, work).await.unwrap_or_else(late)
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("front", &self.front).finish_non_exhaustive()
    }
}
