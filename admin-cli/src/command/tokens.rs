//! `tokens`: what users call with.

use clap::Subcommand;
use std::path::{Path, PathBuf};

use mcp_lambda::admin::{self, IssuedToken, NewToken};
use mcp_lambda::{Email, Error, shell};
use serde_json::json;

use crate::clients::KnownClient;
use crate::connection::AdminSession;
use crate::error::CliError;
use crate::output::{Output, format_table};
use crate::target::AdminTarget;
use crate::token_delivery::{Delivery, TokenDelivery};
use crate::values::parse_duration;

#[derive(Debug, Subcommand)]
pub(crate) enum TokensCommand {
    /// Make another token for a user and print it, once.
    Create {
        /// The user's email.
        email: Email,
        /// What to call it, such as laptop.
        #[arg(long)]
        name: Option<String>,
        /// How long it lives, such as 12h or 90d.
        #[arg(long, value_name = "TIME", value_parser = parse_duration)]
        expires: Option<u64>,
        /// What it is good for; without any, everything its user may do. `tools list` shows the scopes there are.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// Let it call only tools that are marked as changing nothing.
        #[arg(long)]
        read_only: bool,
        /// Write the token into this file, readable by you alone, and don't show it.
        #[arg(long, value_name = "FILE")]
        save_to: Option<PathBuf>,
    },
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

pub(crate) async fn run(
    subject: &AdminTarget,
    session: &AdminSession,
    command: TokensCommand,
    output: &Output,
) -> Result<(), CliError> {
    match command {
        TokensCommand::Create {
            email,
            name,
            expires,
            scopes,
            read_only,
            save_to,
        } => {
            let scopes = Some(scopes).filter(|scopes| !scopes.is_empty());
            let token = NewToken {
                email,
                name,
                duration_seconds: expires,
                scopes,
                read_only,
            };
            create(subject, session, token, save_to.as_deref(), output).await
        }
        TokensCommand::List { email } => list(session, &email, output).await,
        TokensCommand::Revoke { email, id } => revoke(session, &email, &id, output).await,
    }
}

async fn create(
    subject: &AdminTarget,
    session: &AdminSession,
    token: NewToken,
    save_to: Option<&Path>,
    output: &Output,
) -> Result<(), CliError> {
    let delivery = TokenDelivery::prepare(subject, session, save_to).await?;
    let new = session.api.create_token(token).await?;
    match delivery.deliver(&new.token) {
        Ok(Delivery::File(path)) => {
            report_file(&new, &path, output);
            Ok(())
        }
        Ok(Delivery::Print(line)) => show(session, &new, &line, output).await,
        Err(error) => Err(revoke_unseen(session, &new, &error).await.into()),
    }
}

/// Reports the file that holds a new token.
fn report_file(new: &IssuedToken, path: &Path, output: &Output) {
    let answer = json!({ "email": new.email, "token_file": path, "duration_seconds": new.duration_seconds, "id": new.id, "expires": new.expires });
    output.print_answer(&answer, || {
        format!(
            "The token {} for {} is in {}; it ends {}.",
            new.id,
            new.email,
            path.display(),
            new.expires
        )
    });
}

/// Prints a new token, once.
async fn show(
    session: &AdminSession,
    new: &IssuedToken,
    line: &str,
    output: &Output,
) -> Result<(), CliError> {
    let token = new.token.expose();
    let answer = json!({
        "email": new.email, "token": token, "duration_seconds": new.duration_seconds,
        "id": new.id, "expires": new.expires, "register": line,
    });
    output.print_answer(&answer, || {
        format!("This token for {} is shown once; it is {} and ends {}:\n\n  {token}\n\nConnect {} with\n\n  {line}", new.email, new.id, new.expires, KnownClient::PRINTED_WITH_TOKENS.title())
    });
    if output.write_error().is_some() {
        return Err(
            revoke_unseen(session, new, &Error::internal("the token can't be shown"))
                .await
                .into(),
        );
    }
    Ok(())
}

/// The fault, after the token, which nobody has, is ended.
async fn revoke_unseen(session: &AdminSession, new: &IssuedToken, error: &Error) -> Error {
    let words = match session.api.revoke_token(&new.email, &new.id).await {
        Ok(()) => "the token was revoked".to_owned(),
        Err(fault) => format!(
            "the token could not be revoked ({fault}): `{}` does it",
            shell::line(["tokens", "revoke", new.email.as_str(), &new.id])
        ),
    };
    Error::new(error.kind(), format!("{error}; {words}"))
}

async fn list(session: &AdminSession, email: &Email, output: &Output) -> Result<(), CliError> {
    let tokens = session.api.tokens(email).await?;
    output.print_answer(&tokens, || {
        if tokens.is_empty() {
            format!("{email} has no tokens.").into()
        } else {
            format_table(
                ["ID", "NAME", "CREATED", "EXPIRES", "SCOPES", "OPENS"],
                tokens.iter().map(row),
            )
        }
    });
    Ok(())
}

fn row(token: &admin::Token) -> [String; 6] {
    let scopes = token.scopes.as_ref().map_or_else(
        || "all".to_owned(),
        |scopes| {
            if scopes.is_empty() {
                "none".to_owned()
            } else {
                scopes.join(" ")
            }
        },
    );
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

async fn revoke(
    session: &AdminSession,
    email: &Email,
    id: &str,
    output: &Output,
) -> Result<(), CliError> {
    let tokens = session.api.tokens(email).await?;
    let id = resolve_id(&tokens, id)?;
    session.api.revoke_token(email, &id).await?;
    output.print_answer(&json!({ "revoked": id }), || {
        format!("Revoked the token {id} of {email}; the others go on.")
    });
    Ok(())
}

/// The id of the token that has this id, or else alone begins with it, or else alone is called so.
fn resolve_id(tokens: &[admin::Token], word: &str) -> Result<String, Error> {
    let ids = |is_meant: &dyn Fn(&admin::Token) -> bool| -> Vec<String> {
        tokens
            .iter()
            .filter(|token| is_meant(token))
            .map(|token| token.id.clone())
            .collect()
    };
    let begins = ids(&|token| token.id.starts_with(word) && word.len() >= SHORTEST_PREFIX);
    let called = ids(&|token| token.name.as_deref() == Some(word));
    let found = [ids(&|token| token.id == word), begins, called]
        .into_iter()
        .find(|ids| !ids.is_empty());
    match found.as_deref() {
        // The server says so in its own words.
        None => Ok(word.to_owned()),
        Some([id]) => Ok(id.clone()),
        Some(many) => Err(Error::conflict(format!(
            "`{word}` may be {}; give the whole id",
            many.join(" or ")
        ))),
    }
}

/// The fewest characters of an id that select it.
const SHORTEST_PREFIX: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn token(id: &str, name: Option<&str>) -> admin::Token {
        let [created, expires] = ["", ""].map(str::to_owned);
        admin::Token {
            id: id.into(),
            name: name.map(str::to_owned),
            created,
            expires,
            scopes: None,
            read_only: false,
        }
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
