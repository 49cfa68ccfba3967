//! The scopes that tools, prompts and resources of an app name.
//!
//! A token for any other scope (RFC 6749 §3.3) would open less than its operator thinks, so it is
//! refused.

use std::collections::BTreeSet;

use crate::error::{Error, Result};

/// The most letters by which a scope may differ from the one that a message suggests.
const NEAR: usize = 2;

/// The scopes that have a meaning in an app.
#[derive(Clone, Debug)]
pub(crate) enum KnownScopes {
    /// The scopes that a tool, a prompt or a resource needs.
    Named(BTreeSet<String>),
    /// Any scope: the app's own handler ([`App::serve_handler`](crate::App::serve_handler))
    /// decides.
    Any,
}

impl KnownScopes {
    /// Checks that every requested scope is known.
    ///
    /// # Errors
    /// `Invalid`, with a suggestion if a known scope is near.
    pub(super) fn check(&self, requested: Option<&[String]>) -> Result<()> {
        let Self::Named(known) = self else {
            return Ok(());
        };
        match requested
            .unwrap_or_default()
            .iter()
            .find(|scope| !known.contains(*scope))
        {
            Some(scope) => Err(Error::invalid(describe_unknown(scope, known))),
            None => Ok(()),
        }
    }
}

/// Describes an unknown scope, with the nearest known one or all of them.
fn describe_unknown(scope: &str, known: &BTreeSet<String>) -> String {
    // The scope was not validated yet, and the message may reach a terminal and the log.
    let shown: String = scope
        .chars()
        .filter(|letter| !letter.is_control())
        .take(64)
        .collect();
    let problem = format!("nothing in this app needs the scope `{shown}`");
    // Optimal string alignment counts two swapped letters as one difference, a common typing
    // error.
    let near = known
        .iter()
        .map(|known| (strsim::osa_distance(scope, known), known))
        .min();
    match near {
        Some((distance, meant)) if distance <= NEAR => {
            format!("{problem}; did you mean `{meant}`?")
        }
        Some(_) => {
            let names: Vec<_> = known.iter().map(|scope| format!("`{scope}`")).collect();
            format!("{problem}; the scopes are {}", names.join(", "))
        }
        None => format!(
            "{problem}, which has no scopes; for a token that only reads, ask for a read-only one"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe_check(known: &[&str], asked: &str) -> String {
        let known = KnownScopes::Named(known.iter().map(|scope| (*scope).to_owned()).collect());
        let refused = known.check(Some(&[asked.to_owned()]));
        refused.map_or_else(|error| error.message().to_owned(), |()| "taken".to_owned())
    }

    #[test]
    fn a_scope_that_nothing_names_is_refused_with_what_was_meant() {
        let known = ["expenses:read", "expenses:write"];
        assert_eq!(describe_check(&known, "expenses:read"), "taken");
        for (known, asked, end) in [
            (
                &known[..],
                "expenses:raed",
                "; did you mean `expenses:read`?",
            ),
            (
                &known[..],
                "notes",
                "; the scopes are `expenses:read`, `expenses:write`",
            ),
            (
                &[],
                "notes",
                ", which has no scopes; for a token that only reads, ask for a read-only one",
            ),
        ] {
            assert_eq!(
                describe_check(known, asked),
                format!("nothing in this app needs the scope `{asked}`{end}")
            );
        }
        KnownScopes::Any
            .check(Some(&["anything".to_owned()]))
            .expect("left to the app's own handler");
    }
}
