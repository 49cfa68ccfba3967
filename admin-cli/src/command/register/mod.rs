//! `register`: connects MCP clients to the server. It prints the instructions, or carries them out (`--apply`), or tells which
//! clients are registered (`--detect`).
//!
//! The names of servers and clients are checked before a token is created, so that a refused registration leaves none behind.

mod apply;
mod apply_result;
mod client_command;
mod client_file;
mod detect;
mod plan;
mod print;
mod process;

use clap::Args;
use mcp_lambda::{Email, shell};

use crate::clients::{KnownClient, McpServer, Scope};
use crate::context::CommandContext;
use crate::error::CliError;
use crate::token_delivery::find_server_name;
use crate::token_file::token_folder;
use plan::{ClientAccess, RegistrationPlan};

/// Connect clients: print what does it, do it with `--apply`, or see with `--detect` what is there.
#[derive(Debug, Args)]
pub(crate) struct RegisterCommand {
    /// Only for this client; may be given several times.
    #[arg(long = "client", value_enum, value_name = "CLIENT")]
    clients: Vec<KnownClient>,
    /// Make a token for this user, called after the client; without it, a variable or a placeholder stands in its place.
    #[arg(long, value_name = "EMAIL")]
    user: Option<Email>,
    /// The variable that holds the token, where the client reads one.
    #[arg(long, value_name = "VARIABLE")]
    token_env: Option<String>,
    /// Name of the server in the client, if not the app's name.
    #[arg(long)]
    name: Option<String>,
    /// For you everywhere, or for the project in this folder.
    #[arg(long, value_enum, default_value_t)]
    scope: Scope,
    /// Let the client start this machine's server itself, for `--user`, without a URL and a token; only when connected to `local`.
    #[arg(long, requires = "user", conflicts_with = "token_env")]
    stdio: bool,
    /// Do it: run the client's own command or write its file; without `--client`, for the clients found on this machine.
    #[arg(long)]
    apply: bool,
    /// Replace an entry of the same name that says something else.
    #[arg(long, requires = "apply")]
    force: bool,
    /// Say which clients are on this machine, and which of them know this server.
    #[arg(long, conflicts_with_all = ["apply", "user", "token_env", "stdio", "force"])]
    detect: bool,
}

impl RegisterCommand {
    /// Detects, applies or prints.
    pub(crate) async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        let session = context.session().await?;
        let server = McpServer {
            name: self.server_name(context).await?,
            url: session.url.clone(),
        };
        if self.detect {
            return detect::run(context, session, &server, &self.clients);
        }
        if self.user.is_some() && self.clients.is_empty() && !self.apply && !self.stdio {
            let message = "name the clients with `--client`: a token is made for each";
            return Err(CliError::Usage(message.to_owned()));
        }
        let plan = RegistrationPlan {
            access: self.choose_access(context, &server).await?,
            server,
            clients: self.clients,
            scope: self.scope,
            replaces_entries: self.force,
            token_folder: token_folder(&context.target)?,
        };
        if self.apply {
            apply::run(context, session, &plan).await
        } else {
            print::run(context, session, &plan).await
        }
    }

    async fn server_name(&self, context: &CommandContext) -> Result<String, CliError> {
        match &self.name {
            Some(name) => Ok(name.clone()),
            None => find_server_name(context).await,
        }
    }

    /// Returns the access that the arguments ask for. A user must exist, unless a token will be created and printed: that fails
    /// by itself.
    async fn choose_access(
        &self,
        context: &CommandContext,
        server: &McpServer,
    ) -> Result<ClientAccess, CliError> {
        let variable = self.variable(server)?;
        let Some(email) = &self.user else {
            return Ok(ClientAccess::Variable(variable));
        };
        let session = context.session().await?;
        if self.stdio {
            let process = process::build(context, session, email)?;
            session.api.user(email).await?;
            return Ok(ClientAccess::Process(process));
        }
        if self.apply {
            session.api.user(email).await?;
        }
        Ok(ClientAccess::User(email.clone()))
    }

    /// Returns the name of the variable that holds the token.
    fn variable(&self, server: &McpServer) -> Result<String, CliError> {
        let variable = match &self.token_env {
            Some(variable) => variable.clone(),
            None => server.variable(),
        };
        if shell::is_variable(&variable) {
            return Ok(variable);
        }
        Err(CliError::Usage(format!(
            "`{variable}` is no name of a variable: use letters, digits and `_`, and no digit first"
        )))
    }
}
