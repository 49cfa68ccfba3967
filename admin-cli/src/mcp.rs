//! A small MCP client: one message, one answer, in either era of the protocol.
//!
//! It serves `probe` and `tools`. Whose token it carries is its caller's to say; it never shows one.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use mcp_lambda::{Error, Result, Secret};
use serde_json::{Map, Value, json};

use crate::connection::{AdminSession, Endpoint};

/// The newest revision, without a handshake.
pub(crate) const NEWEST: &str = "2026-07-28";

/// The revision before it, which begins with `initialize`.
pub(crate) const OLDER: &str = "2025-11-25";

/// A client that carries a token.
#[derive(Debug)]
pub(crate) struct RpcClient<'s> {
    endpoint: &'s Endpoint,
    token: Secret<String>,
}

impl<'s> RpcClient<'s> {
    /// A client that discovers and lists, and never calls.
    pub(crate) async fn probe(session: &'s AdminSession) -> Result<Self> {
        let token = match &session.endpoint {
            Endpoint::Http(remote) => remote.probe_token().await?,
            Endpoint::Server(server) => server.probe_token().await?,
        };
        Ok(Self::new(session, token))
    }

    /// A client with this token.
    pub(crate) const fn new(session: &'s AdminSession, token: Secret<String>) -> Self {
        Self {
            endpoint: &session.endpoint,
            token,
        }
    }

    /// What the server says of itself (MCP 2026-07-28, `server/discover`).
    pub(crate) async fn discover(&self) -> Result<Value> {
        self.ask("server/discover", None, Map::new()).await
    }

    /// The older handshake.
    pub(crate) async fn initialize(&self) -> Result<Value> {
        let params = json!({"protocolVersion": OLDER, "capabilities": {}, "clientInfo": about()});
        self.send(OLDER, &[], &message("initialize", &params)).await
    }

    /// All tools, page by page.
    pub(crate) async fn tools(&self) -> Result<Vec<Value>> {
        let (mut tools, mut cursor) = (Vec::new(), None::<Value>);
        loop {
            let params = cursor
                .take()
                .map(|cursor| ("cursor".to_owned(), cursor))
                .into_iter()
                .collect();
            let mut page = self.ask("tools/list", None, params).await?;
            let listed = page.get_mut("tools").and_then(Value::as_array_mut);
            let listed = listed.ok_or_else(|| {
                Error::unavailable("the answer to `tools/list` has no list of tools")
            })?;
            tools.append(listed);
            cursor = page
                .get("nextCursor")
                .filter(|cursor| !cursor.is_null())
                .cloned();
            if cursor.is_none() {
                return Ok(tools);
            }
        }
    }

    /// Calls a tool.
    pub(crate) async fn call(&self, name: &str, arguments: &Value) -> Result<Value> {
        let params = [("name", json!(name)), ("arguments", arguments.clone())];
        let params = params.map(|(name, value)| (name.to_owned(), value));
        let params = Map::from_iter(params);
        self.ask("tools/call", Some(name), params).await
    }

    async fn ask(
        &self,
        method: &str,
        name: Option<&str>,
        mut params: Map<String, Value>,
    ) -> Result<Value> {
        params.insert(
            "_meta".to_owned(),
            json!({
                "io.modelcontextprotocol/protocolVersion": NEWEST,
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": about(),
            }),
        );
        let headers = [
            Some(("mcp-method", method)),
            name.map(|name| ("mcp-name", name)),
        ];
        let headers: Vec<_> = headers.into_iter().flatten().collect();
        self.send(NEWEST, &headers, &message(method, &Value::Object(params)))
            .await
    }

    async fn send(&self, version: &str, more: &[(&str, &str)], message: &Value) -> Result<Value> {
        let own = [
            ("authorization", format!("Bearer {}", self.token.expose())),
            ("content-type", "application/json".to_owned()),
            ("accept", "application/json, text/event-stream".to_owned()),
            ("mcp-protocol-version", version.to_owned()),
        ];
        let headers: Vec<_> = own
            .into_iter()
            .chain(
                more.iter()
                    .map(|(name, value)| (*name, (*value).to_owned())),
            )
            .collect();
        let body = match self.endpoint {
            Endpoint::Http(remote) => remote.speak(&headers, message.to_string()).await?,
            Endpoint::Server(server) => inside(server, &headers, message).await?,
        };
        outcome(&body)
    }
}

/// What this client says of itself.
fn about() -> Value {
    json!({"name": "mcp-lambda", "version": env!("CARGO_PKG_VERSION")})
}

fn message(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

/// The same request, handed to the router in this process.
async fn inside(
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

/// The result in an answer, which may be an event stream whose last message it is.
fn outcome(body: &[u8]) -> Result<Value> {
    let text = String::from_utf8_lossy(body);
    let last = text.lines().rev().find_map(|line| {
        line.strip_prefix("data:")
            .map(str::trim)
            .filter(|data| !data.is_empty())
    });
    let mut answer: Value = serde_json::from_str(last.unwrap_or(&text)).map_err(|error| {
        Error::unavailable("the answer is no JSON-RPC message").with_source(error)
    })?;
    match (answer.get_mut("result").map(Value::take), &answer["error"]) {
        (Some(result), _) => Ok(result),
        (None, Value::Object(error)) => {
            let words = error
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or("an error without words");
            let words = format!("the server answered: {words}");
            // Beside a refusal's error stands the word for it.
            Err(if answer["code"].is_string() {
                Error::unavailable(words)
            } else {
                Error::invalid(words)
            })
        }
        (None, _) => Err(Error::unavailable(
            "the answer has neither a result nor an error",
        )),
    }
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
            assert_eq!(outcome(body.as_bytes()).expect("a result"), result);
        }
        let refused = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "unknown tool `x`"}});
        assert!(
            outcome(refused.to_string().as_bytes())
                .expect_err("refused")
                .message()
                .contains("unknown tool `x`")
        );
        let refused = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32603, "message": "later"}, "code": "unavailable"});
        assert_eq!(
            outcome(refused.to_string().as_bytes())
                .expect_err("refused")
                .kind(),
            ErrorKind::Unavailable
        );
        assert!(outcome(b"<html>").is_err() && outcome(b"{}").is_err());
    }
}
