//! Threads with a table of open files of their own.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::{IntoRawFd, OwnedFd, RawFd};

use nix::sched::{CloneFlags, unshare};
use rustix::stdio::dup2_stderr;

/// The first that is neither standard input, output nor error.
const FIRST: RawFd = 3;

/// For a thread, at its start: from now on it and those that it starts have nothing open but `kept`, and their standard error is
/// `err`. In the table that it leaves both stay open, to be closed there as well.
pub(crate) fn leave(kept: &[RawFd], err: OwnedFd) -> io::Result<()> {
    unshare(CloneFlags::CLONE_FILES)?;
    dup2_stderr(&err)?;
    let _ = err.into_raw_fd();
    let open = std::fs::read_dir("/proc/thread-self/fd")?;
    let open: Vec<RawFd> = open.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    let others = open.into_iter().filter(|number| *number >= FIRST && !kept.contains(number));
    for number in others {
        // SAFETY: whoever owns it does so in the other table; no thread of this one knows of it.
        unsafe { rustix::io::close(number) };
    }
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nothing)?;
    rustix::stdio::dup2_stdout(&nothing)?;
    Ok(())
}

/// Closes what a thread that has left took along.
pub(crate) fn forget(numbers: [RawFd; 2]) {
    for number in numbers {
        // SAFETY: its owner closes it in the other table; nobody in this one knows of it.
        unsafe { rustix::io::close(number) };
    }
}
