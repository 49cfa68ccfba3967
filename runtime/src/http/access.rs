//! One line in the log for every request; what MCP answered well stands there at `debug`, for a call has a line of its own
//! (`guard/logged.rs`) and a second one would double what logs cost.
//!
//! Headers, queries and bodies are never in it: that is where tokens stand.

use http::request::Parts;
use http::{Method, StatusCode};
use tokio::time::Instant;

/// What is known of a request before it is answered.
pub(super) struct Line {
    method: Method,
    path: String,
    started: Instant,
}

impl Line {
    pub(super) fn of(parts: &Parts) -> Self {
        let path = parts.uri.path().chars().take(200).collect();
        Self { method: parts.method.clone(), path, started: Instant::now() }
    }

    pub(super) fn log(&self, status: StatusCode) {
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (method, path, code) = (self.method.as_str(), self.path.as_str(), status.as_u16());
        if status.is_success() && matches!(path, "/" | "/mcp") {
            tracing::debug!(method, path, status = code, duration_ms, "request");
        } else {
            tracing::info!(method, path, status = code, duration_ms, "request");
        }
    }
}
