//! Transcripts of what concerns the server and this machine, and the law that every command has one.

use std::collections::BTreeSet;

use mcp_lambda_tests::aws::{Dynamo, SecretsManager};
use mcp_lambda_tests::process::Home;

use super::help::commands;
use super::transcript::{Transcript, is_variable};
use super::{GENERIC, place};

const TRANSCRIPTS: [&str; 9] = [
    "connections",
    "generic",
    "machine",
    "profiles",
    "register",
    "server",
    "tokens",
    "tools",
    "users",
];

#[tokio::test]
async fn connections() {
    let mut told = Transcript::begin().await;
    told.write("damaged/fixture/setup.json", "{");
    told.run(
        "fixture-admin connections list
        fixture-admin users list
        fixture-admin admin-tools
        fixture-admin connect mcp.example.com
        fixture-admin connect http://mcp.example.com
        fixture-admin connect http://127.0.0.1:1 --signing-key KEY
        fixture-admin connect URL
        fixture-admin connect URL --signing-key short
        fixture-admin connect URL --signing-key another-key-of-32-bytes-or-more-x
        fixture-admin connect URL --signing-key-env STAGING
        STAGING=KEY fixture-admin connect URL --signing-key-env STAGING --as staging
        fixture-admin users list
        fixture-admin connect URL --signing-key KEY
        fixture-admin connect local --as here
        fixture-admin connect local --signing-key a --signing-key-env b
        fixture-admin connect http://127.0.0.1:1 --as gone --offline
        fixture-admin users list
        fixture-admin connections list
        fixture-admin connections use here
        fixture-admin connections use nowhere
        fixture-admin connections remove here
        fixture-admin connections remove nowhere
        fixture-admin users list
        XDG_CONFIG_HOME=HOME/damaged fixture-admin connections list",
    )
    .await;
    told.end("connections");
}

#[tokio::test]
async fn server() {
    let mut told = Transcript::connected().await;
    told.run(
        "fixture-admin health
        fixture-admin probe
        fixture-admin safe-tool
        fixture-admin safe-tool --invoke alice@example.com
        fixture-admin users add alice@example.com
        fixture-admin safe-tool --invoke alice@example.com
        fixture-admin connect URL --signing-key another-key-of-32-bytes-or-more-x --as wrong --offline
        fixture-admin health
        fixture-admin probe
        fixture-admin safe-tool
        fixture-admin connect http://127.0.0.1:1 --signing-key KEY --as gone --offline
        fixture-admin health
        fixture-admin probe",
    )
    .await;
    told.end("server");
}

#[tokio::test]
async fn tools() {
    let mut told = Transcript::connected().await;
    told.run(
        "fixture-admin users add alice@example.com
        fixture-admin tools list
        fixture-admin tools list --on nowhere
        fixture-admin tools show add
        fixture-admin tools show picture
        fixture-admin tools show scoped
        fixture-admin tools show nothing
        fixture-admin tools call add --user alice@example.com --arg left=2 --arg right=3
        fixture-admin tools call add --user alice@example.com --body '{\"left\":4}'
        fixture-admin tools call picture --user alice@example.com
        fixture-admin tools call fails --user alice@example.com
        fixture-admin tools call panics --user alice@example.com
        fixture-admin tools call sleeps --user alice@example.com
        fixture-admin tools call add --user alice@example.com
        fixture-admin tools call add --user alice@example.com --arg left
        fixture-admin tools call add --user alice@example.com --arg left=two
        fixture-admin tools call add --user alice@example.com --arg middle=2
        fixture-admin tools call add --user alice@example.com --body '{'
        fixture-admin tools call add --user nobody@example.com --arg left=2
        fixture-admin tools call nothing --user alice@example.com
        fixture-admin tools call add --arg left=2",
    )
    .await;
    told.end("tools");
}

#[tokio::test]
async fn machine() {
    let (dynamo, secrets) = (
        Dynamo::start("another").await,
        SecretsManager::start(None).await,
    );
    let mut told = Transcript::begin().await;
    told.in_aws(&dynamo, &secrets);
    told.write("file", "");
    told.run(
        "fixture-admin --version
        fixture-admin
        fixture-admin nonsense
        fixture-admin users
        fixture-admin completions bash
        fixture-admin completions csh
        fixture-admin manuals HOME/manuals
        fixture-admin manuals HOME/file
        fixture-admin aws init --table users --secret key
        fixture-admin aws init --table users --secret key
        fixture-admin aws init --table users
        fixture-admin aws init --table users --secret key --endpoint http://127.0.0.1:1
        fixture-admin aws rotate --secret key
        fixture-admin aws rotate --secret key --yes
        fixture-admin aws rotate --secret key --revoke-previous
        fixture-admin aws rotate --secret key --revoke-previous --yes
        fixture-admin aws rotate --secret key --yes --endpoint http://127.0.0.1:1",
    )
    .await;
    told.end("machine");
}

#[tokio::test]
async fn generic() {
    let mut told = Transcript::begin().await;
    told.run(
        "mcp-lambda users list
        mcp-lambda connect local
        mcp-lambda connect URL --signing-key KEY
        mcp-lambda health
        mcp-lambda users add alice@example.com
        mcp-lambda register --client claude-code
        mcp-lambda register --stdio --user alice@example.com
        mcp-lambda new todo --in HOME
        mcp-lambda new todo --in HOME
        mcp-lambda new Todo --in HOME
        mcp-lambda new serde --in HOME
        mcp-lambda new other --in HOME --framework HOME
        mcp-lambda new other --in HOME --git https://git.example.com/mcp-lambda
        mcp-lambda new other --in HOME --git https://git.example.com/mcp-lambda --rev main
        mcp-lambda new other --in HOME --git https://git.example.com/mcp-lambda --rev 0123456789abcdef0123456789abcdef01234567
        mcp-lambda new
        fixture-admin new todo",
    )
    .await;
    told.end("generic");
}

/// Serves MCP until its client hangs up; `admin_tools.rs` speaks with it.
const CONVERSES: &str = "admin-tools";

#[tokio::test]
async fn every_command_is_seen_to_succeed_and_to_fail() {
    let seen: BTreeSet<_> = TRANSCRIPTS
        .into_iter()
        .flat_map(|name| endings(&read(name)))
        .collect();
    // The generic CLI has every command of an app's, and one more.
    let commands = commands(&Home::default(), GENERIC).await;
    for command in commands
        .iter()
        .filter(|command| command.is_leaf)
        .map(|command| command.path.join(" "))
    {
        for succeeds in [true, false] {
            let is_seen = seen.iter().any(|(line, success)| {
                *success == succeeds && format!("{line} ").starts_with(&format!("{command} "))
            });
            let wanted = if succeeds { "succeeds" } else { "fails" };
            assert!(
                is_seen || (succeeds && command == CONVERSES),
                "no transcript in which `{command}` {wanted}: add a line to one in tests/it/snapshots/commands.rs or people.rs, then run with SNAPSHOTS=overwrite, twice"
            );
        }
    }
}

fn read(name: &str) -> String {
    std::fs::read_to_string(place(&format!("tests/it/snapshots/{name}.txt"))).expect("a transcript")
}

/// What was run, without variables and the binary, and whether it succeeded.
fn endings(transcript: &str) -> Vec<(String, bool)> {
    let arguments = |line: &str| {
        line.split(' ')
            .skip_while(|word| is_variable(word))
            .skip(1)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let commands = transcript
        .lines()
        .filter_map(|line| line.strip_prefix("$ "))
        .map(arguments);
    let codes = transcript
        .lines()
        .filter_map(|line| line.strip_prefix("exit: "))
        .map(|code| code == "0");
    commands.zip(codes).collect()
}
