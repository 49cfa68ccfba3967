//! The ladder of a probe, from reaching the server to listing its tools.
//!
//! It carries a token of its own, which discovers and lists; it never acts as a user.

use mcp_lambda::Error;
use mcp_lambda::health::Status;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::connection::{AdminSession, Endpoint};
use crate::mcp::{NEWEST, OLDER, RpcClient};

/// A step of the ladder, in the order of climbing.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The server answers.
    Reach,
    /// It is healthy.
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

/// A [`Step`] that was tried.
#[derive(Debug)]
pub(crate) struct StepResult {
    /// The rung's name for people and programs.
    pub(crate) name: String,
    /// The finding, or the error that breaks the rung.
    pub(crate) outcome: Result<String, Error>,
}

impl Step {
    const ALL: [Self; 6] = [
        Self::Reach,
        Self::Health,
        Self::SigningKey,
        Self::Discover,
        Self::Initialize,
        Self::Tools,
    ];

    /// Returns the name after this outcome: a server that is reached but not believed fails otherwise than one that is not reached.
    fn name(self, outcome: &Result<String, Error>) -> String {
        match (self, outcome) {
            (Self::Reach, Err(error)) if is_of_tls(&error.chain()) => "TLS".to_owned(),
            (Self::Reach, _) => "reach".to_owned(),
            (Self::Health, _) => "health".to_owned(),
            (Self::SigningKey, _) => "signing key".to_owned(),
            (Self::Discover, _) => format!("discover {NEWEST}"),
            (Self::Initialize, _) => format!("initialize {OLDER}"),
            (Self::Tools, _) => "tools".to_owned(),
        }
    }

    /// Tries the rung; the [`RpcClient`] is made by the first that needs one.
    async fn attempt<'s>(
        self,
        session: &'s AdminSession,
        client: &OnceCell<RpcClient<'s>>,
    ) -> Result<String, Error> {
        let client = || client.get_or_try_init(|| RpcClient::probe(session));
        match self {
            Self::Reach => reach(session).await,
            Self::Health => health(session).await,
            Self::SigningKey => signing_key(session).await,
            Self::Discover => Ok(server(&client().await?.discover().await?)),
            Self::Initialize => Ok(server(&client().await?.initialize().await?)),
            Self::Tools => Ok(format!("{} listed", client().await?.tools().await?.len())),
        }
    }
}

/// Climbs until a rung breaks, and returns all [`StepResult`]s.
pub(crate) async fn climb(session: &AdminSession) -> Vec<StepResult> {
    let mut attempts = Vec::new();
    let client = OnceCell::new();
    for rung in Step::ALL {
        let outcome = rung.attempt(session, &client).await;
        let is_broken = outcome.is_err();
        attempts.push(StepResult {
            name: rung.name(&outcome),
            outcome,
        });
        if is_broken {
            break;
        }
    }
    attempts
}

/// Returns the [`StepResult`]s as JSON.
pub(crate) fn report(session: &AdminSession, attempts: &[StepResult]) -> Value {
    json!({ "server": session.url, "rungs": attempts.iter().map(StepResult::to_json).collect::<Vec<_>>() })
}

impl StepResult {
    fn to_json(&self) -> Value {
        let (ok, found) = match &self.outcome {
            Ok(found) => (true, found.clone()),
            Err(error) => (false, error.chain()),
        };
        json!({ "rung": self.name, "ok": ok, "found": found })
    }
}

/// Returns true if rustls says so: the HTTP client hides its error's type, and not its words.
fn is_of_tls(words: &str) -> bool {
    ["certificate", "corrupt message", "handshake", "fatal alert"]
        .iter()
        .any(|word| words.contains(word))
}

async fn signing_key(session: &AdminSession) -> Result<String, Error> {
    let details = session.api.health().await?.details;
    let detail = |name| details.get(name).cloned().unwrap_or_default();
    Ok(format!(
        "accepted by {} {}",
        detail("app"),
        detail("version")
    ))
}

async fn reach(session: &AdminSession) -> Result<String, Error> {
    match &session.endpoint {
        Endpoint::Http(remote) => remote.greet().await.map(|_| "it answers".to_owned()),
        Endpoint::Server(_) => Ok("this machine's own store".to_owned()),
    }
}

/// Reads the public health; a server that is not well fails here, and says which part.
async fn health(session: &AdminSession) -> Result<String, Error> {
    let (status, checks) = match &session.endpoint {
        Endpoint::Http(remote) => {
            let said = remote.greet().await?;
            (
                said["status"].as_str().unwrap_or("not told").to_owned(),
                said["checks"].to_string(),
            )
        }
        Endpoint::Server(server) => {
            let health = server.admin().health().await?;
            let word = json!(health.status).as_str().unwrap_or_default().to_owned();
            let checks = json!(health.checks).to_string();
            if health.status == Status::Unhealthy {
                (word, checks)
            } else {
                (word, String::new())
            }
        }
    };
    match status.as_str() {
        "healthy" | "degraded" => Ok(status),
        _ => Err(Error::unavailable(format!("it is {status}: {checks}"))),
    }
}

fn server(said: &Value) -> String {
    let about = [
        &said["serverInfo"],
        &said["_meta"]["io.modelcontextprotocol/serverInfo"],
    ];
    let about = about
        .into_iter()
        .find(|about| about.is_object())
        .unwrap_or(&Value::Null);
    let word = |name: &str| about[name].as_str().unwrap_or_default().to_owned();
    format!("{} {}", word("name"), word("version"))
        .trim()
        .to_owned()
}
