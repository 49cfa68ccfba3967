//! `admin-tools`: the admin operations as tools of an MCP server on standard input and output, for the operator's own agent.
//!
//! It works over a connection that is stored here: no signing key passes through a model, and no token either. A new
//! token goes into a file that only the operator can read, and the model learns where that is.

#![expect(unreachable_pub, reason = "`#[tools]` takes the public methods")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use mcp_lambda::admin::{DEFAULT_LIMIT, MAX_LIMIT, NewToken, NewUser};
use mcp_lambda::backend::Backend;
use mcp_lambda::config::Settings;
use mcp_lambda::keys::{FixedKey, SigningKey};
use mcp_lambda::prelude::*;
use mcp_lambda::store::Memory;
use mcp_lambda::user::{Caller, Scopes};
use serde_json::{Map, Value, json};

use crate::connection::AdminSession;
use crate::error::CliError;
use crate::mcp::RpcClient;
use crate::probe_steps;
use crate::target::AdminTarget;
use crate::token_file::{TokenFile, token_folder};

/// Whom the calls are by: whoever started this process, who holds the connection.
const OPERATOR: &str = "operator@localhost";

/// An answer as data.
type JsonObject = Map<String, Value>;

/// What an operator can do over one connection.
#[derive(Clone, Debug)]
struct Operations {
    session: Arc<AdminSession>,
    /// Where new tokens are written.
    tokens: PathBuf,
}

pub(crate) async fn run(subject: &AdminTarget, session: AdminSession) -> Result<(), CliError> {
    let operations = Operations {
        session: Arc::new(session),
        tokens: token_folder(subject)?,
    };
    let app = app(subject, operations);
    // It has no users and no tokens of its own, and the variables in the shell are the server's settings, not its.
    let unused = SigningKey::new([0; 32])?;
    let opened_backend = Backend {
        store: Arc::new(Memory::default()),
        keys: Arc::new(FixedKey::new(unused)),
    };
    let nothing_set = BTreeMap::from([("HOME".to_owned(), "/".to_owned())]);
    let settings = Settings::read(&nothing_set, app.name())
        .map_err(|problems| CliError::NotConfigured(problems.join("\n")))?;
    let server = app.use_backend(opened_backend).build(&settings).await?;
    let operator = Caller::user(OPERATOR.parse()?, Scopes::All, None);
    Ok(server.serve_stdio(operator).await?)
}

/// The operations as an app.
fn app(subject: &AdminTarget, operations: Operations) -> App {
    let url = operations.session.url.clone();
    App::new(subject.name())
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
    /// How the server is: a word for the whole, one for each part, and details.
    #[tool(read_only, idempotent)]
    pub async fn server_health(&self) -> Result<JsonObject> {
        Ok(object(json!(self.session.api.health().await?)))
    }

    /// Try everything a client needs, rung by rung, from reaching the server to listing its tools. It never acts as a user.
    #[tool(read_only, idempotent)]
    pub async fn probe_server(&self) -> Result<JsonObject> {
        let attempts = probe_steps::run_steps(&self.session).await;
        Ok(object(probe_steps::to_json(&self.session, &attempts)))
    }

    /// The server's tools, as its users see them.
    #[tool(read_only, idempotent)]
    pub async fn list_server_tools(&self) -> Result<JsonObject> {
        Ok(object(
            json!({ "tools": RpcClient::for_probe(&self.session).await?.list_tools().await? }),
        ))
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
        Ok(object(json!({ "users": page.users, "next": page.next })))
    }

    /// One user: when registered, when revoked, how many tokens work, and the profile, in which secrets and what the app does not declare are masked.
    #[tool(read_only, idempotent)]
    pub async fn show_user(
        &self,
        /// The user's email.
        email: String,
    ) -> Result<JsonObject> {
        Ok(object(json!(self.session.api.user(&email.parse()?).await?)))
    }

    /// A user's tokens that work: id, name, times and what they open; never the tokens themselves.
    #[tool(read_only, idempotent)]
    pub async fn list_tokens(
        &self,
        /// The user's email.
        email: String,
    ) -> Result<JsonObject> {
        Ok(object(
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
        /// How long the token lives, in seconds; left out, as the server is set.
        duration_seconds: Option<u64>,
        /// What to call the token, such as laptop.
        name: Option<String>,
        /// What it is good for; left out, everything its user may do.
        scopes: Option<Vec<String>>,
        /// Whether it opens only tools that change nothing.
        read_only: Option<bool>,
    ) -> Result<JsonObject> {
        let (email, read_only) = (email.parse::<Email>()?, read_only.unwrap_or_default());
        let profile = profile.map(Value::Object);
        // The file first: where none can be made, no token is.
        let file = TokenFile::create_in(&self.tokens)?;
        let user = NewUser {
            email: email.clone(),
            profile,
            name,
            duration_seconds,
            scopes,
            read_only,
        };
        let new = self.session.api.register(user).await?;
        let file = match file.store(&new.token) {
            Ok(file) => file,
            Err(error) => {
                let revoked = self.session.api.revoke(&email).await;
                return Err(partial_failure(&error, revoked));
            }
        };
        Ok(object(
            json!({ "email": email, "token_file": file, "duration_seconds": new.duration_seconds }),
        ))
    }

    /// Make another token for a user. It is written to a file on the operator's machine; the answer tells which.
    #[tool(destructive = false)]
    pub async fn create_token(
        &self,
        /// The user's email.
        email: String,
        /// What to call it, such as laptop.
        name: Option<String>,
        /// How long it lives, in seconds; left out, as the server is set.
        duration_seconds: Option<u64>,
        /// What it is good for; left out, everything its user may do.
        scopes: Option<Vec<String>>,
        /// Whether it opens only tools that change nothing.
        read_only: Option<bool>,
    ) -> Result<JsonObject> {
        let (email, read_only) = (email.parse::<Email>()?, read_only.unwrap_or_default());
        let file = TokenFile::create_in(&self.tokens)?;
        let token = NewToken {
            email: email.clone(),
            name,
            duration_seconds,
            scopes,
            read_only,
        };
        let new = self.session.api.create_token(token).await?;
        let file = match file.store(&new.token) {
            Ok(file) => file,
            Err(error) => {
                return Err(partial_failure(
                    &error,
                    self.session.api.revoke_token(&email, &new.id).await,
                ));
            }
        };
        Ok(object(
            json!({ "email": email, "id": new.id, "expires": new.expires, "token_file": file }),
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
        Ok(object(json!({ "email": email, "profile": profile })))
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
        Ok(object(json!({ "revoked": id })))
    }

    /// End every token of a user, at the next call. The user and what is kept stay.
    #[tool(destructive, idempotent)]
    pub async fn revoke_user(
        &self,
        /// The user's email.
        email: String,
    ) -> Result<JsonObject> {
        self.session.api.revoke(&email.parse()?).await?;
        Ok(object(json!({ "revoked": email })))
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
        Ok(object(json!({ "purged": email })))
    }
}

/// The fault that kept a token from its file, and whether the token is ended.
fn partial_failure(error: &Error, revoked: Result<()>) -> Error {
    let words = match revoked {
        Ok(()) => "the token was revoked".to_owned(),
        Err(fault) => format!("the token could not be revoked either: {fault}; revoke the user"),
    };
    Error::new(error.kind(), format!("{error}; {words}"))
}

fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(fields) => fields,
        other => JsonObject::from_iter([("result".to_owned(), other)]),
    }
}
