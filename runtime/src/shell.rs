//! Command lines that are printed for a reader to paste into a shell.
//!
//! Every argument is quoted (POSIX Shell Command Language §2.2), whoever chose it. A shell expands
//! only a variable or a file that a [`ShellWord`] names as one.

use std::fmt;

/// An argument of a command line.
///
/// ```
/// use mcp_lambda::shell::{ShellWord, line};
///
/// let token = ShellWord::Variable {
///     before: "Authorization: Bearer ".into(),
///     name: "TOKEN".into(),
/// };
/// assert_eq!(
///     line(["curl".into(), "-H".into(), token]),
///     r#"curl -H 'Authorization: Bearer '"$TOKEN""#,
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellWord {
    /// A text, taken literally.
    Literal(String),
    /// A text, followed by the value of a variable.
    Variable {
        /// The literal text in front of the value.
        before: String,
        /// The variable's name.
        name: String,
    },
    /// A text, followed by the content of a file (POSIX Shell Command Language §2.6.3).
    File {
        /// The literal text in front of the content.
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

/// Formats the argument with the quotes that it needs.
impl fmt::Display for ShellWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => f.write_str(&quote(text)),
            // Expansions are in double quotes, so that the shell does not split their values or
            // expand `*` in them (POSIX Shell Command Language §2.6.5, §2.6.6).
            Self::Variable { before, name } if is_variable(name) => {
                write!(f, "{}\"${name}\"", quote_prefix(before))
            }
            // A name that no variable can have would be read as shell text.
            Self::Variable { before, name } => f.write_str(&quote(&format!("{before}${name}"))),
            Self::File { before, path } => {
                // `cat` would take a path that begins with a hyphen for an option.
                let here = if path.starts_with('-') { "./" } else { "" };
                write!(
                    f,
                    "{}\"$(cat {})\"",
                    quote_prefix(before),
                    quote(&format!("{here}{path}"))
                )
            }
        }
    }
}

/// Quotes the text in front of an expansion. Unlike [`quote`], it gives no quotes for an empty
/// text.
fn quote_prefix(before: &str) -> String {
    if before.is_empty() {
        String::new()
    } else {
        quote(before)
    }
}

/// Quotes a text as one argument, a literal [`ShellWord`]. A NUL, which no argument can hold, is
/// left out.
///
/// ```
/// use mcp_lambda::shell::quote;
///
/// assert_eq!(quote("notes"), "notes");
/// assert_eq!(quote("$(touch x)"), "'$(touch x)'");
/// ```
#[must_use]
pub fn quote(text: &str) -> String {
    let text = text.replace('\0', "");
    shlex::try_quote(&text)
        .map(std::borrow::Cow::into_owned)
        .unwrap_or_default()
}

/// Joins a command and its arguments, each a [`ShellWord`], to a command line.
#[must_use]
pub fn line<A: Into<ShellWord>>(arguments: impl IntoIterator<Item = A>) -> String {
    arguments
        .into_iter()
        .map(|argument| argument.into().to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns a line that exports a variable to the commands after it.
#[must_use]
pub fn export(name: &str, value: &ShellWord) -> String {
    if is_variable(name) {
        format!("export {name}={value}")
    } else {
        // A quoted name is an error of the shell, not a command of whoever chose it.
        format!("export {}={value}", quote(name))
    }
}

/// Returns true for a variable's name: letters, digits and `_`, and no digit first (POSIX Base
/// Definitions, "Name").
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
