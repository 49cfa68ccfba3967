//! `admin-tools`: the admin operations as tools of an MCP server on standard input and output, for the operator's own agent.
//!
//! The server holds a stored connection, so neither the signing key nor a token passes through the model. A new token is written
//! to a file that only the operator can read, and the model is told its path.

#![expect(unreachable_pub, reason = "`#[tools]` takes the public methods")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use mcp_lambda::admin::{DEFAULT_LIMIT, MAX_LIMIT, NewToken, NewUser};
use mcp_lambda::backend::Backend;
use mcp_lambda::config::Settings;
use mcp_lambda::keys::{FixedKey, SigningKey};
use mcp_lambda::prelude::*;
use mcp_lambda::store::MemoryStore;
use mcp_lambda::user::{Caller, Scopes};
use serde_json::{Map, Value, json};

use crate::connection::AdminSession;
use crate::context::CommandContext;
use crate::error::CliError;
use crate::mcp::RpcClient;
use crate::probe_steps;
use crate::token_file::{TokenFile, token_folder};

/// Offer the admin operations to an AI agent, as an MCP server on standard input and output.
///
/// It speaks for the connection in use, or for `--on NAME`. The signing key stays here, and so do new tokens: they are
/// written to files that only you can read. What can't be undone is marked as destructive, so that the client asks you.
#[derive(Debug, Args)]
pub(crate) struct AdminToolsCommand {}

impl AdminToolsCommand {
    /// Serves MCP on standard input and output until the client closes it.
    pub(crate) async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        let operations = Operations {
            session: Arc::clone(context.session().await?),
            tokens: token_folder(&context.target)?,
        };
        let app = build_app(context.target.name(), operations);
        let settings = read_empty_settings(app.name())?;
        let server = app
            .use_backend(build_unused_backend()?)
            .build(&settings)
            .await?;
        let operator = Caller::user(OPERATOR.parse()?, Scopes::All, None);
        Ok(server.serve_stdio(operator).await?)
    }
}

/// The caller of all tools: the person who started this process, and who holds the connection.
const OPERATOR: &str = "operator@localhost";

/// The answer of a tool.
type JsonObject = Map<String, Value>;

/// The operations over one connection.
#[derive(Clone, Debug)]
struct Operations {
    session: Arc<AdminSession>,
    /// The folder in which new tokens are written.
    tokens: PathBuf,
}

/// Returns a store and a key for an app that has no users and issues no tokens.
fn build_unused_backend() -> Result<Backend> {
    Ok(Backend {
        store: Arc::new(MemoryStore::default()),
        keys: Arc::new(FixedKey::new(SigningKey::new([0; 32])?)),
    })
}

/// Reads settings from an empty environment: the variables of this shell are settings of the server, not of this app.
fn read_empty_settings(app: &str) -> Result<Settings, CliError> {
    let environment = BTreeMap::from([("HOME".to_owned(), "/".to_owned())]);
    Settings::read(&environment, app)
        .map_err(|problems| CliError::NotConfigured(problems.join("\n")))
}

/// Builds an app whose tools are the operations.
fn build_app(name: &str, operations: Operations) -> App {
    let url = operations.session.url.clone();
    App::new(name)
        .version(env!("CARGO_PKG_VERSION"))
        .instructions(format!(
            "Administers the MCP server at {url}: its users, their tokens and profiles. Never ask for signing keys or tokens; \
             new tokens are written to files on the operator's machine, whose places you are told."
        ))
        .tools(operations.tools())
        .safe_tool("server_health")
}

#[tools]
impl Operations {
    /// Show the server's health: a word for the whole, one for each part, and details.
    #[tool(read_only, idempotent)]
    pub async fn server_health(&self) -> Result<JsonObject> {
        Ok(to_object(json!(self.session.api.health().await?)))
    }

    /// Try everything a client needs, step by step, from reaching the server to listing its tools. It never acts as a user.
    #[tool(read_only, idempotent)]
    pub async fn probe_server(&self) -> Result<JsonObject> {
        let results = probe_steps::run_steps(&self.session).await;
        Ok(to_object(probe_steps::to_json(&self.session, &results)))
    }

    /// The server's tools, as its users see them.
    #[tool(read_only, idempotent)]
    pub async fn list_server_tools(&self) -> Result<JsonObject> {
        let client = RpcClient::for_probe(&self.session).await?;
        Ok(to_object(json!({ "tools": client.list_tools().await? })))
    }

    /// Registered users in order of email, a page at a time.
    #[tool(read_only, idempotent)]
    pub async fn list_users(
        &self,
        /// The `next` of an earlier answer, to go on from there.
        after: Option<String>,
        /// How many to give at most, up to 1000.
        limit: Option<usize>,
    ) -> Result<JsonObject> {
        let after = after.map(|email| email.parse()).transpose()?;
        let limit = limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        let page = self.session.api.users(after.as_ref(), limit).await?;
        Ok(to_object(json!({ "users": page.users, "next": page.next })))
    }

    /// One user: when registered, when revoked, how many tokens work, and the profile, in which secrets and what the app does not declare are masked.
    #[tool(read_only, idempotent)]
    pub async fn show_user(
        &self,
        /// The user's email.
        email: String,
    ) -> Result<JsonObject> {
        Ok(to_object(json!(
            self.session.api.user(&email.parse()?).await?
        )))
    }

    /// A user's tokens that work: id, name, times and what they open; never the tokens themselves.
    #[tool(read_only, idempotent)]
    pub async fn list_tokens(
        &self,
        /// The user's email.
        email: String,
    ) -> Result<JsonObject> {
        Ok(to_object(
            json!({ "tokens": self.session.api.tokens(&email.parse()?).await? }),
        ))
    }

    /// Register a user. The first token is written to a file on the operator's machine; the answer tells which.
    #[tool(destructive = false)]
    pub async fn register_user(
        &self,
        /// The user's email.
        email: String,
        /// What the app keeps about the user. Secrets in it pass through you: rather have the operator set them.
        profile: Option<JsonObject>,
        /// Lifetime of the token, in seconds; left out, the server's default.
        duration_seconds: Option<u64>,
        /// Name of the token, such as laptop.
        name: Option<String>,
        /// Scopes of the token; left out, everything its user may do.
        scopes: Option<Vec<String>>,
        /// Whether it opens only tools that change nothing.
        read_only: Option<bool>,
    ) -> Result<JsonObject> {
        let email: Email = email.parse()?;
        let file = TokenFile::create_in(&self.tokens)?;
        let mut user = NewUser::new(email.clone());
        user.profile = profile.map(Value::Object);
        user.name = name;
        user.duration_seconds = duration_seconds;
        user.scopes = scopes;
        user.read_only = read_only.unwrap_or(false);
        let new = self.session.api.register(user).await?;
        let path = match file.store(&new.token) {
            Ok(path) => path,
            Err(error) => {
                let revoked = self.session.api.revoke(&email).await;
                return Err(add_revocation(&error, revoked));
            }
        };
        Ok(to_object(
            json!({ "email": email, "token_file": path, "duration_seconds": new.duration_seconds }),
        ))
    }

    /// Make another token for a user. It is written to a file on the operator's machine; the answer tells which.
    #[tool(destructive = false)]
    pub async fn create_token(
        &self,
        /// The user's email.
        email: String,
        /// Name of the token, such as laptop.
        name: Option<String>,
        /// Lifetime of the token, in seconds; left out, the server's default.
        duration_seconds: Option<u64>,
        /// Scopes of the token; left out, everything its user may do.
        scopes: Option<Vec<String>>,
        /// Whether it opens only tools that change nothing.
        read_only: Option<bool>,
    ) -> Result<JsonObject> {
        let email: Email = email.parse()?;
        let file = TokenFile::create_in(&self.tokens)?;
        let mut token = NewToken::new(email.clone());
        token.name = name;
        token.duration_seconds = duration_seconds;
        token.scopes = scopes;
        token.read_only = read_only.unwrap_or(false);
        let new = self.session.api.create_token(token).await?;
        let path = match file.store(&new.token) {
            Ok(path) => path,
            Err(error) => {
                let revoked = self.session.api.revoke_token(&email, &new.id).await;
                return Err(add_revocation(&error, revoked));
            }
        };
        Ok(to_object(
            json!({ "email": email, "id": new.id, "expires": new.expires, "token_file": path }),
        ))
    }

    /// Change what the app keeps about a user, by a JSON merge patch (RFC 7396): `null` takes a field away.
    #[tool(destructive, idempotent)]
    pub async fn update_profile(
        &self,
        /// The user's email.
        email: String,
        /// The fields to change. Secrets in it pass through you: rather have the operator set them.
        patch: JsonObject,
    ) -> Result<JsonObject> {
        let email: Email = email.parse()?;
        let profile = self
            .session
            .api
            .update_profile(&email, &Value::Object(patch))
            .await?;
        Ok(to_object(json!({ "email": email, "profile": profile })))
    }

    /// End one token of a user, at its next call.
    #[tool(destructive, idempotent)]
    pub async fn revoke_token(
        &self,
        /// The user's email.
        email: String,
        /// The token's id, from `list_tokens`.
        id: String,
    ) -> Result<JsonObject> {
        self.session.api.revoke_token(&email.parse()?, &id).await?;
        Ok(to_object(json!({ "revoked": id })))
    }

    /// End every token of a user, at the next call. The user and what is kept stay.
    #[tool(destructive, idempotent)]
    pub async fn revoke_user(
        &self,
        /// The user's email.
        email: String,
    ) -> Result<JsonObject> {
        self.session.api.revoke(&email.parse()?).await?;
        Ok(to_object(json!({ "revoked": email })))
    }

    /// Delete a user, the record and all data, for good. Give the email twice to show that this is meant.
    #[tool(destructive, idempotent)]
    pub async fn purge_user(
        &self,
        /// The user's email.
        email: String,
        /// The same email again.
        confirm: String,
    ) -> Result<JsonObject> {
        if email != confirm {
            return Err(Error::invalid(
                "`confirm` is not the same email; nothing was purged",
            ));
        }
        self.session.api.purge(&email.parse()?).await?;
        Ok(to_object(json!({ "purged": email })))
    }
}

/// Returns the error that kept a token from its file, with what became of the token.
fn add_revocation(error: &Error, revoked: Result<()>) -> Error {
    let outcome = match revoked {
        Ok(()) => "the token was revoked".to_owned(),
        Err(problem) => {
            format!("the token could not be revoked either: {problem}; revoke the user")
        }
    };
    Error::new(error.kind(), format!("{error}; {outcome}"))
}

/// Returns a value as an object; a list or a text becomes its member `result`.
fn to_object(value: Value) -> JsonObject {
    match value {
        Value::Object(members) => members,
        other => JsonObject::from_iter([("result".to_owned(), other)]),
    }
}
