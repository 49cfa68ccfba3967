//! `users`: registers, lists, shows, changes, revokes and purges the users of a server.

mod add;
mod import;
mod profile;

use clap::Subcommand;
use mcp_lambda::admin::{MAX_LIMIT, User};
use mcp_lambda::clock::format_rfc3339;
use mcp_lambda::{Email, shell};
use serde_json::json;

use crate::context::CommandContext;
use crate::error::CliError;
use crate::output::format_table;

/// Register, list, show, revoke and purge users.
#[derive(Debug, Subcommand)]
pub(crate) enum UsersCommand {
    Add(add::AddUser),
    /// List all users.
    List,
    Import(import::ImportUsers),
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
    UpdateProfile(profile::UpdateProfile),
    GetProfile(profile::GetProfile),
    /// Revoke a user and delete the user's record and data for good.
    Purge {
        /// The user's email.
        email: Email,
        /// Don't ask.
        #[arg(long)]
        yes: bool,
    },
}

impl UsersCommand {
    /// Runs the command over the session.
    pub(crate) async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        // "Not connected" comes before an error of the arguments.
        context.session().await?;
        match self {
            Self::Add(command) => command.run(context).await,
            Self::GetProfile(command) => command.run(context).await,
            Self::Import(command) => command.run(context).await,
            Self::List => list(context).await,
            Self::Purge { email, yes } => purge(context, &email, yes).await,
            Self::Revoke { email } => revoke(context, &email).await,
            Self::Show { email } => show(context, &email).await,
            Self::UpdateProfile(command) => command.run(context).await,
        }
    }
}

/// Lists all users: the CLI reads all pages.
async fn list(context: &CommandContext) -> Result<(), CliError> {
    let session = context.session().await?;
    let mut users = Vec::new();
    let mut after = None;
    let mut progress = context.output.start_progress(None, "users listed");
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
    context.output.print_answer(&users, || {
        if users.is_empty() {
            return "No users yet.".into();
        }
        let header = ["EMAIL", "CREATED", "LAST REVOKED"];
        format_table(header, users.iter().map(to_row))
    });
    Ok(())
}

fn to_row(user: &User) -> [String; 3] {
    let created = user
        .created
        .clone()
        .unwrap_or_else(|| "can't be read".to_owned());
    let revoked = user.revoke_after.map_or_else(String::new, format_rfc3339);
    [user.email.to_string(), created, revoked]
}

async fn show(context: &CommandContext, email: &Email) -> Result<(), CliError> {
    let user = context.session().await?.api.user(email).await?;
    context.output.print_answer(&user, || {
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

async fn revoke(context: &CommandContext, email: &Email) -> Result<(), CliError> {
    context.session().await?.api.revoke(email).await?;
    context.output.print_answer(&json!({ "revoked": email }), || {
        let create = shell::line(["tokens", "create", email.as_str()]);
        let purge = shell::line(["users", "purge", email.as_str()]);
        format!(
            "Revoked {email}: every token issued so far is dead, and a process that speaks stdio for this user ends at its next call.\n\
             `{create}` makes a new token. On a machine with the store, `stdio --user` needs none and may be started again; `{purge}` ends that too."
        )
    });
    Ok(())
}

async fn purge(context: &CommandContext, email: &Email, yes: bool) -> Result<(), CliError> {
    if !yes && !confirm_purge(context, email) {
        return Err(CliError::Usage(format!(
            "nothing was purged; give `--yes` to purge {email} without being asked"
        )));
    }
    context.session().await?.api.purge(email).await?;
    context
        .output
        .print_answer(&json!({ "purged": email }), || {
            format!("Purged {email}: the record and the data are gone.")
        });
    Ok(())
}

/// Asks for the email to be typed, and returns true if it was.
fn confirm_purge(context: &CommandContext, email: &Email) -> bool {
    let question =
        format!("This deletes {email} and all their data for good. Type the email to go on:");
    context.output.ask(&question).as_deref() == Some(email.as_str())
}
