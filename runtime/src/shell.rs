//! Command lines that are printed to be pasted into a shell.
//!
//! Every argument is quoted (POSIX Shell Command Language §2.2), whoever chose it. A shell expands nothing but a variable or
//! a file that is named here as one.

use std::fmt;

/// An argument of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellWord {
    /// A text as it is.
    Literal(String),
    /// A text, and behind it what a variable holds.
    Variable {
        /// What stands before.
        before: String,
        /// The variable's name.
        name: String,
    },
    /// A text, and behind it what a file holds.
    File {
        /// What stands before.
        before: String,
        /// The file's path.
        path: String,
    },
}

impl From<String> for ShellWord {
    fn from(text: String) -> Self {
        Self::Literal(text)
    }
}

impl From<&str> for ShellWord {
    fn from(text: &str) -> Self {
        Self::Literal(text.to_owned())
    }
}

/// The argument as a shell reads it.
impl fmt::Display for ShellWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => f.write_str(&quote(text)),
            Self::Variable { before, name } if is_variable(name) => {
                write!(f, "{}\"${name}\"", begin(before))
            }
            Self::Variable { before, name } => f.write_str(&quote(&format!("{before}${name}"))),
            Self::File { before, path } => {
                // A path that begins like a flag would be one of `cat`.
                let here = if path.starts_with('-') { "./" } else { "" };
                write!(
                    f,
                    "{}\"$(cat {})\"",
                    begin(before),
                    quote(&format!("{here}{path}"))
                )
            }
        }
    }
}

/// What stands before an expansion; an empty text needs no quotes there.
fn begin(before: &str) -> String {
    if before.is_empty() {
        String::new()
    } else {
        quote(before)
    }
}

/// A text as one argument. A NUL, which no argument can hold, is left out.
#[must_use]
pub fn quote(text: &str) -> String {
    let text = text.replace('\0', "");
    shlex::try_quote(&text)
        .map(std::borrow::Cow::into_owned)
        .unwrap_or_default()
}

/// A command with its arguments.
#[must_use]
pub fn line<A: Into<ShellWord>>(arguments: impl IntoIterator<Item = A>) -> String {
    arguments
        .into_iter()
        .map(|argument| argument.into().to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A line that sets a variable for the commands after it.
#[must_use]
pub fn export(name: &str, value: &ShellWord) -> String {
    if is_variable(name) {
        format!("export {name}={value}")
    } else {
        format!("export {}={value}", quote(name))
    }
}

/// Whether a shell takes this for a variable's name: letters, digits and `_`, and no digit first.
#[must_use]
pub fn is_variable(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    name.bytes().next().is_some_and(is_letter)
        && name
            .bytes()
            .all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// What a shell makes of a line: its arguments, with `V` set and nothing run.
    fn read(line: &str) -> Vec<String> {
        let script = format!("set -u; words() {{ printf '%s\\0' \"$@\"; }}; words {line}");
        let parsed = Command::new("sh")
            .args(["-n", "-c", &script])
            .output()
            .expect("a shell");
        assert!(
            parsed.status.success(),
            "{line}: {}",
            String::from_utf8_lossy(&parsed.stderr)
        );
        let output = Command::new("sh")
            .args(["-c", &script])
            .env("V", "v a'l$u\"e")
            .output()
            .expect("a shell");
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{line}: {output:?}"
        );
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    #[test]
    fn what_is_hostile_is_one_argument() {
        let hostile = [
            "",
            " ",
            "a b",
            "it's",
            "$HOME",
            "`touch x`",
            "$(touch x)",
            "\"; touch x; \"",
            "a\\b",
            "\\",
            "~",
            "*",
            "!!",
            "^a^b",
            "{a,b}",
            "#x",
            "-x",
            "a\nb",
            "a\tb",
            "é",
            "'\"'\"'",
            "x; touch y",
            "$(>pwned)@b.c",
            "%",
            "a=b",
            "&",
        ];
        assert_eq!(read(&line(hostile)), hostile);
    }

    #[test]
    fn what_is_named_is_expanded_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("it's $(here)");
        std::fs::write(&path, "to'k en\n").expect("written");
        let path = path.to_string_lossy().into_owned();
        let before = "Authorization: Bearer ".to_owned();
        let arguments = [
            ShellWord::Variable {
                before: before.clone(),
                name: "V".to_owned(),
            },
            ShellWord::Variable {
                before: "$V ".to_owned(),
                name: "V; touch x".to_owned(),
            },
            ShellWord::File {
                before,
                path: path.clone(),
            },
            ShellWord::File {
                before: String::new(),
                path,
            },
        ];
        let expected = [
            "Authorization: Bearer v a'l$u\"e",
            "$V $V; touch x",
            "Authorization: Bearer to'k en",
            "to'k en",
        ];
        assert_eq!(read(&line(arguments)), expected);
    }

    #[test]
    fn a_variable_is_exported_with_just_that_value() {
        let script = format!(
            "{}\nprintf %s \"$TOKEN\"",
            export("TOKEN", &"a b; $(touch x)".into())
        );
        let output = Command::new("sh")
            .args(["-c", &script])
            .output()
            .expect("a shell");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "a b; $(touch x)");
        assert!(!export("X; touch y", &"v".into()).starts_with("export X;"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_shell_reads_back_what_was_meant(arguments in prop::collection::vec("[ -~\n\té’\u{202e}]{0,24}", 1..8)) {
            prop_assert_eq!(read(&line(arguments.iter().map(String::as_str))), arguments);
        }
    }
}
