//! A small MCP client for `probe` and `tools`: one request, one response, in either era of the protocol.
//!
//! It speaks the newest revision without a handshake, and one older revision as far as `initialize`. Requests of the app's own
//! CLI to this machine's store do not leave the process: they go straight to the server's router.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use mcp_lambda::{Error, Result, Secret};
use serde_json::{Map, Value, json};

use crate::connection::{AdminSession, Endpoint};

/// The newest revision of MCP, which has no handshake.
pub(crate) const NEWEST_REVISION: &str = "2026-07-28";

/// The revision before it, which begins with `initialize`.
pub(crate) const OLDER_REVISION: &str = "2025-11-25";

/// A JSON-RPC client of one server's MCP endpoint, with a token.
#[derive(Debug)]
pub(crate) struct RpcClient<'s> {
    endpoint: &'s Endpoint,
    token: Secret<String>,
}

impl<'s> RpcClient<'s> {
    /// Returns a client with the operator's probe token, which can discover and list but never call.
    ///
    /// # Errors
    /// If the server does not accept the signing key, or is not reached.
    pub(crate) async fn for_probe(session: &'s AdminSession) -> Result<Self> {
        let token = match &session.endpoint {
            Endpoint::Http(remote) => remote.probe_token().await?,
            Endpoint::InProcess(server) => server.probe_token().await?,
        };
        Ok(Self::new(session, token))
    }

    /// Returns a client with this token.
    pub(crate) const fn new(session: &'s AdminSession, token: Secret<String>) -> Self {
        Self {
            endpoint: &session.endpoint,
            token,
        }
    }

    /// Sends `server/discover` (MCP 2026-07-28), and returns the result.
    ///
    /// # Errors
    /// Those of the connection, of the server, and of a malformed response.
    pub(crate) async fn discover(&self) -> Result<Value> {
        self.request("server/discover", None, Map::new()).await
    }

    /// Sends `initialize` in the [`OLDER_REVISION`], and returns the result.
    ///
    /// # Errors
    /// Those of [`RpcClient::discover`].
    pub(crate) async fn initialize(&self) -> Result<Value> {
        let params = json!({"protocolVersion": OLDER_REVISION, "capabilities": {}, "clientInfo": client_info()});
        let message = build_message("initialize", &params);
        self.send(OLDER_REVISION, &[], &message).await
    }

    /// Lists all tools, page by page (MCP, pagination).
    ///
    /// # Errors
    /// Those of [`RpcClient::discover`].
    pub(crate) async fn list_tools(&self) -> Result<Vec<Value>> {
        let mut tools = Vec::new();
        let mut params = Map::new();
        loop {
            let mut page = self.request("tools/list", None, params).await?;
            let listed = page.get_mut("tools").and_then(Value::as_array_mut);
            let listed = listed.ok_or_else(|| {
                Error::unavailable("the answer to `tools/list` has no list of tools")
            })?;
            tools.append(listed);
            match page.get("nextCursor").filter(|cursor| !cursor.is_null()) {
                Some(cursor) => params = Map::from_iter([("cursor".to_owned(), cursor.clone())]),
                None => return Ok(tools),
            }
        }
    }

    /// Calls a tool, and returns the result, which may be a tool error (`isError`).
    ///
    /// # Errors
    /// Those of [`RpcClient::discover`].
    pub(crate) async fn call_tool(&self, name: &str, arguments: &Value) -> Result<Value> {
        let params = [("name", json!(name)), ("arguments", arguments.clone())];
        let params = params.map(|(name, value)| (name.to_owned(), value));
        self.request("tools/call", Some(name), Map::from_iter(params))
            .await
    }

    /// Sends a request in the [`NEWEST_REVISION`]; `name` is that of the tool, which is in a header too.
    async fn request(
        &self,
        method: &str,
        name: Option<&str>,
        mut params: Map<String, Value>,
    ) -> Result<Value> {
        params.insert(
            "_meta".to_owned(),
            json!({
                "io.modelcontextprotocol/protocolVersion": NEWEST_REVISION,
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": client_info(),
            }),
        );
        let mut headers = vec![("mcp-method", method)];
        headers.extend(name.map(|name| ("mcp-name", name)));
        let message = build_message(method, &Value::Object(params));
        self.send(NEWEST_REVISION, &headers, &message).await
    }

    async fn send(
        &self,
        revision: &str,
        extra_headers: &[(&str, &str)],
        message: &Value,
    ) -> Result<Value> {
        let mut headers = vec![
            ("authorization", format!("Bearer {}", self.token.expose())),
            ("content-type", "application/json".to_owned()),
            ("accept", "application/json, text/event-stream".to_owned()),
            ("mcp-protocol-version", revision.to_owned()),
        ];
        let extra = extra_headers.iter();
        headers.extend(extra.map(|(name, value)| (*name, (*value).to_owned())));
        let body = match self.endpoint {
            Endpoint::Http(remote) => remote.post_mcp(&headers, message.to_string()).await?,
            Endpoint::InProcess(server) => send_in_process(server, &headers, message).await?,
        };
        parse_response(&body)
    }
}

/// Returns this client's name and version (MCP, `clientInfo`).
fn client_info() -> Value {
    json!({"name": "mcp-lambda", "version": env!("CARGO_PKG_VERSION")})
}

/// Builds a JSON-RPC request.
fn build_message(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

/// Hands a request to the server's router, and returns the body of the response.
async fn send_in_process(
    server: &mcp_lambda::Server,
    headers: &[(&str, String)],
    message: &Value,
) -> Result<Vec<u8>> {
    let request = http::Request::post("/mcp").header("host", "localhost");
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, value)
    });
    let request = request.body(Full::new(Bytes::from(message.to_string())));
    let request =
        request.map_err(|error| Error::internal("the request can't be made").with_source(error))?;
    let Ok(body) = server
        .router
        .handle(request)
        .await
        .into_body()
        .collect()
        .await;
    Ok(body.to_bytes().to_vec())
}

/// Returns the result of a response. In an event stream it is the last message; those before it are notifications.
fn parse_response(body: &[u8]) -> Result<Value> {
    let text = String::from_utf8_lossy(body);
    let last_event = text.lines().rev().find_map(|line| {
        line.strip_prefix("data:")
            .map(str::trim)
            .filter(|data| !data.is_empty())
    });
    let mut response: Value =
        serde_json::from_str(last_event.unwrap_or(&text)).map_err(|error| {
            Error::unavailable("the answer is no JSON-RPC message").with_source(error)
        })?;
    if let Some(result) = response.get_mut("result") {
        return Ok(result.take());
    }
    let Value::Object(error) = &response["error"] else {
        return Err(Error::unavailable(
            "the answer has neither a result nor an error",
        ));
    };
    let message = error.get("message").and_then(Value::as_str);
    let message = message.unwrap_or("an error without words");
    let message = format!("the server answered: {message}");
    // A refusal before JSON-RPC (a token, the store) has a `code` beside `error`; an error of the request has none.
    Err(if response["code"].is_string() {
        Error::unavailable(message)
    } else {
        Error::invalid(message)
    })
}

#[cfg(test)]
mod tests {
    use mcp_lambda::ErrorKind;

    use super::*;

    #[test]
    fn an_answer_is_read_as_json_and_as_a_stream() {
        let result = json!({"tools": []});
        let plain = json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string();
        let progress = json!({"jsonrpc": "2.0", "method": "notifications/progress"}).to_string();
        let stream =
            format!("event: message\ndata: {progress}\n\nevent: message\ndata: {plain}\n\n");
        for body in [plain, stream] {
            assert_eq!(parse_response(body.as_bytes()).expect("a result"), result);
        }
        let refused = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "unknown tool `x`"}});
        assert!(
            parse_response(refused.to_string().as_bytes())
                .expect_err("refused")
                .message()
                .contains("unknown tool `x`")
        );
        let refused = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32603, "message": "later"}, "code": "unavailable"});
        assert_eq!(
            parse_response(refused.to_string().as_bytes())
                .expect_err("refused")
                .kind(),
            ErrorKind::Unavailable
        );
        assert!(parse_response(b"<html>").is_err() && parse_response(b"{}").is_err());
    }
}
