//! A script of commands, each with what it printed and how it ended. What differs from run to run becomes a word in capitals.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use mcp_lambda_tests::aws::{Dynamo, SecretsManager};
use mcp_lambda_tests::process::{Home, Server};
use tokio::process::Command;

use super::{ACCOUNT, ADMIN, GENERIC, hold};
use crate::cli::{KEY, connected, err, out};

/// What was said and done so far, in a home of its own.
pub(super) struct Transcript {
    home: Home,
    _server: Option<Server>,
    /// Variables that the transcript does not show.
    environment: Vec<(&'static str, String)>,
    /// Words of the script, and what they stand for.
    words: Vec<(&'static str, String)>,
    /// The id that was printed last: the script's `ID`.
    id: String,
    text: String,
}

impl Transcript {
    /// A home that is not connected yet, and a server that it may connect to.
    pub(super) async fn begin() -> Self {
        let transcript = Self::connected().await;
        fs::remove_dir_all(transcript.home.path().join(".config")).expect("removed");
        transcript
    }

    /// A home that is connected to a server over a real socket.
    pub(super) async fn connected() -> Self {
        let (home, server) = connected("remote").await;
        fs::create_dir(home.path().join("project")).expect("made");
        let url = server.as_ref().expect("remote").url.clone();
        let words = vec![
            ("URL", url),
            ("HOME", home.path().display().to_string()),
            ("KEY", KEY.to_owned()),
        ];
        Self {
            home,
            _server: server,
            environment: Vec::new(),
            words,
            id: String::new(),
            text: String::new(),
        }
    }

    /// Lets all commands know this AWS, which makes whatever it is asked for.
    pub(super) fn in_aws(&mut self, dynamo: &Dynamo, secrets: &SecretsManager) {
        secrets
            .with(|vault| vault.previous = Some("the answer to all but `AWSCURRENT`".to_owned()));
        let variables = [
            ("AWS_ENDPOINT_URL_DYNAMODB", dynamo.url.as_str()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &secrets.url),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ];
        self.environment
            .extend(variables.map(|(name, value)| (name, value.to_owned())));
    }

    /// Writes a file into the home.
    pub(super) fn write(&self, file: &str, text: &str) {
        let path = self.home.path().join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, text).expect("written");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("set");
    }

    /// Runs commands, one a line, each with the variables set before it.
    pub(super) async fn run(&mut self, script: &str) {
        for line in script.lines().map(str::trim) {
            let output = self.output(line).await;
            let (said, complained) = (self.masked(&out(&output)), self.masked(&err(&output)));
            let said = if line.contains(" completions ") {
                first_line(&said)
            } else {
                said
            };
            let complained: String = complained
                .lines()
                .map(|line| format!("{}\n", format!("! {line}").trim_end()))
                .collect();
            let code = output.status.code().expect("it ends by itself");
            self.text += &format!("$ {line}\n{said}{complained}exit: {code}\n\n");
        }
    }

    /// Runs one command, outside the transcript.
    pub(super) async fn output(&mut self, line: &str) -> Output {
        let output = self.command(line).output().await.expect("it runs");
        let whole = format!("{}{}", out(&output), err(&output));
        assert!(!whole.contains('\u{1b}'), "colour in a pipe: {line}");
        if let Some((_, id)) = shapes(&whole).filter(|(word, _)| *word == "ID").last() {
            id.clone_into(&mut self.id);
        }
        output
    }

    /// Holds the whole equal to its file.
    pub(super) fn end(self, name: &str) {
        hold(&format!("tests/it/snapshots/{name}.txt"), &self.text);
    }

    fn command(&self, line: &str) -> Command {
        let mut words = line.split(' ').peekable();
        let variables: Vec<_> =
            std::iter::from_fn(|| words.next_if(|word| is_variable(word))).collect();
        let binary = match words.next() {
            Some("account-admin") => ACCOUNT,
            Some("fixture-admin") => ADMIN,
            Some("mcp-lambda") => GENERIC,
            other => panic!("no binary of ours: {other:?}"),
        };
        let mut command = self.home.command(binary);
        command
            .current_dir(self.home.path().join("project"))
            .envs(self.environment.iter().cloned());
        for (name, value) in variables
            .into_iter()
            .filter_map(|word| word.split_once('='))
        {
            command.env(name, self.meant(value));
        }
        command.args(words.map(|word| self.meant(word.trim_matches('\''))));
        command
    }

    /// What a word of the script stands for.
    fn meant(&self, word: &str) -> String {
        let word = word.replace("ID", &self.id);
        self.words
            .iter()
            .fold(word, |text, (word, meaning)| text.replace(word, meaning))
    }

    /// The text with words for what differs from run to run.
    fn masked(&self, text: &str) -> String {
        let known = self
            .words
            .iter()
            .map(|(word, meaning)| (*word, meaning.as_str()));
        let text = unnumbered(text);
        known
            .chain(shapes(&text))
            .fold(text.clone(), |text, (word, meaning)| {
                replaced(&text, meaning, word)
            })
    }
}

pub(super) fn is_variable(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    })
}

fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .map(|line| format!("{line}\n[…]\n"))
        .unwrap_or_default()
}

/// The text with a word in this value's place; columns after it stay where they are.
fn replaced(text: &str, value: &str, word: &str) -> String {
    let mut parts = text.split(value);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, after| {
        let (cell, rest) = after.split_at(after.find(char::is_whitespace).unwrap_or(after.len()));
        let width = if rest.starts_with("  ") {
            value.len().saturating_sub(word.len())
        } else {
            0
        };
        format!("{text}{word}{cell}{:width$}{rest}", "")
    })
}

/// The text without the numbers that each system gives to its errors.
fn unnumbered(text: &str) -> String {
    let mut parts = text.split("(os error ");
    let first = parts.next().unwrap_or_default().to_owned();
    let number = |c: char| c.is_ascii_digit();
    parts.fold(first, |text, after| {
        format!("{text}(os error N{}", after.trim_start_matches(number))
    })
}

/// What differs from run to run and is known by its shape.
fn shapes(text: &str) -> impl Iterator<Item = (&'static str, &str)> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"-_.:".contains(c));
    words
        .map(|word| word.trim_end_matches(['.', ':']))
        .filter_map(|word| Some((shape(word)?, word)))
}

fn shape(word: &str) -> Option<&'static str> {
    let is_id = word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_time = word.len() == 20 && word.as_bytes()[10] == b'T' && word.ends_with('Z');
    match word {
        _ if word.starts_with("eyJ") => Some("TOKEN"),
        _ if is_id => Some("ID"),
        _ if is_time => Some("TIME"),
        env!("CARGO_PKG_VERSION") => Some("VERSION"),
        _ => None,
    }
}
