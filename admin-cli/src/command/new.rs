//! `new`: writes a new app that builds and passes its tests. What exists is never touched.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use mcp_lambda::{App, Error, shell};
use serde_json::json;

use crate::clients::toml;
use crate::context::CommandContext;
use crate::error::CliError;
use crate::target::AdminTarget;

/// Write a new app that builds and passes its tests.
#[derive(Debug, Args)]
pub(crate) struct NewCommand {
    /// The app's name: lower-case letters, digits and `-`.
    name: String,
    /// With a profile of its own, which holds a token for an upstream.
    #[arg(long)]
    profile: bool,
    /// With DynamoDB always in, and not behind a feature of that name.
    #[arg(long)]
    dynamo: bool,
    /// Folder to create the app's folder in.
    #[arg(long = "in", value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    /// A checkout of mcp-lambda to build on, if not the one this CLI was built from. The app then builds on this machine alone.
    #[arg(long, value_name = "FOLDER", conflicts_with = "git")]
    framework: Option<PathBuf>,
    /// The Git repository of mcp-lambda to build on, so that the app builds elsewhere too; with `--rev`.
    #[arg(long, value_name = "URL", requires = "rev")]
    git: Option<String>,
    /// The commit of that repository.
    #[arg(long, value_name = "REV", requires = "git")]
    rev: Option<String>,
}

/// The files of an app: path and text.
type AppFiles = Vec<(String, String)>;

/// The names that no app can have: those of crates that it uses, of crates of Rust itself, and of folders that Cargo builds in.
const RESERVED_NAMES: [&str; 15] = [
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

impl NewCommand {
    /// Writes the app, and prints the commands to go on with.
    pub(crate) fn run(self, context: &CommandContext) -> Result<(), CliError> {
        if matches!(context.target, AdminTarget::App(_)) {
            return Err(CliError::Usage(format!(
                "new apps are made by the generic CLI: `mcp-lambda new {}`",
                self.name
            )));
        }
        check_name(&self.name)?;
        let folder = self.app_folder();
        if folder.exists() {
            let message = format!(
                "{} exists already; choose another name, or remove it",
                folder.display()
            );
            return Err(Error::already_exists(message).into());
        }
        let source = self.find_framework()?;
        let files = render_files(&self, &source);
        write_folder(&folder, &files)?;
        let paths: Vec<_> = files.iter().map(|(path, _)| path).collect();
        let answer = json!({ "folder": folder, "files": paths });
        context.output.print_answer(&answer, || {
            describe_next_steps(&self.name, &folder, &source)
        });
        Ok(())
    }

    fn app_folder(&self) -> PathBuf {
        if self.folder == Path::new(".") {
            PathBuf::from(&self.name)
        } else {
            self.folder.join(&self.name)
        }
    }

    /// Returns the source that the arguments name, or else the checkout that this CLI was built from, or else the registry.
    fn find_framework(&self) -> Result<FrameworkSource, CliError> {
        if let Some((url, rev)) = self.git.as_ref().zip(self.rev.as_ref()) {
            return FrameworkSource::from_git(url, rev);
        }
        let folder = match &self.framework {
            Some(folder) => find_checkout(folder).ok_or_else(|| {
                CliError::Usage(format!("{} is no checkout of mcp-lambda", folder.display()))
            })?,
            None => match find_checkout(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")) {
                Some(folder) => folder,
                None => return Ok(FrameworkSource::Registry),
            },
        };
        Ok(FrameworkSource::Folder(folder.display().to_string()))
    }
}

fn describe_next_steps(name: &str, folder: &Path, source: &FrameworkSource) -> String {
    let cd = shell::line(["cd", &folder.to_string_lossy()]);
    let next = format!(
        "Made {}. Next:\n\n  {cd}\n  cargo test\n  cargo run -- serve\n  cargo run --bin {name}-admin -- connect local\n  cargo run --bin {name}-admin -- users add you@example.com",
        folder.display()
    );
    match source.note() {
        "" => next,
        note => format!("{next}\n\n{note}"),
    }
}

/// Returns the absolute path of a checkout of the framework, if the folder is one.
fn find_checkout(folder: &Path) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok()?;
    let has_crate = |name: &str| folder.join(name).join("Cargo.toml").is_file();
    (has_crate("runtime") && has_crate("store-dynamo")).then_some(folder)
}

/// The source of the framework's crates in the app's `Cargo.toml`.
enum FrameworkSource {
    /// A checkout on this machine.
    Folder(String),
    /// A commit of a repository.
    Git { url: String, rev: String },
    /// The crates registry, in the version of this CLI.
    Registry,
}

impl FrameworkSource {
    /// Returns a commit of a repository.
    ///
    /// # Errors
    /// [`CliError::Usage`] if `url` is no URL of a repository, or `rev` no commit.
    fn from_git(url: &str, rev: &str) -> Result<Self, CliError> {
        let has_scheme = ["https://", "ssh://", "git@", "file:///"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        if !has_scheme || url.contains(char::is_whitespace) {
            return Err(CliError::Usage(format!(
                "`{url}` is no URL of a Git repository, such as https://git.example.com/mcp-lambda"
            )));
        }
        if !(7..=64).contains(&rev.len()) || !rev.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(CliError::Usage(format!(
                "`{rev}` is no commit: give 7 to 40 hexadecimal digits, as `git rev-parse HEAD` prints them"
            )));
        }
        Ok(Self::Git {
            url: url.to_owned(),
            rev: rev.to_owned(),
        })
    }

    /// Returns the keys of one crate's dependency in `Cargo.toml`.
    fn dependency(&self, part: &str) -> String {
        match self {
            Self::Folder(folder) => format!("path = {}", toml::quote(&format!("{folder}/{part}"))),
            Self::Git { url, rev } => {
                format!("git = {}, rev = {}", toml::quote(url), toml::quote(rev))
            }
            Self::Registry => format!("version = \"{}\"", env!("CARGO_PKG_VERSION")),
        }
    }

    /// Returns what a person must know of the source; empty if nothing.
    const fn note(&self) -> &'static str {
        match self {
            Self::Folder(_) => {
                "mcp-lambda is taken from a folder of this machine, so the app builds here alone. For others, for CI and for `sam build`\n\
                 elsewhere, write `git = \"URL\", rev = \"REV\"` for each `path = …` in Cargo.toml; `new --git URL --rev REV` does so from the start."
            }
            Self::Git { .. } | Self::Registry => "",
        }
    }

    /// Returns the [note](Self::note) as comments of `Cargo.toml`.
    fn comment(&self) -> String {
        self.note()
            .lines()
            .map(|line| format!("# {line}\n"))
            .collect()
    }

    /// Returns the command that shows the documentation of the framework, with the feature `testkit`.
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

/// Checks that an app, its crate and its binaries can have this name.
fn check_name(name: &str) -> Result<(), CliError> {
    App::new(name)
        .check()
        .map_err(|problems| CliError::Usage(problems.join("\n")))?;
    // The crate is named in `use`, so keywords and leading digits are out.
    let is_identifier = syn::parse_str::<syn::Ident>(&name.replace('-', "_")).is_ok();
    if RESERVED_NAMES.contains(&name) || !is_identifier {
        return Err(CliError::Usage(format!(
            "`{name}` is taken, by Rust, by Cargo, or by a crate that the app uses; choose another"
        )));
    }
    Ok(())
}

fn render_files(command: &NewCommand, source: &FrameworkSource) -> AppFiles {
    templates(command)
        .into_iter()
        .map(|(path, text)| (path, render(text, command, source)))
        .collect()
}

/// Returns the paths and templates of the app's files.
fn templates(command: &NewCommand) -> [(String, &'static str); 8] {
    let (library, tests, main) = source_templates(command);
    let name = &command.name;
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

/// Returns the templates of the library, its tests and `main.rs`.
const fn source_templates(command: &NewCommand) -> (&'static str, &'static str, &'static str) {
    let (library, tests) = if command.profile {
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
    let main = if command.dynamo {
        include_str!("../../templates/main.rs.in")
    } else {
        include_str!("../../templates/main_lean.rs.in")
    };
    (library, tests, main)
}

/// Replaces the placeholders of a template. `template.yaml` has none: it is that of `examples/notes`, whose name and flags are replaced.
fn render(text: &str, command: &NewCommand, source: &FrameworkSource) -> String {
    let name = command.name.as_str();
    let is_lean = !command.dynamo;
    let when = |is: bool, value: &str| if is { value.to_owned() } else { String::new() };
    let feature = "\n# DynamoDB and Secrets Manager, which Lambda needs: `--features dynamo`.\ndynamo = [\"dep:mcp-lambda-dynamo\"]";
    let lambda = if is_lean {
        "Flags: [--no-default-features, --features, dynamo]"
    } else {
        "Flags: [--no-default-features]"
    };
    let mut text = text.to_owned();
    for part in ["runtime", "admin-cli", "store-dynamo"] {
        text = text.replace(&format!("{{{{source:{part}}}}}"), &source.dependency(part));
    }
    for (placeholder, value) in [
        ("{{name}}", name.to_owned()),
        ("{{crate}}", name.replace('-', "_")),
        ("{{rust}}", env!("CARGO_PKG_RUST_VERSION").to_owned()),
        ("{{weak}}", when(is_lean, "?")),
        ("{{feature}}", when(is_lean, feature)),
        ("{{optional}}", when(is_lean, ", optional = true")),
        ("{{where}}\n", source.comment()),
        ("{{documentation}}", source.documentation()),
        ("{{flags}}", when(command.profile, " --token-env TOKEN")),
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
        text = text.replace(placeholder, &value);
    }
    text
}

/// Writes the folder whole or not at all: it is written beside its place, and renamed.
fn write_folder(folder: &Path, files: &AppFiles) -> Result<(), CliError> {
    let cannot_make =
        |error: io::Error| Error::invalid(format!("{} can't be made: {error}", folder.display()));
    let beside = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new()
        .prefix(".new-")
        .permissions(Permissions::from_mode(0o755))
        .tempdir_in(beside);
    let draft = draft.map_err(cannot_make)?;
    for (path, text) in files {
        let path = draft.path().join(path);
        path.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(path, text))
            .map_err(cannot_make)?;
    }
    fs::rename(draft.path(), folder).map_err(cannot_make)?;
    // The folder has been renamed, so there is nothing for `TempDir` to remove.
    let _ = draft.keep();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(name: &str, profile: bool, dynamo: bool) -> NewCommand {
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
            for (path, text) in render_files(
                &command("my-app", profile, dynamo),
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
            let files = render_files(
                &command("my-app", profile, dynamo),
                &FrameworkSource::Registry,
            );
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
                FrameworkSource::Folder("/frame work".to_owned()),
                "'/frame work/Cargo.toml'",
            ),
            (FrameworkSource::Registry, "CHECKOUT/Cargo.toml"),
        ] {
            let files = render_files(&command("my-app", false, false), &framework);
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
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_name("my-app").is_ok());
    }

    #[test]
    fn without_a_checkout_the_registry_has_it() {
        assert_eq!(
            FrameworkSource::Registry.dependency("runtime"),
            concat!("version = \"", env!("CARGO_PKG_VERSION"), "\"")
        );
    }

    #[test]
    fn a_path_of_this_machine_says_that_it_is_one_and_a_commit_is_in_every_line() {
        let manifest = |framework: &FrameworkSource| {
            let files = render_files(&command("my-app", false, true), framework);
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
        let elsewhere = manifest(
            &FrameworkSource::from_git("https://git.example.com/mcp-lambda", rev).expect("valid"),
        );
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
            assert!(FrameworkSource::from_git(url, rev).is_err(), "{url} {rev}");
        }
    }

    #[test]
    fn what_a_build_leaves_is_not_for_a_repository() {
        let files = render_files(&command("my-app", false, false), &FrameworkSource::Registry);
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
