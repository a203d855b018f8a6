//! `checks property`: builds generated flakes, after edits, in the seeds of before.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::property::{self, Closure, Report, World};

/// How many failures are made smaller and shown whole.
const SHOWN: usize = 3;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How many flakes, each with edits of its own
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    cases: u64,
    /// The number that decides the first case, the next one the second, and so on [default: the time]
    #[arg(long)]
    seed: Option<u64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Plan with this helper instead of the repository's: a program that is linked statically
    #[arg(long)]
    helper: Option<PathBuf>,
    /// Show what fails as it was generated, which takes less time than to make it smaller
    #[arg(long)]
    whole: bool,
    /// Make seeds with `closure = "direct"`, many of which are known to fail
    #[arg(long)]
    direct: bool,
}

/// Runs it; what was found goes to standard output.
pub fn run(arguments: &Arguments) -> Result<()> {
    let since_epoch = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let first = arguments.seed.unwrap_or(since_epoch.as_secs() * 1_000_000);
    let world = World::open(arguments.helper.as_deref())?;
    let start = Instant::now();
    let closure = if arguments.direct { Closure::Direct } else { Closure::Frontier };
    let progress = |report: &Report| eprintln!("{} cases, {} failed", report.cases, report.failures.len());
    let mut report = property::run(&world, first..first.saturating_add(arguments.cases), closure, progress)?;
    let seconds = start.elapsed().as_secs_f64();
    if !arguments.direct && !arguments.whole {
        for failure in report.failures.iter_mut().take(SHOWN) {
            eprintln!("making the case of seed {} smaller", failure.seed);
            *failure = property::explain(&world, failure)?;
        }
    }
    if arguments.json {
        println!("{:#}", json!({ "seed": first, "seconds": seconds, "report": report }));
    } else {
        println!("{}\n{seconds:.1} s", describe(&report, first));
    }
    let failed = report.failures.len();
    ensure!(
        arguments.direct || failed == 0,
        "{failed} of {} flakes do not build in their seed after an edit",
        report.cases
    );
    Ok(())
}

/// Counts, and what failed, with how to see it again.
pub fn describe(report: &Report, seed: u64) -> String {
    let Report { cases, derivations, edits, outputs, roots, failures } = report;
    let failed = failures.len();
    let mut text = format!(
        "seed {seed}: {cases} flakes of {derivations} derivations, {edits} edits, {roots} store paths in seeds, \
         {outputs} outputs after the edits; {failed} flakes failed"
    );
    for failure in failures {
        let _ = write!(
            text,
            "\n\nto see it again: checks/property --cases 1 --seed {}\n{}{}",
            failure.seed,
            failure.why,
            failure.case.as_deref().unwrap_or_default()
        );
    }
    text
}
