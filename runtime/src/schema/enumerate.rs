//! Choices between constants, as an `enum` that every client shows.

use serde_json::{Map, Value, json};

use super::{choices, constants_of};

/// One of the values that a schema allows, and its description.
type Choice = (Value, Option<String>);

/// Writes a choice between constants as `enum`, with their descriptions in that of the schema; for people, each with its title.
pub(super) fn name_choices(keywords: &mut Map<String, Value>, are_titled: bool) {
    if let Some(constant) = keywords.remove("const") {
        keywords.insert("enum".to_owned(), json!([constant]));
    }
    let Some((named, may_be_null)) = choices(keywords).and_then(|choices| constants(choices))
    else {
        return;
    };
    keywords.remove("anyOf");
    keywords.remove("oneOf");
    let mut of = Map::new();
    if named.iter().all(|(value, _)| value.is_string()) {
        of.insert("type".to_owned(), "string".into());
    }
    if are_titled {
        let each = |(value, description): &Choice| json!({ "const": value, "title": description.as_ref().map_or(value.clone(), |description| description.as_str().into()) });
        of.insert("oneOf".to_owned(), named.iter().map(each).collect());
    } else {
        describe(keywords, &named);
        of.insert(
            "enum".to_owned(),
            named.into_iter().map(|(value, _)| value).collect(),
        );
    }
    if may_be_null {
        keywords.insert("anyOf".to_owned(), json!([of, { "type": "null" }]));
    } else {
        keywords.extend(of);
    }
}

/// Returns the constants that a choice is between, and whether it may be `null`; `None` if there is anything else.
fn constants(choices: &[Value]) -> Option<(Vec<Choice>, bool)> {
    let mut named = Vec::new();
    let mut may_be_null = false;
    for choice in choices {
        let keywords = choice.as_object()?;
        if keywords.get("type").is_some_and(|name| name == "null") {
            may_be_null = true;
            continue;
        }
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
        named.extend(
            values
                .into_iter()
                .map(|value| (value.clone(), description.map(str::to_owned))),
        );
    }
    (!named.is_empty()).then_some((named, may_be_null))
}

fn describe(keywords: &mut Map<String, Value>, named: &[Choice]) {
    let line = |(value, description): &Choice| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        description
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
