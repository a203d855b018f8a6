//! The second process: it leaves the machine's namespaces and becomes the command.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::SigSet;
use rustix::process::{Pid, Signal, getegid, geteuid, getppid, set_parent_process_death_signal};

use crate::environment::nix_config;
use crate::run_folder::{BEGAN, REFUSED};
use crate::{Error, Result, began, network, root, sandbox};

/// This program, whatever has become of its file.
pub(crate) const THIS_PROGRAM: &str = "/proc/self/exe";
/// The subcommand that calls [`Inside::enter`].
pub(crate) const INSIDE: &str = "run-inside";
/// The subcommand that calls [`probe`].
pub(crate) const PROBE: &str = "run-probe";

/// How the second process comes to the seed.
#[derive(Debug, Clone)]
pub enum Given {
    /// It is unpacked in this folder.
    Folder(PathBuf),
    /// The store is mounted, and open as the file of this number.
    Mount(i32),
    /// The first process serves it.
    Served,
}

/// What the second process is told.
#[derive(Debug, Clone)]
pub struct Inside {
    /// The run's folder.
    pub folder: PathBuf,
    /// Where the seed is.
    pub seed: Given,
    /// The first process.
    pub parent: i32,
    /// Whether the command has no network.
    pub no_network: bool,
    /// Whether to end where builds cannot be sandboxed.
    pub require_sandbox: bool,
    /// The command and its arguments.
    pub command: Vec<OsString>,
}

impl Inside {
    /// Becomes the command. The process must have one thread.
    pub fn enter(&self) -> Result<Infallible> {
        // The first process has blocked what it passes on.
        let _ = SigSet::empty().thread_set_mask();
        let folder = std::env::current_dir().map_err(Error::io("reading", "."))?;
        self.leave()?;
        // Only now: becoming another user's process forgets it.
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        if getppid().map(Pid::as_raw_nonzero).map(std::num::NonZero::get) != Some(self.parent) {
            let source = std::io::Error::other("nix-seed was killed");
            return Err(Error::Command { program: self.program(), source });
        }
        // Before the machine's /nix is gone, in which the cache may lie, and this program.
        let began = self.folder.join(BEGAN);
        let mut file = File::create(&began).map_err(Error::io("writing", &began))?;
        let is_sandboxed = self.is_sandboxed()?;
        if self.no_network
            && let Err(error) = network::loopback_up()
        {
            tracing::warn!("there is no loopback interface for the command: {error}");
        }
        if let Err(error) = root::change(&self.folder, &self.seed) {
            if let Error::NotMounted { why } = &error {
                // It need not be told: the first process knows another way.
                let refused = self.folder.join(REFUSED);
                std::fs::write(&refused, why).map_err(Error::io("writing", refused))?;
            }
            return Err(error);
        }
        std::env::set_current_dir(&folder).map_err(|source| Error::Folder { path: folder, source })?;

        let program = self.program();
        let mut command = Command::new(&program);
        command.args(self.command.iter().skip(1));
        command.env("NIX_CONFIG", nix_config(std::env::var_os("NIX_CONFIG").as_deref(), is_sandboxed));
        began::write(&mut file).map_err(Error::io("writing", began))?;
        let source = command.exec();
        let _ = began::clear(&mut file);
        Err(Error::Command { program, source })
    }

    fn program(&self) -> OsString {
        self.command.first().cloned().unwrap_or_default()
    }

    /// Leaves the machine's namespaces; whoever may not do so alone gets a user namespace with it.
    fn leave(&self) -> Result<()> {
        let mut flags = CloneFlags::CLONE_NEWNS;
        flags.set(CloneFlags::CLONE_NEWNET, self.no_network);
        let (user, group) = (geteuid().as_raw(), getegid().as_raw());
        if user == 0 && unshare(flags).is_ok() {
            return Ok(());
        }
        let refused = |source: std::io::Error| Error::Namespaces { source, mend: mend() };
        unshare(flags | CloneFlags::CLONE_NEWUSER).map_err(|errno| refused(errno.into()))?;
        // The command is who it was, and owns the files that it owned.
        map_ids((user, user), (group, group)).map_err(refused)
    }

    fn is_sandboxed(&self) -> Result<bool> {
        if sandbox::is_possible() {
            return Ok(true);
        }
        let why = "the kernel refuses a namespace with its own /proc";
        if self.require_sandbox {
            return Err(Error::NoSandbox { why });
        }
        tracing::warn!("builds are not sandboxed: {why}");
        Ok(false)
    }
}

/// A step of trying whether builds can be sandboxed; for the subcommand that runs it.
pub fn probe(step: &str) -> bool {
    sandbox::probe(step)
}

/// The one user and group that may be mapped into a new user namespace without help, each by its number inside and
/// outside.
pub(crate) fn map_ids(user: (u32, u32), group: (u32, u32)) -> std::io::Result<()> {
    // Without it a group that denies something could be left.
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("{} {} 1", user.0, user.1))?;
    std::fs::write("/proc/self/gid_map", format!("{} {} 1", group.0, group.1))
}

/// What to do where the kernel refuses a namespace, or what it is for.
pub(crate) fn mend() -> String {
    let reads = |name: &str, value: &str| {
        std::fs::read_to_string(format!("/proc/sys/{}", name.replace('.', "/"))).is_ok_and(|text| text.trim() == value)
    };
    for (name, bad, good) in [
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("user.max_user_namespaces", "0", "10000"),
    ] {
        if reads(name, bad) {
            return format!("run as root, or allow it: sudo sysctl {name}={good}");
        }
    }
    "run as root; in a container, start that with more rights (podman run --privileged), or use the seed as its image"
        .into()
}
