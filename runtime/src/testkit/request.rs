//! Requests as clients send them, in either era of MCP.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};

/// The newest revision of MCP, which needs no handshake.
pub const NEWEST_REVISION: &str = "2026-07-28";

/// The revision of MCP before [`NEWEST_REVISION`], which begins with `initialize`.
pub const OLDER_REVISION: &str = "2025-11-25";

/// Makes a request with JSON text and a bearer token (RFC 6750 §2.1).
///
/// # Panics
/// If a part is not valid in HTTP.
#[doc(hidden)] // The body is another crate's type.
#[must_use]
pub fn request(
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<String>,
) -> Request<Full<Bytes>> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    request
        .body(Full::from(body.unwrap_or_default()))
        .expect("a valid request")
}

/// Makes an MCP request of the [`NEWEST_REVISION`] revision by a client with these capabilities;
/// `_meta` in `params` goes with it.
///
/// # Panics
/// If a part is not valid in HTTP.
#[doc(hidden)] // The body is another crate's type.
#[must_use]
pub fn mcp_request(
    token: Option<&str>,
    capabilities: &Value,
    method: &str,
    mut params: Value,
) -> Request<Full<Bytes>> {
    let meta = [
        (
            "io.modelcontextprotocol/protocolVersion",
            json!(NEWEST_REVISION),
        ),
        (
            "io.modelcontextprotocol/clientCapabilities",
            capabilities.clone(),
        ),
        (
            "io.modelcontextprotocol/clientInfo",
            json!({ "name": "tests", "version": "0" }),
        ),
    ];
    for (key, value) in meta {
        params["_meta"][key] = value;
    }
    // The newest revision repeats the method and the name of a call in headers, for gateways that
    // route without reading bodies, and a server refuses a request whose headers say otherwise.
    let named = params.get("name").or_else(|| params.get("uri"));
    let name = named.and_then(Value::as_str).map(str::to_owned);
    let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    let request = request(Method::POST, "/mcp", token, Some(body.to_string()));
    let named = [
        ("mcp-protocol-version", Some(NEWEST_REVISION)),
        ("mcp-method", Some(method)),
        ("mcp-name", name.as_deref()),
    ];
    add_headers(request, &named)
}

/// Makes an MCP request of an older revision, such as [`OLDER_REVISION`]: no `_meta`, and no header
/// where `version` is `None`.
///
/// # Panics
/// If a part is not valid in HTTP.
#[doc(hidden)] // The body is another crate's type.
#[must_use]
pub fn older_request(
    token: Option<&str>,
    version: Option<&str>,
    message: &Value,
) -> Request<Full<Bytes>> {
    let request = request(Method::POST, "/", token, Some(message.to_string()));
    add_headers(request, &[("mcp-protocol-version", version)])
}

/// Adds headers to a request that accepts both kinds of answer (MCP, Streamable HTTP).
fn add_headers(
    mut request: Request<Full<Bytes>>,
    more: &[(&'static str, Option<&str>)],
) -> Request<Full<Bytes>> {
    let accept = [("accept", Some("application/json, text/event-stream"))];
    for (name, value) in accept.iter().chain(more) {
        if let Some(value) = value {
            request
                .headers_mut()
                .insert(*name, value.parse().expect("valid in a header"));
        }
    }
    request
}
