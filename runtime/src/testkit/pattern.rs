//! A generator of short texts that a regular expression matches, for [`sample`](super::sample()).
//!
//! Assertions are taken as matched, which is wrong for those within a text: the generated text is
//! then refused by the schema, and the author gives one.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// The number of repetitions beyond the least that are tried, for a text that must be long enough.
const MOST_MORE: u32 = 64;

/// Finds a text of at least this many characters that matches (JSON Schema, validation §6.3.3).
pub(super) fn find_match(pattern: &str, least: usize) -> Option<String> {
    // ASCII is enough: a class of all letters then begins with one that every tool can read.
    let parsed = ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern)
        .ok()?;
    let texts = (0..=MOST_MORE).filter_map(|more| write_text(&parsed, more));
    texts.into_iter().find(|text| text.chars().count() >= least)
}

/// Writes a text that a part of a pattern matches, with more repetitions than the least.
fn write_text(hir: &Hir, more: u32) -> Option<String> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(String::new()),
        HirKind::Literal(literal) => String::from_utf8(literal.0.to_vec()).ok(),
        HirKind::Class(class) => choose_character(class).map(String::from),
        HirKind::Repetition(repetition) => {
            let many = repetition
                .min
                .saturating_add(more)
                .min(repetition.max.unwrap_or(u32::MAX));
            // Only the outer repetition grows: growing both would square the length of `(a+)+`.
            (0..many).map(|_| write_text(&repetition.sub, 0)).collect()
        }
        HirKind::Capture(capture) => write_text(&capture.sub, more),
        HirKind::Concat(parts) => parts.iter().map(|part| write_text(part, more)).collect(),
        HirKind::Alternation(parts) => parts.iter().find_map(|part| write_text(part, more)),
    }
}

/// Returns the first letter or digit of a class, or its first visible character.
fn choose_character(class: &Class) -> Option<char> {
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
            let text = find_match(pattern, 0).unwrap_or_else(|| panic!("{pattern}"));
            assert!(
                jsonschema::validator_for(&schema)
                    .expect("a schema")
                    .is_valid(&text.clone().into()),
                "{pattern}: {text}"
            );
        }
        assert_eq!(find_match("^[a-z]+$", 3).as_deref(), Some("aaa"));
        assert_eq!(find_match("(?=x)x", 0), None, "looking around is not ours");
    }
}
