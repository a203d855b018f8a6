//! The machine that a job sees: ours, with a `/nix` of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

/// A mount namespace, held by a process, so that what one step mounts is there for the next.
pub struct Namespace {
    holder: Option<Child>,
}

impl Namespace {
    /// One without a `/nix`; or none, where the machine's is wanted.
    pub fn open(is_bare: bool) -> Result<Self> {
        if !is_bare {
            return Ok(Self { holder: None });
        }
        let mut unshare = Command::new("unshare");
        // A folder that is empty is as good as none. What mounts have of their own lies in /var/lib.
        unshare.args([
            "--mount",
            "sh",
            "-c",
            "mount -t tmpfs tmpfs /nix && mount -t tmpfs tmpfs /var/lib && echo ready && exec cat",
        ]);
        let mut holder = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot run unshare")?;
        let mut ready = String::new();
        BufReader::new(holder.stdout.take().context("no standard output")?).read_line(&mut ready)?;
        Ok(Self { holder: Some(holder) })
    }

    /// A command in it, in a folder.
    pub fn command(&self, program: &str, folder: &Path) -> Command {
        let mut command = match &self.holder {
            None => Command::new(program),
            Some(holder) => {
                let mut command = Command::new("nsenter");
                // Entering a mount namespace leaves the folder.
                command.args([
                    "--mount",
                    "--target",
                    &holder.id().to_string(),
                    &format!("--wdns={}", folder.display()),
                ]);
                command.args(["--", program]);
                command
            }
        };
        command.current_dir(folder);
        command
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let Some(holder) = &mut self.holder else { return };
        // As a machine that is thrown away: whoever serves a mount serves it as long as anybody could use it.
        for pid in inside(holder.id()) {
            let _ = kill_process(pid, Signal::KILL);
        }
        let _ = holder.wait();
    }
}

/// All processes in the mount namespace of one.
fn inside(holder: u32) -> Vec<Pid> {
    let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
    let Some(own) = namespace(&holder.to_string()) else { return Vec::new() };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let same = names.filter(|name| namespace(name).is_some_and(|other| other == own));
    same.filter_map(|name| Pid::from_raw(name.parse().ok()?)).collect()
}
