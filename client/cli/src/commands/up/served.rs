//! A mount has to be served for as long as anybody uses it, so for longer than `up` takes.
//!
//! `up` starts this program again and passes on what that prints. When the seed is up, the second process says so, becomes
//! nobody's child, and serves; the first one ends. Whatever else happens, the second ends as any command does, and the first
//! with its exit code.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix_seed_mount::share_heap;
use nix_seed_start::Served;
use rustix::process::{Signal, set_parent_process_death_signal, setsid};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use crate::error::Error;
use crate::print;

/// This program, whatever has become of its file.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// What lists of processes call the second one.
const NAME: &str = "nix-seed (serving a mount)";

/// What the second process writes last: nothing that it prints holds it.
const UP: u8 = 0;

/// Whether this is the second process.
pub(crate) fn is_this() -> bool {
    std::env::args_os().next().is_some_and(|name| name == OsStr::new(NAME))
}

/// Starts the second process, with the same arguments, and waits until the seed is up, or is not. Gives the exit code.
pub(crate) fn start() -> Result<u8, Error> {
    let failed = |doing| move |source| Error::Io { doing, path: PathBuf::from(THIS_PROGRAM), source };
    let mut command = Command::new(THIS_PROGRAM);
    command.arg0(NAME).args(std::env::args_os().skip(1)).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(failed("starting"))?;
    let Some(mut said) = child.stdout.take() else { return Ok(1) };
    let mut buffer = [0; 4096];
    loop {
        let read = match said.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read.map_err(failed("reading from"))?,
        };
        let said = buffer.get(..read).unwrap_or_default();
        match said.strip_suffix(&[UP]) {
            Some(rest) => return print::bytes_whole(rest).map(|()| 0),
            None => print::bytes_whole(said)?,
        }
        if read == 0 {
            break;
        }
    }
    let status = child.wait().map_err(failed("waiting for"))?;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// For the second process, at its start: without the first one nobody waits for it.
pub(crate) fn follow() {
    let _ = set_parent_process_death_signal(Some(Signal::TERM));
    share_heap();
}

/// The seed is up: lets the first process end, and serves.
pub(crate) fn stay(served: Served) -> Result<(), Error> {
    let log = served.log();
    leave(&log).map_err(|source| Error::Io { doing: "writing", path: log, source })?;
    Ok(served.stay()?)
}

fn leave(log: &Path) -> std::io::Result<()> {
    let _ = std::env::set_current_dir("/");
    // Whoever is left without memory is not to be the one whom all others read from.
    let _ = std::fs::write("/proc/self/oom_score_adj", "-900");
    let _ = setsid();
    set_parent_process_death_signal(None)?;
    let mut out = std::io::stdout();
    out.write_all(&[UP])?;
    out.flush()?;
    dup2_stderr(OpenOptions::new().create(true).append(true).open(log)?)?;
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&nothing)?;
    dup2_stdout(&nothing)?;
    Ok(())
}
