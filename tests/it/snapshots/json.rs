//! `docs/json.md`: each command is run with `--json`, and what it prints has exactly the fields of the kinds that the page names.

use std::collections::{BTreeMap, BTreeSet};

use mcp_lambda::ErrorKind;
use mcp_lambda_tests::aws::{Dynamo, SecretsManager};
use mcp_lambda_tests::process::Home;
use serde_json::Value;

use super::help::commands;
use super::transcript::Transcript;
use super::{GENERIC, place};
use crate::cli::{err, json_of};

/// What succeeds, in this order. The row it is held to is the one with the most of its words.
const ANSWERS: &str = "connect URL --signing-key KEY
    connect http://127.0.0.1:1 --as gone --offline
    connections list
    connections use default
    connections remove gone
    health
    probe
    tools list
    tools show add
    tools show picture
    safe-tool
    users list
    users add alice@example.com --profile {\"colour\":\"blue\"}
    users add bob@example.com --name laptop --scope paint:write --read-only
    users add dave@example.com --save-to HOME/dave.token
    users get-profile alice@example.com
    users get-profile bob@example.com
    users update-profile alice@example.com colour green
    users show alice@example.com
    users revoke bob@example.com
    users show bob@example.com
    users list
    users import HOME/users
    users import HOME/users --apply
    tools call add --user alice@example.com --arg left=2
    tools call picture --user alice@example.com
    safe-tool --invoke alice@example.com
    tokens list alice@example.com
    tokens create alice@example.com --name laptop --scope paint:write
    tokens create alice@example.com --read-only
    tokens create alice@example.com --save-to HOME/alice.token
    tokens revoke alice@example.com ID
    tokens list alice@example.com
    register
    register --client cursor --user alice@example.com
    register --apply --client cursor --token-env MINE
    register --detect
    manuals HOME/manuals
    new todo --in HOME
    aws init --table users --secret key
    aws rotate --secret key --yes
    aws rotate --secret key --revoke-previous --yes
    users purge alice@example.com --yes";

/// What is done before the faults.
const BEFORE_FAULTS: [&str; 4] = [
    "users add alice@example.com",
    "register --apply --client cursor --token-env MINE",
    "connect http://127.0.0.1:1 --as gone --offline --signing-key KEY",
    "connections use default",
];

/// What fails, each with the code of its fault; those in the second list answer all the same.
const FAULTS: [(&str, &str); 13] = [
    ("usage", "users add"),
    ("usage", "no-such-command"),
    ("not_configured", "connect URL --as another"),
    ("usage", "connect mcp.example.com"),
    ("usage", "new todo"),
    (
        "unauthenticated",
        "connect URL --signing-key another-key-of-32-bytes-or-more-x",
    ),
    (
        "unavailable",
        "connect http://127.0.0.1:1 --signing-key KEY",
    ),
    ("not_found", "users show nobody@example.com"),
    ("not_found", "users list --on nowhere"),
    ("invalid", "tokens create alice@example.com --expires 1s"),
    ("invalid", "users add bob@example.com --profile {"),
    ("already_exists", "users add alice@example.com"),
    (
        "conflict",
        "register --apply --client cursor --token-env ANOTHER",
    ),
];

const FAULTS_WITH_ANSWERS: [(&str, &str); 3] = [
    ("forbidden", "tools call fails --user alice@example.com"),
    ("invalid", "users import HOME/broken"),
    ("unavailable", "probe --on gone"),
];

/// What is not an answer in JSON.
const UNTRIED: [&str; 2] = ["admin-tools", "completions"];

/// What the page says of a command, or of a field of what it prints.
struct Row {
    is_list: bool,
    /// Each field and its kinds.
    fields: BTreeMap<String, Vec<String>>,
}

/// The page's rows by their first cell: a command and, for a nested shape, a field.
fn rows() -> BTreeMap<(String, Option<String>), Row> {
    let page = page();
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').map(str::trim));
    let rows = rows.filter_map(|mut cells| {
        let (_, key, prints, fields) = (cells.next()?, cells.next()?, cells.next()?, cells.next()?);
        let key = key.trim_matches('`');
        let (command, field) = key
            .split_once("`: `")
            .map_or((key, None), |(key, field)| (key, Some(field.to_owned())));
        let fields = fields
            .split(", ")
            .filter_map(|field| field.strip_prefix('`')?.split_once("` "))
            .map(named);
        let row = Row {
            is_list: prints == "list of objects",
            fields: fields.collect(),
        };
        Some(((command.to_owned(), field), row))
    });
    rows.filter(|(_, row)| !row.fields.is_empty()).collect()
}

fn named((name, kinds): (&str, &str)) -> (String, Vec<String>) {
    (
        name.to_owned(),
        kinds.split(" or ").map(str::to_owned).collect(),
    )
}

fn page() -> String {
    std::fs::read_to_string(place("docs/json.md")).expect("there is a page")
}

impl Row {
    /// How a value differs from the row.
    fn faults(&self, value: &Value) -> Vec<String> {
        let items = match value {
            Value::Array(items) if self.is_list => items.iter().collect(),
            Value::Object(_) if !self.is_list => vec![value],
            _ => return vec![format!("is another kind: {value}")],
        };
        items
            .into_iter()
            .flat_map(|item| self.faults_of(item))
            .collect()
    }

    fn faults_of(&self, item: &Value) -> Vec<String> {
        let Value::Object(item) = item else {
            return vec![format!("is no object: {item}")];
        };
        let unnamed = item.keys().filter(|name| !self.fields.contains_key(*name));
        let unnamed =
            unnamed.map(|name| format!("has a field `{name}`, which the page does not name"));
        let others = self
            .fields
            .iter()
            .filter(|(name, kinds)| !fits(item.get(*name), kinds));
        let others = others.map(|(name, kinds)| {
            format!(
                "`{name}` is not {}: {:?}",
                kinds.join(" or "),
                item.get(name)
            )
        });
        unnamed.chain(others).collect()
    }
}

fn fits(value: Option<&Value>, kinds: &[String]) -> bool {
    let kind = match value {
        None => "absent",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "text",
        Some(Value::Array(_)) => "list",
        Some(Value::Object(_)) => "object",
    };
    kinds
        .iter()
        .any(|one| one == kind || (one == "any" && value.is_some()))
}

/// A connected home, and an AWS that makes what it is asked for.
async fn world() -> (Transcript, Dynamo, SecretsManager) {
    let (dynamo, secrets) = (
        Dynamo::start("another").await,
        SecretsManager::start(None).await,
    );
    let mut world = Transcript::connected().await;
    world.in_aws(&dynamo, &secrets);
    world.write(
        "users/carol~example.com/user.json",
        r#"{"email": "carol@example.com"}"#,
    );
    world.write("broken/nobody/user.json", "{}");
    (world, dynamo, secrets)
}

#[tokio::test]
async fn every_answer_has_the_fields_that_the_page_names() {
    let (mut world, _dynamo, _secrets) = world().await;
    let (rows, mut faults, mut tried) = (rows(), Vec::new(), BTreeSet::new());
    for line in ANSWERS.lines().map(str::trim) {
        let output = world
            .output(&format!("{} {line} --json", binary(line)))
            .await;
        assert!(output.status.success(), "{line}: {}", err(&output));
        let command = held_to(&rows, line);
        let answer = json_of(&output);
        for ((_, field), row) in rows.iter().filter(|((name, _), _)| *name == command) {
            let values = field
                .as_ref()
                .map_or_else(|| vec![answer.clone()], |field| within(&answer, field));
            faults.extend(
                values
                    .iter()
                    .flat_map(|value| row.faults(value))
                    .map(|fault| format!("{line}: {fault}")),
            );
        }
        tried.insert(command);
    }
    assert!(
        faults.is_empty(),
        "docs/json.md does not fit what is printed:\n{}",
        faults.join("\n")
    );
    let untried: Vec<_> = rows
        .keys()
        .map(|(command, _)| command)
        .filter(|command| !tried.contains(*command))
        .collect();
    assert!(
        untried.is_empty(),
        "rows that no command was held to (add a line for each to `ANSWERS` in this file): {untried:?}"
    );
    every_command_has_a_row(&rows).await;
}

/// Whose command it is: `new` is the generic CLI's.
fn binary(line: &str) -> &'static str {
    if line.starts_with("new ") {
        "mcp-lambda"
    } else {
        "fixture-admin"
    }
}

/// The values of a field: an object's own, or those of each item of a list.
fn within(answer: &Value, field: &str) -> Vec<Value> {
    let items = answer
        .as_array()
        .map_or_else(|| vec![answer], |items| items.iter().collect());
    items.into_iter().map(|item| item[field].clone()).collect()
}

/// The command of the page with the most words, all of which the line has.
fn held_to(rows: &BTreeMap<(String, Option<String>), Row>, line: &str) -> String {
    let words: Vec<_> = line.split(' ').collect();
    let fitting = rows.keys().map(|(command, _)| command).filter(|command| {
        command.split(' ').enumerate().all(|(place, word)| {
            if word.starts_with("--") {
                words.contains(&word)
            } else {
                words.get(place) == Some(&word)
            }
        })
    });
    fitting
        .max_by_key(|command| command.split(' ').count())
        .unwrap_or_else(|| panic!("no row for `{line}` in docs/json.md: write one"))
        .clone()
}

async fn every_command_has_a_row(rows: &BTreeMap<(String, Option<String>), Row>) {
    for command in commands(&Home::default(), GENERIC)
        .await
        .into_iter()
        .filter(|command| command.is_leaf)
    {
        let name = command.path.join(" ");
        assert!(
            rows.contains_key(&(name.clone(), None)) || UNTRIED.contains(&name.as_str()),
            "no row for `{name}` in docs/json.md: write one, or add it to `UNTRIED` if it prints no JSON"
        );
        assert!(
            page().contains(&format!("| `{name}` |")),
            "the page does not name `{name}`"
        );
    }
}

#[tokio::test]
async fn every_fault_is_an_object_with_a_code_and_its_exit_code() {
    let (mut world, _dynamo, _secrets) = world().await;
    for line in BEFORE_FAULTS {
        assert!(
            world
                .output(&format!("fixture-admin {line}"))
                .await
                .status
                .success(),
            "{line}"
        );
    }
    let codes = codes();
    let rows = rows();
    for (place, (code, line)) in FAULTS.iter().chain(&FAULTS_WITH_ANSWERS).enumerate() {
        let output = world.output(&format!("fixture-admin {line} --json")).await;
        let fault: Value = serde_json::from_str(&err(&output))
            .unwrap_or_else(|_| panic!("JSON: {}", err(&output)));
        let names: Vec<_> = fault
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            (names.as_slice(), fault["error"].is_string()),
            (["code", "error"].as_slice(), true),
            "{line}"
        );
        assert_eq!(
            (fault["code"].as_str(), output.status.code()),
            (Some(*code), Some(codes[*code])),
            "{line}"
        );
        assert_eq!(output.stdout.is_empty(), place < FAULTS.len(), "{line}");
        if !output.stdout.is_empty() {
            assert_eq!(
                rows[&(held_to(&rows, line), None)].faults(&json_of(&output)),
                Vec::<String>::new(),
                "{line}"
            );
        }
    }
}

/// The page's exit codes, whose codes are all that there are.
fn codes() -> BTreeMap<String, i32> {
    let page = page();
    let (_, table) = page.split_once("| code | exit code |").expect("a table");
    let row = |line: &str| {
        let (code, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        Some((code.to_owned(), rest.split(' ').next()?.parse().ok()?))
    };
    let codes: BTreeMap<_, _> = table.lines().filter_map(row).collect();
    let all = ErrorKind::ALL
        .iter()
        .map(|kind| kind.code())
        .chain(["not_configured", "usage"]);
    assert_eq!(
        codes.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        all.collect(),
        "the codes of docs/json.md"
    );
    codes
}
