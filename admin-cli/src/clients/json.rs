//! Putting one value into a JSON text. Every other byte stays as it was: order, spaces, numbers as written.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::ser::PrettyFormatter;
use serde_json::value::RawValue;

/// The value at a path, if the text has one.
pub(crate) fn get(text: &str, path: &[&str]) -> Result<Option<Value>, String> {
    let mut value: Value = serde_json::from_str(text).map_err(not_json)?;
    for (depth, name) in path.iter().enumerate() {
        let Value::Object(members) = &mut value else { return Err(no_object(&path[..depth])) };
        let Some(member) = members.remove(*name) else { return Ok(None) };
        value = member;
    }
    Ok(Some(value))
}

/// The text with a value at a path; what lies on the way is made.
pub(crate) fn set(text: &str, path: &[&str], value: &Value) -> Result<String, String> {
    change(text, |whole, layout| set_in(whole, path, 0, value, layout))
}

/// The text with one more element in the list of that name.
pub(crate) fn append(text: &str, name: &str, element: &Value) -> Result<String, String> {
    change(text, |object, layout| {
        let members = members(object, &[])?;
        let Some(member) = members.iter().rfind(|member| member.name == name) else {
            return set_in(object, &[name], 0, &Value::Array(vec![element.clone()]), layout);
        };
        let list = &object[member.value.clone()];
        let elements: Vec<&RawValue> = serde_json::from_str(list).map_err(|_| format!("`{name}` is not a list"))?;
        let spans: Vec<_> = elements.iter().map(|element| span(list, element)).collect();
        let list = add(list, &spans, &layout.inside(object, object.find('"')), |inner| pretty(element, inner));
        Ok(spliced(object, &member.value, &list))
    })
}

/// How the text around a value is laid out.
#[derive(Clone)]
struct Layout {
    /// The spaces before the line that the value begins in.
    indent: String,
    /// What one level adds to them.
    unit: String,
    /// Whether members have lines of their own.
    is_open: bool,
}

impl Layout {
    fn root() -> Self {
        Self { indent: String::new(), unit: "  ".to_owned(), is_open: true }
    }

    /// The layout of the members of an object or a list, as those that are there have it.
    fn inside(&self, text: &str, first: Option<usize>) -> Self {
        let made = || Self { indent: format!("{}{}", self.indent, self.unit), ..self.clone() };
        let Some(first) = first else { return made() };
        let Some((_, indent)) = text[1..first].rsplit_once('\n') else { return Self { is_open: false, ..made() } };
        let unit = indent.strip_prefix(&*self.indent).filter(|unit| !unit.is_empty()).unwrap_or(&self.unit);
        Self { indent: indent.to_owned(), unit: unit.to_owned(), is_open: true }
    }
}

/// Changes the one value of a text.
fn change(text: &str, change: impl FnOnce(&str, &Layout) -> Result<String, String>) -> Result<String, String> {
    let whole: &RawValue = serde_json::from_str(text).map_err(not_json)?;
    Ok(spliced(text, &span(text, whole), &change(whole.get(), &Layout::root())?))
}

fn set_in(object: &str, path: &[&str], depth: usize, value: &Value, layout: &Layout) -> Result<String, String> {
    let Some(name) = path.get(depth) else { return Ok(pretty(value, layout)) };
    let members = members(object, &path[..depth])?;
    let inner = layout.inside(object, object.find('"').filter(|_| !members.is_empty()));
    // Of two members with one name, clients take the last.
    if let Some(member) = members.iter().rfind(|member| member.name == *name) {
        let new = set_in(&object[member.value.clone()], path, depth + 1, value, &inner)?;
        return Ok(spliced(object, &member.value, &new));
    }
    let nested = path[depth + 1..].iter().rev().fold(value.clone(), |value, name| serde_json::json!({ *name: value }));
    let starts = object.find('"').unwrap_or_default();
    let spans: Vec<_> = members.iter().map(|member| starts..member.value.end).collect();
    Ok(add(object, &spans, layout, |inner| format!("{}: {}", Value::from(*name), pretty(&nested, inner))))
}

/// An object or a list with one more member at its end.
fn add(text: &str, spans: &[Range<usize>], layout: &Layout, member: impl FnOnce(&Layout) -> String) -> String {
    let inner = layout.inside(text, spans.first().map(|span| span.start));
    let new = member(&inner);
    let (open, close) = (&text[..1], &text[text.len() - 1..]);
    match spans.last() {
        Some(last) if inner.is_open => spliced(text, &(last.end..last.end), &format!(",\n{}{new}", inner.indent)),
        Some(last) => spliced(text, &(last.end..last.end), &format!(", {new}")),
        None if inner.is_open => format!("{open}\n{}{new}\n{}{close}", inner.indent, layout.indent),
        None => format!("{open}{new}{close}"),
    }
}

fn spliced(text: &str, range: &Range<usize>, new: &str) -> String {
    format!("{}{new}{}", &text[..range.start], &text[range.end..])
}

fn pretty(value: &Value, layout: &Layout) -> String {
    if !layout.is_open {
        return value.to_string();
    }
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(layout.unit.as_bytes());
    let written = value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter));
    let text = written.ok().and_then(|()| String::from_utf8(bytes).ok()).unwrap_or_else(|| value.to_string());
    // No string holds a bare line break, so each is one of the layout's.
    text.replace('\n', &format!("\n{}", layout.indent))
}

/// Where a part of a text is in it.
fn span(text: &str, part: &RawValue) -> Range<usize> {
    let start = part.get().as_ptr().addr() - text.as_ptr().addr();
    start..start + part.get().len()
}

struct Member {
    name: String,
    value: Range<usize>,
}

/// The members of an object, in order.
fn members(object: &str, path: &[&str]) -> Result<Vec<Member>, String> {
    let Members(members) = serde_json::from_str(object).map_err(|_| no_object(path))?;
    Ok(members.into_iter().map(|(name, value)| Member { name, value: span(object, value) }).collect())
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(Self)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn not_json(error: serde_json::Error) -> String {
    format!("it is not plain JSON ({error})")
}

fn no_object(path: &[&str]) -> String {
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
            ("{}", "{\n  \"mcpServers\": {\n    \"notes\": {\n      \"url\": \"u\"\n    }\n  }\n}"),
            (
                "{\n\t\"z\": 1.50,\n\t\"mcpServers\": {}\n}\n",
                "{\n\t\"z\": 1.50,\n\t\"mcpServers\": {\n\t\t\"notes\": {\n\t\t\t\"url\": \"u\"\n\t\t}\n\t}\n}\n",
            ),
            (
                "{\"mcpServers\": {\"b\": [1,  2]}, \"a\": 1}",
                "{\"mcpServers\": {\"b\": [1,  2], \"notes\": {\"url\":\"u\"}}, \"a\": 1}",
            ),
            (
                "{\n    \"mcpServers\": {\n        \"notes\": 7\n    }\n}",
                "{\n    \"mcpServers\": {\n        \"notes\": {\n            \"url\": \"u\"\n        }\n    }\n}",
            ),
        ] {
            assert_eq!(set(before, &PATH, &entry).expect("lawful"), after);
        }
    }

    #[test]
    fn what_is_no_object_is_left_alone_and_named() {
        for (text, fault) in [
            ("{ // a comment\n}", "not plain JSON"),
            ("{\"a\": 1,}", "not plain JSON"),
            ("", "not plain JSON"),
            ("[]", "not a JSON object"),
            ("{\"mcpServers\": []}", "`mcpServers` is not an object"),
        ] {
            assert!(set(text, &PATH, &json!(1)).expect_err("refused").contains(fault), "{text}");
            assert!(get(text, &PATH).expect_err("refused").contains(fault), "{text}");
        }
        assert!(append("{\"inputs\": {}}", "inputs", &json!(1)).expect_err("refused").contains("not a list"));
    }

    #[test]
    fn lists_grow_at_their_end() {
        let element = json!({ "id": "t" });
        for (before, after) in [
            ("{}", "{\n  \"inputs\": [\n    {\n      \"id\": \"t\"\n    }\n  ]\n}"),
            ("{\"inputs\": [1]}", "{\"inputs\": [1, {\"id\":\"t\"}]}"),
            (
                "{\n  \"inputs\": [\n    1\n  ]\n}",
                "{\n  \"inputs\": [\n    1,\n    {\n      \"id\": \"t\"\n    }\n  ]\n}",
            ),
        ] {
            assert_eq!(append(before, "inputs", &element).expect("lawful"), after);
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
            let members = proptest::collection::btree_map("mcpServers|notes|[a-z\"{,\\\\]{0,3}", inner.clone(), 0..4);
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
            let merged: Value = serde_json::from_str(&set(&text, &PATH, &entry).expect("lawful")).expect("JSON");
            prop_assert_eq!(get(&merged.to_string(), &PATH).expect("lawful"), Some(entry.clone()));
            whole["mcpServers"]["notes"] = entry;
            prop_assert_eq!(merged, whole);
        }
    }
}
