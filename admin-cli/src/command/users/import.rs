//! `users import`: the users folder of a Python mcp-app, brought over.
//!
//! A folder is a user: its name is the email with `~` for `@`, `user.json` is the record, every other `.json` a value that the
//! user's tools kept. What can't be read is named and left alone; nothing of the folder is ever changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mcp_lambda::admin::ImportedUser;
use mcp_lambda::clock::parse_rfc3339;
use mcp_lambda::{Email, Error, ErrorKind};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::connection::AdminSession;
use crate::error::CliError;
use crate::files::{self, LinkPolicy};
use crate::output::{Output, StyledText, format_table};

/// The most folders between a user's folder and a value.
const MAX_DEPTH: usize = 16;

/// The content of the folder.
#[derive(Debug, Default)]
struct UsersFolder {
    users: BTreeMap<Email, ImportedUser>,
    /// The files that can't be imported, and the reasons.
    problems: Vec<String>,
}

/// The result for one user.
#[derive(Debug, Serialize)]
struct ImportRow {
    email: Email,
    /// The number of values in the folder.
    values: usize,
    outcome: String,
}

pub(crate) async fn run(
    session: &AdminSession,
    folder: &Path,
    apply: bool,
    output: &Output,
) -> Result<(), CliError> {
    let mut found = read(folder)?;
    let users = std::mem::take(&mut found.users);
    let mut rows = Vec::new();
    let mut progress = output.start_progress(Some(users.len()), "users brought over");
    for (email, user) in users {
        let outcome = if apply {
            import(session, &user).await
        } else {
            preview(session, &user).await
        };
        let outcome = outcome.unwrap_or_else(|error| {
            found.problems.push(format!("{email}: {error}"));
            "refused".to_owned()
        });
        rows.push(ImportRow {
            email,
            values: user.data.len(),
            outcome,
        });
        progress.advance(1);
    }
    drop(progress);
    let answer = json!({ "users": rows, "faults": found.problems, "applied": apply });
    output.print_answer(&answer, || words(&rows, &found.problems, apply));
    match found.problems.len() {
        0 => Ok(()),
        many => Err(Error::invalid(format!(
            "{many} of the folder's entries can't be brought over; see above"
        ))
        .into()),
    }
}

fn words(rows: &[ImportRow], problems: &[String], apply: bool) -> StyledText {
    let problems: Vec<_> = problems
        .iter()
        .map(|fault| format!("left alone: {fault}"))
        .collect();
    let (table, next) = match (rows.is_empty(), apply) {
        (true, _) => (StyledText::default(), "No users there."),
        (false, true) => (table(rows), ""),
        (false, false) => (table(rows), "Nothing was changed; give `--apply` to do it."),
    };
    StyledText::join([problems.join("\n").into(), table, next.into()], "\n\n")
}

fn table(rows: &[ImportRow]) -> StyledText {
    let cells = rows.iter().map(|row| {
        [
            row.email.to_string(),
            row.values.to_string(),
            row.outcome.clone(),
        ]
    });
    format_table(["EMAIL", "VALUES", ""], cells)
}

/// Returns the result that an import would have; a user who is there keeps what is there.
async fn preview(session: &AdminSession, user: &ImportedUser) -> Result<String, Error> {
    match session.api.user(&user.email).await {
        Ok(_) => Ok("is there; missing values would be added".to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok("would be brought over".to_owned()),
        Err(error) => Err(error),
    }
}

async fn import(session: &AdminSession, user: &ImportedUser) -> Result<String, Error> {
    let imported = session.api.import(user.clone()).await?;
    let user = if imported.is_new { "new" } else { "was there" };
    Ok(format!("{user}; values new: {}", imported.new_values))
}

fn read(folder: &Path) -> Result<UsersFolder, CliError> {
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
            Ok(path) if is_own_folder(&path) => folders.push(path),
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
    for folder in folders {
        match user(&folder) {
            Err(fault) => found
                .problems
                .push(format!("{}: {fault}", folder.display())),
            Ok(user) if found.users.contains_key(&user.email) => {
                found.problems.push(format!(
                    "{}: another folder is {} too",
                    folder.display(),
                    user.email
                ));
            }
            Ok(user) => drop(found.users.insert(user.email.clone(), user)),
        }
    }
    Ok(found)
}

fn user(folder: &Path) -> Result<ImportedUser, String> {
    let record = json_file(&folder.join("user.json"))?;
    if !record.is_object() {
        return Err("user.json is no JSON object".to_owned());
    }
    let name = folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .replace('~', "@");
    let email = record["email"].as_str().unwrap_or(&name);
    let email: Email = email.parse().map_err(|error: Error| error.to_string())?;
    let created = record["created"].as_str().map(|text| {
        parse_rfc3339(text).ok_or_else(|| format!("`created` is `{text}`, and no time"))
    });
    let mut data = Map::new();
    values(folder, "", &mut data)?;
    let profile = Some(record["profile"].clone()).filter(|profile| !profile.is_null());
    Ok(ImportedUser {
        email,
        created: created.transpose()?,
        revoke_after: seconds(&record["revoke_after"])?,
        profile,
        data,
    })
}

/// Whole seconds of a time that may have a fraction. Whoever was revoked within a second stays so.
fn seconds(time: &Value) -> Result<Option<u64>, String> {
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

/// Every `.json` below the folder but the record, by its path without the ending.
fn values(folder: &Path, prefix: &str, data: &mut Map<String, Value>) -> Result<(), String> {
    if prefix.matches('/').count() > MAX_DEPTH {
        return Err(format!("{prefix} lies more than {MAX_DEPTH} folders deep"));
    }
    let entries = fs::read_dir(folder).map_err(|error| format!("it can't be read: {error}"))?;
    for entry in entries {
        let path = entry
            .map_err(|error| format!("an entry can't be read: {error}"))?
            .path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_symlink() {
            return Err(format!("{name} is a link, and links are not followed"));
        }
        if path.is_dir() {
            values(&path, &format!("{prefix}{name}/"), data)?;
        } else if !path.is_file() {
            return Err(format!(
                "{prefix}{name} is neither a file nor a folder, and is not read"
            ));
        } else if let Some(key) = name
            .strip_suffix(".json")
            .filter(|key| !(prefix.is_empty() && *key == "user"))
        {
            data.insert(format!("{prefix}{key}"), json_file(&path)?);
        }
    }
    Ok(())
}

/// A folder itself, and not a link to one, which may lead anywhere.
fn is_own_folder(path: &Path) -> bool {
    path.is_dir() && !path.is_symlink()
}

fn json_file(path: &Path) -> Result<Value, String> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
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
        let found = read(folder.path()).expect("readable");
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
        let found = read(folder.path()).expect("readable");
        assert_eq!(
            found.users.keys().map(Email::as_str).collect::<Vec<_>>(),
            ["good@example.com"]
        );
        assert_eq!(found.problems.len(), 3, "{:?}", found.problems);
        for said in ["is not read", "not a file", "folders deep"] {
            assert!(
                found.problems.iter().any(|fault| fault.contains(said)),
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
        let found = read(folder.path()).expect("readable");
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
                found.problems.iter().any(|fault| fault.contains(said)),
                "{said}: {:?}",
                found.problems
            );
        }
    }
}
