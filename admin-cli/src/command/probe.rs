//! `probe`: a ladder from reaching the server to listing its tools. The first rung that breaks is named.
//!
//! It carries a token of its own, which discovers and lists; it never acts as a user.

use mcp_lambda::Error;
use mcp_lambda::health::Status;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::connection::{Endpoint, Session};
use crate::exit::Failure;
use crate::mcp::{Client, NEWEST, OLDER};
use crate::output::{Output, Styled, columns_of_states};

/// A rung that was tried.
struct Rung {
    name: String,
    outcome: Result<String, Error>,
}

pub(crate) async fn run(session: &Session, output: &Output) -> Result<(), Failure> {
    let rungs = climb(session).await;
    output.answer(&report_of(session, &rungs), || {
        let rows = rungs.iter().map(|rung| match &rung.outcome {
            Ok(found) => ["ok".to_owned(), rung.name.clone(), found.clone()],
            Err(error) => ["FAILED".to_owned(), rung.name.clone(), error.chain()],
        });
        Styled::join(
            [
                session.place().into(),
                columns_of_states(["", "RUNG", "FOUND"], rows),
            ],
            "\n\n",
        )
    });
    match rungs
        .into_iter()
        .find_map(|rung| rung.outcome.err().map(|error| (rung.name, error)))
    {
        None => Ok(()),
        Some((name, error)) => {
            Err(Error::new(error.kind(), format!("the rung `{name}` does not hold")).into())
        }
    }
}

/// Returns the rungs as JSON.
pub(crate) async fn report(session: &Session) -> Value {
    report_of(session, &climb(session).await)
}

fn report_of(session: &Session, rungs: &[Rung]) -> Value {
    json!({ "server": session.url, "rungs": rungs.iter().map(rung_json).collect::<Vec<_>>() })
}

fn rung_json(rung: &Rung) -> Value {
    let (ok, found) = match &rung.outcome {
        Ok(found) => (true, found.clone()),
        Err(error) => (false, error.chain()),
    };
    json!({ "rung": rung.name, "ok": ok, "found": found })
}

/// Climbs until a rung breaks.
async fn climb(session: &Session) -> Vec<Rung> {
    let (mut rungs, client) = (Vec::new(), OnceCell::new());
    for name in ["reach", "health", "signing key", NEWEST, OLDER, "tools"] {
        let outcome = step(session, &client, name).await;
        let (name, is_broken) = (display_name(name, &outcome), outcome.is_err());
        rungs.push(Rung { name, outcome });
        if is_broken {
            break;
        }
    }
    rungs
}

/// A server that is reached but not believed is another fault than one that is not reached.
fn display_name(name: &str, outcome: &Result<String, Error>) -> String {
    match (name, outcome) {
        ("reach", Err(error)) if is_of_tls(&error.chain()) => "TLS".to_owned(),
        (NEWEST, _) => format!("discover {NEWEST}"),
        (OLDER, _) => format!("initialize {OLDER}"),
        _ => name.to_owned(),
    }
}

/// Returns true if rustls says so: the HTTP client hides its error's type, and not its words.
fn is_of_tls(words: &str) -> bool {
    ["certificate", "corrupt message", "handshake", "fatal alert"]
        .iter()
        .any(|word| words.contains(word))
}

async fn step<'s>(
    session: &'s Session,
    client: &OnceCell<Client<'s>>,
    name: &str,
) -> Result<String, Error> {
    let client = || client.get_or_try_init(|| Client::probe(session));
    match name {
        "reach" => reach(session).await,
        "health" => health(session).await,
        "signing key" => {
            let details = session.api.health().await?.details;
            let detail = |name| details.get(name).cloned().unwrap_or_default();
            Ok(format!(
                "accepted by {} {}",
                detail("app"),
                detail("version")
            ))
        }
        NEWEST => Ok(server(&client().await?.discover().await?)),
        OLDER => Ok(server(&client().await?.initialize().await?)),
        _ => Ok(format!("{} listed", client().await?.tools().await?.len())),
    }
}

async fn reach(session: &Session) -> Result<String, Error> {
    match &session.endpoint {
        Endpoint::Http(remote) => remote.greet().await.map(|_| "it answers".to_owned()),
        Endpoint::Server(_) => Ok("this machine's own store".to_owned()),
    }
}

/// Reads the public health; a server that is not well fails here, and says which part.
async fn health(session: &Session) -> Result<String, Error> {
    let (status, checks) = match &session.endpoint {
        Endpoint::Http(remote) => {
            let said = remote.greet().await?;
            (
                said["status"].as_str().unwrap_or("not told").to_owned(),
                said["checks"].to_string(),
            )
        }
        Endpoint::Server(server) => {
            let health = server.admin.health().await?;
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
