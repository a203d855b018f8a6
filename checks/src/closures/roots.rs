//! The roots of a seed, and what each is there for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bench::graph::Graph;
use crate::machine::process;
use crate::seed::flake::Workbench;

/// What a root is there for. Of what is there for several reasons, the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A derivation that is not the flake's own has made it, and one that is needs it.
    Needed,
    Nix,
    /// It plans where the seed is evaluated in the seed.
    Helper,
    /// The source tree of a flake input.
    Input,
    /// A result of the flake's own derivations.
    Result,
    /// A source: evaluation writes it.
    Source,
    /// The shell of `nix develop`.
    Shell,
    /// What the user put in.
    Contents,
    /// On PATH, or certificates.
    Tool,
    /// Nobody knows.
    Unknown,
}

impl Class {
    /// What builds do without, in the order in which it is counted.
    pub const REMOVABLE: [Self; 6] =
        [Self::Result, Self::Source, Self::Shell, Self::Contents, Self::Tool, Self::Unknown];
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Root {
    pub path: String,
    pub class: Class,
    /// Of an output of a derivation.
    pub derivation: Option<String>,
}

pub struct Seed {
    pub graph: Graph,
    pub roots: Vec<Root>,
    /// Those of the flake's outputs.
    pub derivations: Vec<String>,
}

/// What Nix is asked about a seed.
const ABOUT: &str = "seed: { inherit (seed) subject needs partition; outputs = seed.plan.seed.outputs; }";

#[derive(Deserialize)]
struct About {
    subject: Subject,
    needs: Needs,
    partition: Vec<Group>,
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
struct Subject {
    nix: String,
}

#[derive(Deserialize)]
struct Needs {
    reasons: Vec<Reason>,
    results: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Reason {
    path: String,
    chain: Vec<String>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
    roots: Vec<String>,
}

#[derive(Deserialize)]
struct Output {
    derivation: Option<String>,
    #[serde(default)]
    inputs: Vec<Used>,
}

#[derive(Deserialize)]
struct Used {
    derivation: String,
}

#[derive(Deserialize)]
struct Plan {
    roots: Vec<Planned>,
}

#[derive(Deserialize)]
struct Planned {
    path: String,
    derivation: Option<String>,
}

impl Seed {
    /// The seed of the flake in a folder.
    pub fn open(workbench: &Workbench, flake: &Path) -> Result<Self> {
        let graph = Self::graph(workbench, flake)?;
        let plan: Plan = serde_json::from_slice(&fs::read(workbench.build(flake, "seed.plan")?)?)?;
        let mut command = workbench.nix.command("nix");
        command.args(["eval", "--json", "--apply", ABOUT]).arg(format!("path:{}#seed", flake.display()));
        let about: About = serde_json::from_str(&process::output(&mut command)?)?;
        let derivations = about.outputs.iter().flat_map(|output| {
            let used = output.inputs.iter().map(|used| &used.derivation);
            output.derivation.iter().chain(used).cloned()
        });
        Ok(Self { roots: classify(&about, &plan), derivations: derivations.collect(), graph })
    }

    /// The closure of the seed of the flake in a folder.
    pub fn graph(workbench: &Workbench, flake: &Path) -> Result<Graph> {
        let closure = fs::read(workbench.build(flake, "seed.closure")?)?;
        let closure: Value = serde_json::from_slice(&closure)?;
        Graph::parse(&closure["paths"].to_string())
    }
}

fn classify(about: &About, plan: &Plan) -> Vec<Root> {
    let planned: BTreeMap<_, _> = plan.roots.iter().map(|root| (&*root.path, root.derivation.as_ref())).collect();
    let groups = about.partition.iter().flat_map(|group| group.roots.iter().map(|root| (&*group.name, root)));
    let mut roots: BTreeMap<&str, Root> = BTreeMap::new();
    for (group, path) in groups {
        let derivation = planned.get(&**path).copied().flatten();
        let is_for = |reason: &str| {
            about
                .needs
                .reasons
                .iter()
                .any(|link| link.path == *path && link.chain.first().is_some_and(|first| first == reason))
        };
        let class = match group {
            _ if about.needs.results.contains(path) => Class::Result,
            _ if derivation.is_some() => Class::Needed,
            _ if about.subject.nix.strip_suffix("/bin/nix") == Some(path) => Class::Nix,
            _ if path.ends_with("-nix-seed-helper") => Class::Helper,
            "inputs" => Class::Input,
            _ if planned.contains_key(&**path) => Class::Source,
            "nix" => Class::Tool,
            "contents" => Class::Contents,
            _ if is_for("the shell of `nix develop`") => Class::Shell,
            _ => Class::Unknown,
        };
        let root = Root { path: path.clone(), class, derivation: derivation.cloned() };
        roots.entry(path).and_modify(|known| known.class = known.class.min(class)).or_insert(root);
    }
    roots.into_values().collect()
}

/// The names of a flake's own inputs, and their store paths.
pub fn inputs(workbench: &Workbench, flake: &Path) -> Result<Vec<(String, String)>> {
    let mut command = workbench.nix.command("nix");
    command.args(["flake", "archive", "--dry-run", "--json"]).arg(format!("path:{}", flake.display()));
    let archive: Value = serde_json::from_str(&process::output(&mut command)?)?;
    let inputs = archive["inputs"].as_object().context("`nix flake archive` names no inputs")?;
    let path = |input: &Value| input["path"].as_str().unwrap_or_default().to_owned();
    Ok(inputs.iter().map(|(name, input)| (name.clone(), path(input))).collect())
}
