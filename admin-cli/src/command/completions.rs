//! `completions`: a script by which a shell completes commands.

use clap_complete::Shell;

use crate::Subject;
use crate::cli;
use crate::output::Output;

pub(crate) fn run(subject: &Subject, shell: Shell, output: &Output) {
    let (name, mut script) = (subject.command(), Vec::new());
    clap_complete::generate(shell, &mut cli::tree(subject), name.as_str(), &mut script);
    let script = String::from_utf8_lossy(&script);
    output.script(&if shell == Shell::Bash {
        mended(&script, &name)
    } else {
        script.into_owned()
    });
}

/// The bash script spells a `-` in a program's name in two ways, and then does not find its own commands (`clap_complete` 4.6).
fn mended(script: &str, name: &str) -> String {
    let spelt = |dash: &str| format!("{}__subcmd__", name.replace('-', dash));
    script.replace(&spelt("__subcmd__"), &spelt("__"))
}
