use std::io::Write;
use std::process::ExitCode;

use crate::TARGETS;

/// Runs a target without libFuzzer: on each file that is named on the command line, to see why it fails. Without a file
/// it writes the target's honest input to standard output, for a corpus to begin with.
pub fn by_hand(name: &str) -> ExitCode {
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else { return ExitCode::FAILURE };
    let files: Vec<_> = std::env::args_os().skip(1).collect();
    let mut out = std::io::stdout();
    if files.is_empty() {
        out.write_all(&(target.honest)()).unwrap();
    }
    for file in files {
        let accepted = (target.run)(&std::fs::read(&file).unwrap());
        writeln!(out, "{}: {}", file.display(), if accepted { "accepted" } else { "refused" }).unwrap();
    }
    ExitCode::SUCCESS
}
