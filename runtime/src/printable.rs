//! Text of others made fit to be shown: what a terminal would obey, and not show, is taken out of it.
//!
//! Control characters move the cursor, set titles and recolour (ECMA-48); bidirectional ones reorder what is read
//! (Unicode UAX #9, "Trojan Source").

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a terminal shows this character, and does nothing else. A new line and a tab are shown.
#[must_use]
pub fn is_printable(character: char) -> bool {
    let reorders = matches!(character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    matches!(character, '\n' | '\t') || !(character.is_control() || reorders)
}

/// The text for a terminal, each character that is not [printable](is_printable) replaced by U+FFFD.
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

/// A JSON text with the same characters escaped (RFC 8259 §7), so that it means the same.
#[must_use]
pub fn clean_json(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().fold(
        String::with_capacity(text.len()),
        |mut escaped, character| {
            // All of them lie below U+10000, in one unit of UTF-16. Writing to a string never fails.
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

/// A name of somebody else's, for a message: no longer than anyone reads.
pub(crate) fn shortened(name: &str) -> String {
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
