//! `checks all`: every test of the repository.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::client;
use crate::machine::cache::Cache;
use crate::machine::prepared::{self, Prepared};
use crate::machine::{process, programs, repository};
use crate::registry;
use crate::seed::flake::Workbench;
use crate::sigstore;

/// How many tests passed and failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    passed: usize,
    failed: usize,
}

const PASSED: Counts = Counts { passed: 1, failed: 0 };
const FAILED: Counts = Counts { passed: 0, failed: 1 };

/// Runs everything, also after a failure, and ends with the counts. Fails if anything did.
pub fn run() -> Result<()> {
    programs::ensure_installed()?;
    let cache = Cache::open()?;
    let nextest = programs::nextest(&cache)?;
    registry::prepare(&cache)?;
    sigstore::prepare(&cache)?;
    let mut total = Counts::default();
    let mut report = Vec::new();
    let mut step = |name: &str, run: &mut dyn FnMut() -> Result<Counts>| {
        println!("\n== {name}");
        let start = Instant::now();
        let counts = run().unwrap_or_else(|error| {
            println!("error: {error:#}");
            FAILED
        });
        let took = start.elapsed().as_secs();
        report.push(format!("{name:<44}{:>5} passed {:>3} failed {took:>5} s", counts.passed, counts.failed));
        total.passed += counts.passed;
        total.failed += counts.failed;
    };

    for (name, folder) in [("helper", "."), ("client", "client"), ("fuzz", "fuzz"), ("checks", "checks")] {
        step(&format!("{name}: format"), &mut || cargo(folder, &["fmt", "--check"]));
        step(&format!("{name}: lints"), &mut || {
            cargo(
                folder,
                &["clippy", "--quiet", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"],
            )
        });
    }
    step("helper: tests", &mut || run_nextest(nextest.command(), "."));
    step("client: tests", &mut || run_nextest(nextest.command(), "client"));
    step("fuzz: the committed corpus", &mut || run_nextest(nextest.command(), "fuzz"));
    for tests in ["lib/tests", "nix/tests"] {
        step(&format!("{tests}: nix eval"), &mut || evaluate(&cache, tests));
    }
    step("nix flake check, nix build .#seed", &mut || flake_check(&Workbench::open()?));
    step("checks: tests, end to end ones among them", &mut || {
        let mut command = nextest.command();
        command.env(prepared::VARIABLE, serde_json::to_string(&prepare()?)?);
        run_nextest(command, "checks")
    });

    println!("\n{}\n\n{} passed, {} failed", report.join("\n"), total.passed, total.failed);
    ensure!(total.failed == 0, "{} of {} tests failed", total.failed, total.passed + total.failed);
    Ok(())
}

/// What each end-to-end test would have to find out by itself.
fn prepare() -> Result<Prepared> {
    let workbench = Workbench::open()?;
    Ok(Prepared {
        nixpkgs: workbench.nixpkgs().into(),
        nix_seed: workbench.source().into(),
        helper: workbench.helper()?,
        client: client::program()?,
        referrers: client::referrers()?,
    })
}

fn cargo(folder: &str, arguments: &[&str]) -> Result<Counts> {
    let mut command = Command::new("cargo");
    let status = command.args(arguments).current_dir(repository::path().join(folder)).status();
    Ok(if status.context("cannot run cargo")?.success() { PASSED } else { FAILED })
}

/// Runs a workspace's tests and reads the counts from the summary.
fn run_nextest(mut command: Command, folder: &str) -> Result<Counts> {
    command.args(["run", "--locked", "--no-fail-fast", "--color", "never", "--status-level", "fail"]);
    command.args(["--final-status-level", "fail"]).current_dir(repository::path().join(folder));
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().context("cannot run cargo nextest")?;
    let mut counts = None;
    for line in BufReader::new(child.stderr.take().context("no standard error")?).lines() {
        let line = line?;
        println!("{line}");
        counts = summary(&line).or(counts);
    }
    let success = child.wait()?.success();
    match counts {
        Some(counts) if success == (counts.failed == 0) => Ok(counts),
        _ => bail!("cargo nextest in {folder} ended without a summary"),
    }
}

/// `Summary [ 1.2s] 61 tests run: 60 passed (2 slow), 1 failed, 0 skipped`
fn summary(line: &str) -> Option<Counts> {
    let (_, text) = line.trim_start().strip_prefix("Summary")?.split_once("run: ")?;
    let number = |word: &str| {
        let part = text.split(", ").find(|part| part.split(' ').nth(1) == Some(word))?;
        part.split(' ').next()?.parse::<usize>().ok()
    };
    let failed = ["failed", "timed", "errored"].into_iter().filter_map(number).sum();
    Some(Counts { passed: number("passed").unwrap_or(0), failed })
}

/// Nix unit tests by themselves, with neither a package set nor a flake. Their value is `"144 passed, 0 failed"`, an
/// error that names what failed otherwise.
fn evaluate(cache: &Cache, tests: &str) -> Result<Counts> {
    let nix = crate::nix::Nix::find(cache)?;
    let said =
        process::output(nix.command("nix").args(["eval", "--raw", "--file"]).arg(repository::path().join(tests)))?;
    println!("{said}");
    let number = |word: &str| {
        let part = said.split(", ").find_map(|part| part.strip_suffix(word))?;
        part.trim_end().parse::<usize>().ok()
    };
    match (number("passed"), number("failed")) {
        (Some(passed), Some(failed)) => Ok(Counts { passed, failed }),
        _ => bail!("{tests} gave {said:?}"),
    }
}

/// The commands of a user with Nix and a network, with the package set in the place of nixpkgs. Each check counts.
fn flake_check(workbench: &Workbench) -> Result<Counts> {
    let system = "x86_64-linux";
    let flake = workbench.nix_seed();
    let nixpkgs = &workbench.overrides()[..3];
    let nix = |arguments: &[&str]| {
        let mut command = workbench.nix.command("nix");
        command.args(arguments).args(nixpkgs).arg("--no-write-lock-file");
        command
    };
    let names = nix(&["eval", "--json", &format!("{flake}#checks.{system}"), "--apply", "builtins.attrNames"]);
    let names: Value = serde_json::from_str(&process::output(&mut { names })?)?;
    let mut counts = Counts::default();
    let mut record = |what: &str, success: bool| {
        println!("{what}: {}", if success { "passed" } else { "failed" });
        counts.passed += usize::from(success);
        counts.failed += usize::from(!success);
    };
    for name in names.as_array().context("checks is no set")?.iter().filter_map(Value::as_str) {
        record(name, nix(&["build", "--no-link", &format!("{flake}#checks.{system}.{name}")]).status()?.success());
    }
    for (what, arguments) in [
        ("nix flake check", ["flake", "check", &flake]),
        ("nix build .#seed", ["build", "--no-link", &format!("{flake}#seed")]),
    ] {
        record(what, nix(&arguments).status()?.success());
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_summary_of_nextest() {
        let line = "     Summary [   5.503s] 61 tests run: 58 passed (2 slow), 2 failed, 1 timed out, 0 skipped";
        assert_eq!(summary(line), Some(Counts { passed: 58, failed: 3 }));
        let line = "     Summary [   5.503s] 61 tests run: 61 passed, 0 skipped";
        assert_eq!(summary(line), Some(Counts { passed: 61, failed: 0 }));
        assert_eq!(summary("        PASS [   0.1s] x y"), None);
    }
}
