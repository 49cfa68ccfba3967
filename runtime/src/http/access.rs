//! The access log: one [`Line`] for each request.
//!
//! A successful MCP request is logged at `debug`, for its call has a line of its own
//! (`middleware/log.rs`) and a second one would double what logs cost. Requests that carry no valid
//! credential share a [`LogLimit`].
//!
//! Headers, queries and bodies are never in it: that is where tokens are.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::request::Parts;
use http::{Method, StatusCode};
use tokio::time::Instant;

use crate::log_limit::LogLimit;

/// The line of one request: its method and path, the time at which it came, and whether its sender
/// was let in ([`mark_authenticated`]).
pub(super) struct Line {
    method: Method,
    path: String,
    started: Instant,
    is_authenticated: Authenticated,
}

/// A flag in a request's extensions: true once [`mark_authenticated`] has noted that its sender showed a valid
/// credential.
#[derive(Clone, Default)]
struct Authenticated(Arc<AtomicBool>);

/// Notes that the sender of a request has been let in: [`Line::log`] then writes its line outside
/// of the limit.
pub(super) fn mark_authenticated(parts: &Parts) {
    if let Some(Authenticated(is_authenticated)) = parts.extensions.get() {
        is_authenticated.store(true, Ordering::Relaxed);
    }
}

impl Line {
    pub(super) fn begin(parts: &mut Parts) -> Self {
        let (path, is_authenticated) = (
            parts.uri.path().chars().take(200).collect(),
            Authenticated::default(),
        );
        parts.extensions.insert(is_authenticated.clone());
        Self {
            method: parts.method.clone(),
            path,
            started: Instant::now(),
            is_authenticated,
        }
    }

    pub(super) fn log(&self, status: StatusCode) {
        static UNAUTHENTICATED: LogLimit = LogLimit::new();
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (method, path, code) = (self.method.as_str(), self.path.as_str(), status.as_u16());
        if status.is_success() && matches!(path, "/" | "/mcp") {
            tracing::debug!(method, path, status = code, duration_ms, "request");
        } else if self.is_authenticated.0.load(Ordering::Relaxed) {
            tracing::info!(method, path, status = code, duration_ms, "request");
        } else if let Some(left_out) = UNAUTHENTICATED.admit() {
            tracing::info!(
                method,
                path,
                status = code,
                duration_ms,
                left_out,
                "request"
            );
        }
    }
}
