//! The access log: one [`Line`] for each request.
//!
//! A successful MCP request is logged at `debug`, for its call has a line of its own
//! (`middleware/log.rs`) and a second one would double what logs cost. Requests that carry no valid
//! credential share a [`LogLimit`].
//!
//! Headers, queries and bodies are never in it: that is where tokens stand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::request::Parts;
use http::{Method, StatusCode};
use tokio::time::Instant;

use crate::log_limit::LogLimit;

/// The line of one request: its method and path, the time at which it came, and whether its sender
/// was let in ([`let_in`]).
pub(super) struct Line {
    method: Method,
    path: String,
    started: Instant,
    is_known: Known,
}

/// A flag in a request's extensions: true once [`let_in`] has noted that its sender showed a valid
/// credential.
#[derive(Clone, Default)]
struct Known(Arc<AtomicBool>);

/// Notes that the sender of a request has been let in: [`Line::log`] then writes its line outside
/// of the limit.
pub(super) fn let_in(parts: &Parts) {
    if let Some(Known(is_known)) = parts.extensions.get() {
        is_known.store(true, Ordering::Relaxed);
    }
}

impl Line {
    pub(super) fn of(parts: &mut Parts) -> Self {
        let (path, is_known) = (
            parts.uri.path().chars().take(200).collect(),
            Known::default(),
        );
        parts.extensions.insert(is_known.clone());
        Self {
            method: parts.method.clone(),
            path,
            started: Instant::now(),
            is_known,
        }
    }

    pub(super) fn log(&self, status: StatusCode) {
        static STRANGERS: LogLimit = LogLimit::new();
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (method, path, code) = (self.method.as_str(), self.path.as_str(), status.as_u16());
        if status.is_success() && matches!(path, "/" | "/mcp") {
            tracing::debug!(method, path, status = code, duration_ms, "request");
        } else if self.is_known.0.load(Ordering::Relaxed) {
            tracing::info!(method, path, status = code, duration_ms, "request");
        } else if let Some(left_out) = STRANGERS.admit() {
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
