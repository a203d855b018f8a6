//! What the first build of each example fetches through a mount, beside what its whole seed would be.
//!
//! What nobody has asked for yet is streamed in behind, as fast as it comes: nearby all of it may have come before a build is over, from
//! far away what the build needs comes first.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::bench::far;
use crate::bench::ground::Ground;
use crate::bench::measure::{Bench, Measure, Subject};
use crate::bench::origins::Origins;
use crate::bench::start::{Way, mounted, up};
use crate::bench::store::{self, Commands};
use crate::closures::examples;
use crate::machine::{files, progress};
use crate::registry::proxy::Speed;
use crate::seed::flake::Workbench;
use crate::seed::layout::Layout;

/// Ways to the registry, by what the report calls them. A seed in the order of a recorded start is to have rows of its own here.
pub const LINKS: [(&str, Speed); 2] =
    [("nearby", Speed { latency: Duration::ZERO, bytes_per_second: 0 }), ("from far away", far::SPEED)];

/// How many examples are enough to show that it works.
const FEW: usize = 2;

/// What one example takes.
#[derive(Debug, Serialize)]
pub struct Wire {
    pub example: String,
    /// The bytes of the seed's layers.
    pub seed: u64,
    pub measure: Measure,
}

pub fn measure(bench: &Bench, workbench: &Workbench, origins: &Origins, quick: bool) -> Result<Vec<Wire>> {
    far::try_out(origins)?.ensure(quick)?;
    let mut examples = examples()?;
    examples.truncate(if quick { FEW } else { examples.len() });
    examples.into_iter().map(|example| of_example(bench, workbench, origins, example)).collect()
}

fn of_example(bench: &Bench, workbench: &Workbench, origins: &Origins, example: String) -> Result<Wire> {
    let work = bench.scratch.join(format!("wire-{example}"));
    let source = work.join("src");
    fs::create_dir_all(&source)?;
    workbench.copy(&format!("examples/{example}"), &source)?;
    progress::say(format_args!("building the seed of examples/{example}"));
    let folder = workbench.build_with_progress(&source, "seed")?;
    let layout = Layout::open(&folder)?;
    let seed = layout.layers()?.iter().map(|layer| Ok(layer.metadata()?.len())).sum::<Result<u64>>()?;
    let environment = layout.environment()?;
    let path = environment.iter().find_map(|variable| variable.strip_prefix("PATH="));
    let commands = Commands::new(path.context("the seed has no PATH")?.into(), work.clone())?;
    let image = origins.publish(&folder, &format!("wire-{example}"))?;
    let ground = Ground::new(bench.scratch.join("root"));
    let root: &Path = ground.path();
    let script = up(&origins.client, root, Way::Mount, &image) + &commands.in_store(root, store::Command::Build);
    let subjects = LINKS.map(|(name, speed)| Subject { speed, ..mounted(name, origins, &ground, script.clone()) });
    let measure = bench.interleave("wire", format!("examples/{example}"), &subjects)?;
    drop(subjects);
    ground.remove()?;
    files::remove(&work)?;
    Ok(Wire { example, seed, measure })
}
