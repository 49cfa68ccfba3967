//! A short text that a regular expression matches. What looks around itself has none here.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// The number of repetitions beyond the least that are tried, for a text that must be long enough.
const MOST_MORE: u32 = 64;

/// A text of at least this many characters that matches, if one is found.
pub(super) fn matching(pattern: &str, least: usize) -> Option<String> {
    let parsed = ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern)
        .ok()?;
    let texts = (0..=MOST_MORE).filter_map(|more| text(&parsed, more));
    texts.into_iter().find(|text| text.chars().count() >= least)
}

fn text(hir: &Hir, more: u32) -> Option<String> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(String::new()),
        HirKind::Literal(literal) => String::from_utf8(literal.0.to_vec()).ok(),
        HirKind::Class(class) => first(class).map(String::from),
        HirKind::Repetition(repetition) => {
            let many = repetition
                .min
                .saturating_add(more)
                .min(repetition.max.unwrap_or(u32::MAX));
            (0..many).map(|_| text(&repetition.sub, 0)).collect()
        }
        HirKind::Capture(capture) => text(&capture.sub, more),
        HirKind::Concat(parts) => parts.iter().map(|part| text(part, more)).collect(),
        HirKind::Alternation(parts) => parts.iter().find_map(|part| text(part, more)),
    }
}

/// The first letter or digit of a class, or the first character that can be seen.
fn first(class: &Class) -> Option<char> {
    let Class::Bytes(class) = class else {
        return None;
    };
    let bytes = || class.iter().flat_map(|range| range.start()..=range.end());
    let seen = bytes()
        .find(u8::is_ascii_alphanumeric)
        .or_else(|| bytes().find(u8::is_ascii_graphic));
    seen.or_else(|| bytes().find(u8::is_ascii)).map(char::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_match_their_patterns() {
        for pattern in [
            "^[0-9]{7}$",
            r"^-?\d+(\.\d+)?$",
            "^(foo|bar)-[a-z]+$",
            r"^[^\s@]+@[^\s@]+\.com$",
            "^[A-Z]{3}$",
            r"^\w+$",
            "x*",
        ] {
            let schema = serde_json::json!({"type": "string", "pattern": pattern});
            let text = matching(pattern, 0).unwrap_or_else(|| panic!("{pattern}"));
            assert!(
                jsonschema::validator_for(&schema)
                    .expect("a schema")
                    .is_valid(&text.clone().into()),
                "{pattern}: {text}"
            );
        }
        assert_eq!(matching("^[a-z]+$", 3).as_deref(), Some("aaa"));
        assert_eq!(matching("(?=x)x", 0), None, "looking around is not ours");
    }
}
