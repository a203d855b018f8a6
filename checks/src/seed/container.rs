//! Commands in a seed, as a CI job runs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::seed::podman::Podman;

/// A seed to run commands in.
pub enum Container {
    /// Its image, by the identifier in podman's storage.
    Image(String),
    /// Its unpacked root file system, below an overlay that takes all writes, and the image's environment.
    Root { folder: PathBuf, environment: Vec<String> },
}

impl Container {
    /// The podman command that runs `command` with `source` at /src, read-only, and no network. Nothing of this
    /// machine's Nix is visible to it.
    pub fn command(&self, podman: &Podman, source: &Path, command: &[&str]) -> Command {
        let mut run = podman.command("podman");
        run.args(["run", "--rm", "--network", "none", "--volume", &format!("{}:/src:ro", source.display())]);
        match self {
            Self::Image(id) => {
                run.arg(id);
            }
            Self::Root { folder, environment } => {
                for variable in environment {
                    run.args(["--env", variable]);
                }
                run.arg("--rootfs").arg(format!("{}:O", folder.display()));
            }
        }
        run.args(command).stdin(Stdio::null());
        run
    }

    /// Runs [`Self::command`] to its end.
    pub fn run(&self, podman: &Podman, source: &Path, command: &[&str]) -> Result<Said> {
        let output = self.command(podman, source, command).output().context("cannot run podman")?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Said { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) })
    }
}

/// What a command in a container has said.
#[derive(Debug)]
pub struct Said {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    /// Standard output of a command that has to succeed, and to say nothing that looks like an error.
    pub fn quiet(self) -> Result<String> {
        ensure!(self.success, "the command failed\n{}{}", self.stdout, self.stderr);
        let complaint = self.stderr.lines().find(|line| looks_like_an_error(line));
        ensure!(complaint.is_none(), "the command succeeded, but looks as if it had not:\n{}", self.stderr);
        Ok(self.stdout)
    }
}

fn looks_like_an_error(line: &str) -> bool {
    let line = line.to_lowercase();
    ["error", "cannot", "failed", "denied", "no such file", "unable", "not found"]
        .iter()
        .any(|word| line.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(success: bool, stderr: &str) -> Said {
        Said { success, stdout: "out".into(), stderr: stderr.into() }
    }

    #[test]
    fn what_looks_like_an_error_is_refused_in_a_success() {
        assert_eq!(said(true, "building '/nix/store/x.drv'...\n").quiet().unwrap(), "out");
        for stderr in ["error: x", "warning: Cannot find y", "sh: z: Permission denied"] {
            assert!(said(true, stderr).quiet().is_err(), "{stderr}");
        }
        assert!(said(false, "").quiet().is_err());
    }
}
