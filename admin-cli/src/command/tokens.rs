//! `tokens`: creates, lists and revokes the tokens that users' clients call with.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mcp_lambda::admin::{IssuedToken, NewToken, Token};
use mcp_lambda::{Email, Error, shell};
use serde_json::json;

use crate::clients::KnownClient;
use crate::connection::AdminSession;
use crate::context::CommandContext;
use crate::error::CliError;
use crate::output::format_table;
use crate::token_delivery::{Delivery, TokenDelivery};
use crate::values::parse_duration;

/// Make, list and revoke tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokensCommand {
    Create(CreateToken),
    /// List a user's tokens, without the tokens themselves.
    List {
        /// The user's email.
        email: Email,
    },
    /// End one token.
    Revoke {
        /// The user's email.
        email: Email,
        /// The token's id from `tokens list`, the beginning of it (6 characters or more), or its name if no other has that name.
        #[arg(value_name = "ID|NAME")]
        id: String,
    },
}

/// Make another token for a user and print it, once.
#[derive(Debug, Args)]
pub(crate) struct CreateToken {
    /// The user's email.
    email: Email,
    /// Name of the token, such as laptop.
    #[arg(long)]
    name: Option<String>,
    /// Lifetime of the token, such as 12h or 90d.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    expires: Option<u64>,
    /// Scope of the token, may be given several times; without any, everything its user may do. `tools list` shows the scopes there are.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Let it call only tools that are marked as changing nothing.
    #[arg(long)]
    read_only: bool,
    /// Write the token into this file, readable by you alone, and don't show it.
    #[arg(long, value_name = "FILE")]
    save_to: Option<PathBuf>,
}

impl TokensCommand {
    /// Runs the command over the session.
    pub(crate) async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        // "Not connected" comes before an error of the arguments.
        context.session().await?;
        match self {
            Self::Create(create) => create.run(context).await,
            Self::List { email } => list(context, &email).await,
            Self::Revoke { email, id } => revoke(context, &email, &id).await,
        }
    }
}

impl CreateToken {
    async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        let session = context.session().await?;
        let delivery = TokenDelivery::prepare(context, self.save_to.as_deref()).await?;
        let mut request = NewToken::new(self.email);
        request.name = self.name;
        request.duration_seconds = self.expires;
        request.scopes = Some(self.scopes).filter(|scopes| !scopes.is_empty());
        request.read_only = self.read_only;
        let issued = session.api.create_token(request).await?;
        match delivery.deliver(&issued.token) {
            Ok(Delivery::File(path)) => {
                print_file(context, &issued, &path);
                Ok(())
            }
            Ok(Delivery::Print(command)) => print_token(context, &issued, &command).await,
            Err(error) => Err(revoke_undelivered(session, &issued, &error).await.into()),
        }
    }
}

/// Prints the path of the file that holds a new token.
fn print_file(context: &CommandContext, issued: &IssuedToken, path: &Path) {
    let IssuedToken {
        email, id, expires, ..
    } = issued;
    let answer = json!({ "email": email, "token_file": path, "duration_seconds": issued.duration_seconds, "id": id, "expires": expires });
    context.output.print_answer(&answer, || {
        let path = path.display();
        format!("The token {id} for {email} is in {path}; it ends {expires}.")
    });
}

/// Prints a new token, once, with the command that registers a client. A token that can't be written is revoked.
async fn print_token(
    context: &CommandContext,
    issued: &IssuedToken,
    command: &str,
) -> Result<(), CliError> {
    let IssuedToken {
        email, id, expires, ..
    } = issued;
    let token = issued.token.expose();
    let answer = json!({
        "email": email, "token": token, "duration_seconds": issued.duration_seconds,
        "id": id, "expires": expires, "register": command,
    });
    context.output.print_answer(&answer, || {
        let client = KnownClient::PRINTED_WITH_TOKENS.title();
        format!(
            "This token for {email} is shown once; it is {id} and ends {expires}:\n\n  {token}\n\nConnect {client} with\n\n  {command}"
        )
    });
    if context.output.write_error().is_some() {
        let error = Error::internal("the token can't be shown");
        let session = context.session().await?;
        return Err(revoke_undelivered(session, issued, &error).await.into());
    }
    Ok(())
}

/// Revokes a token that nobody has, and returns the error with what became of the token.
async fn revoke_undelivered(session: &AdminSession, issued: &IssuedToken, error: &Error) -> Error {
    let outcome = match session.api.revoke_token(&issued.email, &issued.id).await {
        Ok(()) => "the token was revoked".to_owned(),
        Err(problem) => format!(
            "the token could not be revoked ({problem}): `{}` does it",
            shell::line(["tokens", "revoke", issued.email.as_str(), &issued.id])
        ),
    };
    Error::new(error.kind(), format!("{error}; {outcome}"))
}

async fn list(context: &CommandContext, email: &Email) -> Result<(), CliError> {
    let tokens = context.session().await?.api.tokens(email).await?;
    context.output.print_answer(&tokens, || {
        if tokens.is_empty() {
            return format!("{email} has no tokens.").into();
        }
        let header = ["ID", "NAME", "CREATED", "EXPIRES", "SCOPES", "OPENS"];
        format_table(header, tokens.iter().map(to_row))
    });
    Ok(())
}

fn to_row(token: &Token) -> [String; 6] {
    let scopes = match token.scopes.as_deref() {
        None => "all".to_owned(),
        Some([]) => "none".to_owned(),
        Some(scopes) => scopes.join(" "),
    };
    let opens = if token.read_only {
        "read-only tools"
    } else {
        "all tools"
    };
    [
        token.id.clone(),
        token.name.clone().unwrap_or_default(),
        token.created.clone(),
        token.expires.clone(),
        scopes,
        opens.to_owned(),
    ]
}

async fn revoke(context: &CommandContext, email: &Email, word: &str) -> Result<(), CliError> {
    let session = context.session().await?;
    let id = resolve_id(&session.api.tokens(email).await?, word)?;
    session.api.revoke_token(email, &id).await?;
    context.output.print_answer(&json!({ "revoked": id }), || {
        format!("Revoked the token {id} of {email}; the others go on.")
    });
    Ok(())
}

/// The fewest characters of an id that select its token.
const SHORTEST_PREFIX: usize = 6;

/// Returns the id of the token that `word` is the id of, or else the beginning of the id, or else the name.
///
/// # Errors
/// [`Error::conflict`] if several tokens begin with it, or have that name.
fn resolve_id(tokens: &[Token], word: &str) -> Result<String, Error> {
    let select = |matches: &dyn Fn(&Token) -> bool| -> Vec<String> {
        let selected = tokens.iter().filter(|token| matches(token));
        selected.map(|token| token.id.clone()).collect()
    };
    let candidates = [
        select(&|token| token.id == word),
        select(&|token| token.id.starts_with(word) && word.len() >= SHORTEST_PREFIX),
        select(&|token| token.name.as_deref() == Some(word)),
    ];
    let found = candidates.into_iter().find(|ids| !ids.is_empty());
    match found.as_deref() {
        // The server then answers that there is no such token.
        None => Ok(word.to_owned()),
        Some([id]) => Ok(id.clone()),
        Some(many) => Err(Error::conflict(format!(
            "`{word}` may be {}; give the whole id",
            many.join(" or ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(id: &str, name: Option<&str>) -> Token {
        let json = json!({"id": id, "name": name, "created": "", "expires": "", "scopes": null});
        serde_json::from_value(json).expect("a token")
    }

    #[test]
    fn a_token_is_meant_by_its_id_its_beginning_or_its_name() {
        let tokens = [
            token("aaaaaa11", Some("laptop")),
            token("aaaaaa22", Some("ci")),
            token("bbbbbb33", Some("ci")),
            token("laptop", None),
        ];
        for (word, id) in [
            ("aaaaaa11", Some("aaaaaa11")),
            ("bbbbbb", Some("bbbbbb33")),
            ("aaaaaa", None),
            ("ci", None),
            ("laptop", Some("laptop")),
            ("bbb", Some("bbb")),
            ("", Some("")),
            ("nothing", Some("nothing")),
        ] {
            assert_eq!(resolve_id(&tokens, word).ok().as_deref(), id, "{word}");
        }
        assert_eq!(
            resolve_id(&tokens[..1], "laptop").ok().as_deref(),
            Some("aaaaaa11")
        );
        assert!(
            resolve_id(&tokens, "ci")
                .expect_err("two")
                .message()
                .contains("aaaaaa22 or bbbbbb33")
        );
    }
}
