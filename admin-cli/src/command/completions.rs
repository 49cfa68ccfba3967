//! `completions`: a script by which a shell completes commands.

use clap_complete::Shell;

use super::CommandContext;

/// Prints the script for `shell`.
pub(crate) fn run(context: CommandContext<'_>, shell: Shell) {
    let CommandContext {
        subject, output, ..
    } = context;
    let (name, mut script) = (subject.program_name(), Vec::new());
    clap_complete::generate(
        shell,
        &mut (context.tree)(subject),
        name.as_str(),
        &mut script,
    );
    let script = String::from_utf8_lossy(&script);
    output.print_script(&if shell == Shell::Bash {
        fix_program_name(&script, &name)
    } else {
        script.into_owned()
    });
}

/// The bash script spells a `-` in a program's name in two ways, and then does not find its own commands (`clap_complete` 4.6).
fn fix_program_name(script: &str, name: &str) -> String {
    let spelt = |dash: &str| format!("{}__subcmd__", name.replace('-', dash));
    script.replace(&spelt("__subcmd__"), &spelt("__"))
}
