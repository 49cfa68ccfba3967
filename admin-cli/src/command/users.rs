//! `users`: who may call.

use std::fs;

use mcp_lambda::admin::{MAX_LIMIT, NewUser, User};
use mcp_lambda::clock::rfc3339;
use mcp_lambda::{Email, Error};
use serde_json::{Value, json};

use super::tokens::claude_line;
use crate::Subject;
use crate::cli::Users;
use crate::connection::Session;
use crate::exit::Failure;
use crate::output::{Output, columns};

pub(crate) async fn run(subject: &Subject, session: &Session, command: Users, output: &Output) -> Result<(), Failure> {
    match command {
        Users::Add { email, profile, expires } => add(subject, session, email, profile, expires, output).await,
        Users::List => list(session, output).await,
        Users::Show { email } => show(session, &email, output).await,
        Users::Revoke { email } => revoke(session, &email, output).await,
        Users::Purge { email, yes } => purge(session, &email, yes, output).await,
    }
}

async fn add(
    subject: &Subject,
    session: &Session,
    email: Email,
    profile: Option<String>,
    duration_seconds: Option<u64>,
    output: &Output,
) -> Result<(), Failure> {
    let profile = profile.as_deref().map(json_or_file).transpose()?;
    let new = session.api.register(NewUser { email, profile, duration_seconds }).await?;
    let (token, life) = (new.token.expose(), lifetime(new.duration_seconds));
    let line = claude_line(subject, session, token).await?;
    output.answer(&json!({ "email": new.email, "token": token, "duration_seconds": new.duration_seconds, "register": line }), || {
        format!(
            "Registered {}. This token is shown once and lives {life}:\n\n  {token}\n\nConnect Claude Code with\n\n  {line}",
            new.email
        )
    });
    Ok(())
}

async fn list(session: &Session, output: &Output) -> Result<(), Failure> {
    let (mut users, mut after) = (Vec::new(), None);
    loop {
        let page = session.api.users(after.as_ref(), MAX_LIMIT).await?;
        users.extend(page.users);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    output.answer(&users, || {
        if users.is_empty() {
            "No users yet.".to_owned()
        } else {
            columns(["EMAIL", "CREATED", "LAST REVOKED"], users.iter().map(row))
        }
    });
    Ok(())
}

fn row(user: &User) -> [String; 3] {
    [user.email.to_string(), user.created.clone(), user.revoke_after.map(rfc3339).unwrap_or_default()]
}

async fn show(session: &Session, email: &Email, output: &Output) -> Result<(), Failure> {
    let user = session.api.user(email).await?;
    output.answer(&user, || {
        let profile = user.profile.as_ref().map_or_else(|| "none".to_owned(), |profile| format!("{profile:#}"));
        let revoked = user.revoke_after.map_or_else(|| "never".to_owned(), rfc3339);
        format!(
            "email    {}\ncreated  {}\nrevoked  {revoked}\ntokens   {} in use\nprofile  {profile}",
            user.email, user.created, user.tokens
        )
    });
    Ok(())
}

async fn revoke(session: &Session, email: &Email, output: &Output) -> Result<(), Failure> {
    session.api.revoke(email).await?;
    output.answer(&json!({ "revoked": email }), || {
        format!("Revoked {email}: every token issued so far is dead. `tokens create {email}` makes a new one.")
    });
    Ok(())
}

async fn purge(session: &Session, email: &Email, yes: bool, output: &Output) -> Result<(), Failure> {
    let is_sure = yes
        || output
            .ask(&format!("This deletes {email} and all their data for good. Type the email to go on:"))
            .as_deref()
            == Some(email.as_str());
    if !is_sure {
        return Err(Failure::Usage(format!("nothing was purged; give `--yes` to purge {email} without being asked")));
    }
    session.api.purge(email).await?;
    output.answer(&json!({ "purged": email }), || format!("Purged {email}: the record and the data are gone."));
    Ok(())
}

/// A time in the largest unit that it is a whole number of.
fn lifetime(seconds: u64) -> String {
    let units = [(86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds")];
    let (factor, unit) =
        units.into_iter().find(|(factor, _)| seconds.is_multiple_of(*factor)).unwrap_or((1, "seconds"));
    format!("{} {unit}", seconds / factor)
}

fn json_or_file(text: &str) -> Result<Value, Failure> {
    let (place, text) = match text.strip_prefix('@') {
        Some(path) => {
            let text = fs::read_to_string(path)
                .map_err(|error| Error::invalid(format!("the profile file {path} can't be read: {error}")))?;
            (path, text)
        }
        None => ("--profile", text.to_owned()),
    };
    serde_json::from_str(&text).map_err(|error| Error::invalid(format!("{place} is not JSON: {error}")).into())
}
