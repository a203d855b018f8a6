//! What helps a person: completions and man pages, of the definitions that `--help` is made of.

use std::process::Command;

use crate::common::Machine;

/// What bash offers for the words of a line, the last of which is begun.
fn completed(script: &str, words: &[&str]) -> Vec<String> {
    // As bash calls it: with the command, the word, and the word before it.
    let line = "COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _nix__seed \"$1\" \"${@: -1}\" \"${@: -2:1}\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", &format!("{script}\n{line}"), "bash"]).args(words);
    let output = bash.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_options() {
    let script = Machine::new(0).succeeds(&["completions", "bash"]);
    let completed = |words: &[&str]| completed(&script, words);
    assert_eq!(completed(&["nix-seed", "u"]), ["up"]);
    assert_eq!(completed(&["nix-seed", "trusted-"]), ["trusted-root"]);
    assert_eq!(completed(&["nix-seed", "lock", "u"]), ["update"]);
    assert_eq!(completed(&["nix-seed", "report", "--mark"]), ["--markdown"]);
    assert_eq!(completed(&["nix-seed", "completions", "z"]), ["zsh"]);
    // Options of all commands, and no part of another command.
    assert_eq!(completed(&["nix-seed", "down", "--tr"]), ["--trace"]);
    assert_eq!(completed(&["nix-seed", "run-"]), Vec::<String>::new());
}

#[test]
fn each_shell_has_its_script() {
    let machine = Machine::new(0);
    for (shell, begins) in [("bash", "_nix__seed() {"), ("zsh", "#compdef nix-seed"), ("fish", "# Print an optspec")] {
        let script = machine.succeeds(&["completions", shell]);
        assert!(script.starts_with(begins) && !script.contains("run-inside"), "{script}");
    }
    assert_eq!(machine.run(&["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn each_command_has_a_man_page() {
    let machine = Machine::new(0);
    machine.succeeds(&["man", "--out", "man/man1"]);
    let read = |name: &str| std::fs::read_to_string(machine.path("man/man1").join(name)).unwrap();
    let names: Vec<_> =
        std::fs::read_dir(machine.path("man/man1")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.len() > 15 && !names.iter().any(|name| name.to_string_lossy().contains("inside")), "{names:?}");
    let root = read("nix-seed.1");
    for text in [".TH nix-seed 1", "\\fBnix\\-seed\\-up\\fR(1)", ".SH \"EXIT STATUS\"", "\\-\\-plain\\-http"] {
        assert!(root.contains(text), "{text}: {root}");
    }
    let up = read("nix-seed-up.1");
    for text in
        [".SH SYNOPSIS\n\\fBnix\\-seed up\\fR [OPTIONS] [LOCATION]\n", "\\fB\\-\\-root\\fR\\fI <DIR>\\fR", "Default: /"]
    {
        assert!(up.contains(text), "{text}: {up}");
    }
    assert!(read("nix-seed-lock-update.1").contains("nix\\-seed lock update ghcr.io/owner/seed:main"));
    // The same whenever and wherever it is made, but for the date that the environment says.
    let mut again = machine.command(&["man", "--out", "again"]);
    again.envs([("COLUMNS", "40"), ("TERM", "xterm"), ("CLICOLOR_FORCE", "1")]);
    assert!(again.output().unwrap().status.success());
    assert_eq!(std::fs::read_to_string(machine.path("again/nix-seed-up.1")).unwrap(), up);
    let mut dated = machine.command(&["man", "--out", "dated"]);
    assert!(dated.env("SOURCE_DATE_EPOCH", "1780000000").output().unwrap().status.success());
    assert!(
        std::fs::read_to_string(machine.path("dated/nix-seed-up.1")).unwrap().contains(".TH nix-seed-up 1 2026-05-28")
    );
}
