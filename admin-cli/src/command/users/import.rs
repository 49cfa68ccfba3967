//! `users import`: imports the users folder of a Python mcp-app.
//!
//! Each folder in it is a user: its name is the email with `~` for `@`, `user.json` is the record, and every other `.json` is a
//! value that the user's tools stored. What can't be read is reported and left out. The folder is never changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use mcp_lambda::admin::ImportedUser;
use mcp_lambda::clock::parse_rfc3339;
use mcp_lambda::{Email, Error, ErrorKind};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::connection::AdminSession;
use crate::context::CommandContext;
use crate::error::CliError;
use crate::files::{self, LinkPolicy};
use crate::output::{StyledText, format_table};

/// The most folders between a user's folder and a value.
const MAX_DEPTH: usize = 16;

/// Bring over the users folder of a Python mcp-app: users, profiles, data. Says what it would do, and does it with
/// `--apply`; doing it again changes nothing.
#[derive(Debug, Args)]
pub(crate) struct ImportUsers {
    /// The folder, such as ~/.local/share/APP/users.
    #[arg(value_name = "FOLDER")]
    path: PathBuf,
    /// Do it.
    #[arg(long)]
    apply: bool,
}

/// The contents of the folder.
#[derive(Debug, Default)]
struct UsersFolder {
    users: BTreeMap<Email, ImportedUser>,
    /// The entries that can't be imported, each with the reason.
    problems: Vec<String>,
}

/// The result for one user.
#[derive(Debug, Serialize)]
struct ImportRow {
    email: Email,
    /// The number of values in the user's folder.
    values: usize,
    outcome: String,
}

impl ImportUsers {
    /// Imports each user, or only tells what an import would do. A problem of one user does not stop the others.
    pub(super) async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        let UsersFolder {
            users,
            mut problems,
        } = read_users_folder(&self.path)?;
        let rows = self.import_all(context, users, &mut problems).await?;
        let answer = json!({ "users": rows, "problems": problems, "applied": self.apply });
        context
            .output
            .print_answer(&answer, || format_report(&rows, &problems, self.apply));
        match problems.len() {
            0 => Ok(()),
            many => Err(Error::invalid(format!(
                "{many} of the folder's entries can't be brought over; see above"
            ))
            .into()),
        }
    }

    async fn import_all(
        &self,
        context: &CommandContext,
        users: BTreeMap<Email, ImportedUser>,
        problems: &mut Vec<String>,
    ) -> Result<Vec<ImportRow>, CliError> {
        let session = context.session().await?;
        let mut rows = Vec::new();
        let mut progress = context
            .output
            .start_progress(Some(users.len()), "users brought over");
        for (email, user) in users {
            let outcome = if self.apply {
                import(session, &user).await
            } else {
                preview(session, &user).await
            };
            let outcome = outcome.unwrap_or_else(|error| {
                problems.push(format!("{email}: {error}"));
                "refused".to_owned()
            });
            rows.push(ImportRow {
                email,
                values: user.data.len(),
                outcome,
            });
            progress.advance(1);
        }
        Ok(rows)
    }
}

/// Returns the outcome that an import would have. A registered user keeps record and values.
async fn preview(session: &AdminSession, user: &ImportedUser) -> Result<String, Error> {
    match session.api.user(&user.email).await {
        Ok(_) => Ok("is there; missing values would be added".to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok("would be brought over".to_owned()),
        Err(error) => Err(error),
    }
}

/// Imports one user, and returns the outcome.
async fn import(session: &AdminSession, user: &ImportedUser) -> Result<String, Error> {
    let imported = session.api.import(user.clone()).await?;
    let user = if imported.is_new { "new" } else { "was there" };
    Ok(format!("{user}; values new: {}", imported.new_values))
}

/// Formats the problems, the table of users, and the next step.
fn format_report(rows: &[ImportRow], problems: &[String], is_applied: bool) -> StyledText {
    let problems: Vec<_> = problems
        .iter()
        .map(|problem| format!("left alone: {problem}"))
        .collect();
    let next = match (rows.is_empty(), is_applied) {
        (true, _) => "No users there.",
        (false, true) => "",
        (false, false) => "Nothing was changed; give `--apply` to do it.",
    };
    let parts = [problems.join("\n").into(), format_rows(rows), next.into()];
    StyledText::join(parts, "\n\n")
}

fn format_rows(rows: &[ImportRow]) -> StyledText {
    if rows.is_empty() {
        return StyledText::default();
    }
    let cells = rows.iter().map(|row| {
        [
            row.email.to_string(),
            row.values.to_string(),
            row.outcome.clone(),
        ]
    });
    format_table(["EMAIL", "VALUES", ""], cells)
}

/// Reads all users of the folder.
///
/// # Errors
/// [`Error::invalid`] if the folder itself can't be read. All else is one of the `problems`.
fn read_users_folder(folder: &Path) -> Result<UsersFolder, CliError> {
    let entries = fs::read_dir(folder).map_err(|error| {
        Error::invalid(format!(
            "the folder {} can't be read: {error}",
            folder.display()
        ))
    })?;
    let mut found = UsersFolder::default();
    let mut folders = Vec::new();
    for entry in entries {
        match entry.map(|entry| entry.path()) {
            Ok(path) if is_real_folder(&path) => folders.push(path),
            Ok(path) if path.is_file() => {}
            Ok(path) => found.problems.push(format!(
                "{} is neither a file nor a folder of this folder's own",
                path.display()
            )),
            Err(error) => found
                .problems
                .push(format!("an entry can't be read: {error}")),
        }
    }
    folders.sort();
    folders.iter().for_each(|folder| found.add(folder));
    Ok(found)
}

impl UsersFolder {
    /// Adds the user of one folder, or the reason why it can't be imported.
    fn add(&mut self, folder: &Path) {
        let problem = match read_user(folder) {
            Err(problem) => problem,
            Ok(user) if self.users.contains_key(&user.email) => {
                format!("another folder is {} too", user.email)
            }
            Ok(user) => {
                self.users.insert(user.email.clone(), user);
                return;
            }
        };
        let folder = folder.display();
        self.problems.push(format!("{folder}: {problem}"));
    }
}

/// Reads the record and the values of one user.
fn read_user(folder: &Path) -> Result<ImportedUser, String> {
    let record = read_json_file(&folder.join("user.json"))?;
    if !record.is_object() {
        return Err("user.json is no JSON object".to_owned());
    }
    let folder_email = file_name(folder).replace('~', "@");
    let email = record["email"].as_str().unwrap_or(&folder_email);
    let email: Email = email.parse().map_err(|error: Error| error.to_string())?;
    let created = record["created"].as_str().map(|text| {
        parse_rfc3339(text).ok_or_else(|| format!("`created` is `{text}`, and no time"))
    });
    let mut user = ImportedUser::new(email);
    read_values(folder, "", &mut user.data)?;
    user.created = created.transpose()?;
    user.revoke_after = parse_revoke_after(&record["revoke_after"])?;
    user.profile = Some(record["profile"].clone()).filter(|profile| !profile.is_null());
    Ok(user)
}

/// Returns a time in whole seconds since 1970, from a number that may have a fraction.
///
/// It is rounded down. A token that was issued in the second of the revocation is then still revoked: the server compares
/// whole seconds, and a token of the same second is refused.
fn parse_revoke_after(time: &Value) -> Result<Option<u64>, String> {
    match time {
        Value::Null => Ok(None),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a date; the cast saturates"
        )]
        Value::Number(number) => Ok(number.as_f64().map(|seconds| seconds as u64)),
        other => Err(format!("`revoke_after` is `{other}`, and no time")),
    }
}

/// Reads every `.json` in the folder and below it, but for the record. The key of a value is its path without the ending.
fn read_values(folder: &Path, prefix: &str, data: &mut Map<String, Value>) -> Result<(), String> {
    if prefix.matches('/').count() > MAX_DEPTH {
        return Err(format!("{prefix} lies more than {MAX_DEPTH} folders deep"));
    }
    let entries = fs::read_dir(folder).map_err(|error| format!("it can't be read: {error}"))?;
    for entry in entries {
        let path = entry
            .map_err(|error| format!("an entry can't be read: {error}"))?
            .path();
        let name = file_name(&path);
        if path.is_symlink() {
            return Err(format!("{name} is a link, and links are not followed"));
        }
        if path.is_dir() {
            read_values(&path, &format!("{prefix}{name}/"), data)?;
        } else if !path.is_file() {
            return Err(format!(
                "{prefix}{name} is neither a file nor a folder, and is not read"
            ));
        } else if let Some(key) = name
            .strip_suffix(".json")
            .filter(|key| !(prefix.is_empty() && *key == "user"))
        {
            data.insert(format!("{prefix}{key}"), read_json_file(&path)?);
        }
    }
    Ok(())
}

/// Returns true for a folder itself, and false for a link to one, which may lead anywhere.
fn is_real_folder(path: &Path) -> bool {
    path.is_dir() && !path.is_symlink()
}

/// Returns the last part of a path.
fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn read_json_file(path: &Path) -> Result<Value, String> {
    let name = file_name(path);
    let text = files::read(path, LinkPolicy::Refuse)
        .map_err(|error| format!("{name} can't be read: {error}"))?;
    let text = text.ok_or_else(|| format!("{name} can't be read: it is not there"))?;
    serde_json::from_str(&text).map_err(|error| format!("{name} is not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("within")).expect("made");
            fs::write(path, text).expect("written");
        }
        folder
    }

    #[test]
    fn a_folder_is_a_user_with_a_record_and_values() {
        let record = r#"{"email": "alice@example.com", "created": "2024-05-01T12:00:00+00:00", "revoke_after": 1714600000.75,
            "profile": {"token": "t"}}"#;
        let folder = folder(&[
            ("alice~example.com/user.json", record),
            ("alice~example.com/notes.json", "[1]"),
            ("alice~example.com/deep/er.json", "{}"),
            ("alice~example.com/readme.txt", "no value"),
            ("bob~example.com/user.json", "{}"),
            ("not-a-user.txt", ""),
        ]);
        let found = read_users_folder(folder.path()).expect("readable");
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        let alice = &found.users[&"alice@example.com".parse().expect("valid")];
        assert_eq!(
            (alice.created, alice.revoke_after),
            (Some(1_714_564_800), Some(1_714_600_000))
        );
        assert_eq!(
            Value::Object(alice.data.clone()),
            json!({"notes": [1], "deep/er": {}})
        );
        assert!(
            found
                .users
                .contains_key(&"bob@example.com".parse().expect("valid")),
            "its folder's name is its email"
        );
    }

    #[test]
    fn what_is_no_file_or_too_deep_is_named_and_not_waited_for() {
        let deep = format!("deep~example.com/{}v.json", "d/".repeat(MAX_DEPTH + 1));
        let folder = folder(&[
            ("pipe~example.com/user.json", "{}"),
            ("record~example.com/notes.json", "[]"),
            ("deep~example.com/user.json", "{}"),
            (&deep, "1"),
            ("good~example.com/user.json", "{}"),
            (
                &format!("good~example.com/{}v.json", "d/".repeat(MAX_DEPTH)),
                "1",
            ),
        ]);
        for pipe in ["pipe~example.com/x.json", "record~example.com/user.json"] {
            let made = std::process::Command::new("mkfifo")
                .arg(folder.path().join(pipe))
                .status();
            assert!(made.expect("it runs").success());
        }
        let _socket =
            std::os::unix::net::UnixListener::bind(folder.path().join("pipe~example.com/a"))
                .expect("bound");
        let found = read_users_folder(folder.path()).expect("readable");
        assert_eq!(
            found.users.keys().map(Email::as_str).collect::<Vec<_>>(),
            ["good@example.com"]
        );
        assert_eq!(found.problems.len(), 3, "{:?}", found.problems);
        for said in ["is not read", "not a file", "folders deep"] {
            assert!(
                found.problems.iter().any(|problem| problem.contains(said)),
                "{said}: {:?}",
                found.problems
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_and_the_rest_goes_on() {
        let folder = folder(&[
            (
                "ALICE~example.com/user.json",
                r#"{"email": "Alice@example.com"}"#,
            ),
            (
                "alice~example.com/user.json",
                r#"{"email": "alice@example.com"}"#,
            ),
            ("broken~example.com/user.json", "{"),
            ("empty~example.com/notes.json", "[]"),
            ("nobody/user.json", "{}"),
            ("when~example.com/user.json", r#"{"created": "yesterday"}"#),
        ]);
        let found = read_users_folder(folder.path()).expect("readable");
        assert_eq!(
            (found.users.len(), found.problems.len()),
            (1, 5),
            "{:?}",
            found.problems
        );
        for said in [
            "is alice@example.com too",
            "not JSON",
            "user.json can't be read",
            "`yesterday`",
            "nobody",
        ] {
            assert!(
                found.problems.iter().any(|problem| problem.contains(said)),
                "{said}: {:?}",
                found.problems
            );
        }
    }
}
