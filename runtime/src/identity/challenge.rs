//! [`Challenge`]s: the `WWW-Authenticate` header of a 401 (RFC 9110 §11.6.1, RFC 6750 §3).

use std::fmt;

/// An authentication scheme with its parameters, sent to a client without a valid credential
/// ([`Verifier::challenge`](super::Verifier::challenge)).
///
/// ```
/// use mcp_lambda::identity::Challenge;
///
/// let challenge = Challenge::bearer().with_parameter("scope", "notes:read notes:write");
/// assert_eq!(challenge.to_string(), r#"Bearer scope="notes:read notes:write""#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    scheme: String,
    parameters: Vec<AuthParameter>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct AuthParameter {
    name: String,
    value: String,
}

impl Challenge {
    /// Creates a challenge of this scheme, a token of RFC 9110 such as `Bearer` or `DPoP`.
    #[must_use]
    pub fn new(scheme: impl Into<String>) -> Self {
        Self {
            scheme: scheme.into(),
            parameters: Vec::new(),
        }
    }

    /// Creates a challenge of the scheme `Bearer` (RFC 6750 §3).
    #[must_use]
    pub fn bearer() -> Self {
        Self::new("Bearer")
    }

    /// Adds a parameter such as `resource_metadata` (RFC 9728 §5.1); one of the same name is replaced.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.parameters.retain(|known| known.name != name);
        self.parameters.push(AuthParameter {
            name,
            value: value.into(),
        });
        self
    }

    /// Returns the scheme.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Joins the challenges of one scheme into one, in the order in which their schemes first appear.
    ///
    /// Clients that look for the parameters of `Bearer` read the first challenge of that scheme and no second one.
    pub(crate) fn join(challenges: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut joined: Vec<Self> = Vec::new();
        for challenge in challenges {
            let same = |known: &&mut Self| known.scheme.eq_ignore_ascii_case(&challenge.scheme);
            let Some(known) = joined.iter_mut().find(same) else {
                joined.push(challenge);
                continue;
            };
            known.add(challenge.parameters);
        }
        joined
    }

    /// Adds the parameters whose names are not taken yet: the first verifier that sets one decides.
    fn add(&mut self, parameters: Vec<AuthParameter>) {
        for parameter in parameters {
            if self
                .parameters
                .iter()
                .all(|known| known.name != parameter.name)
            {
                self.parameters.push(parameter);
            }
        }
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.scheme)?;
        for (place, AuthParameter { name, value }) in self.parameters.iter().enumerate() {
            let separator = if place == 0 { " " } else { ", " };
            write!(f, "{separator}{name}=\"{}\"", quote(value))?;
        }
        Ok(())
    }
}

/// Escapes a value for a quoted string (RFC 9110 §5.6.4); bytes that a header can't carry become `?`.
fn quote(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            ' '..='~' => quoted.push(character),
            _ => quoted.push('?'),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_of_one_scheme_are_sent_as_one_and_the_first_parameter_of_a_name_wins() {
        let joined = Challenge::join([
            Challenge::bearer(),
            Challenge::new("Basic").with_parameter("realm", "notes"),
            Challenge::new("bearer")
                .with_parameter("scope", "a")
                .with_parameter("error", "x"),
            Challenge::bearer().with_parameter("scope", "b"),
        ]);
        let texts: Vec<_> = joined.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [r#"Bearer scope="a", error="x""#, r#"Basic realm="notes""#]
        );
    }

    #[test]
    fn a_value_stays_within_its_quotes() {
        let challenge = Challenge::bearer().with_parameter("realm", "a\"b\\c\r\nd\u{e9}");
        assert_eq!(challenge.to_string(), r#"Bearer realm="a\"b\\c??d?""#);
    }
}
