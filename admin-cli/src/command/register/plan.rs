//! The plan of a registration: the server, the clients, and the access that they get.

use std::path::PathBuf;

use mcp_lambda::admin::{IssuedToken, NewToken};
use mcp_lambda::{Email, Error, shell};

use crate::clients::{KnownClient, McpServer, Scope, ServerProcess, TokenSource, Transport};
use crate::connection::AdminSession;

/// A registration of one server with one or more clients, before any token is created.
pub(super) struct RegistrationPlan {
    pub(super) server: McpServer,
    pub(super) access: ClientAccess,
    /// The clients of `--client`; none stands for all.
    pub(super) clients: Vec<KnownClient>,
    pub(super) scope: Scope,
    /// An entry of the same name that differs is replaced (`--force`).
    pub(super) replaces_entries: bool,
    /// The folder of tokens that a person brings to a client.
    pub(super) token_folder: PathBuf,
}

/// The access that a client gets.
pub(super) enum ClientAccess {
    /// A token of its own, for this user.
    User(Email),
    /// The token in the variable of this name.
    Variable(String),
    /// A server that it starts itself, without a token.
    Process(ServerProcess),
}

impl RegistrationPlan {
    /// Returns true if a token is created for each client.
    pub(super) const fn creates_tokens(&self) -> bool {
        matches!(self.access, ClientAccess::User(_))
    }

    /// Returns true if clients start the server themselves.
    pub(super) const fn starts_process(&self) -> bool {
        matches!(self.access, ClientAccess::Process(_))
    }

    /// Returns the client's [`Transport`]; a token is created, and returned too, if the plan says so.
    ///
    /// # Errors
    /// Those of creating the token.
    pub(super) async fn issue_transport(
        &self,
        session: &AdminSession,
        client: &str,
    ) -> Result<(Transport, Option<IssuedToken>), Error> {
        let ClientAccess::User(email) = &self.access else {
            return Ok((self.placeholder_transport(), None));
        };
        let mut token = NewToken::new(email.clone());
        token.name = Some(client.to_owned());
        let issued = session.api.create_token(token).await?;
        let token = TokenSource::Given(issued.token.expose().clone());
        Ok((Transport::Http(token), Some(issued)))
    }

    /// Returns the [`Transport`] with a placeholder for a token that would be created.
    pub(super) fn placeholder_transport(&self) -> Transport {
        match &self.access {
            ClientAccess::User(_) => Transport::Http(TokenSource::Given("TOKEN".to_owned())),
            ClientAccess::Variable(name) => Transport::Http(TokenSource::Variable(name.clone())),
            ClientAccess::Process(process) => Transport::Stdio(process.clone()),
        }
    }

    /// Returns the note on a server that a client starts: it opens the store itself, so no token ends it.
    pub(super) fn process_note(&self) -> Option<String> {
        let ClientAccess::Process(process) = &self.access else {
            return None;
        };
        let email = process.arguments.last()?;
        let [revoke, purge] = ["revoke", "purge"].map(|verb| shell::line(["users", verb, email]));
        Some(format!(
            "it opens the store of this machine itself, and no token ends it: `{revoke}` ends it at its next call, yet it may be started again; `{purge}` ends that too"
        ))
    }
}

/// Revokes a token that nobody has, and returns the note on what became of it; `None` if there is no token.
pub(super) async fn revoke_unused(
    session: &AdminSession,
    issued: Option<IssuedToken>,
) -> Option<String> {
    let issued = issued?;
    let revoked = session.api.revoke_token(&issued.email, &issued.id).await;
    Some(match revoked {
        Ok(()) => "the token made for it was revoked".to_owned(),
        Err(error) => format!(
            "the token made for it could not be revoked ({error}); say `{}`",
            shell::line(["tokens", "revoke", issued.email.as_str(), &issued.id])
        ),
    })
}
