//! Values of arguments that have a form of their own.

/// A name that needs no quotes in a shell.
pub(crate) fn word(text: &str) -> Result<String, String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_word = !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_allowed);
    is_word
        .then(|| text.to_owned())
        .ok_or_else(|| "use letters, digits, `-`, `_` and `.`".to_owned())
}

/// A time such as `45s`, `30m`, `12h`, `90d`, in seconds.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let factor = match &text[number.len()..] {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    let time = number
        .parse::<u64>()
        .ok()
        .zip(factor)
        .and_then(|(number, factor)| number.checked_mul(factor));
    time.ok_or_else(|| "a time is a number with a unit, such as 30m, 12h or 90d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!((seconds("90d"), seconds("45s")), (Ok(7_776_000), Ok(45)));
        for text in ["", "90", "d", "-1d", "1.5h", "9999999999999999999d", "1w"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
