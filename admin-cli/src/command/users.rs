//! `users`: who may call.

use clap::Subcommand;
use std::path::{Path, PathBuf};

use mcp_lambda::admin::{MAX_LIMIT, NewUser, Registered, User};
use mcp_lambda::clock::rfc3339;
use mcp_lambda::{Email, Error, ErrorKind, shell};
use serde_json::{Map, Value, json};

use super::tokens::claude_line;
use super::tools::json_or_file;
use crate::Subject;
use crate::clients::Client;
use crate::connection::Session;
use crate::exit::Failure;
use crate::files::Reserved;
use crate::output::{Output, columns};
use crate::setup::{keep, reserve};
use crate::values::seconds;

#[derive(Debug, Subcommand)]
pub(crate) enum Users {
    /// Register a user and print the first token, once.
    Add {
        /// The user's email.
        email: Email,
        /// What the app keeps about the user: JSON, or @FILE.
        #[arg(long, value_name = "JSON|@FILE")]
        profile: Option<String>,
        /// What to call the token, such as laptop.
        #[arg(long)]
        name: Option<String>,
        /// How long the token lives, such as 12h or 90d.
        #[arg(long, value_name = "TIME", value_parser = seconds)]
        expires: Option<u64>,
        /// What the token is good for; without any, everything the user may do.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// Let the token call only tools that are marked as changing nothing.
        #[arg(long)]
        read_only: bool,
        /// Write the token into this file, readable by you alone, and don't show it.
        #[arg(long, value_name = "FILE")]
        save_to: Option<PathBuf>,
    },
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
    subject: &Subject,
    session: &Session,
    command: Users,
    given: Option<Map<String, Value>>,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        Users::Add {
            email,
            profile,
            name,
            expires,
            scopes,
            read_only,
            save_to,
        } => {
            let profile = merge_profile(profile.as_deref().map(json_or_file).transpose()?, given)?;
            let scopes = Some(scopes).filter(|scopes| !scopes.is_empty());
            let user = NewUser {
                email,
                profile,
                name,
                duration_seconds: expires,
                scopes,
                read_only,
            };
            add(subject, session, user, save_to.as_deref(), output).await
        }
        Users::UpdateProfile {
            email,
            field,
            value,
            profile,
            unset,
        } => {
            let patch = merge_profile(profile.as_deref().map(json_or_file).transpose()?, given)?;
            let patch = complete_patch(subject, patch, field.zip(value), &unset)?;
            update(session, &email, &patch, output).await
        }
        Users::GetProfile { email, reveal } => profile(session, &email, reveal, output).await,
        Users::Import { path, apply } => super::import::run(session, &path, apply, output).await,
        Users::List => list(session, output).await,
        Users::Show { email } => show(session, &email, output).await,
        Users::Revoke { email } => revoke(session, &email, output).await,
        Users::Purge { email, yes } => purge(session, &email, yes, output).await,
    }
}

/// A profile in JSON with what the flags say over it.
fn merge_profile(
    profile: Option<Value>,
    given: Option<Map<String, Value>>,
) -> Result<Option<Value>, Failure> {
    let Some(given) = given else {
        return Ok(profile);
    };
    match profile.unwrap_or_else(|| json!({})) {
        Value::Object(mut profile) => {
            profile.extend(given);
            Ok(Some(Value::Object(profile)))
        }
        _ => Err(Failure::Usage(
            "`--profile` must be a JSON object where other fields are given by flags".into(),
        )),
    }
}

/// The patch with one more field, and with those that go.
fn complete_patch(
    subject: &Subject,
    patch: Option<Value>,
    field: Option<(String, String)>,
    unset: &[String],
) -> Result<Value, Failure> {
    let Value::Object(mut patch) = patch.unwrap_or_else(|| json!({})) else {
        return Err(Failure::Usage("`--profile` must be a JSON object".into()));
    };
    if let Some((name, text)) = field {
        let flag = subject
            .flags()
            .into_iter()
            .find(|flag| flag.field() == name);
        // Without a type to go by, what reads as JSON is JSON.
        let untyped = || serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text.as_str()));
        let value = flag
            .map_or_else(|| Ok(untyped()), |flag| flag.read(&text))
            .map_err(Failure::Usage)?;
        patch.insert(name, value);
    }
    patch.extend(unset.iter().map(|name| (name.clone(), Value::Null)));
    if patch.is_empty() {
        return Err(Failure::Usage(
            "nothing to change: give a field and its value, a flag, `--profile` or `--unset`"
                .into(),
        ));
    }
    Ok(Value::Object(patch))
}

async fn update(
    session: &Session,
    email: &Email,
    patch: &Value,
    output: &Output,
) -> Result<(), Failure> {
    let profile = session.api.update_profile(email, patch).await?;
    output.answer(&json!({ "email": email, "profile": profile }), || {
        format!("{email} has now\n{profile:#}")
    });
    Ok(())
}

async fn profile(
    session: &Session,
    email: &Email,
    reveal: bool,
    output: &Output,
) -> Result<(), Failure> {
    let profile = session.api.profile(email, reveal).await?;
    output.answer(&json!({ "email": email, "profile": profile }), || {
        profile.as_ref().map_or_else(
            || format!("{email} has no profile."),
            |profile| format!("{profile:#}"),
        )
    });
    Ok(())
}

async fn add(
    subject: &Subject,
    session: &Session,
    user: NewUser,
    save_to: Option<&Path>,
    output: &Output,
) -> Result<(), Failure> {
    let (file, email) = (save_to.map(reserve).transpose()?, user.email.clone());
    // All that can fail is done before there is a token that somebody must be told.
    let name = super::register::name(subject, session).await?;
    let new = session
        .api
        .register(user)
        .await
        .map_err(|error| conflict(error, &email))?;
    match file {
        Some(file) => save_token(session, &new, file, output).await,
        None => show_token(subject, session, &new, name, output).await,
    }
}

/// Writes a new user's first token into the file that is reserved for it.
async fn save_token(
    session: &Session,
    new: &Registered,
    file: Reserved,
    output: &Output,
) -> Result<(), Failure> {
    let path = match keep(file, &new.token) {
        Ok(path) => path,
        Err(error) => return Err(token_failure(session, &new.email, &error).await.into()),
    };
    let answer =
        json!({ "email": new.email, "token_file": path, "duration_seconds": new.duration_seconds });
    output.answer(&answer, || {
        format!(
            "Registered {}. The token is in {}.",
            new.email,
            path.display()
        )
    });
    Ok(())
}

/// Prints a new user's first token, once.
async fn show_token(
    subject: &Subject,
    session: &Session,
    new: &Registered,
    name: String,
    output: &Output,
) -> Result<(), Failure> {
    let (token, life) = (new.token.expose(), lifetime(new.duration_seconds));
    let line = claude_line(name, session, token);
    let register = shell::line([
        &subject.command(),
        "register",
        "--client",
        "CLIENT",
        "--user",
        new.email.as_str(),
    ]);
    output.answer(&json!({ "email": new.email, "token": token, "duration_seconds": new.duration_seconds, "register": line }), || {
        format!(
            "Registered {}. This token is shown once and lives {life}:\n\n  {token}\n\nConnect {} with\n\n  {line}\n\n`{register}` has the line for another client, with a token of its own.",
            new.email, Client::PRINTED_WITH_TOKENS.title()
        )
    });
    if output.lost().is_some() {
        let error = Error::internal("the token can't be shown");
        return Err(token_failure(session, &new.email, &error).await.into());
    }
    Ok(())
}

/// The fault, after the first token, which nobody has, is ended.
async fn token_failure(session: &Session, email: &Email, error: &Error) -> Error {
    let create = shell::line(["tokens", "create", email.as_str()]);
    let words = match session.api.revoke(email).await {
        Ok(()) => "its token was revoked".to_owned(),
        Err(fault) => {
            format!(
                "its token could not be revoked ({fault}): `{}` does it",
                shell::line(["users", "revoke", email.as_str()])
            )
        }
    };
    Error::new(
        error.kind(),
        format!("{error}; {email} is registered, and {words}; `{create}` makes another"),
    )
}

/// Adds the next step to the error of a user who is there already.
fn conflict(error: Error, email: &Email) -> Error {
    match error.kind() {
        ErrorKind::AlreadyExists => {
            let create = shell::line(["tokens", "create", email.as_str()]);
            Error::already_exists(format!("{error}; `{create}` makes another token"))
        }
        _ => error,
    }
}

async fn list(session: &Session, output: &Output) -> Result<(), Failure> {
    let (mut users, mut after) = (Vec::new(), None);
    let mut progress = output.progress(None, "users listed");
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
    output.answer(&users, || {
        if users.is_empty() {
            "No users yet.".into()
        } else {
            columns(["EMAIL", "CREATED", "LAST REVOKED"], users.iter().map(row))
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
        user.revoke_after.map(rfc3339).unwrap_or_default(),
    ]
}

async fn show(session: &Session, email: &Email, output: &Output) -> Result<(), Failure> {
    let user = session.api.user(email).await?;
    output.answer(&user, || {
        let profile = user
            .profile
            .as_ref()
            .map_or_else(|| "none".to_owned(), |profile| format!("{profile:#}"));
        let revoked = user
            .revoke_after
            .map_or_else(|| "never".to_owned(), rfc3339);
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
    session: &Session,
    email: &Email,
    yes: bool,
    output: &Output,
) -> Result<(), Failure> {
    let is_sure = yes
        || output
            .ask(&format!(
                "This deletes {email} and all their data for good. Type the email to go on:"
            ))
            .as_deref()
            == Some(email.as_str());
    if !is_sure {
        return Err(Failure::Usage(format!(
            "nothing was purged; give `--yes` to purge {email} without being asked"
        )));
    }
    session.api.purge(email).await?;
    output.answer(&json!({ "purged": email }), || {
        format!("Purged {email}: the record and the data are gone.")
    });
    Ok(())
}

/// A time in the largest unit that it is a whole number of.
fn lifetime(seconds: u64) -> String {
    let units = [
        (86_400, "days"),
        (3_600, "hours"),
        (60, "minutes"),
        (1, "seconds"),
    ];
    let (factor, unit) = units
        .into_iter()
        .find(|(factor, _)| seconds.is_multiple_of(*factor))
        .unwrap_or((1, "seconds"));
    format!("{} {unit}", seconds / factor)
}
