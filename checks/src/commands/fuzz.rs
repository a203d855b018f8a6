//! `checks fuzz`: lets libFuzzer look for inputs that break what reads seeds.
//!
//! A stable Rust is enough: what `cargo fuzz` needs a nightly for is the address sanitizer, and the code is safe Rust.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::machine::cache::Cache;
use crate::machine::{process, programs, repository};

/// What `cargo fuzz` passes to rustc: counters of edges, a table of their places, and all comparisons.
const INSTRUMENTATION: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// An input that takes longer, in seconds, or more memory, in MiB, than any of its length may, is a finding.
const LIMITS: [&str; 3] = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=32768"];

/// The lines of a failure that are shown: its message, not what libFuzzer adds.
const SHOWN: usize = 6;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Fuzz only this one
    #[arg(long)]
    target: Option<String>,
    /// How long each target is fuzzed
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
}

/// Runs it; the table goes to standard output.
pub fn run(cache: &Cache, arguments: &Arguments) -> Result<()> {
    programs::ensure_cxx()?;
    let mut targets = targets()?;
    if let Some(name) = &arguments.target {
        ensure!(targets.contains(name), "there is no target {name}; there are {}", targets.join(", "));
        targets.retain(|target| target == name);
    }
    let folder = cache.folder("fuzz")?;
    let _guard = cache.lock("fuzz")?;
    let programs = build(&folder.join("target"))?;
    // Targets write whole seeds: to memory, where there is such a place.
    let scratch = tempfile::tempdir_in("/dev/shm").or_else(|_| cache.scratch())?;
    let mut table = vec!["| target | executions | per second | coverage | features | corpus | crashes |".into()];
    table.push("|---|---|---|---|---|---|---|".into());
    let mut found = Vec::new();
    for target in &targets {
        eprintln!("fuzzing {target} for {} seconds", arguments.seconds);
        let report = fuzz(&programs.join(target), target, &folder.join(target), scratch.path(), arguments.seconds)?;
        table.push(report.row(target));
        if let Some(file) = report.crash {
            found.push(format!(
                "{}\n{target} fails on {}; to see it again:\n  cargo run --manifest-path fuzz/Cargo.toml --bin {target} -- {}",
                report.why,
                file.display(),
                file.display()
            ));
        }
    }
    println!("{}", table.join("\n"));
    ensure!(found.is_empty(), "{}", found.join("\n\n"));
    Ok(())
}

/// The names of the targets, sorted.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in fs::read_dir(repository::path().join("fuzz/fuzz_targets"))? {
        names.extend(file?.path().file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// Builds all targets below `folder`; gives where their programs are.
fn build(folder: &Path) -> Result<PathBuf> {
    let about = process::output(Command::new("rustc").arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    eprintln!("building the targets");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "--locked", "--bins", "--manifest-path"]);
    cargo.arg(repository::path().join("fuzz/Cargo.toml")).arg("--target-dir").arg(folder);
    // With a target, even if it is the host: else build scripts would be instrumented too, and not link.
    cargo.args(["--target", host]).env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", INSTRUMENTATION);
    ensure!(cargo.status().context("cannot run cargo")?.success(), "the fuzz targets do not build");
    Ok(folder.join(host).join("release"))
}

/// What libFuzzer said of a target.
#[derive(Debug, Default, PartialEq, Eq)]
struct Report {
    executions: u64,
    per_second: u64,
    coverage: u64,
    features: u64,
    corpus: u64,
    crash: Option<PathBuf>,
    /// The lines of the panic, or the last ones.
    why: String,
}

/// Runs a target. It begins with the committed corpus and with what earlier runs left in `folder`, and writes only there.
fn fuzz(program: &Path, target: &str, folder: &Path, scratch: &Path, seconds: u32) -> Result<Report> {
    let inputs = folder.join("inputs");
    fs::create_dir_all(&inputs).with_context(|| format!("cannot create {}", inputs.display()))?;
    let mut command = Command::new(program);
    command.args(LIMITS).arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
    command.arg(format!("-artifact_prefix={}/", folder.display())).arg(inputs);
    command.arg(repository::path().join("fuzz/corpus").join(target)).env("TMPDIR", scratch);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let report = Report::read(&said);
    if !output.status.success() && report.crash.is_none() {
        bail!("the target {target} ended with {}\n{}", output.status, report.why);
    }
    Ok(report)
}

impl Report {
    fn read(said: &str) -> Self {
        let mut report = Self::default();
        for line in said.lines() {
            if let Some((name, value)) = line.strip_prefix("stat::").and_then(|stat| stat.split_once(':')) {
                let value = value.trim().parse().unwrap_or_default();
                match name {
                    "number_of_executed_units" => report.executions = value,
                    "average_exec_per_sec" => report.per_second = value,
                    _ => {}
                }
            } else if let Some((_, file)) = line.split_once("Test unit written to ") {
                report.crash = Some(file.into());
            } else if line.contains(" cov: ") {
                let after = |name| line.split_whitespace().skip_while(|word| *word != name).nth(1).unwrap_or_default();
                let number = |text: &str| text.split('/').next().and_then(|text| text.parse().ok()).unwrap_or_default();
                report.coverage = number(after("cov:"));
                report.features = number(after("ft:"));
                report.corpus = number(after("corp:"));
            }
        }
        let lines: Vec<_> = said.lines().collect();
        let panic = lines.iter().position(|line| line.contains("panicked at"));
        let shown = lines.iter().skip(panic.unwrap_or(lines.len().saturating_sub(SHOWN))).take(SHOWN);
        report.why = shown.copied().collect::<Vec<_>>().join("\n");
        report
    }

    fn row(&self, target: &str) -> String {
        let Self { executions, per_second, coverage, features, corpus, crash, .. } = self;
        let crashes = u32::from(crash.is_some());
        format!("| {target} | {executions} | {per_second} | {coverage} | {features} | {corpus} | {crashes} |")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_libfuzzer_says() {
        let said = "INFO: Seed: 1\nthread '<unnamed>' panicked at src/index.rs:142:17:\nassertion failed\n#2\tINITED cov: 7 ft: 8 corp: 1/1b exec/s: 0 rss: 30Mb\n\
            #64\tNEW    cov: 484 ft: 700 corp: 44/553b lim: 58 exec/s: 898 rss: 33Mb L: 3/3 MS: 1 CMP-\n\
            artifact_prefix='/c/'; Test unit written to /c/crash-1\n\
            stat::number_of_executed_units: 11680\nstat::average_exec_per_sec:     898\n";
        let report = Report::read(said);
        assert_eq!(report.row("database"), "| database | 11680 | 898 | 484 | 700 | 44 | 1 |");
        assert_eq!(report.crash, Some("/c/crash-1".into()));
        assert!(report.why.starts_with("thread '<unnamed>' panicked at src/index.rs:142:17:\nassertion failed\n"));
    }
}
