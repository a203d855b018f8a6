//! Runs what is compared in turn, and puts down what each cost.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::bench::child::Cost;
use crate::bench::pages::Pages;
use crate::machine::progress;
use crate::registry::proxy::{Proxy, Speed};

/// What is done around a command, and is not measured.
type Step<'a> = Box<dyn Fn() -> Result<()> + 'a>;

/// One of the programs that are compared.
pub struct Subject<'a> {
    pub name: String,
    /// What is measured, for `sh -eu`.
    pub script: String,
    pub before: Step<'a>,
    pub after: Step<'a>,
    /// What its traffic passes.
    pub proxies: Vec<&'a Proxy>,
    /// How slow these are.
    pub speed: Speed,
    /// Where it makes files.
    pub makes: Option<PathBuf>,
    /// Our own program, whose memory is counted by itself.
    pub own: Option<PathBuf>,
    /// It leaves somebody behind who serves a mount, until `after`, which is also run where the command fails.
    pub serves: bool,
}

impl Subject<'_> {
    pub fn new(name: impl Into<String>, script: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            script: script.into(),
            before: Box::new(|| Ok(())),
            after: Box::new(|| Ok(())),
            proxies: Vec::new(),
            speed: Speed::default(),
            makes: None,
            own: None,
            serves: false,
        }
    }
}

/// What one run cost.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    pub seconds: f64,
    pub cpu_seconds: f64,
    /// Bytes, of all processes at one time.
    pub memory: u64,
    /// Of these, those of our own program alone.
    pub own_memory: Option<u64>,
    /// Bytes over the wire, both ways, heads included.
    pub wire: Option<u64>,
    /// Files, folders and links that are there afterwards and were not before.
    pub files: Option<u64>,
    /// The bytes of these.
    pub written: Option<u64>,
}

#[derive(Debug, Serialize)]
pub struct Row {
    pub subject: String,
    pub script: String,
    pub runs: Vec<Run>,
    /// Of each number by itself; of memory, the largest.
    pub median: Run,
}

/// Subjects that did the same.
#[derive(Debug, Serialize)]
pub struct Measure {
    pub name: &'static str,
    pub title: String,
    pub rows: Vec<Row>,
}

impl Measure {
    pub fn row(&self, subject: &str) -> Option<&Run> {
        self.rows.iter().find(|row| row.subject == subject).map(|row| &row.median)
    }
}

/// How things are measured.
pub struct Bench {
    pub rounds: u32,
    pub pages: Pages,
    /// A folder for what belongs to no subject.
    pub scratch: PathBuf,
}

impl Bench {
    /// Every round runs each subject once, so that a machine that changes its pace changes it for all.
    pub fn interleave(&self, name: &'static str, title: String, subjects: &[Subject]) -> Result<Measure> {
        progress::say(format_args!("\n{name}: {title}"));
        let mut runs: Vec<Vec<Run>> = subjects.iter().map(|_| Vec::new()).collect();
        let first = u32::from(self.pages == Pages::Dropped);
        for round in first..=self.rounds {
            for (subject, runs) in subjects.iter().zip(&mut runs) {
                (subject.before)()?;
                let run = self.once(subject).with_context(|| format!("{name}: {}", subject.name));
                // What a command that failed has mounted is in the way of all others.
                let after = (subject.after)();
                let run = run?;
                after?;
                progress::say(format_args!(
                    "{name}, round {round} of {}: {}: {:.2} s, {} MiB",
                    self.rounds,
                    subject.name,
                    run.seconds,
                    run.memory >> 20
                ));
                if round > 0 {
                    runs.push(run);
                }
            }
        }
        let row = |(subject, runs): (&Subject, Vec<Run>)| Row {
            subject: subject.name.clone(),
            script: subject.script.clone(),
            median: median(&runs),
            runs,
        };
        Ok(Measure { name, title, rows: subjects.iter().zip(runs).map(row).collect() })
    }

    fn once(&self, subject: &Subject) -> Result<Run> {
        let count = || subject.makes.as_deref().map(count_made);
        let (before, report) = (count(), self.scratch.join("cost.json"));
        self.pages.settle();
        for proxy in &subject.proxies {
            proxy.set_speed(subject.speed);
            proxy.forget_traffic();
        }
        // This very program, also where another build has replaced its file.
        let mut command = Command::new("/proc/self/exe");
        command.arg("measured");
        if let Some(own) = &subject.own {
            command.arg("--own").arg(own);
        }
        if subject.serves {
            command.arg("--serves");
        }
        command.arg(&report).args(["sh", "-euc", &subject.script]);
        let output = command.stdin(Stdio::null()).output().context("cannot run what measures")?;
        // First of all: a mount goes on fetching.
        let traffic = subject.proxies.iter().map(|proxy| proxy.traffic().total());
        let wire = traffic.map(|total| total.up + total.down + total.heads).reduce(|a, b| a + b);
        for proxy in &subject.proxies {
            proxy.set_speed(Speed::default());
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "this failed:\n{}\n{}", subject.script, stderr.trim_end());
        let cost: Cost = serde_json::from_slice(&fs::read(&report)?)?;
        let made = before
            .zip(count())
            .map(|(before, after)| (after.0 - before.0.min(after.0), after.1 - before.1.min(after.1)));
        Ok(Run {
            seconds: cost.seconds,
            cpu_seconds: cost.cpu_seconds,
            memory: cost.memory,
            own_memory: cost.own_memory,
            wire,
            files: made.map(|(files, _)| files),
            written: made.map(|(_, bytes)| bytes),
        })
    }
}

/// Files, folders and links below a folder, and the bytes in files; nothing that is only mounted there.
fn count_made(folder: &Path) -> (u64, u64) {
    folder.metadata().map_or((0, 0), |metadata| count(folder, metadata.dev()))
}

fn count(folder: &Path, device: u64) -> (u64, u64) {
    let mut sum = (0, 0);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.path().symlink_metadata() else { continue };
        if metadata.dev() != device {
            continue;
        }
        sum.0 += 1;
        if metadata.is_dir() {
            let (files, bytes) = count(&entry.path(), device);
            sum = (sum.0 + files, sum.1 + bytes);
        } else if metadata.is_file() {
            sum.1 += metadata.len();
        }
    }
    sum
}

fn median(runs: &[Run]) -> Run {
    let of = |value: fn(&Run) -> f64| {
        let mut values: Vec<_> = runs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        let at = |position: usize| values.get(position).copied().unwrap_or_default();
        f64::midpoint(at(values.len().saturating_sub(1) / 2), at(values.len() / 2))
    };
    let middle = |value: fn(&Run) -> Option<u64>| {
        let mut values: Vec<_> = runs.iter().filter_map(value).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied()
    };
    Run {
        seconds: of(|run| run.seconds),
        cpu_seconds: of(|run| run.cpu_seconds),
        memory: runs.iter().map(|run| run.memory).max().unwrap_or_default(),
        own_memory: runs.iter().filter_map(|run| run.own_memory).max(),
        wire: middle(|run| run.wire),
        files: middle(|run| run.files),
        written: middle(|run| run.written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_each_number_and_memory_the_largest() {
        let run = |seconds, memory, wire| Run { seconds, memory, wire: Some(wire), ..Run::default() };
        let median = median(&[run(3.0, 1, 9), run(1.0, 7, 5), run(2.0, 2, 6)]);
        assert_eq!((median.seconds, median.memory, median.wire, median.files), (2.0, 7, Some(6), None));
    }

    #[test]
    fn counts_files_folders_and_links_but_not_what_links_lead_to() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/b"), "123").unwrap();
        std::os::unix::fs::symlink("/", folder.path().join("c")).unwrap();
        assert_eq!(count_made(folder.path()), (3, 3));
        assert_eq!(count_made(&folder.path().join("none")), (0, 0));
    }
}
