//! An entry of a client's file, parsed into what two entries are compared by. Pure; it never holds a token.
//!
//! Entries are compared by what they mean: a client's own command writes members that this CLI does not, and one token is as
//! good as another.

use std::collections::BTreeMap;

use serde_json::Value;

/// The credential that an entry sends to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntryCredential {
    /// None.
    None,
    /// A token in the file, which is not kept here.
    Token,
    /// The name of a variable or of an input, as `${NAME}` or in the client's own syntax.
    Reference(String),
}

/// An entry of a client's file, independent of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParsedEntry {
    pub(crate) url: Option<String>,
    pub(crate) credential: EntryCredential,
    pub(crate) command: Option<String>,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
}

impl ParsedEntry {
    /// Reads the members that clients have in common.
    pub(crate) fn from_common_members(entry: &Value) -> Self {
        let text = |name: &str| entry[name].as_str().map(str::to_owned);
        let url = text("httpUrl")
            .or_else(|| text("url"))
            .or_else(|| text("serverUrl"));
        let strings = |value: &Value| {
            value
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(to_text)
                .collect()
        };
        let environment = entry["env"].as_object().into_iter().flatten();
        Self {
            url: url.map(|url| url.trim_end_matches('/').to_owned()),
            credential: EntryCredential::from_header(authorization_header(entry, "headers")),
            command: text("command"),
            arguments: strings(&entry["args"]),
            environment: environment
                .filter_map(|(name, value)| Some((name.clone(), to_text(value)?)))
                .collect(),
        }
    }

    /// Returns true if the entry connects to this URL, directly or by a bridge such as `mcp-remote`, which has it as an argument.
    pub(crate) fn leads_to(&self, endpoint: &str) -> bool {
        let is_endpoint = |url: &String| url.trim_end_matches('/') == endpoint;
        self.url.as_ref().is_some_and(is_endpoint) || self.arguments.iter().any(is_endpoint)
    }

    /// Describes the credential, for people and programs.
    pub(crate) fn describe_credential(&self) -> String {
        match &self.credential {
            EntryCredential::None => "none".to_owned(),
            EntryCredential::Token => "token in the file".to_owned(),
            EntryCredential::Reference(text) => describe_reference(text),
        }
    }
}

fn to_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Returns the `Authorization` header in the member of that name.
pub(super) fn authorization_header(entry: &Value, member: &str) -> Option<String> {
    let headers = entry[member].as_object()?;
    headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .and_then(|(_, value)| to_text(value))
}

impl EntryCredential {
    /// Returns the credential in a variable.
    pub(super) fn from_variable(name: &str) -> Self {
        Self::Reference(format!("${{{name}}}"))
    }

    /// Returns the credential of an `Authorization` header. A value with `$` is a reference.
    pub(super) fn from_header(value: Option<String>) -> Self {
        match value {
            None => Self::None,
            Some(value) if value.contains('$') => {
                Self::Reference(add_braces(value.trim_start_matches("Bearer ")))
            }
            Some(_) => Self::Token,
        }
    }
}

/// Returns `$NAME` as `${NAME}`; Gemini CLI takes both.
fn add_braces(value: &str) -> String {
    match value.strip_prefix('$') {
        Some(name) if !name.starts_with('{') => format!("${{{name}}}"),
        _ => value.to_owned(),
    }
}

/// Describes a reference by its kind and name. What may follow the name, such as a default, is left out: it may be a secret.
fn describe_reference(text: &str) -> String {
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
            ParsedEntry::from_common_members(&shell),
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
            assert_eq!(describe_reference(text), shown, "{text}");
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
