//! `tokens`: what users call with.

use std::path::Path;

use mcp_lambda::admin::{self, NewToken};
use mcp_lambda::{Email, Error};
use serde_json::json;

use crate::Subject;
use crate::cli::Tokens;
use crate::clients::{Client, Reach, Scope, Server, Token};
use crate::connection::{Session, reserved, unwritable};
use crate::exit::Failure;
use crate::output::{Output, columns};

pub(crate) async fn run(subject: &Subject, session: &Session, command: Tokens, output: &Output) -> Result<(), Failure> {
    match command {
        Tokens::Create { email, name, expires, scopes, save_to } => {
            let scopes = Some(scopes).filter(|scopes| !scopes.is_empty());
            let token = NewToken { name, duration_seconds: expires, scopes, ..NewToken::new(email) };
            create(subject, session, token, save_to.as_deref(), output).await
        }
        Tokens::List { email } => list(session, &email, output).await,
        Tokens::Revoke { email, id } => revoke(session, &email, &id, output).await,
    }
}

async fn create(
    subject: &Subject,
    session: &Session,
    token: NewToken,
    save_to: Option<&Path>,
    output: &Output,
) -> Result<(), Failure> {
    let file = save_to.map(reserved).transpose()?;
    let new = session.api.create_token(token).await?;
    if let Some(mut file) = file {
        let path = file.path();
        if let Err(error) = file.write(new.token.expose()).map_err(unwritable(path)) {
            session.api.revoke_token(&new.email, &new.id).await?;
            return Err(Error::new(error.kind(), format!("{error}; the token was revoked")).into());
        }
        let answer = json!({ "email": new.email, "token_file": path, "duration_seconds": new.duration_seconds, "id": new.id, "expires": new.expires });
        output.answer(&answer, || {
            format!("The token {} for {} is in {}; it ends {}.", new.id, new.email, path.display(), new.expires)
        });
        return Ok(());
    }
    let (token, line) = (new.token.expose(), claude_line(subject, session, new.token.expose()).await?);
    let answer = json!({
        "email": new.email, "token": token, "duration_seconds": new.duration_seconds,
        "id": new.id, "expires": new.expires, "register": line,
    });
    output.answer(&answer, || {
        format!("This token for {} is shown once; it is {} and ends {}:\n\n  {token}\n\nConnect Claude Code with\n\n  {line}", new.email, new.id, new.expires)
    });
    Ok(())
}

async fn list(session: &Session, email: &Email, output: &Output) -> Result<(), Failure> {
    let tokens = session.api.tokens(email).await?;
    output.answer(&tokens, || {
        if tokens.is_empty() {
            format!("{email} has no tokens.")
        } else {
            columns(["ID", "NAME", "CREATED", "EXPIRES", "SCOPES", "ACCESS"], tokens.iter().map(row))
        }
    });
    Ok(())
}

fn row(token: &admin::Token) -> [String; 6] {
    let scopes = token.scopes.as_ref().map_or_else(
        || "all".to_owned(),
        |scopes| if scopes.is_empty() { "none".to_owned() } else { scopes.join(" ") },
    );
    let access = if token.read_only { "read-only" } else { "read-write" };
    [
        token.id.clone(),
        token.name.clone().unwrap_or_default(),
        token.created.clone(),
        token.expires.clone(),
        scopes,
        access.to_owned(),
    ]
}

async fn revoke(session: &Session, email: &Email, id: &str, output: &Output) -> Result<(), Failure> {
    session.api.revoke_token(email, id).await?;
    output.answer(&json!({ "revoked": id }), || format!("Revoked the token {id} of {email}; the others go on."));
    Ok(())
}

/// The line that connects Claude Code.
pub(super) async fn claude_line(subject: &Subject, session: &Session, token: &str) -> Result<String, Failure> {
    let name = super::register::name(subject, session).await?;
    Ok(Client::ClaudeCode
        .reached(&Server { name, url: session.url.clone() }, &Reach::Http(Token::Given(token.to_owned())), Scope::User)
        .text)
}
