//! Edits of a JSON text that set or append one value. All else stays as it was: order, comments, layout, numbers as written.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode};
use serde_json::Value;

/// The JSON that clients read: VS Code allows comments and a comma at the end, and no other extension.
const LANGUAGE: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Returns the value at a path of members, if the text has one.
///
/// # Errors
/// A message if the text is not JSON, or a member on the path is no object.
pub(crate) fn get(text: &str, path: &[&str]) -> Result<Option<Value>, String> {
    let value = parse(text)?.to_serde_value();
    let mut value = value.ok_or("it is not JSON that can be read")?;
    for (depth, name) in path.iter().enumerate() {
        let Value::Object(members) = &mut value else {
            return Err(not_object_message(&path[..depth]));
        };
        let Some(member) = members.remove(*name) else {
            return Ok(None);
        };
        value = member;
    }
    Ok(Some(value))
}

/// Returns the text with a value at a path of members; objects on the path are created.
///
/// # Errors
/// Those of [`get`].
pub(crate) fn set(text: &str, path: &[&str], value: &Value) -> Result<String, String> {
    let root = parse(text)?;
    let mut object = root.object_value().ok_or_else(|| not_object_message(&[]))?;
    let (name, way) = path
        .split_last()
        .ok_or("there is no name to put it under")?;
    for (depth, name) in way.iter().enumerate() {
        object = object_member(&object, name).ok_or_else(|| not_object_message(&path[..=depth]))?;
    }
    set_member(&object, name, value);
    Ok(root.to_string())
}

/// Returns the text with one more element in the list of that name, which is created if it is missing.
///
/// # Errors
/// A message if the text is no JSON object, or the member is no list.
pub(crate) fn append(text: &str, name: &str, element: &Value) -> Result<String, String> {
    let root = parse(text)?;
    let object = root.object_value().ok_or_else(|| not_object_message(&[]))?;
    match member(&object, name) {
        None => set_member(&object, name, &Value::Array(vec![element.clone()])),
        Some(list) => {
            let list = list.array_value();
            let list = list.ok_or_else(|| format!("`{name}` is not a list"))?;
            list.append(to_input(element));
        }
    }
    Ok(root.to_string())
}

/// Parses a text. An error tells line and column, and quotes nothing.
fn parse(text: &str) -> Result<CstRootNode, String> {
    // The parser's own message may quote the text, and the text may hold a token.
    let not_json_message = |line, column| format!("it is not JSON (line {line}, column {column})");
    let root = CstRootNode::parse(text, &LANGUAGE);
    let root =
        root.map_err(|error| not_json_message(error.line_display(), error.column_display()))?;
    if root.value().is_none() {
        Err(not_json_message(1, 1))
    } else {
        Ok(root)
    }
}

/// Returns the object of that name, which is created if it is missing; `None` if it is another kind of value.
fn object_member(object: &CstObject, name: &str) -> Option<CstObject> {
    let found = member(object, name);
    found
        .unwrap_or_else(|| object.append(name, CstInputValue::Object(Vec::new())))
        .object_value()
}

/// Returns the member of that name. If there are several, it is the last, as clients read it.
fn member(object: &CstObject, name: &str) -> Option<CstObjectProp> {
    object
        .properties()
        .into_iter()
        .rfind(|member| member.decoded_name().as_deref() == Some(name))
}

/// Sets a member, or appends it.
fn set_member(object: &CstObject, name: &str, value: &Value) {
    match member(object, name) {
        Some(member) => member.set_value(to_input(value)),
        None => drop(object.append(name, to_input(value))),
    }
}

/// Converts a value to what the parser inserts.
fn to_input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(is_true) => CstInputValue::Bool(*is_true),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(elements) => CstInputValue::Array(elements.iter().map(to_input).collect()),
        Value::Object(members) => CstInputValue::Object(
            members
                .iter()
                .map(|(name, value)| (name.clone(), to_input(value)))
                .collect(),
        ),
    }
}

/// Returns the message for a value at a path that is no object.
fn not_object_message(path: &[&str]) -> String {
    if path.is_empty() {
        "it is not a JSON object".to_owned()
    } else {
        format!("`{}` is not an object", path.join("."))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const PATH: [&str; 2] = ["mcpServers", "notes"];

    #[test]
    fn a_file_keeps_its_own_layout() {
        let entry = json!({ "url": "u" });
        for (before, after) in [
            (
                "{}",
                "{\n  \"mcpServers\": {\n    \"notes\": {\n      \"url\": \"u\"\n    }\n  }\n}",
            ),
            (
                "{\n\t\"z\": 1.50,\n\t\"mcpServers\": {}\n}\n",
                "{\n\t\"z\": 1.50,\n\t\"mcpServers\": {\n\t\t\"notes\": {\n\t\t\t\"url\": \"u\"\n\t\t}\n\t}\n}\n",
            ),
            (
                "{\"mcpServers\": {\"b\": [1,  2]}, \"a\": 1}",
                "{\"mcpServers\": {\n    \"b\": [1,  2],\n    \"notes\": {\n      \"url\": \"u\"\n    }\n  }, \"a\": 1}",
            ),
            (
                "{\n    \"mcpServers\": {\n        \"notes\": 7\n    }\n}",
                "{\n    \"mcpServers\": {\n        \"notes\": {\n            \"url\": \"u\"\n        }\n    }\n}",
            ),
        ] {
            assert_eq!(set(before, &PATH, &entry).expect("valid"), after);
        }
    }

    #[test]
    fn what_is_no_object_is_left_alone_and_named() {
        for (text, problem) in [
            ("{'a': 1}", "not JSON"),
            ("{\"a\": 1 \"b\": 2}", "not JSON (line 1, column"),
            ("", "not JSON"),
            ("[]", "not a JSON object"),
            ("{\"mcpServers\": []}", "`mcpServers` is not an object"),
        ] {
            assert!(
                set(text, &PATH, &json!(1))
                    .expect_err("refused")
                    .contains(problem),
                "{text}"
            );
            assert!(
                get(text, &PATH).expect_err("refused").contains(problem),
                "{text}"
            );
        }
        assert!(
            append("{\"inputs\": {}}", "inputs", &json!(1))
                .expect_err("refused")
                .contains("not a list")
        );
    }

    #[test]
    fn comments_are_kept() {
        let before = "{\n  // mine\n  \"servers\": {\n    \"a\": {}, // and this\n  },\n}\n";
        let after = set(before, &["servers", "b"], &json!({})).expect("valid");
        assert!(
            after.contains("// mine\n") && after.contains("// and this\n"),
            "{after}"
        );
        assert_eq!(
            get(&after, &["servers"]),
            Ok(Some(json!({"a": {}, "b": {}})))
        );
    }

    #[test]
    fn lists_grow_at_their_end() {
        let element = json!({ "id": "t" });
        for (before, after) in [
            (
                "{}",
                "{\n  \"inputs\": [\n    {\n      \"id\": \"t\"\n    }\n  ]\n}",
            ),
            (
                "{\n  \"inputs\": [\n    1\n  ]\n}",
                "{\n  \"inputs\": [\n    1,\n    {\n      \"id\": \"t\"\n    }\n  ]\n}",
            ),
        ] {
            assert_eq!(append(before, "inputs", &element).expect("valid"), after);
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let members = proptest::collection::btree_map(
                "mcpServers|notes|[a-z\"{,\\\\]{0,3}",
                inner.clone(),
                0..4,
            );
            prop_oneof![
                proptest::collection::vec(inner, 0..4).prop_map(Value::from),
                members.prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn all_other_entries_are_kept(others in proptest::collection::btree_map("[a-z\"]{0,4}", values(), 0..4),
            servers in proptest::collection::btree_map("notes|[a-z\"]{0,4}", values(), 0..4), is_pretty: bool,
            entry in values()) {
            let mut whole = Value::Object(others.into_iter().collect());
            whole["mcpServers"] = Value::Object(servers.into_iter().collect());
            let text = if is_pretty { format!("{whole:#}") } else { whole.to_string() };
            let merged: Value = serde_json::from_str(&set(&text, &PATH, &entry).expect("valid")).expect("JSON");
            prop_assert_eq!(get(&merged.to_string(), &PATH).expect("valid"), Some(entry.clone()));
            whole["mcpServers"]["notes"] = entry;
            prop_assert_eq!(merged, whole);
        }
    }
}
