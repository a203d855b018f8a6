//! How long Nix evaluates all outputs of each example, without its seed and with it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

use crate::machine::{process, progress};
use crate::seed::flake::Workbench;

/// What one example takes, in milliseconds of the evaluator's processor time.
#[derive(Debug, Serialize)]
pub struct Evaluation {
    pub example: &'static str,
    pub without: f64,
    pub with: f64,
}

pub fn measure(workbench: &Workbench, rounds: u32) -> Result<Vec<Evaluation>> {
    ["hello", "c", "python"].into_iter().map(|example| of_example(workbench, example, rounds)).collect()
}

fn of_example(workbench: &Workbench, example: &'static str, rounds: u32) -> Result<Evaluation> {
    progress::say(format_args!("evaluating examples/{example}"));
    let folder = tempfile::tempdir()?;
    workbench.copy(&format!("examples/{example}"), folder.path())?;
    let mut times = [Vec::new(), Vec::new()];
    // So short that more of them are wanted.
    for _ in 0..rounds * 5 {
        for (with_seed, times) in [false, true].into_iter().zip(&mut times) {
            times.push(evaluate(workbench, folder.path(), with_seed)?);
        }
    }
    let [without, with] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2] * 1e3
    });
    Ok(Evaluation { example, without, with })
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
