//! Parsers of arguments, for clap's `value_parser`.

/// Parses the name of a connection: one that needs no quotes in a shell and does not look like a flag.
///
/// # Errors
/// A message with the characters that are allowed.
pub(crate) fn parse_name(text: &str) -> Result<String, String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_name = !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_allowed);
    is_name
        .then(|| text.to_owned())
        .ok_or_else(|| "use letters, digits, `-`, `_` and `.`".to_owned())
}

/// Parses a duration such as `45s`, `30m`, `12h` or `90d` into seconds.
///
/// # Errors
/// A message with the form, also for a duration of more seconds than a `u64` holds.
pub(crate) fn parse_duration(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let seconds_per_unit = match &text[number.len()..] {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    let seconds = number
        .parse::<u64>()
        .ok()
        .zip(seconds_per_unit)
        .and_then(|(number, seconds_per_unit)| number.checked_mul(seconds_per_unit));
    seconds.ok_or_else(|| "a time is a number with a unit, such as 30m, 12h or 90d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(parse_duration("90d"), Ok(7_776_000));
        assert_eq!(parse_duration("45s"), Ok(45));
        for text in ["", "90", "d", "-1d", "1.5h", "9999999999999999999d", "1w"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
