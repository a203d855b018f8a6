//! git, as a program: what it knows of a repository depends on settings that only it reads.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Error, Result};

/// The most characters of git's own message that an error shows.
const MESSAGE_MAX: usize = 500;

/// What a command of git writes to standard output, in the folder `dir`, with `input` on its standard input.
pub(crate) fn git<S: AsRef<OsStr>>(dir: &Path, arguments: &[S], input: &[u8]) -> Result<Vec<u8>> {
    let shown = || arguments.iter().map(|part| part.as_ref().to_string_lossy()).collect::<Vec<_>>().join(" ");
    let failed = |why: String| Error::Git { dir: dir.into(), command: shown(), why };
    let mut command = Command::new("git");
    command.arg("-C").arg(dir).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(format!("it cannot be run: {error}; install git")))?;
    let stdin = child.stdin.take();
    let output = std::thread::scope(|scope| {
        // Beside reading: git writes while it reads, and would wait for us.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
        child.wait_with_output()
    });
    let output = output.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(said.trim().chars().take(MESSAGE_MAX).collect()));
    }
    Ok(output.stdout)
}

/// The same, as text without the line's end.
pub(crate) fn git_line(dir: &Path, arguments: &[&str]) -> Result<String> {
    let out = git(dir, arguments, b"")?;
    Ok(String::from_utf8_lossy(&out).trim_end().to_owned())
}
