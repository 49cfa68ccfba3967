//! URI [templates](Template) (RFC 6570), matched against URIs.
//!
//! RFC 6570 defines how a template is expanded and not how a URI is matched; this does, for `{name}`
//! and `{+name}`. No variable may smuggle in another path: decoded, a plain one has no `/`, and a
//! reserved one is a path below the one it is joined to, on any system: no empty, `.` or `..`
//! segment, no backslash, no drive.

use std::collections::BTreeSet;

use iri_string::template::UriTemplateStr;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// A parsed URI template (RFC 6570), as of a [`Resource`](super::Resource) with variables.
///
/// ```
/// use mcp_lambda::resource::Template;
///
/// let template = Template::parse("notes://{folder}/{+path}").unwrap().unwrap();
/// let variables = template.variables("notes://work/2026/july").unwrap();
/// assert_eq!((&variables["folder"], &variables["path"]), (&"work".into(), &"2026/july".into()));
/// assert_eq!(template.variables("notes://work/..%2Fsecret"), None, "a path that leads out");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The text before the first variable.
    start: String,
    variables: Vec<Variable>,
}

/// A variable of a [`Template`], with the text that follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Variable {
    name: String,
    /// `true` for `{+name}`, which may span segments of a path (RFC 6570 §3.2.3).
    is_reserved: bool,
    /// The literal text that ends it; the end of the URI if there is none.
    until: String,
}

impl Template {
    /// Parses a template; `None` for a URI without variables.
    ///
    /// # Errors
    /// A message about what can't be parsed, to follow "the URI".
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        // A URI is ASCII (RFC 3986 §2), and the parser of templates expects it.
        if !text.is_ascii() {
            return Err("must be ASCII; percent-encode the rest".to_owned());
        }
        UriTemplateStr::new(text)
            .map_err(|error| format!("is no URI template (RFC 6570): {error}"))?;
        let (start, rest) = text.split_once('{').unwrap_or((text, ""));
        if !has_scheme(start) {
            return Err("must begin with a scheme, such as `notes://`".to_owned());
        }
        if rest.is_empty() {
            return Ok(None);
        }
        let variables = rest
            .split('{')
            .map(parse_variable)
            .collect::<Result<Vec<_>, _>>()?;
        // Nothing would tell where the first of two neighbours ends. The last one may have nothing after
        // it: it ends with the URI.
        let is_blurred = variables
            .iter()
            .rev()
            .skip(1)
            .any(|variable| variable.until.is_empty());
        if is_blurred {
            return Err("has two variables with nothing between them".to_owned());
        }
        let template = Self {
            start: start.to_owned(),
            variables,
        };
        let names: BTreeSet<_> = template.names().collect();
        if names.len() < template.variables.len() {
            return Err("has a variable twice".to_owned());
        }
        Ok(Some(template))
    }

    /// Returns the number of literal bytes: of two templates that a URI matches, the one with more of
    /// them is chosen.
    pub(super) fn literal_bytes(&self) -> usize {
        self.start.len()
            + self
                .variables
                .iter()
                .map(|variable| variable.until.len())
                .sum::<usize>()
    }

    /// Returns the template without the names of its variables: two of one shape match the same URIs.
    pub(super) fn shape(&self) -> String {
        let mark = |variable: &Variable| if variable.is_reserved { "{+}" } else { "{}" };
        let rest = self
            .variables
            .iter()
            .map(|variable| format!("{}{}", mark(variable), variable.until));
        std::iter::once(self.start.clone()).chain(rest).collect()
    }

    /// Returns the names of its variables, in order; [`variables`](Self::variables) reads their values.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|variable| variable.name.as_str())
    }

    /// Returns the values of the variables in this URI; `None` if the template does not
    /// match.
    ///
    /// A variable ends where the text after it first appears.
    #[must_use]
    pub fn variables(&self, uri: &str) -> Option<Map<String, Value>> {
        let mut rest = uri.strip_prefix(self.start.as_str())?;
        let mut found = Map::new();
        for (place, variable) in self.variables.iter().enumerate() {
            let is_last = place + 1 == self.variables.len();
            let (value, after) = variable.take(rest, is_last)?;
            found.insert(
                variable.name.clone(),
                Value::String(variable.decode(value)?),
            );
            rest = after;
        }
        rest.is_empty().then_some(found)
    }
}

impl Variable {
    fn take<'u>(&self, rest: &'u str, is_last: bool) -> Option<(&'u str, &'u str)> {
        // The text after the last variable must end the URI, so the variable takes all before it: with
        // `{+path}.md`, a path may have another `.md` within.
        if is_last {
            Some((rest.strip_suffix(self.until.as_str())?, ""))
        } else {
            rest.split_once(self.until.as_str())
        }
    }

    fn decode(&self, value: &str) -> Option<String> {
        let decoded = percent_decode_str(value).decode_utf8().ok()?.into_owned();
        // A plain variable is checked both ways. As it is written it has no delimiter, or it would span
        // segments (RFC 3986 §3.3); decoded it has none either, so `%2F` brings in no path.
        let is_safe = if self.is_reserved {
            is_below(decoded.clone())
        } else {
            !value.contains(['/', '?', '#']) && !decoded.contains('/') && is_segment(&decoded)
        };
        is_safe.then_some(decoded)
    }
}

/// Returns `true` if a path leads below the folder it is joined to, on any system.
fn is_below(mut path: String) -> bool {
    // Percent-encodings that are left could be decoded again by whoever gets the path, so it is
    // decoded until it stays the same, and checked each time. A round that changes it removes an
    // encoding, so this ends. `c:x` is refused as well, which Windows takes for another drive.
    loop {
        let is_drive = path.as_bytes().get(1) == Some(&b':')
            && path.starts_with(|first: char| first.is_ascii_alphabetic());
        if is_drive || !path.split('/').all(is_segment) {
            return false;
        }
        let decoded = percent_decode_str(&path).decode_utf8_lossy().into_owned();
        if decoded == path {
            return true;
        }
        path = decoded;
    }
}

/// Returns `true` if a text is one segment of a path that leads down (RFC 3986 §3.3).
fn is_segment(text: &str) -> bool {
    let is_strange = |character: char| character.is_control() || character == '\\';
    !matches!(text, "" | "." | "..") && !text.contains(is_strange)
}

/// Parses a variable and the literal text after it, from behind its `{`.
fn parse_variable(text: &str) -> Result<Variable, String> {
    let (expression, until) = text.split_once('}').ok_or("has a `{` without its `}`")?;
    let (is_reserved, name) = expression
        .strip_prefix('+')
        .map_or((false, expression), |name| (true, name));
    let is_valid = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if name.is_empty() || !name.chars().all(is_valid) {
        return Err(format!(
            "has `{{{expression}}}`; a variable is written `{{name}}`, or `{{+name}}` to span a path"
        ));
    }
    Ok(Variable {
        name: name.to_owned(),
        is_reserved,
        until: until.to_owned(),
    })
}

/// Returns `true` if a URI begins with a scheme (RFC 3986 §3.1).
fn has_scheme(start: &str) -> bool {
    start.split_once(':').is_some_and(|(scheme, _)| {
        let is_valid =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(is_valid)
    })
}

#[cfg(test)]
mod tests {
    use iri_string::spec::UriSpec;
    use iri_string::template::UriTemplateString;
    use iri_string::template::simple_context::SimpleContext;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn template(text: &str) -> Template {
        Template::parse(text)
            .expect("valid")
            .expect("with variables")
    }

    fn has_drive(path: &str) -> bool {
        path.chars()
            .zip(path.chars().skip(1))
            .next()
            .is_some_and(|(first, second)| first.is_alphabetic() && second == ':')
    }

    fn read(text: &str, uri: &str) -> Option<Value> {
        template(text).variables(uri).map(Value::Object)
    }

    #[test]
    fn variables_are_read_back() {
        assert_eq!(
            read("test://template/{id}/data", "test://template/123/data"),
            Some(json!({"id": "123"}))
        );
        assert_eq!(
            read("a://{one}-{two}", "a://x-y-z"),
            Some(json!({"one": "x", "two": "y-z"}))
        );
        assert_eq!(
            read("file:///{+path}", "file:///a/b%20c.txt"),
            Some(json!({"path": "a/b c.txt"}))
        );
        assert_eq!(
            read("a://u/{email}", "a://u/alice%40example.com"),
            Some(json!({"email": "alice@example.com"}))
        );
        for other in [
            "test://template//data",
            "test://template/1/2/data",
            "test://template/1/datax",
            "x",
            "",
        ] {
            assert_eq!(read("test://template/{id}/data", other), None, "{other}");
        }
    }

    #[test]
    fn no_variable_leaves_its_place() {
        for uri in [
            "a://..",
            "a://.",
            "a://%2e%2e",
            "a://x%2Fy",
            "a://x/y",
            "a://x%5Cy",
            "a://x%00",
            "a://x%ff",
            "a://x?y",
            "a://x#y",
        ] {
            assert_eq!(read("a://{id}", uri), None, "{uri}");
        }
        for uri in [
            "a://x/../y",
            "a://..",
            "a://x/%2e%2e",
            "a://x/..%2fy",
            "a://..%5cy",
        ] {
            assert_eq!(read("a://{+path}", uri), None, "{uri}");
        }
        assert_eq!(
            read("a://{id}", "a://b:c%252Fd"),
            Some(json!({"id": "b:c%2Fd"})),
            "no path, so no drive"
        );
    }

    #[test]
    fn a_path_of_several_segments_leads_down_and_nowhere_else() {
        for path in [
            "/etc/passwd",
            "%2Fetc%2Fpasswd",
            "%252Fetc",
            "//host/share",
            "\\host\\share",
            "%5C%5Chost",
            "%255Chost",
            "C:/Windows",
            "c:",
            "C%3A/Windows",
            "C%253A/Windows",
            "a//b",
            "a/",
            "a/%2F/b",
            ".",
            "./a",
            "a/./b",
            "a/%2e%2e/b",
            "a/%252e%252e/b",
            "a%00b",
            "a%2500b",
            "",
        ] {
            assert_eq!(
                read("file:///{+path}", &format!("file:///{path}")),
                None,
                "{path}"
            );
        }
        for (path, expected) in [
            ("a/b.txt", "a/b.txt"),
            ("..a/b..", "..a/b.."),
            ("a:/b", ""),
            ("ab:c", "ab:c"),
            ("50%25/x", "50%/x"),
        ] {
            let found = read("file:///{+path}", &format!("file:///{path}"));
            assert_eq!(
                found,
                (!expected.is_empty()).then(|| json!({"path": expected})),
                "{path}"
            );
        }
    }

    #[test]
    fn what_is_no_template_of_ours_is_refused() {
        assert_eq!(Template::parse("notes://all"), Ok(None));
        for wrong in [
            "{id}",
            "notes",
            "a://{",
            "a://{id",
            "a://{id}{other}",
            "a://{?q}",
            "a://{id*}",
            "a://{id:3}",
            "a://{a,b}",
            "a://{}",
            "1a://{id}",
            "a://{id}/{id}",
            "A\u{e9}://{id}",
            "A\u{e9}://{id}",
        ] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_rfc_6570_expands_is_read_back(id in "[^/\\\\\\pC]{1,20}", path in "[a-z]{1,5}(/[a-z .]{1,5}x){0,3}") {
            prop_assume!(id != "." && id != "..");
            let text = "test://{id}/files/{+path}";
            let mut context = SimpleContext::new();
            context.insert("id", id.as_str());
            context.insert("path", path.as_str());
            let expanded = UriTemplateString::try_from(text.to_owned()).expect("valid");
            let uri = expanded.expand::<UriSpec, _>(&context).expect("expandable").to_string();
            prop_assert_eq!(read(text, &uri), Some(json!({"id": id, "path": path})));
        }

        #[test]
        fn no_path_leaves_the_folder_it_is_joined_to(path in "([a-c.:/\\\\%]|%2[fFeE5]|%5[cC]|%3[aA]|%25){0,12}") {
            if let Some(found) = read("file:///{+path}", &format!("file:///{path}")) {
                let mut path = found["path"].as_str().expect("text").to_owned();
                for _ in 0..3 {
                    let joined = std::path::Path::new("/root").join(&path);
                    let is_step = |step: std::path::Component<'_>| matches!(step, std::path::Component::Normal(_));
                    prop_assert!(std::path::Path::new(&path).components().all(is_step), "{}", path);
                    prop_assert!(joined.starts_with("/root") && !path.contains('\\') && !path.contains("//"), "{}", path);
                    prop_assert!(!path.ends_with('/') && !has_drive(&path), "{}", path);
                    path = percent_decode_str(&path).decode_utf8_lossy().into_owned();
                }
            }
        }

        #[test]
        fn no_uri_brings_it_down(uri: String) {
            let _ = read("test://{id}/files/{+path}", &uri);
            let _ = Template::parse(&uri);
        }
    }
}
