//! `manuals`: a page for `man`, one for each command, from the same words as `--help`.

use std::fs;
use std::path::Path;

use mcp_lambda::{Error, shell};
use serde_json::json;

use super::CommandContext;
use crate::error::CliError;

/// Writes the pages into `folder`.
pub(crate) fn run(context: CommandContext<'_>, folder: &Path) -> Result<(), CliError> {
    let CommandContext {
        subject, output, ..
    } = context;
    let written = fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to((context.tree)(subject), folder));
    written.map_err(|error| {
        Error::invalid(format!("{} can't be written to: {error}", folder.display()))
    })?;
    output.print_answer(&json!({ "folder": folder }), || {
        let page = folder.join(format!("{}.1", subject.program_name()));
        format!(
            "Wrote them. Read one with `{}`.",
            shell::line(["man", &page.to_string_lossy()])
        )
    });
    Ok(())
}
