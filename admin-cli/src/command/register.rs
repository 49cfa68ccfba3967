//! `register`: what connects each client to this server.

use mcp_lambda::Email;
use mcp_lambda::admin::NewToken;
use serde_json::json;

use crate::Subject;
use crate::cli::Register;
use crate::clients::{Client, Registration, Server, Token};
use crate::connection::Session;
use crate::exit::Failure;
use crate::output::Output;

pub(crate) async fn run(
    subject: &Subject,
    session: &Session,
    wanted: Register,
    output: &Output,
) -> Result<(), Failure> {
    let name = match wanted.name {
        Some(name) => name,
        None => name(subject, session).await?,
    };
    let server = Server { name, url: session.url.clone() };
    let clients = if wanted.clients.is_empty() { Client::ALL.to_vec() } else { wanted.clients };
    // All names before any token: what is refused leaves none behind.
    clients.iter().try_for_each(|client| client.check(&server)).map_err(Failure::Usage)?;
    let mut registrations = Vec::new();
    for client in clients {
        let token = token(session, client, wanted.user.as_ref(), wanted.token_env.as_deref(), &server).await?;
        registrations.push((client, client.registration(&server, &token, wanted.scope)));
    }
    let told: Vec<_> = registrations.iter().map(told).collect();
    output.answer(&told, || registrations.iter().map(words).collect::<Vec<_>>().join("\n\n"));
    Ok(())
}

/// A token of the client's own, if a user is named; else the name of the variable that will hold one.
async fn token(
    session: &Session,
    client: Client,
    user: Option<&Email>,
    variable: Option<&str>,
    server: &Server,
) -> Result<Token, Failure> {
    let variable = variable.map_or_else(|| server.variable(), str::to_owned);
    let Some(user) = user else { return Ok(Token::Variable(variable)) };
    let token = NewToken { email: user.clone(), name: Some(client.to_string()), duration_seconds: None, scopes: None };
    Ok(Token::Given(session.api.create_token(token).await?.token.expose().clone()))
}

fn told((client, registration): &(Client, Registration)) -> serde_json::Value {
    json!({
        "client": client.to_string(), "where": registration.place, "text": registration.text, "notes": registration.notes,
    })
}

fn words((client, registration): &(Client, Registration)) -> String {
    let text: Vec<_> = registration.text.lines().map(|line| format!("  {line}")).collect();
    let notes: Vec<_> = registration.notes.iter().map(|note| format!("\n  ({note})")).collect();
    format!("{client}: {}\n\n{}{}", registration.place, text.join("\n"), notes.concat())
}

/// What clients call the server: the app's name.
pub(super) async fn name(subject: &Subject, session: &Session) -> Result<String, Failure> {
    Ok(match subject {
        Subject::App(app) => app.name().to_owned(),
        Subject::Any => session.api.health().await?.details.get("app").cloned().unwrap_or_else(|| "mcp".to_owned()),
    })
}
