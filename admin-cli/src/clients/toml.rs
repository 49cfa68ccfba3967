//! Edits of a TOML text that set the table of one server, for Codex CLI. All else stays as it was, comments and order too.

use serde_json::{Map, Value};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table};

/// Returns the table of one server as JSON, if there is one.
///
/// # Errors
/// A message if the text is not TOML, or `root` is no table.
pub(crate) fn get(text: &str, root: &str, name: &str) -> Result<Option<Value>, String> {
    let document: DocumentMut = text.parse().map_err(not_toml_message)?;
    let Some(servers) = document.get(root) else {
        return Ok(None);
    };
    let servers = servers
        .as_table_like()
        .ok_or_else(|| not_table_message(root))?;
    Ok(servers.get(name).map(to_json))
}

/// Returns the tables of all servers as JSON, by name.
///
/// # Errors
/// Those of [`get`].
pub(crate) fn get_all(text: &str, root: &str) -> Result<Map<String, Value>, String> {
    let document: DocumentMut = text.parse().map_err(not_toml_message)?;
    let Some(servers) = document.get(root) else {
        return Ok(Map::new());
    };
    let servers = servers
        .as_table_like()
        .ok_or_else(|| not_table_message(root))?;
    Ok(servers
        .iter()
        .map(|(name, entry)| (name.to_owned(), to_json(entry)))
        .collect())
}

/// Returns the text with a server's table set to an entry, in the place of the old table.
///
/// # Errors
/// Those of [`get`].
pub(crate) fn set(text: &str, root: &str, name: &str, entry: &Value) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(not_toml_message)?;
    let servers = document
        .entry(root)
        .or_insert_with(|| Item::Table(new_implicit_table()));
    if let Some(servers) = servers.as_inline_table_mut() {
        servers.insert(name, to_inline(entry));
        return Ok(document.to_string());
    }
    let servers = servers
        .as_table_mut()
        .ok_or_else(|| not_table_message(root))?;
    let mut table = to_table(entry);
    if let Some(old) = servers.get(name).and_then(Item::as_table) {
        *table.decor_mut() = old.decor().clone();
        table.set_position(old.position());
    }
    servers.insert(name, Item::Table(table));
    Ok(document.to_string())
}

/// Returns a text with one server and nothing else.
pub(crate) fn build_document(root: &str, name: &str, entry: &Value) -> String {
    let mut servers = new_implicit_table();
    servers.insert(name, Item::Table(to_table(entry)));
    let mut document = DocumentMut::new();
    document.insert(root, Item::Table(servers));
    document.to_string()
}

/// Returns a text as a TOML string, in quotes.
pub(crate) fn quote(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

/// Returns the members of an entry; one that is no object has none.
fn members(entry: &Value) -> impl Iterator<Item = (&String, &Value)> {
    entry.as_object().into_iter().flatten()
}

/// Returns a table without a heading of its own: only the tables in it have one.
fn new_implicit_table() -> Table {
    let mut table = Table::new();
    table.set_implicit(true);
    table
}

/// Converts an entry to a table, whose objects are inline tables.
fn to_table(entry: &Value) -> Table {
    members(entry)
        .map(|(name, value)| (name.as_str(), Item::Value(to_inline(value))))
        .collect()
}

/// Converts a value to TOML. A number that is no integer becomes text.
fn to_inline(value: &Value) -> toml_edit::Value {
    match value {
        Value::Array(elements) => elements.iter().map(to_inline).collect::<Array>().into(),
        Value::Object(_) => members(value)
            .map(|(name, value)| (name.as_str(), to_inline(value)))
            .collect::<InlineTable>()
            .into(),
        Value::String(text) => text.as_str().into(),
        Value::Bool(is_true) => (*is_true).into(),
        other => other
            .as_i64()
            .map_or_else(|| other.to_string().into(), Into::into),
    }
}

/// Converts an [`Item`] to JSON: texts, lists and tables. Any other value is null, since no entry is compared by one.
fn to_json(item: &Item) -> Value {
    match (item.as_table_like(), item.as_value()) {
        (Some(table), _) => Value::Object(
            table
                .iter()
                .map(|(name, item)| (name.to_owned(), to_json(item)))
                .collect(),
        ),
        (_, Some(value)) => value_to_json(value),
        _ => Value::Null,
    }
}

fn value_to_json(value: &toml_edit::Value) -> Value {
    match (value.as_str(), value.as_array()) {
        (Some(text), _) => text.into(),
        (_, Some(elements)) => elements.iter().map(value_to_json).collect(),
        _ => Value::Null,
    }
}

/// Returns the message for a text that is not TOML: line, column and rule.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what `map_err` hands over"
)]
fn not_toml_message(error: toml_edit::TomlError) -> String {
    let place = error.to_string();
    // The rest of the parser's message quotes the line, and a line may hold a token.
    format!(
        "it is not TOML ({}: {})",
        place.lines().next().unwrap_or_default(),
        error.message()
    )
}

/// Returns the message for a `root` that is no table.
fn not_table_message(root: &str) -> String {
    format!("`{root}` is not a table")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FILE: &str = "# mine\nmodel = \"m\" # kept\n\n[mcp_servers.other]\ncommand = \"x\"\n\n# last\n[tui]\nz = 1\na = 2\n";

    fn entry() -> Value {
        json!({ "args": ["stdio"], "command": "/bin/notes", "env": { "A": "b" } })
    }

    #[test]
    fn comments_and_order_are_kept() {
        let set = set(FILE, "mcp_servers", "notes", &entry()).expect("valid");
        for line in FILE.lines() {
            assert!(set.contains(line), "{line}\n{set}");
        }
        assert!(
            set.contains("[mcp_servers.notes]\nargs = [\"stdio\"]\ncommand = \"/bin/notes\"\nenv = { A = \"b\" }\n"),
            "{set}"
        );
        assert_eq!(get(&set, "mcp_servers", "notes"), Ok(Some(entry())));
        assert_eq!(get_all(&set, "mcp_servers").expect("valid").len(), 2);
    }

    #[test]
    fn a_table_is_replaced_in_its_place() {
        let replaced = set(FILE, "mcp_servers", "other", &json!({ "url": "u" })).expect("valid");
        assert_eq!(replaced, FILE.replace("command = \"x\"", "url = \"u\""));
    }

    #[test]
    fn tables_in_a_line_and_new_files_are_taken_too() {
        let inline = set(
            "mcp_servers = { a = { url = \"u\" } }\n",
            "mcp_servers",
            "notes",
            &entry(),
        )
        .expect("valid");
        assert_eq!(get(&inline, "mcp_servers", "notes"), Ok(Some(entry())));
        assert!(get(&inline, "mcp_servers", "a").expect("valid").is_some());
        assert!(
            build_document("mcp_servers", "notes", &entry()).starts_with("[mcp_servers.notes]\n")
        );
    }

    #[test]
    fn what_is_no_toml_is_named_without_its_text() {
        let problem =
            set("token = \"hush\nx", "mcp_servers", "notes", &entry()).expect_err("refused");
        assert!(
            problem.contains("not TOML") && problem.contains("line 2") && !problem.contains("hush"),
            "{problem}"
        );
        assert!(
            set("mcp_servers = 7", "mcp_servers", "notes", &entry())
                .expect_err("refused")
                .contains("not a table")
        );
    }
}
