//! One measured command, in a process of its own: `checks measured REPORT COMMAND…`.
//!
//! The process adopts whatever the command leaves behind, so that the processor time of all its descendants is counted, those among
//! them that outlive it for a moment (a container's monitor does).

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, WaitOptions};
use serde::{Deserialize, Serialize};

/// Often enough for a process of a second, seldom enough to cost nothing that counts.
const SAMPLE: Duration = Duration::from_millis(50);

/// How long what the command left behind may take to end.
const AFTERMATH: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub struct Arguments {
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
        let sampler = scope.spawn(|| largest_memory(&over));
        let status = until_end_of(child.id());
        let seconds = start.elapsed().as_secs_f64();
        reap_rest();
        over.store(true, Ordering::Relaxed);
        let memory = sampler.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((seconds, status?, memory))
    })?;
    let cost = Cost { seconds, cpu_seconds: cpu_of_children()?, memory };
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

/// The processor time of all descendants that were waited for.
fn cpu_of_children() -> Result<f64> {
    let ticks = field(&fs::read_to_string("/proc/self/stat")?, 15) + field(&fs::read_to_string("/proc/self/stat")?, 16);
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// A field of `/proc/PID/stat`, counted from 0 as proc(5) does from 1. The program's name may hold blanks; what follows it does not.
fn field(stat: &str, number: usize) -> u64 {
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    after_name.split(' ').nth(number - 2).and_then(|value| value.parse().ok()).unwrap_or_default()
}

/// Looks at all descendants until `over`: the largest sum of what they had in memory, or what the largest of them had at its
/// peak, which may lie between two looks.
fn largest_memory(over: &AtomicBool) -> u64 {
    let mut largest = 0;
    while !over.load(Ordering::Relaxed) {
        let processes = descendants(rustix::process::getpid());
        let sum = processes.iter().map(|process| kib(process, "VmRSS:")).sum::<u64>();
        let peak = processes.iter().map(|process| kib(process, "VmHWM:")).max().unwrap_or_default();
        largest = largest.max(sum).max(peak);
        thread::sleep(SAMPLE);
    }
    largest << 10
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
    fn reads_fields_behind_a_name_with_blanks() {
        let stat = "7 (a) b) S 3 7 7 0 -1 4194304 100 0 0 0 11 12 13 14 20 0 1";
        assert_eq!((field(stat, 3), field(stat, 13), field(stat, 16)), (3, 11, 14));
    }
}
