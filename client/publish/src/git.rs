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
    git_with(dir, arguments, input, &[])
}

/// The same, with variables: what is secret is no argument.
pub(crate) fn git_with<S: AsRef<OsStr>>(
    dir: &Path,
    arguments: &[S],
    input: &[u8],
    variables: &[(String, String)],
) -> Result<Vec<u8>> {
    let shown = || arguments.iter().map(|part| part.as_ref().to_string_lossy()).collect::<Vec<_>>().join(" ");
    let failed = |why: String| Error::Git { dir: dir.into(), command: shown(), why };
    let mut command = Command::new("git");
    // Nobody is there to be asked for a password.
    // What it says is told by us, in our language, and in part understood.
    command
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .envs(variables.iter().map(|(name, value)| (name, value)));
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
        return Err(failed(without_passwords(said.trim()).chars().take(MESSAGE_MAX).collect()));
    }
    Ok(output.stdout)
}

/// A remote's address may hold a password: `https://user:password@host`.
fn without_passwords(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let host = part.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(part.len());
        let user = part[..host].rfind('@').map_or(0, |at| at + 1);
        shown.push_str("://");
        shown.push_str(&part[user..]);
    }
    shown
}

/// The same, as text without the line's end.
pub(crate) fn git_line(dir: &Path, arguments: &[&str]) -> Result<String> {
    let out = git(dir, arguments, b"")?;
    Ok(String::from_utf8_lossy(&out).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let said = "fatal: unable to access 'https://me:s3cr@t@host/x.git/': it is down\nsee ssh://git@host/a@b";
        let shown = "fatal: unable to access 'https://host/x.git/': it is down\nsee ssh://host/a@b";
        assert_eq!(without_passwords(said), shown);
    }
}
