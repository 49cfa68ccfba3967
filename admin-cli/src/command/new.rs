//! `new`: an app to begin with, which builds and keeps all laws. What is there already is never touched.

use clap::Args;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use mcp_lambda::{App, Error, shell};
use serde_json::json;

use crate::clients::toml;
use crate::error::CliError;
use crate::output::Output;
use crate::target::AdminTarget;

#[derive(Debug, Args)]
pub(crate) struct NewCommand {
    /// The app's name: lower-case letters, digits and `-`.
    pub(crate) name: String,
    /// With a profile of its own, which holds a token for an upstream.
    #[arg(long)]
    pub(crate) profile: bool,
    /// With DynamoDB always in, and not behind a feature of that name.
    #[arg(long)]
    pub(crate) dynamo: bool,
    /// Where to put its folder.
    #[arg(long = "in", value_name = "FOLDER", default_value = ".")]
    pub(crate) folder: PathBuf,
    /// A checkout of mcp-lambda to build on, if not the one this CLI was built from. The app then builds on this machine alone.
    #[arg(long, value_name = "FOLDER", conflicts_with = "git")]
    pub(crate) framework: Option<PathBuf>,
    /// The Git repository of mcp-lambda to build on, so that the app builds elsewhere too; with `--rev`.
    #[arg(long, value_name = "URL", requires = "rev")]
    pub(crate) git: Option<String>,
    /// The commit of that repository.
    #[arg(long, value_name = "REV", requires = "git")]
    pub(crate) rev: Option<String>,
}

/// The files of an app, each with its place in it.
type Files = Vec<(String, String)>;

/// Crates that an app uses beside its own, those of Rust itself, and folders that Cargo builds in.
const RESERVED: [&str; 15] = [
    "alloc",
    "build",
    "core",
    "deps",
    "examples",
    "incremental",
    "mcp-lambda",
    "mcp-lambda-admin",
    "mcp-lambda-dynamo",
    "proc-macro",
    "schemars",
    "serde",
    "serde-json",
    "std",
    "test",
];

pub(crate) fn run(
    subject: &AdminTarget,
    wanted: &NewCommand,
    output: &Output,
) -> Result<(), CliError> {
    if matches!(subject, AdminTarget::App(_)) {
        return Err(CliError::Usage(format!(
            "new apps are made by the generic CLI: `mcp-lambda new {}`",
            wanted.name
        )));
    }
    check(&wanted.name)?;
    let folder = match wanted.folder.as_path() {
        here if here == Path::new(".") => PathBuf::from(&wanted.name),
        elsewhere => elsewhere.join(&wanted.name),
    };
    if folder.exists() {
        let words = format!(
            "{} exists already; choose another name, or remove it",
            folder.display()
        );
        return Err(Error::already_exists(words).into());
    }
    let framework = framework(wanted)?;
    let files = files(wanted, &framework);
    put(&folder, &files)?;
    let paths: Vec<_> = files.iter().map(|(path, _)| path).collect();
    output.print_answer(&json!({ "folder": folder, "files": paths }), || {
        let (name, cd) = (&wanted.name, shell::line(["cd", &folder.to_string_lossy()]));
        let next = format!(
            "Made {}. Next:\n\n  {cd}\n  cargo test\n  cargo run -- serve\n  cargo run --bin {name}-admin -- connect local\n  cargo run --bin {name}-admin -- users add you@example.com",
            folder.display()
        );
        let note = framework.note();
        if note.is_empty() { next } else { format!("{next}\n\n{note}") }
    });
    Ok(())
}

/// The source of the framework in the app's manifest.
enum FrameworkSource {
    /// A folder of this machine.
    Folder(String),
    /// A commit of a repository.
    Git { url: String, rev: String },
    /// The registry.
    Registry,
}

impl FrameworkSource {
    /// The same as the manifest has it, for one of its crates.
    fn source(&self, part: &str) -> String {
        match self {
            Self::Folder(folder) => format!("path = {}", toml::quote(&format!("{folder}/{part}"))),
            Self::Git { url, rev } => {
                format!("git = {}, rev = {}", toml::quote(url), toml::quote(rev))
            }
            Self::Registry => format!("version = \"{}\"", env!("CARGO_PKG_VERSION")),
        }
    }

    /// Returns the notes on it.
    const fn note(&self) -> &'static str {
        match self {
            Self::Folder(_) => {
                "mcp-lambda is taken from a folder of this machine, so the app builds here alone. For others, for CI and for `sam build`\n\
                 elsewhere, write `git = \"URL\", rev = \"REV\"` for each `path = …` in Cargo.toml; `new --git URL --rev REV` does so from the start."
            }
            Self::Git { .. } | Self::Registry => "",
        }
    }

    /// The same as a comment in the manifest.
    fn comment(&self) -> String {
        self.note()
            .lines()
            .map(|line| format!("# {line}\n"))
            .collect()
    }

    /// The command that shows the documentation of the tests' kit, which is behind a feature.
    fn documentation(&self) -> String {
        let manifest = match self {
            Self::Folder(folder) => {
                shell::line(["--manifest-path", &format!("{folder}/Cargo.toml")])
            }
            Self::Git { .. } | Self::Registry => "--manifest-path CHECKOUT/Cargo.toml".to_owned(),
        };
        format!("cargo doc --open --no-deps {manifest} -p mcp-lambda --features testkit")
    }
}

fn check(name: &str) -> Result<(), CliError> {
    App::new(name)
        .check()
        .map_err(|problems| CliError::Usage(problems.join("\n")))?;
    // Keywords and leading digits are no identifiers.
    let is_identifier = syn::parse_str::<syn::Ident>(&name.replace('-', "_")).is_ok();
    if RESERVED.contains(&name) || !is_identifier {
        return Err(CliError::Usage(format!(
            "`{name}` is taken, by Rust, by Cargo, or by a crate that the app uses; choose another"
        )));
    }
    Ok(())
}

/// Returns the [`FrameworkSource`] that the arguments name.
fn framework(wanted: &NewCommand) -> Result<FrameworkSource, CliError> {
    if let Some((url, rev)) = wanted.git.as_ref().zip(wanted.rev.as_ref()) {
        return git(url, rev);
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = match &wanted.framework {
        Some(folder) => folder
            .canonicalize()
            .ok()
            .filter(|folder| is_framework(folder))
            .ok_or_else(|| {
                CliError::Usage(format!("{} is no checkout of mcp-lambda", folder.display()))
            })?,
        None => match own.canonicalize() {
            Ok(folder) if is_framework(&folder) => folder,
            _ => return Ok(FrameworkSource::Registry),
        },
    };
    Ok(FrameworkSource::Folder(folder.display().to_string()))
}

fn git(url: &str, rev: &str) -> Result<FrameworkSource, CliError> {
    if !["https://", "ssh://", "git@", "file:///"]
        .iter()
        .any(|begin| url.starts_with(begin))
        || url.contains(char::is_whitespace)
    {
        return Err(CliError::Usage(format!(
            "`{url}` is no URL of a Git repository, such as https://git.example.com/mcp-lambda"
        )));
    }
    if !(7..=64).contains(&rev.len()) || !rev.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(CliError::Usage(format!(
            "`{rev}` is no commit: give 7 to 40 hexadecimal digits, as `git rev-parse HEAD` prints them"
        )));
    }
    Ok(FrameworkSource::Git {
        url: url.to_owned(),
        rev: rev.to_owned(),
    })
}

fn is_framework(folder: &Path) -> bool {
    folder.join("runtime/Cargo.toml").is_file() && folder.join("store-dynamo/Cargo.toml").is_file()
}

fn files(wanted: &NewCommand, framework: &FrameworkSource) -> Files {
    templates(wanted)
        .into_iter()
        .map(|(path, text)| (path, fill_in(text, wanted, framework)))
        .collect()
}

/// The paths and templates of the app's files.
fn templates(wanted: &NewCommand) -> [(String, &'static str); 8] {
    let (library, tests, main) = sources(wanted);
    let name = &wanted.name;
    [
        (
            "Cargo.toml".to_owned(),
            include_str!("../../templates/Cargo.toml.in"),
        ),
        (
            "README.md".to_owned(),
            include_str!("../../templates/README.md.in"),
        ),
        (
            ".gitignore".to_owned(),
            "/target/\n# What `sam build` makes, and what `sam deploy --guided` was answered.\n/.aws-sam/\n/samconfig.toml\n",
        ),
        (
            "template.yaml".to_owned(),
            include_str!("../../templates/template.yaml"),
        ),
        ("src/lib.rs".to_owned(), library),
        ("src/main.rs".to_owned(), main),
        (
            format!("src/bin/{name}-admin.rs"),
            include_str!("../../templates/admin.rs.in"),
        ),
        ("tests/app.rs".to_owned(), tests),
    ]
}

/// The templates of the library, its tests and `main.rs`.
const fn sources(wanted: &NewCommand) -> (&'static str, &'static str, &'static str) {
    let (library, tests) = if wanted.profile {
        (
            include_str!("../../templates/lib_profile.rs.in"),
            include_str!("../../templates/tests_profile.rs.in"),
        )
    } else {
        (
            include_str!("../../templates/lib.rs.in"),
            include_str!("../../templates/tests.rs.in"),
        )
    };
    let main = if wanted.dynamo {
        include_str!("../../templates/main.rs.in")
    } else {
        include_str!("../../templates/main_lean.rs.in")
    };
    (library, tests, main)
}

/// The text with this app's words in it.
fn fill_in(text: &str, wanted: &NewCommand, framework: &FrameworkSource) -> String {
    let (name, is_lean) = (wanted.name.as_str(), !wanted.dynamo);
    let when = |is: bool, words: &str| if is { words.to_owned() } else { String::new() };
    let feature = "\n# DynamoDB and Secrets Manager, which Lambda needs: `--features dynamo`.\ndynamo = [\"dep:mcp-lambda-dynamo\"]";
    let lambda = if is_lean {
        "Flags: [--no-default-features, --features, dynamo]"
    } else {
        "Flags: [--no-default-features]"
    };
    let mut text = text.to_owned();
    for part in ["runtime", "admin-cli", "store-dynamo"] {
        text = text.replace(&format!("{{{{source:{part}}}}}"), &framework.source(part));
    }
    for (mark, word) in [
        ("{{name}}", name.to_owned()),
        ("{{crate}}", name.replace('-', "_")),
        ("{{rust}}", env!("CARGO_PKG_RUST_VERSION").to_owned()),
        ("{{weak}}", when(is_lean, "?")),
        ("{{feature}}", when(is_lean, feature)),
        ("{{optional}}", when(is_lean, ", optional = true")),
        ("{{where}}\n", framework.comment()),
        ("{{documentation}}", framework.documentation()),
        ("{{flags}}", when(wanted.profile, " --token-env TOKEN")),
        (
            "Made for examples/notes; another app names its own binary below.",
            format!("Made for {name}."),
        ),
        ("Binary: notes", format!("Binary: {name}")),
        (
            "Flags: [--package, notes, --no-default-features]",
            lambda.to_owned(),
        ),
    ] {
        text = text.replace(mark, &word);
    }
    text
}

/// Makes the folder whole, or not at all.
fn put(folder: &Path, files: &Files) -> Result<(), CliError> {
    let fault =
        |error: io::Error| Error::invalid(format!("{} can't be made: {error}", folder.display()));
    let beside = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new()
        .prefix(".new-")
        .permissions(Permissions::from_mode(0o755))
        .tempdir_in(beside);
    let draft = draft.map_err(fault)?;
    for (path, text) in files {
        let path = draft.path().join(path);
        path.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(path, text))
            .map_err(fault)?;
    }
    fs::rename(draft.path(), folder).map_err(fault)?;
    // It is where it belongs: nothing is left to remove.
    let _ = draft.keep();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(name: &str, profile: bool, dynamo: bool) -> NewCommand {
        NewCommand {
            name: name.to_owned(),
            profile,
            dynamo,
            folder: ".".into(),
            framework: None,
            git: None,
            rev: None,
        }
    }

    #[test]
    fn every_mark_is_filled_and_the_parts_fit_each_other() {
        for (profile, dynamo) in [(false, false), (false, true), (true, false), (true, true)] {
            for (path, text) in files(
                &wanted("my-app", profile, dynamo),
                &FrameworkSource::Folder("/framework".to_owned()),
            ) {
                assert!(
                    !text.contains("{{") && !text.contains("notes"),
                    "{path}: {text}"
                );
                if path == "Cargo.toml" {
                    assert_eq!(
                        text.contains("default-features = false, optional = true }\n# For dates"),
                        !dynamo,
                        "{text}"
                    );
                    assert!(
                        text.contains("path = \"/framework/runtime\"")
                            && text.contains("panic = \"unwind\""),
                        "{text}"
                    );
                }
                if path == "template.yaml" {
                    assert_eq!(text.contains("--features, dynamo]"), !dynamo, "{text}");
                }
            }
        }
    }

    #[test]
    fn the_crates_that_a_first_tool_needs_are_there_for_more_than_tests() {
        for (profile, dynamo) in [(false, false), (true, true)] {
            let files = files(&wanted("my-app", profile, dynamo), &Framework::Registry);
            let (_, manifest) = files.first().expect("the manifest");
            let (_, dependencies) = manifest
                .split_once("\n[dependencies]\n")
                .expect("a table of dependencies");
            let (dependencies, _) = dependencies.split_once("\n[").expect("another table");
            for name in ["mcp-lambda", "schemars", "serde", "serde_json"] {
                let begin = format!("{name} = ");
                assert!(
                    dependencies.lines().any(|line| line.starts_with(&begin)),
                    "{name}: {manifest}"
                );
            }
        }
    }

    /// Cargo turns on features of the packages of its workspace alone, and a new app is one of its own.
    #[test]
    fn the_docs_of_the_kit_are_made_in_a_checkout() {
        for (framework, manifest) in [
            (
                Framework::Folder("/frame work".to_owned()),
                "'/frame work/Cargo.toml'",
            ),
            (Framework::Registry, "CHECKOUT/Cargo.toml"),
        ] {
            let files = files(&wanted("my-app", false, false), &framework);
            let (_, readme) = files
                .iter()
                .find(|(path, _)| path == "README.md")
                .expect("there");
            let command = format!(
                "`cargo doc --open --no-deps --manifest-path {manifest} -p mcp-lambda --features testkit`"
            );
            assert!(readme.contains(&command), "{command}: {readme}");
        }
    }

    #[test]
    fn names_that_no_crate_or_app_can_have_are_refused() {
        for name in [
            "", "My-App", "my_app", "-x", "1st", "test", "async", "serde", "std", "a/b", "../up",
        ] {
            assert!(check(name).is_err(), "{name}");
        }
        assert!(check("my-app").is_ok());
    }

    #[test]
    fn without_a_checkout_the_registry_has_it() {
        assert_eq!(
            FrameworkSource::Registry.source("runtime"),
            concat!("version = \"", env!("CARGO_PKG_VERSION"), "\"")
        );
    }

    #[test]
    fn a_path_of_this_machine_says_that_it_is_one_and_a_commit_is_in_every_line() {
        let manifest = |framework: &FrameworkSource| {
            let files = files(&wanted("my-app", false, true), framework);
            files
                .into_iter()
                .find(|(path, _)| path == "Cargo.toml")
                .expect("there")
                .1
        };
        let here = manifest(&FrameworkSource::Folder("/a \"b\"".to_owned()));
        assert!(
            here.contains("builds here alone") && here.contains("path = '/a \"b\"/runtime'"),
            "{here}"
        );
        let rev = "0123456789abcdef0123456789abcdef01234567";
        let elsewhere = manifest(&git("https://git.example.com/mcp-lambda", rev).expect("valid"));
        assert!(
            !elsewhere.contains("path = \"/") && !elsewhere.contains("builds here alone"),
            "{elsewhere}"
        );
        assert_eq!(
            elsewhere
                .matches(&format!(
                    "git = \"https://git.example.com/mcp-lambda\", rev = \"{rev}\""
                ))
                .count(),
            4
        );
        for (url, rev) in [
            ("mcp-lambda", rev),
            ("https://a b", rev),
            ("https://a.example/x", "main"),
            ("-x", "abc"),
        ] {
            assert!(git(url, rev).is_err(), "{url} {rev}");
        }
    }

    #[test]
    fn what_a_build_leaves_is_not_for_a_repository() {
        let files = files(&wanted("my-app", false, false), &FrameworkSource::Registry);
        let ignored = &files
            .iter()
            .find(|(path, _)| path == ".gitignore")
            .expect("there")
            .1;
        for path in ["/target/", "/.aws-sam/", "/samconfig.toml"] {
            assert!(ignored.lines().any(|line| line == path), "{path}");
        }
    }
}
