//! A client's own file: the entry under the server's name, and the text with the server in it.

use std::path::Path;

use mcp_lambda::Error;

use super::RegistrationPlan;
use crate::clients::parsed_entry::EntryCredential;
use crate::clients::{ClientConfig, Scope, Transport, document};
use crate::files::{self, LinkPolicy};

/// The entry of a client's file under the server's name, as [`edit`] finds it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ExistingEntry {
    Nothing,
    Same,
    /// Another entry, and whether it proves who calls.
    Other {
        has_credential: bool,
    },
}

/// Returns the entry under the server's name as [`ExistingEntry`], and the file's text with the server in it.
pub(super) fn edit(
    config: &dyn ClientConfig,
    path: &Path,
    plan: &RegistrationPlan,
    transport: &Transport,
    scope: Scope,
) -> Result<(ExistingEntry, String), Error> {
    let fault = |fault: String| unreadable(config, path, &fault, plan);
    let text = read(path, scope)?;
    let new = document::set(config, &text, &plan.server, transport).map_err(fault)?;
    let found = document::get(config, &text, &plan.server.name).map_err(fault)?;
    let wanted = config.parse_entry(&config.entry(&plan.server, transport));
    let found = match found {
        None => ExistingEntry::Nothing,
        Some(found) if config.parse_entry(&found) == wanted => ExistingEntry::Same,
        Some(found) => ExistingEntry::Other {
            has_credential: config.parse_entry(&found).credential != EntryCredential::None,
        },
    };
    Ok((found, new))
}

fn read(path: &Path, scope: Scope) -> Result<String, Error> {
    let fault = |error| Error::unavailable(format!("{} can't be read: {error}", path.display()));
    files::read(path, links(scope))
        .map(Option::unwrap_or_default)
        .map_err(fault)
}

/// People lay links to settings of their own; one in a project's folder may come from whoever wrote the project.
pub(super) const fn links(scope: Scope) -> LinkPolicy {
    match scope {
        Scope::User => LinkPolicy::Follow,
        Scope::Project => LinkPolicy::Refuse,
    }
}

/// An entry of the same name that says something else.
pub(super) fn conflict(path: &Path, name: &str) -> Error {
    Error::conflict(format!(
        "{} has an entry `{name}` that says something else; `--force` replaces it, `--name` takes another name",
        path.display()
    ))
}

/// A file that can't be changed without harm, and what a person may put into it.
fn unreadable(
    config: &dyn ClientConfig,
    path: &Path,
    fault: &str,
    plan: &RegistrationPlan,
) -> Error {
    let text = document::to_paste(config, &plan.server, &plan.placeholder_transport());
    Error::conflict(format!(
        "{} is left as it is, since {fault}. Mend it and try again, or put this in yourself:\n\n{text}\n",
        path.display()
    ))
}
