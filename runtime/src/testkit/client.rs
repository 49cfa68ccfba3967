//! A client of a [`TestApp`]: anonymous, a user's, or an operator's. It carries its token and remembers nothing else.

use std::collections::BTreeMap;
use std::fmt;

use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::app::TestApp;
use super::request::{OLDER_REVISION, mcp_request, older_request, request};

/// The most rounds in which a client answers the questions of one call.
const MOST_ROUNDS: usize = 16;

/// A whole response of a [`TestApp`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestResponse {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON, or `null`; of an event stream, its last message.
    pub json: Value,
}

impl TestResponse {
    /// Returns the result of a JSON-RPC response.
    ///
    /// # Panics
    /// If there is none.
    pub fn result(&self) -> &Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json
            .get("result")
            .unwrap_or_else(|| panic!("no result in {}", self.text))
    }

    /// Returns the first text of a tool's answer, also of one that failed.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn tool_text(&self) -> &str {
        self.result()["content"][0]["text"]
            .as_str()
            .unwrap_or_else(|| panic!("no text in {}", self.text))
    }

    /// Returns the data of a tool's answer (`structuredContent`).
    ///
    /// # Panics
    /// If it failed, or answered with something else.
    pub fn data(&self) -> &Value {
        let result = self.result();
        assert_ne!(result["isError"], true, "{}", self.text);
        result
            .get("structuredContent")
            .unwrap_or_else(|| panic!("no data in {}", self.text))
    }

    /// Returns `true` if the tool failed.
    #[must_use]
    pub fn is_tool_error(&self) -> bool {
        self.json["result"]["isError"] == true
    }

    /// Returns all messages of an event stream, in order; of any other response, the one it is.
    ///
    /// # Panics
    /// If one is no JSON.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        let events: Vec<_> = self
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .collect();
        let texts = if events.is_empty() {
            vec![self.text.as_str()]
        } else {
            events
        };
        texts
            .into_iter()
            .map(|text| serde_json::from_str(text).expect("JSON"))
            .collect()
    }

    /// Returns the code of a JSON-RPC error, or 0.
    #[must_use]
    pub fn error_code(&self) -> i64 {
        self.json["error"]["code"].as_i64().unwrap_or_default()
    }

    /// Returns a header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A client of a [`TestApp`], with or without a token.
#[derive(Clone)]
pub struct Client<'a> {
    app: &'a TestApp,
    token: Option<String>,
    capabilities: Value,
    answers: BTreeMap<String, Value>,
    confirms: Option<bool>,
}

impl<'a> Client<'a> {
    pub(super) fn new(app: &'a TestApp, token: Option<String>) -> Self {
        Self {
            app,
            token,
            capabilities: json!({}),
            answers: BTreeMap::new(),
            confirms: None,
        }
    }

    /// Sets the capabilities that the client declares (MCP `ClientCapabilities`).
    #[must_use]
    pub fn able_to(mut self, capabilities: Value) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Makes the user fill in this content where a form is asked for by this key
    /// ([`Context::ask`](crate::Context::ask)).
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a test writes `json!` here")]
    pub fn answer(self, key: impl Into<String>, content: Value) -> Self {
        self.with_answer(key, json!({ "action": "accept", "content": content }))
    }

    /// Makes the user decline what is asked by this key.
    #[must_use]
    pub fn decline(self, key: impl Into<String>) -> Self {
        self.with_answer(key, json!({ "action": "decline" }))
    }

    /// Makes the user agree to or decline every question without fields
    /// ([`Context::confirm`](crate::Context::confirm)).
    #[must_use]
    pub fn confirm(mut self, says_yes: bool) -> Self {
        self.confirms = Some(says_yes);
        self.with_forms()
    }

    fn with_answer(mut self, key: impl Into<String>, result: Value) -> Self {
        self.answers.insert(key.into(), result);
        self.with_forms()
    }

    fn with_forms(mut self) -> Self {
        // A server must not ask a client that does not declare forms, so one with answers declares them.
        self.capabilities["elicitation"]["form"] = json!({});
        self
    }

    /// Returns the token, empty if there is none.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// Sends JSON to a path, as an operator's program does to `/admin`.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> TestResponse {
        self.app
            .send(request(
                method,
                path,
                self.token.as_deref(),
                body.map(|body| body.to_string()),
            ))
            .await
    }

    /// Sends an MCP request of the newest revision, and again with answers if the
    /// response asks questions to which this client has them.
    ///
    /// # Panics
    /// If it is asked more than sixteen times.
    pub async fn mcp(&self, method: &str, mut params: Value) -> TestResponse {
        // Each round is a new request with the answers of the last one and the state that the server
        // sealed: as from a real client, which may reach another instance each time.
        for _ in 0..MOST_ROUNDS {
            let request = mcp_request(
                self.token.as_deref(),
                &self.capabilities,
                method,
                params.clone(),
            );
            let answer = self.app.send(request).await;
            let Some(responses) = self.answer_all(&answer.json["result"]) else {
                return answer;
            };
            params["inputResponses"] = responses;
            params["requestState"] = answer.json["result"]["requestState"].clone();
        }
        panic!("`{method}` asks for ever: {params}")
    }

    /// Returns the answers to all questions of a result; `None` if it asks nothing, or if one has no
    /// answer.
    fn answer_all(&self, result: &Value) -> Option<Value> {
        let requests = result["inputRequests"]
            .as_object()
            .filter(|_| result["resultType"] == "input_required")?;
        requests
            .iter()
            .map(|(key, request)| Some((key.clone(), self.answer_one(key, request)?)))
            .collect()
    }

    /// Returns the answer to one question: that of its key, or to a form without fields the yes or no
    /// of [`confirm`](Self::confirm).
    fn answer_one(&self, key: &str, request: &Value) -> Option<Value> {
        let is_empty = request["params"]["requestedSchema"]["properties"]
            .as_object()
            .is_some_and(Map::is_empty);
        let confirmed = self.confirms.filter(|_| is_empty);
        let confirmed = confirmed
            .map(|says_yes| json!({ "action": if says_yes { "accept" } else { "decline" } }));
        self.answers.get(key).cloned().or(confirmed)
    }

    /// Sends an MCP message of the revision before the newest.
    #[doc(hidden)] // For our own tests.
    pub async fn older(&self, message: &Value) -> TestResponse {
        self.app
            .send(older_request(
                self.token.as_deref(),
                Some(OLDER_REVISION),
                message,
            ))
            .await
    }

    /// Calls a tool.
    pub async fn call(&self, tool: &str, arguments: Value) -> TestResponse {
        self.mcp(
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        )
        .await
    }

    /// Reads a resource by its URI.
    pub async fn read(&self, uri: &str) -> TestResponse {
        self.mcp("resources/read", json!({ "uri": uri })).await
    }

    /// Returns all tools of `tools/list`.
    ///
    /// # Panics
    /// If they can't be listed.
    pub async fn tools(&self) -> Vec<Value> {
        self.list("tools").await
    }

    /// Returns all pages of a list: `tools`, `prompts` or `resources`.
    ///
    /// # Panics
    /// If it can't be listed.
    pub async fn list(&self, list: &str) -> Vec<Value> {
        let method = format!("{list}/list");
        read_pages(list, async |params| self.mcp(&method, params).await).await
    }

    /// Returns all tools of `tools/list` in the revision before the newest.
    ///
    /// # Panics
    /// If they can't be listed.
    #[doc(hidden)] // For our own tests.
    pub async fn older_tools(&self) -> Vec<Value> {
        let message =
            |params| json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params });
        read_pages("tools", async |params: Value| {
            self.older(&message(params)).await
        })
        .await
    }
}

/// Returns the entries of all pages of a list.
async fn read_pages(list: &str, ask: impl AsyncFn(Value) -> TestResponse) -> Vec<Value> {
    let mut entries = Vec::new();
    let mut params = json!({});
    loop {
        let page = ask(params).await.result().clone();
        entries.extend(
            page[list]
                .as_array()
                .unwrap_or_else(|| panic!("a list of {list}"))
                .iter()
                .cloned(),
        );
        match page.get("nextCursor") {
            Some(cursor) if cursor.is_string() => params = json!({ "cursor": cursor }),
            _ => return entries,
        }
    }
}

impl fmt::Debug for Client<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.token.is_some() {
            "Client(with a token)"
        } else {
            "Client(anonymous)"
        })
    }
}
