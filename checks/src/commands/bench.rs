//! `checks bench`: what seeds cost, beside podman, Nix, tar and zstd in the same run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::bench::facts::{self, ensure_room};
use crate::bench::ground::{is_permitted, unmount};
use crate::bench::measure::{Bench, Measure};
use crate::bench::origins::Origins;
use crate::bench::pages::Pages;
use crate::bench::report::Report;
use crate::bench::seeds::{Group, Seeds};
use crate::bench::start::{Published, Starts};
use crate::bench::store::{self, Commands};
use crate::bench::wire::Wire;
use crate::bench::{evaluation, goals, growth, planning, wire, write};
use crate::client;
use crate::machine::cache::Cache;
use crate::machine::{files, process, programs, progress, repository};
use crate::seed::flake::Workbench;

/// Where reports go, below this repository.
const RUNS: &str = "checks/bench-runs";

/// What it takes on the disk: layouts, registry, binary cache and archive, and one command's store or storage at a time.
const ROOM: u64 = 14_000_000_000;
/// For stores and storages that are kept side by side, or twice as large.
const ROOM_FOR_ALL: u64 = 22_000_000_000;
const ROOM_QUICK: u64 = 6_000_000_000;
/// For the examples' seeds in a registry, and what one of them keeps.
const ROOM_FOR_EXAMPLES: u64 = 5_000_000_000;
/// Where no seed is written.
const ROOM_WITHOUT_SEEDS: u64 = 1_000_000_000;

const FRESH: &str = "an ext4 of its own for each command, on a loop device";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Name {
    /// From nothing to the first program of the seed's that runs
    Begin,
    /// From nothing to the first builder that has run
    Cold,
    /// The same where 95 % of the store paths are present
    Warm,
    /// From nothing to the end of a real build of examples/c
    Build,
    /// The same as cold and build, over a link with 50 ms there and back and 100 MB/s
    Far,
    /// From nothing to the end of reading all files of the store
    Read,
    /// What the first build of each example fetches through a mount, and of how much
    Wire,
    /// Writing the image
    Write,
    /// Publishing it once more after a leaf has changed
    Push,
    /// Writing and starting seeds of 0.25 to 4 GB
    Growth,
    /// Planning what is in a seed, of 100 to 5,000 derivations
    Planning,
    /// Evaluating the examples with their seeds and without
    Evaluation,
}

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How often each command is measured [default: 5, with --quick 1]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Measure this alone; may be given many times
    #[arg(long, value_enum)]
    only: Vec<Name>,
    /// Take the closure of examples/c alone, 0.3 GB, and one round: shows that it works, and nothing else
    #[arg(long)]
    quick: bool,
    /// Leave in the page cache what is there; else, where permitted, it is dropped before each command
    #[arg(long)]
    warm_cache: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The folder for the reports [default: checks/bench-runs; none with --quick]
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Arguments {
    fn wants(&self, name: Name) -> bool {
        self.only.is_empty() || self.only.contains(&name)
    }

    /// Whether there have to be images.
    fn wants_seeds(&self) -> bool {
        let without = |name: &Name| matches!(name, Name::Planning | Name::Evaluation | Name::Wire);
        self.only.is_empty() || !self.only.iter().all(without)
    }

    fn room(&self) -> u64 {
        match self.quick {
            _ if !self.wants_seeds() && self.wants(Name::Wire) => ROOM_FOR_EXAMPLES,
            _ if !self.wants_seeds() => ROOM_WITHOUT_SEEDS,
            true => ROOM_QUICK,
            false if self.wants(Name::Warm) || self.wants(Name::Growth) => ROOM_FOR_ALL,
            false => ROOM,
        }
    }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let cache = Cache::open()?;
    ensure_room(&cache.path(""), arguments.room())?;
    programs::ensure_installed()?;
    // Two at a time would measure each other.
    let _guard = cache.lock("bench")?;
    let scratch = cache.path("bench");
    // Of one that was interrupted.
    clear(&scratch)?;
    cache.folder("bench")?;
    let result = measure_all(arguments, &scratch);
    let cleared = clear(&scratch);
    let report = result?;
    cleared?;
    if let Some(folder) = folder(arguments) {
        let base = folder.join(report.began.replace(':', ""));
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        fs::write(base.with_extension("json"), serde_json::to_string_pretty(&report)? + "\n")?;
        fs::write(base.with_extension("md"), report.markdown())?;
        progress::say(format_args!("\nwritten to {}.md and .json", base.display()));
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", report.markdown());
    }
    Ok(())
}

/// What is mounted cannot be removed.
fn clear(scratch: &Path) -> Result<()> {
    unmount(scratch)?;
    files::remove(scratch)
}

fn folder(arguments: &Arguments) -> Option<PathBuf> {
    let default = || (!arguments.quick).then(|| repository::path().join(RUNS));
    arguments.out.clone().or_else(default)
}

fn measure_all(arguments: &Arguments, scratch: &Path) -> Result<Report> {
    let began = process::output(Command::new("date").args(["--utc", "+%Y-%m-%dT%H:%M"]))?.trim().to_owned();
    let rounds = arguments.rounds.unwrap_or(if arguments.quick { 1 } else { 5 });
    let bench = Bench { rounds, pages: Pages::choose(arguments.warm_cache), scratch: scratch.into() };
    let mut measures = Vec::new();
    let (mut closure, mut missing) = ("none".into(), 0.0);
    let machine = if arguments.wants_seeds() {
        let seeds = Seeds::prepare(scratch, !arguments.quick)?;
        let machine = facts::collect(&seeds.workbench, scratch)?;
        closure = format!("{} store paths, {} MB", seeds.all.paths().len(), seeds.all.size() / 1_000_000);
        missing = seeds.missing_part();
        measures.extend(measure_seeds(arguments, &bench, &seeds, &closure)?);
        machine
    } else {
        facts::collect(&Workbench::open()?, scratch)?
    };
    let workbench = Workbench::open()?;
    if arguments.wants(Name::Planning) {
        measures.extend(planning::planning(&bench, &workbench, arguments.quick, scratch)?);
    }
    let wire = if arguments.wants(Name::Wire) { measure_wire(arguments, &bench, &workbench)? } else { Vec::new() };
    let evaluate = || evaluation::measure(&workbench, rounds, arguments.quick, scratch);
    let evaluation = if arguments.wants(Name::Evaluation) { evaluate()? } else { Vec::new() };
    let goals = goals::judge(&measures, &wire, missing);
    let commit =
        process::output(Command::new("git").args(["describe", "--always", "--dirty"]).current_dir(repository::path()))?;
    Ok(Report {
        began,
        commit: commit.trim().into(),
        machine,
        rounds,
        page_cache: bench.pages.describe(),
        unpacked_to: if is_permitted() { FRESH } else { "a folder, emptied before each command" },
        closure,
        measures,
        evaluation,
        wire,
        goals,
    })
}

/// A program of its own: another build of this repository may replace it meanwhile; and nobody else runs this one.
fn copy_client(arguments: &Arguments, scratch: &Path) -> Result<PathBuf> {
    let client = scratch.canonicalize()?.join("nix-seed");
    fs::copy(if arguments.quick { client::program()? } else { client::released()? }, &client)?;
    Ok(client)
}

/// What the examples' seeds cost.
fn measure_wire(arguments: &Arguments, bench: &Bench, workbench: &Workbench) -> Result<Vec<Wire>> {
    let scratch = &*bench.scratch;
    let origins = Origins::start(workbench, copy_client(arguments, scratch)?, scratch.join("served-examples"))?;
    wire::measure(bench, workbench, &origins, arguments.quick)
}

/// What images cost.
fn measure_seeds(arguments: &Arguments, bench: &Bench, seeds: &Seeds, closure: &str) -> Result<Vec<Measure>> {
    let wanted = |name| arguments.wants(name);
    let (host, scratch) = (Path::new("/"), &*bench.scratch);
    let (rest, leaf) = seeds.leaf();
    let layout = seeds.write("whole", &[Group { graph: &rest, root: host }, Group { graph: &leaf, root: host }])?;
    let client = copy_client(arguments, scratch)?;
    let origins = Origins::start(&seeds.workbench, client.clone(), scratch.join("served"))?;
    let mut measures: Vec<Measure> = Vec::new();

    if wanted(Name::Write) {
        let title = format!("The image of {closure}.");
        measures.push(write::write(bench, seeds, &client, &layout, title, scratch)?);
    }
    if [Name::Begin, Name::Cold, Name::Warm, Name::Build, Name::Far, Name::Read].into_iter().any(wanted) {
        let present = seeds.all.without(&seeds.missing);
        let write_old = || seeds.write("old", &[Group { graph: &present, root: host }]);
        let old = wanted(Name::Warm).then(write_old).transpose()?;
        let commands = Commands::new(seeds.path(), scratch.join("work"))?;
        let published = Published::prepare(&origins, seeds, &layout, old.as_deref(), scratch)?;
        let starts = Starts {
            bench,
            seeds,
            origins: &origins,
            commands: &commands,
            published: &published,
            folder: scratch.into(),
        };
        if wanted(Name::Begin) {
            let title =
                "From nothing to the first program of the seed's that has run: a shell that does nothing.".into();
            measures.push(starts.cold("begin", title, store::Command::Begin)?);
        }
        if wanted(Name::Cold) {
            let title = "From nothing to the first builder that has run, under the seed's own Nix.".into();
            measures.push(starts.cold("cold", title, store::Command::First)?);
        }
        if wanted(Name::Warm) {
            let title = format!("The same where {} of {closure} are missing.", seeds.missing.len());
            measures.push(starts.warm(title)?);
        }
        if wanted(Name::Build) {
            let title = "From nothing to the end of a real build: `nix build` of examples/c.".into();
            measures.push(starts.cold("build", title, store::Command::Build)?);
        }
        if wanted(Name::Far) {
            let title = "As cold, over a link with 50 ms there and back and 100 MB/s.";
            measures.push(starts.far("far", title, store::Command::First, arguments.quick)?);
            let title = "As build, over the same link.";
            measures.push(starts.far("far build", title, store::Command::Build, arguments.quick)?);
        }
        if wanted(Name::Read) {
            measures.push(starts.read("From nothing to the end of reading all files of the store.".into())?);
        }
    }
    if wanted(Name::Push) {
        let (graph, root) = seeds.changed_leaf()?;
        let groups = [Group { graph: &rest, root: host }, Group { graph: &graph, root: &root }];
        let changed = seeds.write("changed-image", &groups)?;
        let title = format!("An image of which one leaf of {} kB has changed.", graph.size() / 1000);
        measures.push(write::push(bench, &origins, &layout, &changed, title, scratch)?);
    }
    if wanted(Name::Growth) {
        measures.extend(growth::growth(bench, seeds, &origins, scratch)?);
    }
    Ok(measures)
}
