//! The context of a command: the target, the terminal, and the session with the server.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use crate::connection::AdminSession;
use crate::error::CliError;
use crate::output::Output;
use crate::setup::Setup;
use crate::target::AdminTarget;

/// The values that every command works with.
#[derive(Debug)]
pub(crate) struct CommandContext {
    /// The servers that this CLI administers.
    pub(crate) target: AdminTarget,
    /// The terminal, or the pipe of a program.
    pub(crate) output: Output,
    /// The [`Connection`](crate::connection::Connection) that `--on` names; without it, the one in use.
    connection_name: Option<String>,
    /// The values of the flags of the app's profile, if any was given.
    profile: Option<Map<String, Value>>,
    session: OnceCell<Arc<AdminSession>>,
}

impl CommandContext {
    /// Returns a context whose session is not open yet.
    pub(crate) const fn new(
        target: AdminTarget,
        output: Output,
        connection_name: Option<String>,
        profile: Option<Map<String, Value>>,
    ) -> Self {
        Self {
            target,
            output,
            connection_name,
            profile,
            session: OnceCell::const_new(),
        }
    }

    /// Returns the value of `--on`.
    pub(crate) fn connection_name(&self) -> Option<&str> {
        self.connection_name.as_deref()
    }

    /// Returns the values of the [`Flag`](crate::flags::Flag)s of the app's profile.
    pub(crate) const fn profile(&self) -> Option<&Map<String, Value>> {
        self.profile.as_ref()
    }

    /// Returns the session of the selected connection. The first call opens it, and prints the connection's warning.
    ///
    /// A command that needs a session asks for it before it checks its arguments, so that "not connected" comes first.
    ///
    /// # Errors
    /// [`CliError::NotConfigured`] if there is no such connection or no signing key for it.
    pub(crate) async fn session(&self) -> Result<&Arc<AdminSession>, CliError> {
        self.session
            .get_or_try_init(|| async { self.open_session().await.map(Arc::new) })
            .await
    }

    async fn open_session(&self) -> Result<AdminSession, CliError> {
        let setup = Setup::load(&self.target)?;
        let connection = setup.select(self.connection_name())?;
        if let Some(warning) = connection.warn_of_other_key(&self.target) {
            self.output.print_warning(&warning);
        }
        connection.open(&self.target).await
    }
}
