//! `completions`: a script by which a shell completes commands.

use clap::Args;
use clap_complete::Shell;

use crate::context::CommandContext;

/// Print a script that completes commands in a shell.
#[derive(Debug, Args)]
pub(crate) struct CompletionsCommand {
    /// The shell.
    shell: Shell,
}

impl CompletionsCommand {
    /// Prints the script for all commands of `tree`.
    pub(crate) fn run(self, context: &CommandContext, mut tree: clap::Command) {
        let name = context.target.program_name();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut tree, name.as_str(), &mut script);
        let script = String::from_utf8_lossy(&script);
        context.output.print_script(&if self.shell == Shell::Bash {
            fix_program_name(&script, &name)
        } else {
            script.into_owned()
        });
    }
}

/// Gives a program's name one spelling in a bash script. `clap_complete` 4.6 spells a `-` in it in two ways, so the script does
/// not find its own functions.
fn fix_program_name(script: &str, name: &str) -> String {
    let spell = |dash: &str| format!("{}__subcmd__", name.replace('-', dash));
    script.replace(&spell("__subcmd__"), &spell("__"))
}
