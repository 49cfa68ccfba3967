//! The delivery of a new token to a person: in a file of its own, or printed once with a line that connects a client.

use std::path::{Path, PathBuf};

use mcp_lambda::{Error, Secret};

use crate::clients::{Client, Scope, Server, Token, Transport};
use crate::connection::Session;
use crate::exit::Failure;
use crate::files::Reserved;
use crate::setup::{keep, reserve};
use crate::subject::Subject;

/// A place for a token, prepared before there is one.
#[derive(Debug)]
pub(crate) struct TokenDelivery {
    server: Server,
    file: Option<Reserved>,
}

/// The way by which a person gets a new token.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// In this file, which its owner alone reads.
    File(PathBuf),
    /// By being printed, with this line that connects [`Client::PRINTED_WITH_TOKENS`].
    Print(String),
}

impl TokenDelivery {
    /// Does all that can fail before there is a token: reserves the file, and finds the server's name.
    ///
    /// # Errors
    /// [`Failure`] if the file can't be made, or if the server does not answer.
    pub(crate) async fn prepare(
        subject: &Subject,
        session: &Session,
        save_to: Option<&Path>,
    ) -> Result<Self, Failure> {
        let file = save_to.map(reserve).transpose()?;
        let name = server_name(subject, session).await?;
        let url = session.url.clone();
        Ok(Self {
            server: Server { name, url },
            file,
        })
    }

    /// Stores the token in its file, if it has one, and returns the [`Delivery`].
    ///
    /// # Errors
    /// If the file can't be written; the token is nobody's then, and the caller revokes it.
    pub(crate) fn deliver(self, token: &Secret<String>) -> Result<Delivery, Error> {
        if let Some(file) = self.file {
            return keep(file, token).map(Delivery::File);
        }
        let transport = Transport::Http(Token::Given(token.expose().clone()));
        let client = Client::PRINTED_WITH_TOKENS;
        let registration = client.registration(&self.server, &transport, Scope::User);
        Ok(Delivery::Print(registration.text))
    }
}

/// Returns the server's name for clients: the app's, if every client takes it.
///
/// # Errors
/// [`Failure`] if a server of an unknown app does not answer.
pub(crate) async fn server_name(subject: &Subject, session: &Session) -> Result<String, Failure> {
    if let Subject::App(app) = subject {
        return Ok(app.name().to_owned());
    }
    let app = session.api.health().await?.details.get("app").cloned();
    Ok(app
        .filter(|name| Client::all_take_name(name))
        .unwrap_or_else(|| "mcp".to_owned()))
}
