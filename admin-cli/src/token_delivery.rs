//! The delivery of a new token to a person: in a file, or printed once with the command that connects a client.

use std::path::{Path, PathBuf};

use mcp_lambda::{Error, Secret};

use crate::clients::{KnownClient, McpServer, Scope, TokenSource, Transport};
use crate::context::CommandContext;
use crate::error::CliError;
use crate::target::AdminTarget;
use crate::token_file::TokenFile;

/// A way to deliver a token, prepared before there is one.
#[derive(Debug)]
pub(crate) struct TokenDelivery {
    server: McpServer,
    file: Option<TokenFile>,
}

/// The way in which a token was delivered.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// In this file, which only its owner can read.
    File(PathBuf),
    /// Not yet: the caller prints the token, with this command of [`KnownClient::PRINTED_WITH_TOKENS`].
    Print(String),
}

impl TokenDelivery {
    /// Does all that can fail before the token exists: creates the file of `--save-to`, and finds the server's name.
    ///
    /// # Errors
    /// [`CliError`] if the file can't be created, or if the server does not answer.
    pub(crate) async fn prepare(
        context: &CommandContext,
        save_to: Option<&Path>,
    ) -> Result<Self, CliError> {
        let file = save_to.map(TokenFile::create).transpose()?;
        let server = McpServer {
            name: find_server_name(context).await?,
            url: context.session().await?.url.clone(),
        };
        Ok(Self { server, file })
    }

    /// Stores the token in its file, if it has one.
    ///
    /// # Errors
    /// If the file can't be written. The token is then nobody's, and the caller revokes it.
    pub(crate) fn deliver(self, token: &Secret<String>) -> Result<Delivery, Error> {
        if let Some(file) = self.file {
            return file.store(token).map(Delivery::File);
        }
        let transport = Transport::Http(TokenSource::Given(token.expose().clone()));
        let client = KnownClient::PRINTED_WITH_TOKENS;
        let instructions = client.instructions(&self.server, &transport, Scope::User);
        Ok(Delivery::Print(instructions.text))
    }
}

/// Returns the name under which clients register the server: that of the app, or `mcp` if not every client takes it.
///
/// # Errors
/// [`CliError`] if the generic CLI asks the server for the app's name, and gets no answer.
pub(crate) async fn find_server_name(context: &CommandContext) -> Result<String, CliError> {
    if let AdminTarget::App(app) = &context.target {
        return Ok(app.name().to_owned());
    }
    let health = context.session().await?.api.health().await?;
    let app = health.details.get("app").cloned();
    Ok(app
        .filter(|name| KnownClient::all_accept_name(name))
        .unwrap_or_else(|| "mcp".to_owned()))
}
