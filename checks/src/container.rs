//! Seeds in podman.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::cache::Cache;
use crate::layout::Layout;
use crate::process;

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
        let complaint = self.stderr.lines().find(|line| {
            let line = line.to_lowercase();
            ["error", "cannot", "failed", "denied", "no such file"].iter().any(|word| line.contains(word))
        });
        ensure!(self.success, "the command failed\n{}{}", self.stdout, self.stderr);
        ensure!(complaint.is_none(), "the command succeeded, but looks as if it had not:\n{}", self.stderr);
        Ok(self.stdout)
    }
}

/// A way to run commands in a seed.
pub enum Container {
    /// Its image, by the identifier in podman's storage.
    Image(String),
    /// Its unpacked root file system, below an overlay that takes all writes.
    Root { folder: PathBuf, environment: Vec<String> },
}

impl Container {
    /// Gives podman the image in an OCI layout, if it has not got it yet.
    pub fn load(cache: &Cache, layout: &Path) -> Result<Self> {
        let id = Layout::open(layout)?.id()?;
        let _guard = cache.lock("podman")?;
        if !exists(&id)? {
            process::output(podman().args(["pull", "--quiet"]).arg(format!("oci:{}", layout.display())))?;
        }
        Ok(Self::Image(id))
    }

    /// The command that runs `command` with `source` at /src, read-only, and no network. Nothing of this machine's
    /// Nix is visible to it.
    pub fn command(&self, source: &Path, command: &[&str]) -> Result<Command> {
        let mut podman = podman();
        podman.args(["run", "--rm", "--network", "none"]);
        // podman raises these, which is not permitted everywhere.
        for (limit, name) in [("nofile", "Max open files"), ("nproc", "Max processes")] {
            podman.args(["--ulimit", &format!("{limit}={}", current_limit(name)?)]);
        }
        podman.args(["--volume", &format!("{}:/src:ro", source.display())]);
        match self {
            Self::Image(id) => {
                podman.arg(id);
            }
            Self::Root { folder, environment } => {
                for variable in environment {
                    podman.args(["--env", variable]);
                }
                podman.arg("--rootfs").arg(format!("{}:O", folder.display()));
            }
        }
        podman.args(command);
        Ok(podman)
    }

    /// Runs [`Self::command`] to its end.
    pub fn run(&self, source: &Path, command: &[&str]) -> Result<Said> {
        let mut command = self.command(source, command)?;
        let output = command.stdin(Stdio::null()).output().context("cannot run podman")?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Said { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) })
    }
}

/// podman as it runs on machines whose control groups are not systemd's.
pub fn podman() -> Command {
    let mut command = Command::new("podman");
    command.args(["--cgroup-manager", "cgroupfs", "--runtime", "runc"]);
    command
}

fn exists(id: &str) -> Result<bool> {
    let status = podman().args(["image", "exists", id]).status().context("cannot run podman")?;
    Ok(status.success())
}

/// This process's own limit, as `soft:hard`.
fn current_limit(name: &str) -> Result<String> {
    let limits = fs::read_to_string("/proc/self/limits").context("cannot read /proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no limit {name:?}"))?;
    let values: Vec<_> = line.split_whitespace().take(2).map(|value| value.replace("unlimited", "-1")).collect();
    Ok(values.join(":"))
}
