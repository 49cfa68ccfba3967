//! `users`: the users of a server.

mod add;
mod import;
mod profile;

use clap::Subcommand;
use std::path::PathBuf;

use mcp_lambda::admin::{MAX_LIMIT, User};
use mcp_lambda::clock::format_rfc3339;
use mcp_lambda::{Email, shell};
use serde_json::{Map, Value, json};

use crate::connection::AdminSession;
use crate::error::CliError;
use crate::input::read_json;
use crate::output::{Output, format_table};
use crate::target::AdminTarget;

#[derive(Debug, Subcommand)]
pub(crate) enum UsersCommand {
    /// Register a user and print the first token, once.
    Add(add::AddUser),
    /// List all users.
    List,
    /// Bring over the users folder of a Python mcp-app: users, profiles, data. Says what it would do, and does it with
    /// `--apply`; doing it again changes nothing.
    Import {
        /// The folder, such as ~/.local/share/APP/users.
        #[arg(value_name = "FOLDER")]
        path: PathBuf,
        /// Do it.
        #[arg(long)]
        apply: bool,
    },
    /// Show a user. Of the profile, what the app's type declares is shown, and secrets and all else are masked.
    Show {
        /// The user's email.
        email: Email,
    },
    /// End every token of a user, at the next call, and what speaks stdio for the user.
    Revoke {
        /// The user's email.
        email: Email,
    },
    /// Change what the app keeps about a user: by flags, by one name and value, or by JSON.
    UpdateProfile {
        /// The user's email.
        email: Email,
        /// A field's name.
        #[arg(requires = "value")]
        field: Option<String>,
        /// The field's new value.
        value: Option<String>,
        /// A JSON merge patch (RFC 7396), or @FILE.
        #[arg(long, value_name = "JSON|@FILE", conflicts_with = "field")]
        profile: Option<String>,
        /// Take a field away.
        #[arg(long, value_name = "FIELD")]
        unset: Vec<String>,
    },
    /// Print what the app keeps about a user; secrets, and what the app's type does not declare, are masked.
    GetProfile {
        /// The user's email.
        email: Email,
        /// Show what is masked too.
        #[arg(long)]
        reveal: bool,
    },
    /// Revoke a user and delete the user's record and data for good.
    Purge {
        /// The user's email.
        email: Email,
        /// Don't ask.
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) async fn run(
    subject: &AdminTarget,
    session: &AdminSession,
    command: UsersCommand,
    flags: Option<Map<String, Value>>,
    output: &Output,
) -> Result<(), CliError> {
    match command {
        UsersCommand::Add(user) => add::run(subject, session, user, flags, output).await,
        UsersCommand::UpdateProfile {
            email,
            field,
            value,
            profile,
            unset,
        } => {
            let patch = profile::merge(profile.as_deref().map(read_json).transpose()?, flags)?;
            let patch = profile::complete_patch(subject, patch, field.zip(value), &unset)?;
            profile::update(session, &email, &patch, output).await
        }
        UsersCommand::GetProfile { email, reveal } => {
            profile::show(session, &email, reveal, output).await
        }
        UsersCommand::Import { path, apply } => import::run(session, &path, apply, output).await,
        UsersCommand::List => list(session, output).await,
        UsersCommand::Show { email } => show(session, &email, output).await,
        UsersCommand::Revoke { email } => revoke(session, &email, output).await,
        UsersCommand::Purge { email, yes } => purge(session, &email, yes, output).await,
    }
}

async fn list(session: &AdminSession, output: &Output) -> Result<(), CliError> {
    let (mut users, mut after) = (Vec::new(), None);
    let mut progress = output.start_progress(None, "users listed");
    loop {
        let page = session.api.users(after.as_ref(), MAX_LIMIT).await?;
        progress.advance(page.users.len());
        users.extend(page.users);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    drop(progress);
    output.print_answer(&users, || {
        if users.is_empty() {
            "No users yet.".into()
        } else {
            format_table(["EMAIL", "CREATED", "LAST REVOKED"], users.iter().map(row))
        }
    });
    Ok(())
}

fn row(user: &User) -> [String; 3] {
    let created = user
        .created
        .clone()
        .unwrap_or_else(|| "can't be read".to_owned());
    [
        user.email.to_string(),
        created,
        user.revoke_after.map(format_rfc3339).unwrap_or_default(),
    ]
}

async fn show(session: &AdminSession, email: &Email, output: &Output) -> Result<(), CliError> {
    let user = session.api.user(email).await?;
    output.print_answer(&user, || {
        let profile = user
            .profile
            .as_ref()
            .map_or_else(|| "none".to_owned(), |profile| format!("{profile:#}"));
        let revoked = user
            .revoke_after
            .map_or_else(|| "never".to_owned(), format_rfc3339);
        format!(
            "email    {}\ncreated  {}\nrevoked  {revoked}\ntokens   {} in use\nprofile  {profile}",
            user.email, user.created, user.tokens
        )
    });
    Ok(())
}

async fn revoke(session: &AdminSession, email: &Email, output: &Output) -> Result<(), CliError> {
    session.api.revoke(email).await?;
    output.print_answer(&json!({ "revoked": email }), || {
        let [create, purge] =
            [["tokens", "create"], ["users", "purge"]].map(|[noun, verb]| shell::line([noun, verb, email.as_str()]));
        format!(
            "Revoked {email}: every token issued so far is dead, and a process that speaks stdio for this user ends at its next call.\n\
             `{create}` makes a new token. On a machine with the store, `stdio --user` needs none and may be started again; `{purge}` ends that too."
        )
    });
    Ok(())
}

async fn purge(
    session: &AdminSession,
    email: &Email,
    yes: bool,
    output: &Output,
) -> Result<(), CliError> {
    let is_sure = yes
        || output
            .ask(&format!(
                "This deletes {email} and all their data for good. Type the email to go on:"
            ))
            .as_deref()
            == Some(email.as_str());
    if !is_sure {
        return Err(CliError::Usage(format!(
            "nothing was purged; give `--yes` to purge {email} without being asked"
        )));
    }
    session.api.purge(email).await?;
    output.print_answer(&json!({ "purged": email }), || {
        format!("Purged {email}: the record and the data are gone.")
    });
    Ok(())
}
