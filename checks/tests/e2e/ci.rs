//! Workflows that `nix-seed init` writes, with nix-seed's actions, from checkout to summary: run step by step as GitHub's runner does, with a
//! real git remote, registry, certificate authority and log.

mod forge;
mod jobs;
mod lint;
mod others;
mod quickstart;
mod record;
mod steps;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix_seed_checks::client;
use nix_seed_checks::machine::{files, process, repository};
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::files::FileServer;
use nix_seed_checks::runner::{Finished, Job, Runner};
use nix_seed_checks::seed::flake::edit;
use nix_seed_checks::sigstore::token::Kind;
use nix_seed_checks::sigstore::{Options, Stack};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use forge::Forge;

use crate::publish::{Publisher, Said, image};
use crate::seed::Seed as Example;

/// What a job's token is for registry and git.
const TOKEN: &str = "the-token-of-this-job";

/// How a run differs from others.
struct Given {
    event: (String, Value),
    reference: String,
    has_identity: bool,
    /// Whether a step before has left a login for the registry.
    has_login: bool,
    token: String,
    is_bare: bool,
    /// More secrets than the token.
    secrets: Value,
    /// More variables than GitHub's.
    variables: Vec<(String, String)>,
    /// The job, where it is not called as the workflow.
    job: Option<String>,
}

fn said(command: &mut Command) -> Said {
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[allow(clippy::print_stdout, reason = "it is what a person would look at")]
fn succeeded(finished: &Finished) {
    // Seen with --no-capture.
    println!("{}", finished.summary);
    assert!(finished.ran && finished.success, "{:?}\n{}", finished.steps, finished.log);
}

fn output<'a>(finished: &'a Finished, action: &str, name: &str) -> &'a str {
    finished.outputs[action][name].as_str().unwrap()
}

/// Steps by hand, on a machine with nothing but the program, or with a Nix.
fn by_hand(forge: &Forge, runner: &Runner, is_bare: bool, scripts: &[&str]) -> Finished {
    let steps = scripts.iter().map(|script| json!({ "run": script }));
    let steps: Vec<_> = std::iter::once(json!({ "uses": "actions/checkout@v6" })).chain(steps).collect();
    let file = forge.folder.path().join("by-hand.yaml");
    // JSON is YAML.
    fs::write(&file, json!({ "on": "push", "jobs": { "build": { "steps": steps } } }).to_string()).unwrap();
    forge.run_file(runner, &file, "build", |given| given.is_bare = is_bare)
}

const BUILD: &str = "0compute/nix-seed";
const SEED: &str = "0compute/nix-seed/seed";

fn runner(forge: &Forge) -> Runner {
    Runner::open(&forge.publisher.journey.workbench.cache).unwrap()
}

fn at(folder: &Path, name: &str) -> PathBuf {
    folder.join(name)
}
