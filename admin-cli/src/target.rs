//! The subject of a CLI: one app, or any server.

use mcp_lambda::App;

use crate::flags::Flag;

/// The name of the generic CLI, and of the folder of its state.
const GENERIC: &str = "mcp-lambda";

/// The servers that a CLI works for.
#[derive(Debug)]
pub(crate) enum AdminTarget {
    /// One app, whose code is at hand.
    App(Box<App>),
    /// Any server, by its URL.
    Any,
}

impl AdminTarget {
    /// Returns the name of the folder of the state.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::App(app) => app.name(),
            Self::Any => GENERIC,
        }
    }

    /// Returns the name of the CLI itself.
    pub(crate) fn command(&self) -> String {
        match self {
            Self::App(app) => format!("{}-admin", app.name()),
            Self::Any => GENERIC.to_owned(),
        }
    }

    /// Returns the [`Flag`]s of the app's own profile.
    pub(crate) fn flags(&self) -> Vec<Flag> {
        match self {
            Self::App(app) => app.profile_type().map(Flag::all).unwrap_or_default(),
            Self::Any => Vec::new(),
        }
    }
}
