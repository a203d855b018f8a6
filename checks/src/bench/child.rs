//! One measured command, in a process of its own: `checks measured REPORT COMMAND…`.
//!
//! The process adopts whatever the command leaves behind, so that the processor time of all its descendants is counted, those among
//! them that outlive it for a moment (a container's monitor does). What serves a mount goes on for longer: it is told of (`--serves`),
//! is looked at when the command ends, and is left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use rustix::process::{Pid, WaitOptions};
use serde::{Deserialize, Serialize};

/// Often enough for a process of a second, seldom enough to cost nothing that counts.
const SAMPLE: Duration = Duration::from_millis(50);

/// How long what the command left behind may take to end.
const AFTERMATH: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A program whose processes are also counted by themselves
    #[arg(long)]
    own: Option<PathBuf>,
    /// The command leaves somebody behind who serves: that is not waited for
    #[arg(long)]
    serves: bool,
    /// Where to write what it cost, as JSON
    report: PathBuf,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<OsString>,
}

/// What a command cost.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Cost {
    /// From its start to its end.
    pub seconds: f64,
    /// Of the processor, by all its processes.
    pub cpu_seconds: f64,
    /// The most bytes that all its processes had in memory at one time.
    pub memory: u64,
    /// The same of those that run the program that was named.
    pub own_memory: Option<u64>,
}

/// The most memory, in KiB.
#[derive(Debug, Clone, Copy, Default)]
struct Memory {
    all: u64,
    own: u64,
}

/// Runs the command to its end, and reports.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).context("cannot adopt processes")?;
    let (program, rest) = arguments.command.split_first().context("no command")?;
    let start = Instant::now();
    let child = Command::new(program).args(rest).stdin(Stdio::null()).spawn();
    let child = child.with_context(|| format!("cannot run {}", program.display()))?;
    let over = AtomicBool::new(false);
    let (seconds, success, memory) = thread::scope(|scope| -> Result<_> {
        let sampler = scope.spawn(|| largest_memory(&over, arguments.own.as_deref()));
        let status = until_end_of(child.id());
        let seconds = start.elapsed().as_secs_f64();
        if !arguments.serves {
            reap_rest();
        }
        over.store(true, Ordering::Relaxed);
        let memory = sampler.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((seconds, status?, memory))
    })?;
    let cost = Cost {
        seconds,
        cpu_seconds: cpu_of_children()?,
        memory: memory.all << 10,
        own_memory: arguments.own.as_ref().map(|_| memory.own << 10),
    };
    fs::write(&arguments.report, serde_json::to_vec(&cost)?)?;
    Ok(if success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Waits for the command, and for what it leaves behind on the way; whether it succeeded.
fn until_end_of(command: u32) -> Result<bool> {
    loop {
        if let Some((process, status)) = rustix::process::wait(WaitOptions::empty()).context("cannot wait")?
            && u32::try_from(process.as_raw_nonzero().get()).is_ok_and(|process| process == command)
        {
            return Ok(status.exit_status() == Some(0));
        }
    }
}

/// Waits for what the command left behind; what stays, as rootless podman's keeper of namespaces does, is not waited for.
fn reap_rest() {
    let start = Instant::now();
    while start.elapsed() < AFTERMATH {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => thread::sleep(SAMPLE),
            Err(_) => break,
        }
    }
}

/// The processor time of all descendants: those that were waited for, to the microsecond, and those that there still are, to the tick.
fn cpu_of_children() -> Result<f64> {
    let waited = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = (waited.user_time() + waited.system_time()).num_microseconds();
    let mut ticks = 0;
    for process in descendants(rustix::process::getpid()) {
        let stat = fs::read_to_string(Path::new("/proc").join(process).join("stat")).unwrap_or_default();
        ticks += (13..=16).map(|number| field(&stat, number)).sum::<u64>();
    }
    Ok(microseconds as f64 / 1e6 + ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// A field of `/proc/PID/stat`, counted from 0 as proc(5) does from 1. The program's name may hold blanks; what follows it does not.
fn field(stat: &str, number: usize) -> u64 {
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    after_name.split(' ').nth(number - 2).and_then(|value| value.parse().ok()).unwrap_or_default()
}

/// Looks at all descendants until `over`, and once more then: the largest sum of what they had in memory, or what the largest of
/// them had at its peak, which may lie between two looks.
fn largest_memory(over: &AtomicBool, program: Option<&Path>) -> Memory {
    let mut largest = Memory::default();
    loop {
        let is_over = over.load(Ordering::Relaxed);
        let processes = descendants(rustix::process::getpid());
        let most = |processes: &[&String]| {
            let sum = processes.iter().map(|process| kib(process, "VmRSS:")).sum::<u64>();
            let peak = processes.iter().map(|process| kib(process, "VmHWM:")).max().unwrap_or_default();
            sum.max(peak)
        };
        largest.all = largest.all.max(most(&processes.iter().collect::<Vec<_>>()));
        if let Some(program) = program {
            let own: Vec<_> = processes.iter().filter(|process| runs(process, program)).collect();
            largest.own = largest.own.max(most(&own));
        }
        if is_over {
            return largest;
        }
        thread::sleep(SAMPLE);
    }
}

/// Whether a process runs a program.
fn runs(process: &str, program: &Path) -> bool {
    fs::read_link(Path::new("/proc").join(process).join("exe")).is_ok_and(|running| running == program)
}

/// Waits until no process of this machine runs a program any more; false if that takes too long.
pub fn until_nobody_runs(program: &Path) -> bool {
    let start = Instant::now();
    loop {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        if !entries.into_iter().any(|entry| runs(&entry.file_name().to_string_lossy(), program)) {
            return true;
        }
        if start.elapsed() > AFTERMATH {
            return false;
        }
        thread::sleep(SAMPLE);
    }
}

fn descendants(of: Pid) -> BTreeSet<String> {
    let mut children: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.bytes().all(|byte| byte.is_ascii_digit())
            && let Ok(stat) = fs::read_to_string(entry.path().join("stat"))
        {
            children.entry(field(&stat, 3)).or_default().push(name);
        }
    }
    let mut found = BTreeSet::new();
    let mut left = vec![u64::try_from(of.as_raw_nonzero().get()).unwrap_or_default()];
    while let Some(parent) = left.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            left.extend(child.parse::<u64>());
            found.insert(child);
        }
    }
    found
}

/// A line of `/proc/PID/status`; 0 for a process that has ended.
fn kib(process: &str, name: &str) -> u64 {
    let status = fs::read_to_string(Path::new("/proc").join(process).join("status")).unwrap_or_default();
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_runs_a_program_is_found_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().canonicalize().unwrap().join("sleeps");
        fs::copy("/bin/sleep", &program).unwrap();
        assert!(until_nobody_runs(&program));
        let mut child = Command::new(&program).arg("60").spawn().unwrap();
        let own = descendants(rustix::process::getpid());
        assert!(own.contains(&child.id().to_string()) && runs(&child.id().to_string(), &program), "{own:?}");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(until_nobody_runs(&program));
    }

    #[test]
    fn reads_fields_behind_a_name_with_blanks() {
        let stat = "7 (a) b) S 3 7 7 0 -1 4194304 100 0 0 0 11 12 13 14 20 0 1";
        assert_eq!((field(stat, 3), field(stat, 13), field(stat, 16)), (3, 11, 14));
    }
}
