//! The seed of a flake builds the flake after any edit that changes no dependency: with real Nix, for generated flakes and edits.
//!
//! From the inside out: [`random`], choices that a number decides; [`tree`], files; [`source`] and [`text`], how a derivation uses
//! them; [`node`], derivations; [`flake`], all of that, and what its seed has to hold; [`edit`]; [`case`]; [`batch`], where Nix
//! makes seeds and builds in them; [`shrink`], what is left of a failure.
//!
//! What is not the flake's own can be made only where [`store`] lets it: so the seeds are made as if online, and the edited flakes built
//! as if offline.

mod batch;
pub mod case;
mod edit;
mod flake;
mod nar;
mod node;
pub mod random;
mod render;
mod shrink;
mod source;
mod store;
mod text;
mod tree;
mod world;

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;

pub use self::batch::Closure;
use self::batch::check;
use self::case::Case;
pub use self::world::World;

/// How many cases share a store: more take less time each, and more memory.
const BATCH: u64 = 50;
/// Batches at the same time.
const WORKERS: usize = 2;

/// What was found.
#[derive(Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub cases: usize,
    pub derivations: usize,
    pub edits: usize,
    /// Outputs of edited flakes that were built, or should have been.
    pub outputs: usize,
    /// Store paths that the seeds are made of.
    pub roots: usize,
    pub failures: Vec<Failure>,
}

/// A case that does not build.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Failure {
    pub seed: u64,
    pub why: String,
    /// The edits, and after them the flake: less than what was generated, where less fails too.
    pub case: Option<String>,
}

impl Report {
    fn add(&mut self, cases: &[Case], outcome: batch::Outcome) {
        self.cases += cases.len();
        self.derivations +=
            cases.iter().map(|case| case.flake.reached().iter().filter(|is| **is).count()).sum::<usize>();
        self.edits += cases.iter().map(|case| case.edits.len()).sum::<usize>();
        self.outputs += outcome.outputs;
        self.roots += outcome.roots;
        let failure = |(number, why): (usize, String)| Failure { seed: cases[number].seed, why, case: None };
        self.failures.extend(outcome.failures.into_iter().map(failure));
    }
}

/// Checks the cases of `seeds`, and tells `progress` after each batch how many there were so far.
pub fn run(world: &World, seeds: Range<u64>, closure: Closure, progress: impl Fn(&Report) + Sync) -> Result<Report> {
    let next = AtomicU64::new(seeds.start);
    let report = Mutex::new(Report::default());
    let work = || -> Result<()> {
        loop {
            let first = next.fetch_add(BATCH, Ordering::Relaxed);
            if first >= seeds.end {
                return Ok(());
            }
            let cases: Vec<_> = (first..seeds.end.min(first + BATCH)).map(Case::generate).collect();
            let outcome = check(world, &cases, closure)?;
            if let Ok(mut report) = report.lock() {
                report.add(&cases, outcome);
                progress(&report);
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a worker of the property test panicked")))
        })
    })?;
    let mut report = report.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    report.failures.sort_by_key(|failure| failure.seed);
    Ok(report)
}

/// Says of a failure what it takes, at least.
pub fn explain(world: &World, failure: &Failure) -> Result<Failure> {
    let (case, why) = shrink::shrink(world, Case::generate(failure.seed), failure.why.clone())?;
    let mut text = String::from("edits:\n");
    for edit in &case.edits {
        let _ = writeln!(text, "  {edit}");
    }
    text += "files:\n";
    for (name, entry) in &case.flake.tree.0 {
        let _ = writeln!(text, "  {name}: {entry:?}");
    }
    let _ = write!(text, "flake.nix:\n{}", case.flake.render());
    Ok(Failure { seed: failure.seed, why, case: Some(text) })
}
