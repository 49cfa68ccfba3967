//! The rewriting of choices between constants to an `enum`, which every client shows.
//!
//! schemars makes a `oneOf` of constants for an enum whose variants have doc comments.

use serde_json::{Map, Value, json};

use super::{choices, constants_of};

/// A value that a schema allows ([`Choices`]).
struct NamedValue {
    value: Value,
    description: Option<String>,
}

/// The values of a schema that allows only these ([`collect_constants`]).
struct Choices {
    named: Vec<NamedValue>,
    may_be_null: bool,
}

/// Rewrites a choice between constants to `enum`, with their descriptions in that of the schema;
/// for people (MCP 2026-07-28, elicitation, `TitledSingleSelectEnumSchema`), each with its title.
pub(super) fn name_choices(keywords: &mut Map<String, Value>, are_titled: bool) {
    if let Some(constant) = keywords.remove("const") {
        keywords.insert("enum".to_owned(), json!([constant]));
    }
    let choices = choices(keywords).and_then(|choices| collect_constants(choices));
    let Some(Choices { named, may_be_null }) = choices else {
        return;
    };
    keywords.remove("anyOf");
    keywords.remove("oneOf");
    let mut of = Map::new();
    // Clients that draw a form need the type, which an `enum` alone does not tell them.
    if named.iter().all(|choice| choice.value.is_string()) {
        of.insert("type".to_owned(), "string".into());
    }
    if are_titled {
        of.insert("oneOf".to_owned(), named.iter().map(title).collect());
    } else {
        describe(keywords, &named);
        of.insert(
            "enum".to_owned(),
            named.into_iter().map(|choice| choice.value).collect(),
        );
    }
    // `null` must stay beside an `enum` and not become one of its values: it is of another type, and
    // some clients draw every value as text.
    if may_be_null {
        keywords.insert("anyOf".to_owned(), json!([of, { "type": "null" }]));
    } else {
        keywords.extend(of);
    }
}

/// Writes a constant with its title, for a form.
fn title(choice: &NamedValue) -> Value {
    let description = choice.description.as_deref().map(Value::from);
    json!({ "const": choice.value, "title": description.unwrap_or_else(|| choice.value.clone()) })
}

/// Returns the constants that a choice is between; `None` if there is anything else among them.
fn collect_constants(choices: &[Value]) -> Option<Choices> {
    let mut named = Vec::new();
    let mut may_be_null = false;
    for choice in choices {
        let keywords = choice.as_object()?;
        if keywords.get("type").is_some_and(|name| name == "null") {
            may_be_null = true;
            continue;
        }
        // A further keyword would be lost in an `enum`: such a choice stays as it is.
        if keywords
            .keys()
            .any(|word| !["type", "enum", "const", "title", "description"].contains(&word.as_str()))
        {
            return None;
        }
        let description = keywords
            .get("description")
            .or_else(|| keywords.get("title"))
            .and_then(Value::as_str);
        let values: Vec<_> = constants_of(keywords)
            .filter(|value| !value.is_object() && !value.is_array())
            .collect();
        if values.is_empty() {
            return None;
        }
        named.extend(values.into_iter().map(|value| NamedValue {
            value: value.clone(),
            description: description.map(str::to_owned),
        }));
    }
    (!named.is_empty()).then_some(Choices { named, may_be_null })
}

/// Adds the constants' descriptions to the schema's own, a line each.
fn describe(keywords: &mut Map<String, Value>, named: &[NamedValue]) {
    let line = |choice: &NamedValue| {
        let value = &choice.value;
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        choice
            .description
            .as_ref()
            .map(|description| format!("- `{value}`: {description}"))
    };
    let own = keywords
        .get("description")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let lines: Vec<_> = own
        .into_iter()
        .chain(named.iter().filter_map(line))
        .collect();
    if !lines.is_empty() {
        keywords.insert("description".to_owned(), lines.join("\n").into());
    }
}
