//! The skills in `skills/`, held to the code: their form, and that whatever they name is there.
//!
//! Commands are tried on real binaries. Their Rust is compiled as doctests of this package (`tests/src/lib.rs`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mcp_lambda::config::SETTINGS;

const ADMIN: &str = env!("CARGO_BIN_EXE_account-admin");
const GENERIC: &str = env!("CARGO_BIN_EXE_any-admin");
const SERVER: &str = env!("CARGO_BIN_EXE_fixture");
const SKILLS: [&str; 2] = ["author", "operate"];

/// The binaries, and what each is called in the skills.
const PROGRAMS: [(&str, &[&str]); 3] = [
    (GENERIC, &["mcp-lambda"]),
    (ADMIN, &["notes-admin", "farm-admin", "APP-admin"]),
    (SERVER, &["notes", "farm", "APP"]),
];

/// The keys of a skill's front matter: <https://agentskills.io/specification>.
const KEYS: [&str; 6] = [
    "name",
    "description",
    "license",
    "compatibility",
    "metadata",
    "allowed-tools",
];

/// Words in capitals that are no settings: placeholders, and variables of the reader's own.
const NO_SETTINGS: [&str; 5] = [
    "LOG_GROUP",
    "NOTES_KEY",
    "NOTES_TOKEN",
    "ROLE_ARN",
    "TOKEN_ID",
];

/// Flags of other programs.
const NO_FLAGS: [&str; 2] = ["--features", "--no-default-features"];

/// A file of a skill.
struct Page {
    skill: &'static str,
    path: PathBuf,
    text: String,
}

impl Page {
    /// The text that is set as code: the blocks by their language, and the text between backticks.
    fn code(&self) -> Vec<(&str, &str)> {
        let mut code = Vec::new();
        for (place, part) in self.text.split("```").enumerate() {
            if place % 2 == 1 {
                code.push(part.split_once('\n').expect("a block has lines"));
            } else {
                code.extend(part.split('`').skip(1).step_by(2).map(|span| ("", span)));
            }
        }
        code
    }

    /// What is set between backticks.
    fn spans(&self) -> impl Iterator<Item = &str> {
        self.code()
            .into_iter()
            .filter_map(|(language, text)| language.is_empty().then_some(text))
    }

    /// Lines for a shell, and the text between backticks, split where one program ends and another begins.
    fn commands(&self) -> Vec<String> {
        let is_shell = |(language, _): &(&str, &str)| ["", "sh"].contains(language);
        self.code()
            .into_iter()
            .filter(is_shell)
            .flat_map(|(_, text)| split(text))
            .collect()
    }

    fn links(&self) -> impl Iterator<Item = &str> {
        self.text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("readable").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

fn pages() -> Vec<Page> {
    let page = |skill, path: PathBuf| Page {
        skill,
        text: read(&path),
        path,
    };
    let of = |skill| {
        files(&root().join("skills").join(skill))
            .into_iter()
            .map(move |path| page(skill, path))
    };
    SKILLS.into_iter().flat_map(of).collect()
}

/// Fails with all faults, each with its page.
fn report(fault: impl Fn(&Page) -> Vec<String>) {
    let faults: Vec<_> = pages()
        .iter()
        .flat_map(|page| {
            fault(page)
                .into_iter()
                .map(|fault| format!("{}: {fault}", page.path.display()))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The commands in a text: no comments, no continued lines, and each program of a pipe by itself.
fn split(text: &str) -> Vec<String> {
    let text = text.replace("\\\n", " ").replace("|\n", " | ");
    let line = |line: &str| {
        line.split(" #")
            .next()
            .unwrap_or_default()
            .trim_start_matches('(')
            .trim_end_matches(')')
            .to_owned()
    };
    let text = text.lines().map(line).collect::<Vec<_>>().join("\n");
    let text = text
        .replace("cargo run --bin farm-admin -- ", "farm-admin ")
        .replace("cargo run -- ", "farm ");
    let parts = ["&&", ";", " | ", " -- ", " > ", " < "]
        .iter()
        .fold(text, |text, mark| text.replace(mark, "\n"));
    parts
        .lines()
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

/// The help of a command, or what it says if there is no such command.
fn help(program: &str, path: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(path)
        .arg("--help")
        .env_clear()
        .env("HOME", "/")
        .output()
        .expect("it starts");
    let said = if output.status.success() {
        output.stdout
    } else {
        output.stderr
    };
    let said = String::from_utf8(said).expect("UTF-8");
    if output.status.success() {
        Ok(said)
    } else {
        Err(said)
    }
}

/// The binary that a command line is for, and its arguments.
fn meant<'c>(command: &'c str, verbs: &BTreeSet<String>) -> Option<(&'static str, Vec<&'c str>)> {
    let words: Vec<_> = command.split_whitespace().collect();
    let first = *words.first()?;
    let called = PROGRAMS.iter().find(|(_, names)| names.contains(&first));
    if let Some((program, _)) = called {
        return Some((program, words[1..].to_vec()));
    }
    let is_amazons = first == "aws" && words.get(1) != Some(&"init");
    (verbs.contains(first) && !is_amazons).then_some((ADMIN, words))
}

/// The commands at the top of the admin CLI, as its help lists them.
fn verbs() -> BTreeSet<String> {
    listed(&help(ADMIN, &[]).expect("help"))
}

/// The commands that a help lists.
fn listed(help: &str) -> BTreeSet<String> {
    let listed = help
        .split("Commands:\n")
        .nth(1)
        .and_then(|rest| rest.split("\n\n").next())
        .expect("a list");
    let name = |line: &str| {
        line.strip_prefix("  ")
            .filter(|line| !line.starts_with(' '))
            .map(str::to_owned)
    };
    let names = listed.lines().filter_map(name);
    names
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

/// What is wrong with a command, tried on the binary it is for.
fn fault(program: &str, words: &[&str]) -> Option<String> {
    let mut path = Vec::new();
    let (mut flags, mut words) = (Vec::new(), words.iter().copied().peekable());
    let mut said = help(program, &[]).expect("help");
    while let Some(word) = words.next() {
        if word.starts_with("--") {
            flags.push(word);
            if takes_value(&said, word) {
                words.next();
            }
        } else if has_commands(&said) {
            path.push(word);
            said = match help(program, &path) {
                Ok(said) => said,
                Err(said) => return Some(said),
            };
        }
    }
    let unknown = flags
        .into_iter()
        .find(|flag| !is_placeholder(flag) && !names(&said, flag))?;
    Some(format!("`{}` has no flag `{unknown}`", path.join(" ")))
}

/// Whether a command is only a way to others.
fn has_commands(help: &str) -> bool {
    help.lines()
        .any(|line| line.starts_with("Usage:") && line.ends_with("<COMMAND>"))
}

fn takes_value(help: &str, flag: &str) -> bool {
    help.contains(&format!("{flag} <"))
}

fn names(help: &str, flag: &str) -> bool {
    help.split_whitespace()
        .any(|word| word.trim_end_matches(',') == flag)
}

/// A flag such as `--FIELD-env`, in which the reader puts a name.
fn is_placeholder(flag: &str) -> bool {
    flag.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// What is wrong with the commands of a page.
fn command_faults(page: &Page, verbs: &BTreeSet<String>) -> Vec<String> {
    let commands = page.commands();
    let tried = commands
        .iter()
        .filter_map(|command| Some((command, meant(command, verbs)?)));
    tried
        .filter_map(|(command, (program, words))| {
            Some(format!("{command}: {}", fault(program, &words)?))
        })
        .collect()
}

/// The front matter, line by line: plain scalars only, so that it needs no YAML to be read.
fn front_matter(text: &str) -> Vec<(&str, &str)> {
    let (head, _) = text
        .strip_prefix("---\n")
        .and_then(|text| text.split_once("\n---\n"))
        .expect("front matter");
    head.lines()
        .map(|line| {
            line.split_once(": ")
                .unwrap_or_else(|| panic!("`{line}` is no `key: value`"))
        })
        .collect()
}

#[test]
fn front_matter_is_as_the_format_says() {
    for skill in SKILLS {
        let text = read(&root().join("skills").join(skill).join("SKILL.md"));
        let fields = front_matter(&text);
        let value = |key| {
            fields
                .iter()
                .find(|field| field.0 == key)
                .map(|field| field.1)
        };
        assert_eq!(value("name"), Some(skill));
        assert!(
            value("description").is_some_and(|text| (1..=1024).contains(&text.chars().count())),
            "{skill}"
        );
        assert!(
            value("compatibility").is_none_or(|text| (1..=500).contains(&text.chars().count())),
            "{skill}"
        );
        let keys: BTreeSet<_> = fields.iter().map(|field| field.0).collect();
        assert!(
            keys.len() == fields.len() && keys.iter().all(|key| KEYS.contains(key)),
            "{skill}: {keys:?}"
        );
        let is_plain = |text: &str| {
            !text.contains(": ") && !text.contains(" #") && text.starts_with(char::is_alphabetic)
        };
        assert!(
            fields.iter().all(|field| is_plain(field.1)),
            "{skill}: a value needs quotes in YAML"
        );
    }
}

#[test]
fn every_skill_is_short_and_leads_to_all_of_its_files() {
    report(|page| {
        let folder = root().join("skills").join(page.skill);
        if page.path != folder.join("SKILL.md") {
            return Vec::new();
        }
        let linked: BTreeSet<_> = page.links().map(|link| folder.join(link)).collect();
        let others = files(&folder)
            .into_iter()
            .filter(|path| *path != page.path && !linked.contains(path));
        let unlinked = others.map(|path| format!("nothing leads to {}", path.display()));
        let lines = page.text.lines().count();
        unlinked
            .chain((lines >= 200).then(|| format!("{lines} lines; 199 are enough")))
            .collect()
    });
}

#[test]
fn every_link_leads_to_a_file_of_the_same_skill() {
    report(|page| {
        let folder = page.path.parent().expect("a folder");
        let is_lost = |link: &&str| link.contains("..") || !folder.join(link).is_file();
        let local = page.links().filter(|link| !link.starts_with("https://"));
        local
            .filter(is_lost)
            .map(|link| format!("`{link}` is not there"))
            .collect()
    });
}

#[test]
fn every_file_named_is_in_a_new_app_or_in_the_repository() {
    let made = tempfile::tempdir().expect("a folder");
    let new = Command::new(GENERIC)
        .args(["new", "farm", "--in"])
        .arg(made.path())
        .output()
        .expect("it starts");
    assert!(
        new.status.success(),
        "{}",
        String::from_utf8_lossy(&new.stderr)
    );
    let places = [made.path().join("farm"), root()];
    let is_file = |name: &str| {
        [".rs", ".yaml", ".toml", ".md"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    let is_here =
        |name: &&str| is_file(name) && !name.starts_with(['~', '/']) && !name.contains(' ');
    report(|page| {
        let folder = root().join("skills").join(page.skill);
        let is_there = |name: &str| {
            places
                .iter()
                .chain([&folder])
                .any(|place| place.join(name).is_file())
        };
        page.spans()
            .filter(is_here)
            .filter(|name| !is_there(name))
            .map(|name| format!("`{name}` is nowhere"))
            .collect()
    });
}

#[test]
fn every_folder_that_cargo_installs_is_there() {
    report(|page| {
        let commands = page.commands();
        let paths = commands
            .iter()
            .filter_map(|command| command.strip_prefix("cargo install --path "));
        paths
            .filter(|path| !root().join(path).join("Cargo.toml").is_file())
            .map(str::to_owned)
            .collect()
    });
}

#[test]
fn every_command_and_flag_is_in_the_help_of_a_real_binary() {
    let verbs = verbs();
    report(|page| command_faults(page, &verbs));
    let count = |page: &Page| {
        page.commands()
            .iter()
            .filter(|command| meant(command, &verbs).is_some())
            .count()
    };
    assert!(
        pages().iter().map(count).sum::<usize>() > 100,
        "the commands were not found"
    );
}

/// All help there is below a command, in one text.
fn all_help(program: &str, path: &[&str]) -> String {
    let said = help(program, path).expect("help");
    let names = if has_commands(&said) {
        listed(&said)
    } else {
        BTreeSet::new()
    };
    let below = names
        .iter()
        .filter(|name| *name != "help")
        .map(|name| all_help(program, &[path, &[name]].concat()));
    below.fold(said, |all, help| all + &help)
}

#[test]
fn every_flag_named_alone_is_somewhere() {
    let all = [GENERIC, ADMIN, SERVER]
        .map(|program| all_help(program, &[]))
        .concat();
    let is_unknown =
        |flag: &&str| !is_placeholder(flag) && !NO_FLAGS.contains(flag) && !names(&all, flag);
    report(|page| {
        let flags = page
            .spans()
            .filter(|span| span.starts_with("--"))
            .filter_map(|span| span.split(' ').next());
        flags
            .filter(is_unknown)
            .map(|flag| format!("`{flag}` is no flag"))
            .collect()
    });
}

#[test]
fn a_command_that_is_not_there_is_found() {
    let verbs = verbs();
    let wrong = [
        "notes-admin users ad x",
        "farm serve --prot 1",
        "users add --expire 3d",
        "notes-admin --off x probe",
    ];
    let right = [
        "mcp-lambda new farm --dynamo",
        "notes-admin --on x --json users add a@b.c --token-env T",
        "no command --x",
    ];
    for (command, is_wrong) in wrong
        .map(|command| (command, true))
        .into_iter()
        .chain(right.map(|command| (command, false)))
    {
        let text = format!("`{command}`\n\n```sh\necho && {command}   # comment\n```\n");
        let page = Page {
            skill: "author",
            path: PathBuf::new(),
            text,
        };
        assert_eq!(
            command_faults(&page, &verbs).len(),
            if is_wrong { 2 } else { 0 },
            "{command}"
        );
    }
}

/// Each `Type::name` of a text, but for those of other crates.
fn items(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let paths = text.split(move |c| !is_path(c));
    paths.filter_map(|path| {
        let (path, name) = path.rsplit_once("::")?;
        let (outside, kind) = path.rsplit_once("::").unwrap_or(("", path));
        let is_ours = outside.is_empty() || outside.starts_with("mcp_lambda");
        let is_type = kind.starts_with(|first: char| first.is_ascii_uppercase());
        (is_ours && is_type).then_some((kind, name))
    })
}

/// `docs/public-api` is what rustdoc lists, which CI holds it to.
#[test]
fn every_item_named_is_public() {
    let listing = read(&root().join("docs/public-api/mcp-lambda.txt"));
    let public: BTreeSet<_> = items(&listing).collect();
    report(|page| {
        let named = page.spans().flat_map(items);
        // A type that is in no listing is another crate's, such as `Arc`.
        let is_ours = |kind: &str| public.iter().any(|(of, _)| *of == kind);
        let unknown = named.filter(|item| is_ours(item.0) && !public.contains(item));
        unknown
            .map(|(kind, name)| format!("there is no public `{kind}::{name}`"))
            .collect()
    });
    let count = |page: &Page| page.spans().flat_map(items).count();
    assert!(
        pages().iter().map(count).sum::<usize>() > 20,
        "the items were not found"
    );
}

/// The words of a text that look like variables: capitals with `_` between them.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    let words =
        text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let is_capital = |word: &str| {
        word.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let has_parts = |word: &str| {
        word.trim_matches('_').contains('_')
            && word.starts_with(|first: char| first.is_ascii_uppercase())
    };
    words.filter(move |word| is_capital(word) && has_parts(word))
}

#[test]
fn every_setting_named_is_one() {
    let is_known = |word: &str| {
        SETTINGS.iter().any(|setting| setting.name == word)
            || NO_SETTINGS.contains(&word)
            || word.starts_with("AWS_")
            || word.starts_with("CARGO_")
    };
    report(|page| {
        variables(&page.text)
            .filter(|word| !is_known(word))
            .map(|word| format!("{word} is no setting"))
            .collect()
    });
}

#[test]
fn the_settings_are_all_there() {
    let text = read(&root().join("skills/author/references/deploy.md"));
    let missing = SETTINGS
        .iter()
        .filter(|setting| !text.contains(&format!("| `{}` |", setting.name)));
    assert_eq!(
        missing.map(|setting| setting.name).collect::<Vec<_>>(),
        Vec::<&str>::new()
    );
}

#[test]
fn all_rust_is_compiled() {
    let library = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs"));
    report(|page| {
        let blocks: Vec<_> = page
            .code()
            .into_iter()
            .map(|(language, _)| language)
            .filter(|language| language.starts_with("rust"))
            .collect();
        let name = page
            .path
            .strip_prefix(root())
            .expect("within")
            .display()
            .to_string();
        let is_included = library.contains(&format!("include_str!(\"../../{name}\")"));
        let skipped = blocks
            .iter()
            .filter(|language| **language != "rust")
            .map(|language| format!("`{language}` is not run"));
        let missed = (!blocks.is_empty() && !is_included)
            .then(|| "tests/src/lib.rs does not include it".to_owned());
        skipped.chain(missed).collect()
    });
}

/// What the admin CLI and the server say they end with is what the skill says.
#[test]
fn every_exit_code_is_told() {
    let help = help(ADMIN, &[])
        .expect("help")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let codes = help
        .split("Exit codes: ")
        .nth(1)
        .and_then(|rest| rest.split('.').next())
        .expect("codes");
    let text = read(&root().join("skills/operate/references/problems.md"));
    for code in codes.split(", ").filter_map(|code| code.split(' ').next()) {
        assert!(text.contains(&format!("| {code} | ")), "exit code {code}");
    }
}
