//! `docs/cli.md`: the help of every command, found by walking from each help to the commands it names.

use mcp_lambda_tests::process::Home;

use super::{ACCOUNT, ADMIN, GENERIC, hold};
use crate::cli::out;

/// How the page begins.
const HEAD: &str = "# The admin CLI, command by command

What `--help` prints. `APP` is the app's name, such as `notes` in `notes-admin`. The generic `mcp-lambda` has the same commands, and `new`
besides; it connects to URLs, and has no store of its own. [What `--json` prints](json.md).

This page is written by the tests and held equal to the binaries: `SNAPSHOTS=overwrite cargo test -p mcp-lambda-tests --test it snapshots`.
";

/// A command, and what it says of itself.
pub(super) struct Command {
    /// Its words after the binary's name.
    pub(super) path: Vec<String>,
    pub(super) help: String,
    /// Whether it has no commands of its own.
    pub(super) is_leaf: bool,
}

impl Command {
    /// The help as if the binary had this name.
    fn said_by(&self, binary: &str) -> String {
        self.help.replace("fixture-admin", binary)
    }
}

/// Every command of a binary, each before its own.
pub(super) async fn commands(home: &Home, binary: &str) -> Vec<Command> {
    let (mut found, mut waiting) = (Vec::new(), vec![Vec::new()]);
    while let Some(path) = waiting.pop() {
        let help = help(home, binary, &path).await;
        let names = named(&help);
        let below = |name: &String| [path.as_slice(), std::slice::from_ref(name)].concat();
        waiting.extend(names.iter().rev().map(below));
        found.push(Command {
            path,
            help,
            is_leaf: names.is_empty(),
        });
    }
    found
}

/// The help at a fixed width. There is no terminal, so that clap takes what `COLUMNS` says, up to its own 100.
async fn help(home: &Home, binary: &str, path: &[String]) -> String {
    let mut command = home.command(binary);
    let output = command
        .args(path)
        .arg("--help")
        .env("COLUMNS", "100")
        .output()
        .await
        .expect("it runs");
    let help = out(&output);
    assert!(
        output.status.success() && !help.contains('\u{1b}'),
        "{path:?}: {help}"
    );
    help.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// The names in a help's list of commands: two spaces, a name, and its words.
fn named(help: &str) -> Vec<String> {
    let list = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let names = list.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn the_page_of_commands_is_what_the_binaries_print() {
    let home = Home::default();
    let (plain, own) = (commands(&home, ADMIN).await, commands(&home, ACCOUNT).await);
    assert!(
        plain.len() > 25 && plain.len() == own.len(),
        "{} and {}",
        plain.len(),
        own.len()
    );
    let mut page = HEAD.to_owned();
    page.extend(plain.iter().map(|command| section("APP-admin", command)));
    page.push_str(
        "\n# Where the app keeps a profile\n\nIts fields are flags: here `token`, a secret, `colour` and `port`.\n",
    );
    let differs = |(plain, own): &(&Command, &Command)| plain.help != own.help;
    page.extend(
        plain
            .iter()
            .zip(&own)
            .filter(differs)
            .map(|(_, own)| section("APP-admin", own)),
    );
    page.push_str("\n# Where `mcp-lambda` differs\n");
    let is_known = |other: &&Command| {
        plain
            .iter()
            .any(|own| own.said_by("mcp-lambda") == other.help)
    };
    let generic = commands(&home, GENERIC).await;
    page.extend(
        generic
            .iter()
            .filter(|other| !is_known(other))
            .map(|other| section("mcp-lambda", other)),
    );
    hold("docs/cli.md", &page);
}

fn section(binary: &str, command: &Command) -> String {
    let title = [&[binary.to_owned()], command.path.as_slice()]
        .concat()
        .join(" ");
    format!(
        "\n## `{title}`\n\n```text\n{}```\n",
        command.said_by(binary)
    )
}
