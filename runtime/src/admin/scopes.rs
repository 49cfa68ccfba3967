//! The scopes that anything in an app names: a token for another one would open less than its operator thinks.

use std::collections::BTreeSet;

use crate::error::{Error, Result};

/// How many letters a scope may be away from what was meant.
const NEAR: usize = 2;

/// The scopes that mean something in an app.
#[derive(Clone, Debug)]
pub(crate) enum KnownScopes {
    /// Those that a tool, a prompt or a resource needs.
    Named(BTreeSet<String>),
    /// Whatever a foreign handler makes of them.
    Any,
}

impl KnownScopes {
    /// Refuses a scope that nothing names.
    ///
    /// # Errors
    /// `Invalid`, with what was meant where that can be told.
    pub(super) fn check(&self, asked: Option<&[String]>) -> Result<()> {
        let Self::Named(known) = self else {
            return Ok(());
        };
        match asked
            .unwrap_or_default()
            .iter()
            .find(|scope| !known.contains(*scope))
        {
            Some(scope) => Err(Error::invalid(refusal(scope, known))),
            None => Ok(()),
        }
    }
}

fn refusal(scope: &str, known: &BTreeSet<String>) -> String {
    let shown: String = scope
        .chars()
        .filter(|letter| !letter.is_control())
        .take(64)
        .collect();
    let fault = format!("nothing in this app needs the scope `{shown}`");
    let near = known
        .iter()
        .map(|known| (strsim::osa_distance(scope, known), known))
        .min();
    match near {
        Some((distance, meant)) if distance <= NEAR => format!("{fault}; did you mean `{meant}`?"),
        Some(_) => {
            let names: Vec<_> = known.iter().map(|scope| format!("`{scope}`")).collect();
            format!("{fault}; the scopes are {}", names.join(", "))
        }
        None => format!(
            "{fault}, which has no scopes; for a token that only reads, ask for a read-only one"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(known: &[&str], asked: &str) -> String {
        let known = KnownScopes::Named(known.iter().map(|scope| (*scope).to_owned()).collect());
        let refused = known.check(Some(&[asked.to_owned()]));
        refused.map_or_else(|error| error.message().to_owned(), |()| "taken".to_owned())
    }

    #[test]
    fn a_scope_that_nothing_names_is_refused_with_what_was_meant() {
        let known = ["expenses:read", "expenses:write"];
        assert_eq!(told(&known, "expenses:read"), "taken");
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
                told(known, asked),
                format!("nothing in this app needs the scope `{asked}`{end}")
            );
        }
        KnownScopes::Any
            .check(Some(&["anything".to_owned()]))
            .expect("a foreign handler's affair");
    }
}
