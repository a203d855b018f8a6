//! Runs other programs, so that a failure says what was run and what it wrote.

use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// Runs to the end and returns standard output. Standard error is shown only on failure.
pub fn output(command: &mut Command) -> Result<String> {
    let output = run(command.stdin(Stdio::null()))?;
    String::from_utf8(output.stdout).with_context(|| format!("output of {}", describe(command)))
}

/// As [`output`], but lets standard error through: for long steps that report their progress there.
pub fn output_with_progress(command: &mut Command) -> Result<String> {
    output(command.stderr(Stdio::inherit()))
}

fn run(command: &mut Command) -> Result<Output> {
    let output =
        command.stdout(Stdio::piped()).output().with_context(|| format!("cannot run {}", describe(command)))?;
    if !output.status.success() {
        bail!(
            "{} failed ({})\n{}",
            describe(command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    Ok(output)
}

/// The program and its arguments, cut where a list of hundreds of files would bury the message.
fn describe(command: &Command) -> String {
    const SHOWN: usize = 12;
    let words: Vec<_> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(|word| word.to_string_lossy()).collect();
    let cut = if words.len() > SHOWN { " …" } else { "" };
    format!("`{}{cut}`", words[..words.len().min(SHOWN)].join(" "))
}
