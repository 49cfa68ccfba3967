//! The target of a CLI: one app, or any server.

use mcp_lambda::App;

use crate::flags::Flag;

/// The name of the generic CLI, and of its configuration folder.
const GENERIC: &str = "mcp-lambda";

/// The servers that a CLI administers.
#[derive(Debug)]
pub(crate) enum AdminTarget {
    /// Those of one app, on this machine or at a URL. An app's own CLI has this target.
    App(Box<App>),
    /// Those at any URL. The generic CLI has this target.
    AnyServer,
}

impl AdminTarget {
    /// Returns the name of the configuration folder, in `~/.config`.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::App(app) => app.name(),
            Self::AnyServer => GENERIC,
        }
    }

    /// Returns the name of the CLI's program, such as `notes-admin`.
    pub(crate) fn program_name(&self) -> String {
        match self {
            Self::App(app) => format!("{}-admin", app.name()),
            Self::AnyServer => GENERIC.to_owned(),
        }
    }

    /// Returns one [`Flag`] for each field of the app's profile type; none for the generic CLI.
    pub(crate) fn profile_flags(&self) -> Vec<Flag> {
        match self {
            Self::App(app) => app
                .profile_type()
                .map_or_else(Vec::new, Flag::from_profile_type),
            Self::AnyServer => Vec::new(),
        }
    }
}
