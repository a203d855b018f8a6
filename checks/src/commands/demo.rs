//! `checks demo`: the main job from beginning to end, as a person would do it by hand.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::machine::{process, programs};
use crate::seed::container::Container;
use crate::seed::flake::{Workbench, edit};
use crate::seed::layout::Layout;
use crate::seed::podman::Podman;

const EXAMPLE: &str = "examples/c";
const BUILD: &str = "nix build path:/src --out-link /tmp/greet && /tmp/greet/bin/greet";

/// Runs it; standard output is for people.
pub fn run() -> Result<()> {
    programs::ensure_installed()?;
    let workbench = Workbench::open()?;
    let podman = Podman::open(&workbench.cache)?;
    let folder = workbench.cache.scratch()?;
    let source = folder.path();

    heading(&format!("A flake becomes a seed: a copy of {EXAMPLE}"));
    workbench.copy(EXAMPLE, source)?;
    command("nix build .#seed");
    let (seed, building) = timed(|| workbench.build_with_progress(source, "seed"))?;
    println!("{}", seed.display());

    heading("What is in it");
    command("nix-seed-helper inspect --verify result");
    let helper = workbench.helper()?;
    print!("{}", process::output(Command::new(&helper).args(["inspect", "--verify"]).arg(&seed))?);
    let report = process::output(Command::new(&helper).args(["inspect", "--json"]).arg(&seed))?;
    let report: Value = serde_json::from_str(&report)?;

    heading("It is loaded into podman, and builds the flake with no network");
    command("podman pull oci:result");
    podman.remove(&seed)?;
    let (image, loading) = timed(|| podman.load(&seed))?;
    let container = Container::Image(image);
    let first = build(&podman, &container, source)?;

    heading("A source file changes, and the seed builds again");
    command("sed --in-place 's/nobody/somebody/' greet/main.c");
    edit(source, "greet/main.c", "nobody", "somebody")?;
    let second = build(&podman, &container, source)?;
    ensure!(second.said == "Hello, somebody!", "the built program said {:?}", second.said);

    heading("The seed is still the same: only a dependency changes it");
    command("nix build .#seed");
    let again = workbench.build(source, "seed")?;
    ensure!(again == seed, "the edit changed the seed: {}", again.display());
    println!("{}", again.display());

    // Cut, not rounded, as in the report.
    let size = |value: &Value| format!("{:.2} MB", (value.as_f64().unwrap_or_default() / 1e4).floor() / 1e2);
    let count = |value: &Value| value.as_array().map_or(0, Vec::len);
    heading("Summary");
    for (name, value) in [
        ("seed", Layout::open(&seed)?.manifest_digest),
        ("closure", format!("{} in {} store paths", size(&report["seed"]["narSize"]), count(&report["seed"]["paths"]))),
        ("image", size(&report["seed"]["compressedSize"])),
        ("layers", count(&report["seed"]["layers"]).to_string()),
        ("time to get the seed", format!("{} for `nix build .#seed`", seconds(building))),
        ("time to load the image", format!("{} for `podman pull oci:result`", seconds(loading))),
        ("time to first build", format!("{} from `podman run` to the result", seconds(first.took))),
        ("what was built", first.built.join(", ")),
        ("time to build an edit", format!("{} in a new container", seconds(second.took))),
        ("what was built", second.built.join(", ")),
    ] {
        println!("{name:<24}{value}");
    }
    Ok(())
}

struct Build {
    took: Duration,
    /// The names of what Nix built.
    built: Vec<String>,
    said: String,
}

/// Builds the flake's default package in the seed and runs it.
fn build(podman: &Podman, container: &Container, source: &Path) -> Result<Build> {
    command(&format!("podman run --rm --network none --volume .:/src:ro IMAGE sh -c '{BUILD}'"));
    let start = Instant::now();
    let mut child = container
        .command(podman, source, &["sh", "-c", BUILD])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run podman")?;
    let mut built = Vec::new();
    for line in BufReader::new(child.stderr.take().context("podman has no standard error")?).lines() {
        let line = line?;
        println!("{line}");
        built.extend(built_name(&line));
    }
    let output = child.wait_with_output()?;
    let took = start.elapsed();
    ensure!(output.status.success(), "the build in the seed failed");
    let said = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    println!("{said}");
    Ok(Build { took, built, said })
}

/// `building '/nix/store/<hash>-greet-1.0.0.drv'...` → `greet-1.0.0`
fn built_name(line: &str) -> Option<String> {
    let path = line.strip_prefix("building '/nix/store/")?.split('\'').next()?;
    let (_, name) = path.strip_suffix(".drv")?.split_once('-')?;
    Some(name.to_owned())
}

fn heading(text: &str) {
    println!("\n== {text}");
}

fn command(text: &str) {
    println!("$ {text}");
}

fn timed<T>(step: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let value = step()?;
    Ok((value, start.elapsed()))
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_nix_builds() {
        let line = "building '/nix/store/00000000000000000000000000000000-libgreet-1.0.0.drv'...";
        assert_eq!(built_name(line).as_deref(), Some("libgreet-1.0.0"));
        assert_eq!(built_name("building the system"), None);
    }
}
