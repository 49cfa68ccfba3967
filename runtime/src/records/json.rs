//! How deep JSON text is nested: a bound on the way in that is the reader's bound on the way out.

/// The deepest nesting that `serde_json` reads.
pub(super) const MAX_DEPTH: usize = 127;

/// How many arrays and objects of JSON text stand inside one another at most.
pub(super) fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut is_escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn nesting_is_counted_outside_of_strings() {
        for (text, expected) in
            [("1", 0), ("[]", 1), (r#"{"a":[1,{}],"b":[]}"#, 3), (r#"["[[[","\"[","\\"]"#, 1), (r#"{"{\"[":1}"#, 1)]
        {
            assert_eq!(depth(text), expected, "{text}");
        }
    }

    #[test]
    fn the_bound_is_what_the_reader_takes() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        serde_json::from_str::<Value>(&nested(MAX_DEPTH)).expect("readable");
        serde_json::from_str::<Value>(&nested(MAX_DEPTH + 1)).expect_err("one too many");
    }
}
