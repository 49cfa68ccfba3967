//! The delivery of a new token to a person: in a file of its own, or printed once with a line that connects a client.

use std::path::{Path, PathBuf};

use mcp_lambda::{Error, Secret};

use crate::clients::{KnownClient, McpServer, Scope, TokenSource, Transport};
use crate::connection::AdminSession;
use crate::error::CliError;
use crate::target::AdminTarget;
use crate::token_file::TokenFile;

/// A place for a token, prepared before there is one.
#[derive(Debug)]
pub(crate) struct TokenDelivery {
    server: McpServer,
    file: Option<TokenFile>,
}

/// The way by which a person gets a new token.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// In this file, which its owner alone reads.
    File(PathBuf),
    /// By being printed, with this line that connects [`KnownClient::PRINTED_WITH_TOKENS`].
    Print(String),
}

impl TokenDelivery {
    /// Does all that can fail before there is a token: reserves the file, and finds the server's name.
    ///
    /// # Errors
    /// [`CliError`] if the file can't be made, or if the server does not answer.
    pub(crate) async fn prepare(
        subject: &AdminTarget,
        session: &AdminSession,
        save_to: Option<&Path>,
    ) -> Result<Self, CliError> {
        let file = save_to.map(TokenFile::create).transpose()?;
        let name = server_name(subject, session).await?;
        let url = session.url.clone();
        Ok(Self {
            server: McpServer { name, url },
            file,
        })
    }

    /// Stores the token in its file, if it has one, and returns the [`Delivery`].
    ///
    /// # Errors
    /// If the file can't be written; the token is nobody's then, and the caller revokes it.
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

/// Returns the server's name for clients: the app's, if every client takes it.
///
/// # Errors
/// [`CliError`] if a server of an unknown app does not answer.
pub(crate) async fn server_name(
    subject: &AdminTarget,
    session: &AdminSession,
) -> Result<String, CliError> {
    if let AdminTarget::App(app) = subject {
        return Ok(app.name().to_owned());
    }
    let app = session.api.health().await?.details.get("app").cloned();
    Ok(app
        .filter(|name| KnownClient::all_take_name(name))
        .unwrap_or_else(|| "mcp".to_owned()))
}
