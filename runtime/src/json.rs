//! Bounds on JSON text, applied while it is read.
//!
//! A value costs far more memory as a tree than as text, so [`Meter`] counts values before any tree
//! is made. Measured (`tests/interop/limits.py`): an object of one field has 8 bytes as text and
//! some 2,000 by the time a tool has been called with it.

use crate::error::{Error, Result};

/// The most values, names of fields among them, that one text may have.
pub const MAX_VALUES: usize = 40_000;

/// The most arrays and objects that may be nested in each other.
pub const MAX_DEPTH: usize = 64;

/// A counter of the values and the nesting of one JSON text (RFC 8259), which may come in pieces.
///
/// Text that is no JSON is counted as well; the parser that runs afterwards reports the problem.
///
/// ```
/// use mcp_lambda::json::Meter;
///
/// let mut meter = Meter::default();
/// meter.read(br#"{"a": [1, "#);
/// meter.read(b"true]}");
/// assert_eq!(meter.values(), 5, "an object, a name, an array, a number and a boolean");
/// assert!(meter.check().is_ok());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Meter {
    values: usize,
    depth: usize,
    deepest: usize,
    state: Position,
}

/// The position of a [`Meter`] in the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Position {
    /// Between values.
    #[default]
    Between,
    /// Inside a number, `true`, `false` or `null`.
    Word,
    /// Inside a string.
    Text,
    /// Behind a backslash in a string.
    Escape,
}

impl Meter {
    /// Counts the values of the next piece of the text.
    pub fn read(&mut self, piece: &[u8]) {
        for byte in piece {
            self.state = self.advance(*byte);
        }
    }

    /// Returns the number of values and names so far.
    #[must_use]
    pub const fn values(&self) -> usize {
        self.values
    }

    /// Compares the text so far with [`MAX_DEPTH`] and [`MAX_VALUES`].
    ///
    /// # Errors
    /// `TooLarge`, with the bound that is exceeded.
    pub fn check(&self) -> Result<()> {
        if self.deepest > MAX_DEPTH {
            return Err(Error::too_large(format!(
                "the JSON is nested more than {MAX_DEPTH} deep; send it flatter"
            )));
        }
        if self.values > MAX_VALUES {
            return Err(Error::too_large(format!(
                "the JSON has more than {MAX_VALUES} values (names of fields count too); send less at a time"
            )));
        }
        Ok(())
    }

    /// Counts one byte and returns the [`Position`] behind it, by the grammar's structural characters
    /// (RFC 8259 §2).
    fn advance(&mut self, byte: u8) -> Position {
        // Brackets count only outside of strings, and a quote behind a backslash ends no string. No
        // byte of a character outside ASCII equals one of these, so UTF-8 needs no decoding.
        match (self.state, byte) {
            (Position::Text, b'\\') => Position::Escape,
            (Position::Text, b'"') => Position::Between,
            (Position::Text | Position::Escape, _) => Position::Text,
            (_, b'"') => self.count_value(Position::Text),
            (_, b'{' | b'[') => {
                self.depth += 1;
                self.deepest = self.deepest.max(self.depth);
                self.count_value(Position::Between)
            }
            (_, b'}' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                Position::Between
            }
            (_, b',' | b':' | b' ' | b'\t' | b'\r' | b'\n') => Position::Between,
            (Position::Word, _) => Position::Word,
            (Position::Between, _) => self.count_value(Position::Word),
        }
    }

    /// Counts the value that begins here.
    const fn count_value(&mut self, next: Position) -> Position {
        self.values += 1;
        next
    }
}

/// Returns the depth of the deepest array or object of a whole text, to be compared with
/// [`MAX_DEPTH`]; 0 where there is none.
#[must_use]
pub fn depth(text: &str) -> usize {
    let mut meter = Meter::default();
    meter.read(text.as_bytes());
    meter.deepest
}

/// Compares a whole text with the bounds, as [`Meter::check`] does.
///
/// # Errors
/// `TooLarge`, with the bound that is exceeded.
///
/// ```
/// use mcp_lambda::{ErrorKind, json};
///
/// let nested = "[".repeat(json::MAX_DEPTH + 1);
/// assert_eq!(json::check(nested.as_bytes()).unwrap_err().kind(), ErrorKind::TooLarge);
/// ```
pub fn check(text: &[u8]) -> Result<()> {
    let mut meter = Meter::default();
    meter.read(text);
    meter.check()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn count(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
            Value::Object(fields) => {
                1 + fields.values().map(|value| 1 + count(value)).sum::<usize>()
            }
            _ => 1,
        }
    }

    fn nesting(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(nesting).max().unwrap_or_default(),
            Value::Object(fields) => 1 + fields.values().map(nesting).max().unwrap_or_default(),
            _ => 0,
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            r#"[ -~\\"\{\[,:é]{0,12}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(r#"[a-z\\"\}\],:]{0,6}"#, inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_counted_is_what_the_tree_holds(value in any_json(), pretty: bool, cuts in prop::collection::vec(1_usize..9, 0..40)) {
            let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) }.expect("JSON");
            let mut meter = Meter::default();
            let mut rest = &text[..];
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                meter.read(piece);
                rest = after;
            }
            meter.read(rest);
            prop_assert_eq!((meter.values, meter.deepest), (count(&value), nesting(&value)));
        }

        #[test]
        fn no_text_has_more_values_than_were_counted(text in r#"[\[\]\{\},:" \\0-9eE.+-]{0,40}"#) {
            if let Ok(value) = serde_json::from_str::<Value>(&text) {
                let mut meter = Meter::default();
                meter.read(text.as_bytes());
                // A field that is there twice is in the tree once.
                prop_assert!(meter.values >= count(&value) && meter.deepest >= nesting(&value), "{}", text);
            }
        }

        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>) {
            let _ = check(&bytes);
        }
    }

    #[test]
    fn nesting_is_counted_outside_of_strings() {
        for (text, expected) in [
            ("1", 0),
            ("[]", 1),
            (r#"{"a":[1,{}],"b":[]}"#, 3),
            (r#"["[[[","\"[","\\"]"#, 1),
            (r#"{"{\"[":1}"#, 1),
        ] {
            assert_eq!(depth(text), expected, "{text}");
        }
    }

    #[test]
    fn both_bounds_are_named() {
        let many = vec![0; MAX_VALUES];
        assert!(check(&serde_json::to_vec(&many[1..]).expect("JSON")).is_ok());
        let error = check(&serde_json::to_vec(&many).expect("JSON")).expect_err("one too many");
        assert!(
            error.message().contains("more than 40000 values"),
            "{error}"
        );
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(check(nested(MAX_DEPTH).as_bytes()).is_ok());
        let error = check(nested(MAX_DEPTH + 1).as_bytes()).expect_err("too deep");
        assert!(error.message().contains("more than 64 deep"), "{error}");
        let text = json!("[".repeat(100_000)).to_string();
        assert!(check(text.as_bytes()).is_ok(), "text is no nesting");
    }
}
