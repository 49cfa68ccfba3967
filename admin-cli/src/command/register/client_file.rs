//! Registration in a client's own file: the entry under the server's name, and the text with the server in it.

use std::path::Path;

use mcp_lambda::Error;

use super::plan::RegistrationPlan;
use crate::clients::parsed_entry::EntryCredential;
use crate::clients::{ClientConfig, Scope, Transport, document};
use crate::files::{self, LinkPolicy};

/// The entry that a client's file has under the server's name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ExistingEntry {
    /// There is none.
    None,
    /// One that means the same as the planned one.
    Same,
    /// One that differs.
    Different {
        /// It has a token, or names the place of one.
        has_credential: bool,
    },
}

/// Returns the entry under the server's name, and the file's text with the planned entry in it. Nothing is written.
///
/// # Errors
/// If the file can't be read, or is not in the client's format.
pub(super) fn edit(
    config: &dyn ClientConfig,
    path: &Path,
    plan: &RegistrationPlan,
    transport: &Transport,
) -> Result<(ExistingEntry, String), Error> {
    let to_error = |problem: String| format_error(config, path, &problem, plan);
    let text = read(path, plan.scope)?;
    let new_text = document::set(config, &text, &plan.server, transport).map_err(to_error)?;
    let entry = document::get(config, &text, &plan.server.name).map_err(to_error)?;
    let planned = config.parse_entry(&config.entry(&plan.server, transport));
    let existing = match entry.map(|entry| config.parse_entry(&entry)) {
        None => ExistingEntry::None,
        Some(entry) if entry == planned => ExistingEntry::Same,
        Some(entry) => ExistingEntry::Different {
            has_credential: entry.credential != EntryCredential::None,
        },
    };
    Ok((existing, new_text))
}

/// Reads the file; one that does not exist is empty.
fn read(path: &Path, scope: Scope) -> Result<String, Error> {
    let text = files::read(path, link_policy(scope)).map_err(|error| {
        Error::unavailable(format!("{} can't be read: {error}", path.display()))
    })?;
    Ok(text.unwrap_or_default())
}

/// Returns the treatment of links: people put links to their own settings, but a link in a project's folder may come from
/// whoever wrote the project.
pub(super) const fn link_policy(scope: Scope) -> LinkPolicy {
    match scope {
        Scope::User => LinkPolicy::Follow,
        Scope::Project => LinkPolicy::Refuse,
    }
}

/// Returns the error for an entry of the same name that differs.
pub(super) fn conflict_error(path: &Path, name: &str) -> Error {
    Error::conflict(format!(
        "{} has an entry `{name}` that says something else; `--force` replaces it, `--name` takes another name",
        path.display()
    ))
}

/// Returns the error for a file that can't be changed without harm, with the text that a person may put into it.
fn format_error(
    config: &dyn ClientConfig,
    path: &Path,
    problem: &str,
    plan: &RegistrationPlan,
) -> Error {
    let text = document::to_paste(config, &plan.server, &plan.placeholder_transport());
    Error::conflict(format!(
        "{} is left as it is, since {problem}. Mend it and try again, or put this in yourself:\n\n{text}\n",
        path.display()
    ))
}
