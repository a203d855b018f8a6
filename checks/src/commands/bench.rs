//! `checks bench`: what it costs to write a closure, beside tar and zstd in the same run, and to evaluate a seed.
//!
//! Wall times are medians over rounds in which everything runs once, in turn, so that a machine that changes its pace
//! changes it for all.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::fixture::{self, Options};
use crate::machine::{process, programs};
use crate::seed::flake::Workbench;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How often each command is timed
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    programs::ensure_installed()?;
    let workbench = Workbench::open()?;
    write_closure(&workbench, arguments.rounds)?;
    evaluate_examples(&workbench, arguments.rounds)
}

fn write_closure(workbench: &Workbench, rounds: u32) -> Result<()> {
    let nix = |arguments: &[&str]| process::output(workbench.nix.command("nix").args(arguments));
    let set = fixture::prepare(&workbench.cache, &workbench.nix, &Options::large())?;
    let installable = format!("path:{}#legacyPackages.x86_64-linux.benchmarkClosure", set.display());
    let root = nix(&["build", "--no-link", "--print-out-paths", &installable])?;
    let scratch = workbench.cache.scratch()?;
    let graph = scratch.path().join("graph.json");
    fs::write(&graph, nix(&["path-info", "--json", "--recursive", root.trim()])?)?;
    let paths = nix(&["path-info", "--recursive", root.trim()])?;
    let closure_size = nix(&["path-info", "--closure-size", root.trim()])?;
    let list = scratch.path().join("paths");
    fs::write(&list, &paths)?;
    let (layers, archive) = (scratch.path().join("layers"), scratch.path().join("archive.tar.zst"));

    let mut helper = Command::new(workbench.helper()?);
    helper.args(["layers", "--threads", "2", "--graph"]).arg(&graph).arg("--out").arg(&layers);
    let mut peer = Command::new("tar");
    peer.args(["--sort=name", "--create", "--directory=/", "--use-compress-program=zstd -3 -T2", "--file"]);
    peer.arg(&archive).args(["--absolute-names", "--files-from"]).arg(&list);

    // Once without timing, so that all read from memory.
    let mut runs: [Vec<Run>; 2] = [Vec::new(), Vec::new()];
    for round in 0..=rounds {
        for (command, runs) in [&mut helper, &mut peer].into_iter().zip(&mut runs) {
            let (_, _) = (fs::remove_dir_all(&layers), fs::remove_file(&archive));
            eprintln!("round {round} of {rounds}: {}", command.get_program().display());
            let mut run = measure(command, scratch.path())?;
            run.bytes = size(&layers.join("blobs")) + size(&archive);
            if round > 0 {
                runs.push(run);
            }
        }
    }
    let bytes: u64 = closure_size.split_whitespace().nth(1).context("no closure size")?.parse()?;
    let cores = std::thread::available_parallelism()?;
    println!("Writing {} store paths, {} MB, on {cores} cores:\n", paths.lines().count(), bytes / 1_000_000);
    println!("| command | median wall time | ratio | peak memory | written |\n|---|---|---|---|---|");
    let reference = median(&runs[1]);
    for (name, runs) in ["nix-seed-helper layers", "tar \\| zstd -3 -T2"].iter().zip(&runs) {
        let time = median(runs);
        let memory = runs.iter().map(|run| run.memory).max().unwrap_or_default();
        println!(
            "| `{name}` | {:.2} s | {:.2} | {} MiB | {} MB |",
            time.as_secs_f64(),
            time.as_secs_f64() / reference.as_secs_f64(),
            memory.div_ceil(1024),
            runs.first().map_or(0, |run| run.bytes) / 1_000_000,
        );
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Run {
    time: Duration,
    /// The largest resident set of any process of the command, in KiB.
    memory: u64,
    bytes: u64,
}

/// Runs a command under GNU time, which also sees its children's memory.
fn measure(command: &Command, scratch: &Path) -> Result<Run> {
    let report = scratch.join("memory");
    let mut timed = Command::new("time");
    timed.args(["--format=%M", "--output"]).arg(&report).arg(command.get_program()).args(command.get_args());
    let start = Instant::now();
    let output = timed.stdin(Stdio::null()).output().context("cannot run GNU time")?;
    let time = start.elapsed();
    ensure!(output.status.success(), "{command:?} failed\n{}", String::from_utf8_lossy(&output.stderr));
    let memory = fs::read_to_string(&report)?.trim().parse().context("GNU time reported no memory")?;
    Ok(Run { time, memory, bytes: 0 })
}

fn median(runs: &[Run]) -> Duration {
    let mut times: Vec<_> = runs.iter().map(|run| run.time).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn size(path: &Path) -> u64 {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| size(&entry.path())).sum(),
        Err(_) => path.metadata().map_or(0, |metadata| metadata.len()),
    }
}

/// How long Nix evaluates all outputs of each example, without its seed and with it.
fn evaluate_examples(workbench: &Workbench, rounds: u32) -> Result<()> {
    println!("\nEvaluating all outputs of an example, CPU time:\n");
    println!("| example | without the seed | with it | the seed adds |\n|---|---|---|---|");
    for example in ["hello", "c", "python"] {
        let folder = tempfile::tempdir()?;
        workbench.copy(&format!("examples/{example}"), folder.path())?;
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..rounds * 5 {
            for (with_seed, times) in [false, true].into_iter().zip(&mut times) {
                times.push(evaluate(workbench, folder.path(), with_seed)?);
            }
        }
        let [without, with] = times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2] * 1e3
        });
        println!("| {example} | {without:.0} ms | {with:.0} ms | {:.0} ms |", with - without);
    }
    Ok(())
}

/// The CPU seconds that Nix' evaluator reports.
fn evaluate(workbench: &Workbench, folder: &Path, with_seed: bool) -> Result<f64> {
    let expression = format!(
        r#"let
          flake = builtins.getFlake "path:{}";
          of = kind: removeAttrs (flake.${{kind}}.x86_64-linux or {{ }}) (if {with_seed} then [ ] else [ "seed" ]);
          paths = kind: builtins.mapAttrs (_: output: output.drvPath or output.program) (of kind);
        in map paths [ "packages" "checks" "devShells" "apps" ]"#,
        folder.display()
    );
    // Beside the flake: in it, it would be part of the flake.
    let statistics = folder.with_extension("statistics");
    let mut command = workbench.nix.command("nix");
    command.args(["eval", "--json", "--impure", "--option", "eval-cache", "false", "--expr", &expression]);
    process::output(command.env("NIX_SHOW_STATS", "1").env("NIX_SHOW_STATS_PATH", &statistics))?;
    let report: Value = serde_json::from_slice(&fs::read(&statistics)?)?;
    fs::remove_file(&statistics)?;
    report["cpuTime"].as_f64().context("Nix reported no CPU time")
}
