//! `nix-seed completions`.

use clap::{Args, ValueEnum};
use clap_complete::{Shell as Known, generate};
use serde_json::json;

use super::man::page::shown;
use crate::args::Global;
use crate::error::Error;
use crate::print;

/// Print a script by which a shell completes commands and options
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    source <(nix-seed completions bash)\n  \
    nix-seed completions zsh > \"${fpath[1]}/_nix-seed\"\n  \
    nix-seed completions fish > ~/.config/fish/completions/nix-seed.fish")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

pub(crate) fn run(args: &Completions, global: &Global) -> Result<(), Error> {
    let shell = match args.shell {
        Shell::Bash => Known::Bash,
        Shell::Zsh => Known::Zsh,
        Shell::Fish => Known::Fish,
    };
    let mut script = Vec::new();
    generate(shell, &mut shown(), "nix-seed", &mut script);
    // In bash, clap_complete 4.6 calls a command by one name and looks for it by another one, where the program's has a hyphen.
    let script = String::from_utf8_lossy(&script).replace("nix__subcmd__seed", "nix__seed");
    if global.json {
        return print::json(&json!({ "completions": script }));
    }
    print::whole(&script)
}
