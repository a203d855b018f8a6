//! The first process: it starts the second, passes signals on, and clears up.

use std::ffi::OsString;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::SystemTime;

use nix::sys::signal::{SigSet, Signal as Number};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix_seed_start::Origin;
use nix_seed_store::StorePath;
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, wait};

use crate::inside::{INSIDE, THIS_PROGRAM};
use crate::mounted::Shown;
use crate::results::DATABASE;
use crate::run_folder::{BEGAN, COPY, REFUSED, RunFolder, UPPER};
use crate::{Cache, Error, Mounted, Ready, Result, began};

/// What is passed on to the command.
const PASSED_ON: [Number; 6] =
    [Number::SIGINT, Number::SIGTERM, Number::SIGHUP, Number::SIGQUIT, Number::SIGUSR1, Number::SIGUSR2];

/// What a terminal sends to all that run in its foreground, the command among them.
const OF_TERMINAL: [u32; 2] = [Number::SIGINT as u32, Number::SIGQUIT as u32];

/// `si_code` of a signal that the kernel sends, as it does for a terminal (sigaction(2)).
const SI_KERNEL: i32 = 0x80;

/// How to run a command.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether the command has no network.
    pub no_network: bool,
    /// Whether to refuse where builds cannot be sandboxed.
    pub require_sandbox: bool,
    /// Whether what is told inside is JSON.
    pub json: bool,
    /// The variables that the command inherits; where none are named, all but this program's credentials.
    pub inherited: Option<Vec<String>>,
    /// Variables for the command, besides all that it inherits.
    pub variables: Vec<(String, String)>,
    /// The command and its arguments.
    pub command: Vec<OsString>,
}

/// A command that has ended. What it wrote to `/nix` goes when this is dropped.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code; 128 and the signal's number where a signal ended it.
    pub code: u8,
    /// When its process was started, which then prepared itself.
    pub spawned: SystemTime,
    /// When the process became the command; none where it could not.
    pub began: Option<SystemTime>,
    pub(crate) folder: RunFolder,
    below: Below,
}

/// What lies below that which the command wrote.
#[derive(Debug)]
enum Below {
    /// The `/nix` of an unpacked seed.
    Folder(PathBuf),
    /// The seed that was mounted.
    Mounted(Arc<Mounted>),
}

impl Finished {
    /// What the command wrote at `/nix` and `path`, if it did.
    pub(crate) fn written(&self, path: &str) -> Option<PathBuf> {
        let copy = self.folder.path.join(COPY);
        let path = if copy.exists() { copy } else { self.folder.path.join(UPPER) }.join(path);
        // A device stands for what is deleted.
        let metadata = path.symlink_metadata().ok()?;
        (!metadata.file_type().is_char_device()).then_some(path)
    }

    /// Where a store path is now: in the seed, which is whole, before what the command changed of it.
    pub(crate) fn origin(&self, path: &StorePath) -> Origin<'_> {
        let name = format!("store/{}", path.base_name());
        let written = || self.written(&name).unwrap_or_else(|| self.folder.path.join(UPPER).join(&name));
        match &self.below {
            Below::Folder(seed) => {
                let own = seed.join(&name);
                Origin::Files(if own.symlink_metadata().is_ok() { own } else { written() })
            }
            Below::Mounted(mounted) => match mounted.steps(path) {
                Some(steps) => Origin::Elsewhere(steps),
                None => Origin::Files(written()),
            },
        }
    }

    /// The file of the seed's own database that says what schema it has.
    pub(crate) fn schema(&self) -> Option<PathBuf> {
        match &self.below {
            Below::Folder(seed) => Some(seed.join(DATABASE).join("schema")),
            // The run's own has it from the start.
            Below::Mounted(_) => None,
        }
    }
}

/// Runs a command over a seed, and waits for it. Whatever it left running is ended.
pub fn run(cache: &Cache, seed: &Ready, options: &Options) -> Result<Finished> {
    let folder = RunFolder::create(&cache.runs())?;
    let mut command = Command::new(THIS_PROGRAM);
    command.arg(INSIDE).arg("--folder").arg(&folder.path);
    let (below, shown, environment) = match seed {
        Ready::Unpacked(seed) => {
            let root = cache.seed(&seed.name);
            command.arg("--seed").arg(&root);
            (Below::Folder(root.join("nix")), None, seed.environment.clone())
        }
        Ready::Mounted(mounted) => {
            let (shown, environment) = mounted.prepare(&folder)?;
            match &shown {
                Shown::Mount(overlay) => command.arg("--mount").arg(overlay.mount.as_raw_fd().to_string()),
                Shown::Files => command.arg("--served"),
            };
            (Below::Mounted(mounted.clone()), Some(shown), environment)
        }
    };
    command.arg("--parent").arg(getpid().as_raw_nonzero().to_string());
    command.args(options.no_network.then_some("--no-network"));
    command.args(options.require_sandbox.then_some("--require-sandbox"));
    command.args(options.json.then_some("--json"));
    command.arg("--").args(&options.command);
    if let Some(inherited) = &options.inherited {
        command.env_clear();
        command.envs(inherited.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    }
    let is_path_inherited = options.inherited.as_ref().is_none_or(|names| names.iter().any(|name| name == "PATH"));
    let path = std::env::var_os("PATH").filter(|_| is_path_inherited);
    environment.apply(&mut command, path.as_deref());
    command.envs(options.variables.iter().map(|(name, value)| (name, value)));

    let spawned = SystemTime::now();
    let status = Waiter::start()?.run(&mut command)?;
    // Before the folder goes that it is made of.
    drop(shown);
    let began = began::read(&folder.path.join(BEGAN));
    if let (None, Ok(why)) = (began, std::fs::read_to_string(folder.path.join(REFUSED))) {
        return Err(Error::NotMounted { why });
    }
    // What ends by itself has said why.
    if let (None, Some(signal)) = (began, status.signal()) {
        return Err(Error::Ended { signal });
    }
    let code = exit_code(status);
    Ok(Finished { code, spawned, began, folder, below })
}

/// Signals as a file, and children of children as our own.
struct Waiter {
    signals: SignalFd,
    before: SigSet,
}

impl Waiter {
    fn start() -> Result<Self> {
        let mut mask = SigSet::empty();
        PASSED_ON.into_iter().chain([Number::SIGCHLD]).for_each(|signal| mask.add(signal));
        let failed = Error::io("preparing", THIS_PROGRAM);
        let signals = || -> nix::Result<_> {
            let before = SigSet::thread_get_mask()?;
            mask.thread_block()?;
            Ok((SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC)?, before))
        };
        let (signals, before) = signals().map_err(failed)?;
        set_child_subreaper(Some(getpid())).map_err(Error::io("preparing", THIS_PROGRAM))?;
        Ok(Self { signals, before })
    }

    fn run(&self, command: &mut Command) -> Result<ExitStatus> {
        let child = command.spawn().map_err(Error::io("starting", THIS_PROGRAM))?;
        let child = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let mut ended = None;
        while ended.is_none() {
            let Ok(Some(signal)) = self.signals.read_signal() else { continue };
            if signal.ssi_signo == Number::SIGCHLD as u32 {
                while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
                    if Some(pid) == child {
                        ended = Some(ExitStatus::from_raw(status.as_raw()));
                    }
                }
            } else if !(signal.ssi_code == SI_KERNEL && OF_TERMINAL.contains(&signal.ssi_signo))
                && let (Some(child), Some(signal)) = (child, Signal::from_named_raw(signal.ssi_signo as i32))
            {
                let _ = kill_process(child, signal);
            }
        }
        end_children();
        Ok(ended.unwrap_or_default())
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let _ = self.before.thread_set_mask();
    }
}

/// As a shell says it.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Ends what the command left running, and what that started: it became our child when its parent ended.
fn end_children() {
    // An error says that there are none: the most common case, and a fast one.
    while wait(WaitOptions::NOHANG).is_ok() {
        let killed = children().into_iter().filter(|child| kill_process(*child, Signal::KILL).is_ok()).count();
        // Whoever cannot be killed is another user by now, and not waited for.
        if killed == 0 || wait(WaitOptions::empty()).is_err() {
            return;
        }
    }
}

fn children() -> Vec<Pid> {
    let own = getpid().as_raw_nonzero().to_string();
    let parent = |stat: &str| {
        // The name in parentheses may hold anything.
        let (_, rest) = stat.rsplit_once(')')?;
        rest.split_whitespace().nth(1).map(ToOwned::to_owned)
    };
    let is_child = |entry: &std::fs::DirEntry| {
        let stat = std::fs::read(entry.path().join("stat")).unwrap_or_default();
        parent(&String::from_utf8_lossy(&stat)).is_some_and(|parent| parent == own)
    };
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbered = entries.filter(|entry| entry.file_name().to_string_lossy().bytes().all(|c| c.is_ascii_digit()));
    numbered.filter(is_child).filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_a_shell() {
        for (script, code) in [("exit 0", 0), ("exit 42", 42), ("kill -TERM $$", 143)] {
            let status = Command::new("/bin/sh").args(["-c", script]).status().unwrap();
            assert_eq!(exit_code(status), code, "{script}");
        }
    }
}
