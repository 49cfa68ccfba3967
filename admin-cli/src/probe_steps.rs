//! The steps of a probe, from reaching the server to listing its tools.
//!
//! All steps after the signing key use the operator's probe token, which can discover and list. A probe never acts as a user.

use mcp_lambda::Error;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::connection::{AdminSession, Endpoint};
use crate::mcp::{NEWEST_REVISION, OLDER_REVISION, RpcClient};
use crate::output::format_status;

/// A step of a probe.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The server answers.
    Reach,
    /// It is healthy, or degraded.
    Health,
    /// It accepts the signing key.
    SigningKey,
    /// It answers `server/discover` (MCP 2026-07-28).
    Discover,
    /// It answers `initialize` (MCP 2025-11-25).
    Initialize,
    /// It lists its tools.
    Tools,
}

/// The result of a step that was run.
#[derive(Debug)]
pub(crate) struct StepResult {
    /// The step's name for people and programs.
    pub(crate) name: String,
    /// The finding, or the error by which the step failed.
    pub(crate) outcome: Result<String, Error>,
}

/// Runs the steps in order until one fails, and returns the results, of which only the last can be an error.
pub(crate) async fn run_steps(session: &AdminSession) -> Vec<StepResult> {
    let mut results = Vec::new();
    let client = OnceCell::new();
    for step in Step::ALL {
        let outcome = step.run(session, &client).await;
        let is_last = outcome.is_err();
        results.push(StepResult {
            name: step.name(&outcome),
            outcome,
        });
        if is_last {
            break;
        }
    }
    results
}

/// Returns the results as the JSON of `probe` and of the tool `probe_server`.
pub(crate) fn to_json(session: &AdminSession, results: &[StepResult]) -> Value {
    let steps: Vec<_> = results.iter().map(StepResult::to_json).collect();
    json!({ "server": session.url, "steps": steps })
}

impl Step {
    /// All steps, in the order in which they are run.
    const ALL: [Self; 6] = [
        Self::Reach,
        Self::Health,
        Self::SigningKey,
        Self::Discover,
        Self::Initialize,
        Self::Tools,
    ];

    /// Returns the name for this outcome. A failed TLS handshake has a name of its own: the server was reached.
    fn name(self, outcome: &Result<String, Error>) -> String {
        match (self, outcome) {
            (Self::Reach, Err(error)) if is_tls_error(&error.chain()) => "TLS".to_owned(),
            (Self::Reach, _) => "reach".to_owned(),
            (Self::Health, _) => "health".to_owned(),
            (Self::SigningKey, _) => "signing key".to_owned(),
            (Self::Discover, _) => format!("discover {NEWEST_REVISION}"),
            (Self::Initialize, _) => format!("initialize {OLDER_REVISION}"),
            (Self::Tools, _) => "tools".to_owned(),
        }
    }

    /// Runs the step. The first step that needs the [`RpcClient`] creates it.
    async fn run<'s>(
        self,
        session: &'s AdminSession,
        client: &OnceCell<RpcClient<'s>>,
    ) -> Result<String, Error> {
        let client = || client.get_or_try_init(|| RpcClient::for_probe(session));
        match self {
            Self::Reach => check_reach(session).await,
            Self::Health => check_health(session).await,
            Self::SigningKey => check_signing_key(session).await,
            Self::Discover => Ok(describe_server(&client().await?.discover().await?)),
            Self::Initialize => Ok(describe_server(&client().await?.initialize().await?)),
            Self::Tools => {
                let tools = client().await?.list_tools().await?;
                Ok(format!("{} listed", tools.len()))
            }
        }
    }
}

impl StepResult {
    fn to_json(&self) -> Value {
        let found = match &self.outcome {
            Ok(found) => found.clone(),
            Err(error) => error.chain(),
        };
        json!({ "step": self.name, "ok": self.outcome.is_ok(), "found": found })
    }
}

/// Returns true if a message comes from rustls. The HTTP client hides the type of its error, so only its text tells.
fn is_tls_error(message: &str) -> bool {
    ["certificate", "corrupt message", "handshake", "fatal alert"]
        .iter()
        .any(|word| message.contains(word))
}

async fn check_reach(session: &AdminSession) -> Result<String, Error> {
    match &session.endpoint {
        Endpoint::Http(remote) => remote.fetch_health().await.map(|_| "it answers".to_owned()),
        Endpoint::InProcess(_) => Ok("this machine's own store".to_owned()),
    }
}

/// Checks the public health; the error of an unhealthy server names its checks.
async fn check_health(session: &AdminSession) -> Result<String, Error> {
    let (status, checks) = match &session.endpoint {
        Endpoint::Http(remote) => {
            let health = remote.fetch_health().await?;
            let status = health["status"].as_str().unwrap_or("not told").to_owned();
            (status, health["checks"].to_string())
        }
        Endpoint::InProcess(server) => {
            let health = server.admin().health().await?;
            let status = format_status(health.status).to_owned();
            (status, json!(health.checks).to_string())
        }
    };
    match status.as_str() {
        "healthy" | "degraded" => Ok(status),
        _ => Err(Error::unavailable(format!("it is {status}: {checks}"))),
    }
}

async fn check_signing_key(session: &AdminSession) -> Result<String, Error> {
    let details = session.api.health().await?.details;
    let detail = |name| details.get(name).map_or("", String::as_str);
    Ok(format!(
        "accepted by {} {}",
        detail("app"),
        detail("version")
    ))
}

/// Returns the server's name and version, which are in `serverInfo` or in `_meta`, by the revision.
fn describe_server(result: &Value) -> String {
    let info = [
        &result["serverInfo"],
        &result["_meta"]["io.modelcontextprotocol/serverInfo"],
    ]
    .into_iter()
    .find(|info| info.is_object())
    .unwrap_or(&Value::Null);
    let field = |name: &str| info[name].as_str().unwrap_or_default();
    format!("{} {}", field("name"), field("version"))
        .trim()
        .to_owned()
}
