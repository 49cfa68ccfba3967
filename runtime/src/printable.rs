//! Text of others made fit to be shown: characters that a terminal would obey are replaced.
//!
//! Control characters move the cursor, set titles and recolour (ECMA-48); bidirectional ones
//! reorder the text that is read (Unicode UAX #9, "Trojan Source"). [`clean`] is for plain text,
//! [`clean_json`] for JSON.

use std::borrow::Cow;
use std::fmt::Write;

/// Returns true for a character that a terminal shows and does not obey. A new line and a tab count
/// as shown.
///
/// ```
/// use mcp_lambda::printable::is_printable;
///
/// assert!(is_printable('é') && is_printable('\n'));
/// assert!(!is_printable('\u{1b}') && !is_printable('\u{202e}'));
/// ```
#[must_use]
pub fn is_printable(character: char) -> bool {
    let reorders = matches!(character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    matches!(character, '\n' | '\t') || !(character.is_control() || reorders)
}

/// Replaces each character that is not [printable](is_printable) by U+FFFD.
///
/// ```
/// use mcp_lambda::printable::clean;
///
/// assert_eq!(clean("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
/// ```
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .map(|c| {
                if is_printable(c) {
                    c
                } else {
                    char::REPLACEMENT_CHARACTER
                }
            })
            .collect(),
    )
}

/// Escapes the characters of a JSON text that are not [printable](is_printable) (RFC 8259 §7), so
/// that its meaning stays.
///
/// ```
/// use mcp_lambda::printable::clean_json;
///
/// assert_eq!(clean_json("\"\u{202e}\""), r#""\u202e""#);
/// ```
#[must_use]
pub fn clean_json(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().fold(
        String::with_capacity(text.len()),
        |mut escaped, character| {
            // All of them lie below U+10000, in one unit of UTF-16, so no surrogate pair is needed.
            // In valid JSON they are inside of strings only, where an escape is allowed. Writing
            // to a string never fails.
            let _ = if is_printable(character) {
                escaped.write_char(character)
            } else {
                write!(escaped, "\\u{:04x}", u32::from(character))
            };
            escaped
        },
    );
    Cow::Owned(escaped)
}

/// Writes bytes as lower-case hexadecimal digits (RFC 4648 §8).
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Cuts a name that somebody else chose after 200 characters, for a message.
pub(crate) fn shorten(name: &str) -> String {
    const MOST: usize = 200;
    let start: String = name.chars().take(MOST).collect();
    if start.len() < name.len() {
        format!("{start}…")
    } else {
        start
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A title, a cleared screen, a return, C1's own CSI, DEL, and texts read backwards.
    const HOSTILE: &str = "a\u{1b}]0;TITLE\u{7}\u{1b}[2J\rb\u{9b}31m\u{7f}\u{202e}gpj.exe\u{2066}x\u{2069}\u{61c}\u{200f}\u{2028}\u{85}";

    /// One character of each kind, by hand: the other tests ask [`is_printable`] itself.
    #[test]
    fn no_kind_of_what_a_terminal_obeys_is_left() {
        let obeyed = [
            '\0', '\u{7}', '\u{8}', '\r', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}', '\u{61c}',
            '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202a}', '\u{202e}', '\u{2066}',
            '\u{2069}',
        ];
        for character in obeyed {
            assert!(!is_printable(character), "{character:?}");
            assert_eq!(clean(&format!("a{character}b")), "a\u{fffd}b");
            let json = format!("\"{character}\"");
            assert!(!clean_json(&json).contains(character), "{character:?}");
        }
    }

    #[test]
    fn what_a_terminal_obeys_is_replaced_and_the_rest_stays() {
        assert!(clean(HOSTILE).chars().all(is_printable));
        assert!(clean(HOSTILE).contains("TITLE") && clean(HOSTILE).contains("gpj.exe"));
        let plain = "lines\n\tand tabs, “quotes”, 漢字, é, 👍";
        assert!(matches!(clean(plain), Cow::Borrowed(_)) && clean(plain) == plain);
    }

    proptest! {
        #[test]
        fn json_means_the_same(text in any::<String>()) {
            let text = format!("{text}{HOSTILE}");
            let json = serde_json::to_string_pretty(&[&text]).expect("JSON");
            let cleaned = clean_json(&json);
            prop_assert!(cleaned.chars().all(is_printable));
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&cleaned).expect("JSON"), [text]);
        }
    }
}
