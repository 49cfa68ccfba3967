//! The meaning of an entry in a client's file. Pure; it never shows a token.
//!
//! Two entries are the same if they mean the same: a client's own command writes fields that ours does not, and a token is
//! a token whichever it is.

use std::collections::BTreeMap;

use serde_json::Value;

/// The credential of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntryCredential {
    /// Not at all.
    None,
    /// By a token in the file.
    Token,
    /// By what something else holds, in the client's words.
    Reference(String),
}

/// The meaning of an entry, in no client's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParsedEntry {
    pub(crate) url: Option<String>,
    pub(crate) credential: EntryCredential,
    pub(crate) command: Option<String>,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
}

impl ParsedEntry {
    /// Reads an entry in the members that clients have in common.
    pub(crate) fn of(entry: &Value) -> Self {
        let text = |name: &str| entry[name].as_str().map(str::to_owned);
        let url = text("httpUrl")
            .or_else(|| text("url"))
            .or_else(|| text("serverUrl"));
        let strings = |value: &Value| {
            value
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(text_of)
                .collect()
        };
        let environment = entry["env"].as_object().into_iter().flatten();
        Self {
            url: url.map(|url| url.trim_end_matches('/').to_owned()),
            credential: EntryCredential::of_header(header(entry, "headers")),
            command: text("command"),
            arguments: strings(&entry["args"]),
            environment: environment
                .filter_map(|(name, value)| Some((name.clone(), text_of(value)?)))
                .collect(),
        }
    }

    /// Returns true if it leads to this URL, by itself or through a process that is told the URL.
    pub(crate) fn leads_to(&self, endpoint: &str) -> bool {
        let same = |url: &String| url.trim_end_matches('/') == endpoint;
        self.url.as_ref().is_some_and(same) || self.arguments.iter().any(same)
    }

    /// The credential in a word, for people and programs.
    pub(crate) fn describe_credential(&self) -> String {
        match &self.credential {
            EntryCredential::None => "none".to_owned(),
            EntryCredential::Token => "token in the file".to_owned(),
            EntryCredential::Reference(text) => reference_name(text),
        }
    }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Returns the `Authorization` header among those that a member of an entry holds.
pub(super) fn header(entry: &Value, member: &str) -> Option<String> {
    let headers = entry[member].as_object()?;
    headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .and_then(|(_, value)| text_of(value))
}

impl EntryCredential {
    /// Returns the credential that stands in a variable.
    pub(super) fn of_variable(name: &str) -> Self {
        Self::Reference(format!("${{{name}}}"))
    }

    /// Returns the credential of an `Authorization` header.
    pub(super) fn of_header(value: Option<String>) -> Self {
        match value {
            None => Self::None,
            Some(value) if value.contains('$') => {
                Self::Reference(with_braces(value.trim_start_matches("Bearer ")))
            }
            Some(_) => Self::Token,
        }
    }
}

/// `$NAME` as `${NAME}`: Gemini takes both.
fn with_braces(value: &str) -> String {
    match value.strip_prefix('$') {
        Some(name) if !name.starts_with('{') => format!("${{{name}}}"),
        _ => value.to_owned(),
    }
}

/// The name in a reference, without what may stand after the name, such as a default that is a secret.
fn reference_name(text: &str) -> String {
    let inside = text.split_once("${").map_or("", |(_, inside)| inside);
    let (kind, inside) = match inside.split_once(':') {
        Some(("input", name)) => ("input", name),
        Some(("env", name)) => ("variable", name),
        _ => ("variable", inside),
    };
    let name: String = inside
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        .collect();
    format!("{kind} {}", name.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clients::tests::find;
    use crate::clients::{
        ClientConfig, KnownClient, McpServer, ServerProcess, TokenSource, Transport,
    };

    fn configs() -> Vec<&'static dyn ClientConfig> {
        KnownClient::ALL
            .iter()
            .filter_map(|client| client.config())
            .collect()
    }

    fn config(name: &str) -> &'static dyn ClientConfig {
        find(name).config().expect("a file")
    }

    fn server() -> McpServer {
        McpServer {
            name: "notes".to_owned(),
            url: "https://mcp.example.com".to_owned(),
        }
    }

    fn parse_entry(client: &dyn ClientConfig, token: &TokenSource) -> ParsedEntry {
        client.parse_entry(&client.entry(&server(), &Transport::Http(token.clone())))
    }

    #[test]
    fn every_entry_leads_to_the_server_and_names_its_credential() {
        let (given, variable) = (
            TokenSource::Given("eyJ.t.s".to_owned()),
            TokenSource::Variable("OTHER".to_owned()),
        );
        for (client, by_token, by_variable) in [
            (config("claude-code"), "token in the file", "variable OTHER"),
            (config("gemini-cli"), "token in the file", "variable OTHER"),
            (
                config("codex-cli"),
                "variable NOTES_TOKEN",
                "variable OTHER",
            ),
            (config("vscode"), "input notes-token", "input notes-token"),
            (config("cursor"), "token in the file", "variable OTHER"),
        ] {
            assert!(
                parse_entry(client, &given).leads_to("https://mcp.example.com/mcp"),
                "{client:?}"
            );
            assert_eq!(
                parse_entry(client, &given).describe_credential(),
                by_token,
                "{client:?}"
            );
            assert_eq!(
                parse_entry(client, &variable).describe_credential(),
                by_variable,
                "{client:?}"
            );
        }
    }

    #[test]
    fn a_token_is_a_token_whichever_it_is_and_no_variable() {
        let (one, other) = (
            TokenSource::Given("eyJ.1".to_owned()),
            TokenSource::Given("eyJ.2".to_owned()),
        );
        let variable = TokenSource::Variable("V".to_owned());
        for client in configs() {
            assert_eq!(
                parse_entry(client, &one),
                parse_entry(client, &other),
                "{client:?}"
            );
            assert_eq!(
                parse_entry(client, &one) == parse_entry(client, &variable),
                client.name() == "vscode",
                "{client:?}"
            );
        }
        let shell = json!({ "httpUrl": "https://mcp.example.com/mcp/", "headers": { "authorization": "Bearer $V" } });
        assert_eq!(
            ParsedEntry::of(&shell),
            parse_entry(config("gemini-cli"), &variable)
        );
    }

    #[test]
    fn a_reference_shows_its_name_and_no_default() {
        for (text, shown) in [
            ("${A_B}", "variable A_B"),
            ("${A:-hush}", "variable A"),
            ("${env:A}", "variable A"),
            ("${input:my-a}", "input my-a"),
            ("x$y", "variable "),
        ] {
            assert_eq!(reference_name(text), shown, "{text}");
        }
    }

    #[test]
    fn a_process_has_its_environment_only_where_it_needs_one() {
        let mut process = ServerProcess::new("/bin/notes".to_owned(), "alice@example.com");
        for client in configs() {
            let plain = client.entry(&server(), &Transport::Stdio(process.clone()));
            assert_eq!(
                plain["args"],
                json!(["stdio", "--user", "alice@example.com"]),
                "{client:?}"
            );
            assert!(plain.get("env").is_none(), "{client:?}");
        }
        process
            .environment
            .insert("APP_USERS_PATH".to_owned(), "/data".to_owned());
        let entry = config("vscode").entry(&server(), &Transport::Stdio(process));
        assert_eq!(
            (&entry["type"], &entry["env"]),
            (&json!("stdio"), &json!({ "APP_USERS_PATH": "/data" }))
        );
    }
}
