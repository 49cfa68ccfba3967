//! `manuals`: pages for `man`, one for each command, with the text of `--help`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use mcp_lambda::{Error, shell};
use serde_json::json;

use crate::context::CommandContext;
use crate::error::CliError;

/// Write manual pages, one for each command.
#[derive(Debug, Args)]
pub(crate) struct ManualsCommand {
    /// Folder to write them to.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl ManualsCommand {
    /// Writes a page for each command of `tree`, and creates the folder if it is missing.
    pub(crate) fn run(self, context: &CommandContext, tree: clap::Command) -> Result<(), CliError> {
        let folder = self.folder;
        let written =
            fs::create_dir_all(&folder).and_then(|()| clap_mangen::generate_to(tree, &folder));
        written.map_err(|error| {
            Error::invalid(format!("{} can't be written to: {error}", folder.display()))
        })?;
        context
            .output
            .print_answer(&json!({ "folder": folder }), || {
                let page = folder.join(format!("{}.1", context.target.program_name()));
                format!(
                    "Wrote them. Read one with `{}`.",
                    shell::line(["man", &page.to_string_lossy()])
                )
            });
        Ok(())
    }
}
