//! The laws of the code base, each one a test.
//!
//! Nothing here compiles the code it judges: every law is a statement about names in source text, so a broken law is
//! reported in milliseconds with the file and the name that broke it.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use mcp_lambda::config::SETTINGS;

/// The folders of code and the layers of their top-level modules. A module names only modules on lower layers.
const LAYERED: &[(&str, Layers)] = &[
    ("runtime/src", LAYERS),
    ("runtime/macros/src", MACROS_LAYERS),
    ("store-dynamo/src", DYNAMO_LAYERS),
    ("admin-cli/src", ADMIN_CLI_LAYERS),
];

/// Modules and the layer of each.
type Layers = &'static [(&'static str, u8)];

/// The layers of `runtime`.
const LAYERS: Layers = &[
    ("error", 0),
    ("secret", 0),
    ("clock", 0),
    ("printable", 0),
    ("shell", 0),
    ("json", 1),
    ("log_limit", 1),
    ("files", 1),
    ("user", 1),
    ("profile", 1),
    ("schema", 1),
    ("store", 2),
    ("keys", 2),
    ("seal", 3),
    ("backend", 3),
    ("records", 3),
    ("elicitation", 3),
    ("call", 4),
    ("provider", 5),
    ("identity", 5),
    ("tool", 6),
    ("prompt", 6),
    ("resource", 6),
    ("health", 6),
    ("middleware", 7),
    ("registry", 7),
    ("toolsets", 8),
    ("admin", 7),
    ("mcp", 8),
    ("http", 8),
    ("config", 9),
    ("app", 10),
    ("serve", 11),
    ("testkit", 11),
];

/// The layers of the macros.
const MACROS_LAYERS: Layers = &[
    ("primitive", 0),
    ("attributes", 1),
    ("arg", 2),
    ("parameter", 3),
    ("function", 4),
    ("methods", 5),
    ("module", 5),
];

/// The layers of the DynamoDB store.
const DYNAMO_LAYERS: Layers = &[
    ("config", 0),
    ("error", 0),
    ("retry", 0),
    ("table", 0),
    ("condition", 1),
    ("range", 1),
    ("secrets", 1),
    ("transaction", 2),
    ("store", 3),
    ("backend", 4),
    ("init", 5),
];

/// The layers of the admin CLI.
const ADMIN_CLI_LAYERS: Layers = &[
    ("error", 0),
    ("files", 0),
    ("remote", 0),
    ("values", 0),
    ("clients", 1),
    ("input", 1),
    ("output", 1),
    ("flags", 2),
    ("target", 3),
    ("connection", 4),
    ("mcp", 5),
    ("setup", 5),
    ("context", 6),
    ("probe_steps", 6),
    ("token_file", 6),
    ("token_delivery", 7),
    ("tool_call", 7),
    ("command", 8),
    ("cli", 9),
];

/// Names that have exactly one home: the only files in which each may appear.
const BORDERS: &[(&str, &[&str])] = &[
    ("rmcp::", &["runtime/src/mcp/", "runtime/src/app/"]),
    ("lambda_runtime::", &["runtime/src/serve/lambda/mod.rs"]),
    (
        "lambda_runtime_api_client::",
        &["runtime/src/serve/lambda/"],
    ),
    ("hyper::", &["runtime/src/serve/connection.rs"]),
    (
        "hyper_util::",
        &[
            "runtime/src/serve/connection.rs",
            "runtime/src/serve/lambda/mod.rs",
        ],
    ),
    ("rusqlite::", &["runtime/src/store/sqlite/"]),
    (
        "rustix::",
        &[
            "runtime/src/files.rs",
            "runtime/src/serve/http.rs",
            "runtime/src/serve/url_file.rs",
            "admin-cli/src/files.rs",
        ],
    ),
    ("shlex::", &["runtime/src/shell.rs"]),
    ("jsonwebtoken::", &["runtime/src/identity/"]),
    ("tracing_subscriber::", &["runtime/src/serve/logging.rs"]),
    ("jsonschema::", &["runtime/src/testkit/"]),
    ("jiff::", &["runtime/src/clock.rs"]),
    ("aws_lc_rs::", &["runtime/src/seal.rs"]),
    (
        "base64::",
        &[
            "runtime/src/mcp/headers.rs",
            "runtime/src/resource/",
            "runtime/src/seal.rs",
            "runtime/src/serve/lambda/",
        ],
    ),
    ("iri_string::", &["runtime/src/resource/template.rs"]),
    ("regex_syntax::", &["runtime/src/testkit/pattern.rs"]),
    (
        "strsim::",
        &[
            "runtime/src/admin/scopes.rs",
            "runtime/src/config/mod.rs",
            "runtime/src/schema/coerce.rs",
        ],
    ),
    ("task_local!", &["runtime/src/user/current.rs"]),
    ("SystemTime", &["runtime/src/clock.rs"]),
    (
        "std::env",
        &[
            "runtime/src/config/env.rs",
            "store-dynamo/src/config/variables.rs",
        ],
    ),
    (
        "reqwest::",
        &["admin-cli/src/remote.rs", "admin-cli/src/remote/"],
    ),
    ("comfy_table::", &["admin-cli/src/output.rs"]),
    ("anstream::", &["admin-cli/src/output.rs"]),
    ("anstyle::", &["admin-cli/src/output.rs"]),
    ("indicatif::", &["admin-cli/src/output.rs"]),
    ("rpassword::", &["admin-cli/src/output.rs"]),
    ("clap_mangen::", &["admin-cli/src/command/manuals.rs"]),
    (
        "syn::",
        &["admin-cli/src/command/new.rs", "runtime/macros/src/"],
    ),
    ("jsonc_parser::", &["admin-cli/src/clients/json.rs"]),
    ("toml_edit::", &["admin-cli/src/clients/toml.rs"]),
    (
        "clap::",
        &[
            "admin-cli/src/cli.rs",
            "admin-cli/src/clients/client.rs",
            "admin-cli/src/clients/mod.rs",
            "admin-cli/src/command/",
            "admin-cli/src/flags.rs",
            "runtime/src/serve/command.rs",
        ],
    ),
    ("aws_sdk_", &["store-dynamo/src/"]),
];

/// What the DynamoDB crate may see of the runtime.
const DYNAMO_SEES: &[&str] = &["backend", "clock", "error", "keys", "secret", "store"];

/// The entries at the top of the repository, besides dotfiles.
const TOP: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "runtime",
    "store-dynamo",
    "admin-cli",
    "template.yaml",
    "examples",
    "tests",
    "docs",
    "skills",
    "target",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

/// Where the product's own code is.
const CODE: &[&str] = &[
    "runtime/src",
    "runtime/macros/src",
    "store-dynamo/src",
    "admin-cli/src",
];

const MAX_LINES: usize = 800;

#[test]
fn modules_name_only_lower_layers() {
    let mut broken = Vec::new();
    for (folder, layers) in LAYERED {
        for file in sources(&[folder]) {
            broken.extend(names_of_higher_layers(&file, folder, layers));
        }
    }
    report(&broken);
}

/// The modules that a file names and that are no lower than itself.
fn names_of_higher_layers(file: &Source, folder: &str, layers: Layers) -> Vec<String> {
    let Some(module) = file.module(folder) else {
        return Vec::new();
    };
    let Some(here) = layer(layers, module) else {
        return vec![format!("{}: module `{module}` has no layer", file.path)];
    };
    let mut broken = Vec::new();
    if file
        .code()
        .any(|line| line.contains("crate::{") || line.contains("super::super::"))
    {
        broken.push(format!(
            "{}: write one `use crate::module::…` for each module",
            file.path
        ));
    }
    for named in file.names_after("crate::").filter(|named| named != module) {
        if layer(layers, &named).is_some_and(|there| there >= here) {
            broken.push(format!(
                "{}: layer {here} names `crate::{named}`",
                file.path
            ));
        }
    }
    broken
}

#[test]
fn a_command_names_no_other_command() {
    const FOLDER: &str = "admin-cli/src/command";
    let files = sources(&[FOLDER]);
    let commands: Vec<_> = files
        .iter()
        .filter_map(|file| file.module(FOLDER))
        .collect();
    let mut broken = Vec::new();
    for file in &files {
        let Some(command) = file.module(FOLDER).filter(|module| *module != "mod") else {
            continue;
        };
        let is_top = [format!("{command}.rs"), format!("{command}/mod.rs")]
            .iter()
            .any(|name| file.path == format!("{FOLDER}/{name}"));
        let siblings = file.names_after("super::").filter(|_| is_top);
        let others = siblings.chain(file.names_after("crate::command::"));
        broken.extend(
            others
                .filter(|name| name != command && commands.contains(&name.as_str()))
                .map(|name| format!("{}: names the command `{name}`", file.path)),
        );
    }
    report(&broken);
}

#[test]
fn a_client_is_named_in_its_own_file_and_in_the_list() {
    const FOLDER: &str = "admin-cli/src/clients";
    let clients = sources(&[FOLDER]);
    let names = clients.iter().flat_map(|file| {
        let name = |line: &str| {
            let rest = line.strip_prefix("impl McpClient for ")?;
            Some((file.path.clone(), rest.split(' ').next()?.to_owned()))
        };
        file.code().filter_map(name).collect::<Vec<_>>()
    });
    let mut broken = Vec::new();
    for (home, client) in names {
        for file in sources(&["admin-cli/src"]) {
            let is_home = file.path == home || file.path == format!("{FOLDER}/mod.rs");
            // `Stdio` is the name of other things too.
            if !is_home && client != "Stdio" && file.code().any(|line| has_word(line, &client)) {
                broken.push(format!("{}: names the client `{client}`", file.path));
            }
        }
    }
    report(&broken);
}

#[test]
fn every_layer_has_its_module() {
    let mut missing = Vec::new();
    for (folder, layers) in LAYERED {
        for (module, _) in *layers {
            let path = root().join(folder).join(module);
            if !path.is_dir() && !path.with_extension("rs").is_file() {
                missing.push(format!("{folder}: `{module}` has a layer and no code"));
            }
        }
    }
    report(&missing);
}

#[test]
fn every_name_stays_inside_its_border() {
    let mut broken = Vec::new();
    for file in sources(CODE) {
        for (name, homes) in BORDERS {
            if file.code().any(|line| has_word(line, name))
                && !homes.iter().any(|home| file.path.starts_with(home))
            {
                broken.push(format!("{}: `{name}` belongs in {homes:?}", file.path));
            }
        }
    }
    report(&broken);
}

#[test]
fn dynamo_sees_only_the_seams() {
    let named = |file: Source| {
        file.names_after("mcp_lambda::")
            .map(|named| (file.path.clone(), named))
            .collect::<Vec<_>>()
    };
    let broken: Vec<_> = sources(&["store-dynamo/src"])
        .into_iter()
        .flat_map(named)
        .filter(|(_, named)| !named.is_empty() && !DYNAMO_SEES.contains(&named.as_str()))
        .map(|(path, named)| format!("{path}: names `mcp_lambda::{named}`"))
        .collect();
    report(&broken);
}

#[test]
fn wrappers_hand_on_every_method_of_their_seam() {
    let broken: Vec<_> = sources(&["runtime/src/middleware", "runtime/src/toolsets"])
        .into_iter()
        .filter(|file| {
            let is_wrapper = file
                .text
                .lines()
                .any(|line| line.starts_with("impl") && line.contains(" Provider<"));
            is_wrapper
                && !file
                    .text
                    .contains("#[deny(clippy::missing_trait_methods)]\nimpl")
        })
        .map(|file| {
            format!(
                "{}: a wrapper needs `#[deny(clippy::missing_trait_methods)]`",
                file.path
            )
        })
        .collect();
    report(&broken);
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut broken = Vec::new();
    for file in sources(&[CODE, &["examples", "tests"]].concat()) {
        let lines = file
            .text
            .lines()
            .take_while(|line| *line != "#[cfg(test)]")
            .count();
        if lines > MAX_LINES {
            broken.push(format!(
                "{}: {lines} lines before its tests; split it by noun",
                file.path
            ));
        }
        if !file.text.starts_with("//!") && !file.text.starts_with("#![doc") {
            broken.push(format!("{}: begins without a `//!` line", file.path));
        }
    }
    report(&broken);
}

#[test]
fn the_top_level_holds_only_what_the_list_names() {
    let entries = fs::read_dir(root())
        .expect("the repository can be read")
        .filter_map(Result::ok);
    let broken: Vec<_> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str()))
        .collect();
    report(&broken);
}

#[test]
fn no_test_is_ignored_and_no_lint_is_silenced_without_a_reason() {
    let mut broken = Vec::new();
    for file in sources(&[CODE, &["examples", "tests"]].concat()) {
        let banned = [
            concat!("#[ig", "nore"),
            concat!("```ig", "nore"),
            concat!("thread::sl", "eep"),
        ];
        for word in banned.into_iter().filter(|word| file.text.contains(word)) {
            broken.push(format!("{}: `{word}`", file.path));
        }
    }
    report(&broken);
}

#[test]
fn a_build_for_lambda_leaves_out_what_only_a_laptop_needs() {
    let tree = std::process::Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "-p",
            "notes",
            "--no-default-features",
            "-e",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let tree = String::from_utf8(tree.stdout).expect("UTF-8");
    let crates: Vec<_> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(crates.contains(&"lambda_runtime") && crates.contains(&"aws-sdk-dynamodb"));
    for absent in [
        "rusqlite",
        "clap",
        "reqwest",
        "comfy-table",
        "axum",
        "openssl-sys",
        "ring",
        "jsonschema",
        "lambda_http",
        "mcp-lambda-admin",
    ] {
        assert!(
            !crates.contains(&absent),
            "`{absent}` has come into the build for Lambda"
        );
    }
}

#[test]
fn releases_unwind() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("a workspace");
    let (_, release) = manifest
        .split_once("[profile.release]")
        .expect("a release profile");
    assert!(
        release.contains("panic = \"unwind\""),
        "cargo-lambda writes `abort` where the profile says nothing"
    );
}

#[test]
fn an_examples_readme_has_at_most_15_lines() {
    for example in fs::read_dir(root().join("examples"))
        .expect("there are examples")
        .filter_map(Result::ok)
    {
        let readme = fs::read_to_string(example.path().join("README.md"));
        let lines = readme
            .unwrap_or_else(|_| panic!("{} has no README.md", example.path().display()))
            .lines()
            .count();
        assert!(lines <= 15, "{}: {lines} lines", example.path().display());
    }
}

#[test]
fn the_readmes_table_is_the_settings() {
    let mut table = String::from("| setting | without it | what it does |\n|---|---|---|\n");
    for setting in SETTINGS {
        writeln!(
            table,
            "| `{}` | {} | {} |",
            setting.name, setting.default, setting.about
        )
        .expect("a string can be written");
    }
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README");
    assert!(
        readme.contains(&table),
        "the settings table of README.md should be\n\n{table}"
    );
}

/// A setting that stays in the shell is the next command's too: a key of the emulator's would sign tokens that the server of
/// this machine refuses.
#[test]
fn what_the_readme_has_pasted_leaves_no_setting_in_the_shell() {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README");
    let readme = readme.replace("\\\n", " ");
    let blocks = readme.split("```sh\n").skip(1);
    let lines: Vec<_> = blocks
        .flat_map(|block| block.split("```").next().unwrap_or_default().lines())
        .collect();
    let is_left = |line: &&str, name: &str| {
        let exported = line.trim_start().strip_prefix("export ");
        exported.is_some_and(|exported| has_word(exported, &format!("{name}=")))
    };
    for setting in SETTINGS {
        let left = lines.iter().find(|line| is_left(line, setting.name));
        assert_eq!(left, None, "{}", setting.name);
    }
    let mut emulators = lines
        .iter()
        .filter(|line| line.contains("cargo lambda watch"));
    assert!(
        emulators.clone().count() > 0
            && emulators.all(|line| line.contains("--invoke-address 127.0.0.1")),
        "cargo-lambda listens on every address unless it is told one"
    );
}

/// One source file, with its path from the repository root.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The lines of code, comments cut off.
    fn code(&self) -> impl Iterator<Item = &str> {
        self.text
            .lines()
            .map(|line| line.split("//").next().unwrap_or_default())
    }

    /// The identifier after each `prefix` in code.
    fn names_after<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = String> + 'a {
        let identifier = |rest: &str| {
            rest.chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect()
        };
        self.code()
            .flat_map(move |line| line.split(prefix).skip(1))
            .map(identifier)
    }

    /// The top-level module of `folder` this file is part of; `None` for `lib.rs` and `main.rs`.
    fn module(&self, folder: &str) -> Option<&str> {
        let inside = self.path.strip_prefix(folder)?.strip_prefix('/')?;
        let first = inside.split('/').next()?.trim_end_matches(".rs");
        (!matches!(first, "lib" | "main")).then_some(first)
    }
}

/// Whether a line holds this name and not only another that ends in it.
fn has_word(line: &str, name: &str) -> bool {
    line.match_indices(name)
        .any(|(place, _)| !line[..place].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}

fn layer(layers: Layers, module: &str) -> Option<u8> {
    layers
        .iter()
        .find(|(name, _)| *name == module)
        .map(|(_, layer)| *layer)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("the repository root exists")
}

fn sources(folders: &[&str]) -> Vec<Source> {
    let root = root();
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path)
                .expect("readable")
                .filter_map(Result::ok);
            waiting.extend(entries.map(|entry| entry.path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("source is UTF-8");
            let path = path
                .strip_prefix(&root)
                .expect("inside")
                .to_string_lossy()
                .replace('\\', "/");
            found.push(Source { path, text });
        }
    }
    found
}

fn report(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}
