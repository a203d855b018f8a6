//! Whether Nix can sandbox builds here: tried as Nix tries it.

use std::process::{Command, Stdio};

use nix::sched::{CloneFlags, unshare};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};

use crate::inside::{PROBE, THIS_PROGRAM, map_ids};

/// What a build's sandbox is made of.
const NAMESPACES: CloneFlags = CloneFlags::CLONE_NEWNS.union(CloneFlags::CLONE_NEWPID);

/// Whether a build could have a user, mount and process namespace of its own, with its own `/proc`. Where the machine's
/// `/proc` is covered in part, as in most containers, the kernel refuses one.
pub(crate) fn is_possible() -> bool {
    run_probe("namespaces")
}

/// A step of the probe, each in a process of its own.
pub(crate) fn probe(step: &str) -> bool {
    if step == "proc" {
        let is_private = mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).is_ok();
        return is_private && mount("none", "/proc", "proc", MountFlags::empty(), None).is_ok();
    }
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let is_apart = match unshare(NAMESPACES | CloneFlags::CLONE_NEWUSER) {
        // Whoever is not root loses all rights by starting a program.
        Ok(()) => map_ids((0, user), (0, group)).is_ok(),
        Err(_) => unshare(NAMESPACES).is_ok(),
    };
    // The first process that is started now is the first of its namespace.
    is_apart && run_probe("proc")
}

fn run_probe(step: &str) -> bool {
    let mut command = Command::new(THIS_PROGRAM);
    command.args([PROBE, step]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
