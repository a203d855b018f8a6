//! Many cases at once: what takes long is to start Nix and to make stores, not what a case needs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::case::Case;
use super::flake::Flake;
use super::node::Edge;
use super::render::FOLDER;
use super::store::Store;
use super::world::World;
use crate::machine::repository;

/// How a closure is found: `mkSeed`'s argument `closure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closure {
    Frontier,
    Direct,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// How many outputs of edited flakes were asked for.
    pub outputs: usize,
    /// How many store paths the seeds are made of.
    pub roots: usize,
    /// By case, what is wrong.
    pub failures: BTreeMap<usize, String>,
}

/// A seed, as `before.nix` says it.
#[derive(Debug, Deserialize)]
struct Seed {
    roots: Vec<Root>,
    partition: Vec<String>,
    results: HashSet<String>,
}

#[derive(Debug, Deserialize)]
struct Root {
    path: String,
    derivation: Option<String>,
    outputs: Vec<String>,
}

/// An output of a flake, as `after.nix` says it: by derivation, which of its outputs.
type Wanted = BTreeMap<String, Vec<Output>>;

#[derive(Debug, Deserialize)]
struct Output {
    name: String,
    path: String,
}

/// Makes the seed of each flake, and builds the edited flakes where there is nothing but what is in the seeds.
pub(super) fn check(world: &World, cases: &[Case], closure: Closure) -> Result<Outcome> {
    match try_check(world, cases, closure) {
        // Who is at fault shows where he is alone.
        Err(_) if cases.len() > 1 => {
            let (first, second) = cases.split_at(cases.len() / 2);
            let mut outcome = check(world, first, closure)?;
            let more = check(world, second, closure)?;
            outcome.outputs += more.outputs;
            outcome.roots += more.roots;
            outcome.failures.extend(more.failures.into_iter().map(|(case, why)| (case + first.len(), why)));
            Ok(outcome)
        }
        Err(error) => Ok(Outcome { failures: [(0, format!("{error:#}"))].into(), ..Outcome::default() }),
        outcome => outcome,
    }
}

fn try_check(world: &World, cases: &[Case], closure: Closure) -> Result<Outcome> {
    let folder = world.scratch()?;
    let place = |name: &str| folder.path().join(name);
    let online = world.store(place("online"), true)?;
    let before: Vec<_> = cases.iter().map(|case| case.flake.clone()).collect();
    let request = request(world, &before, &place("before"), closure)?;
    let seeds: Vec<Seed> = evaluate(&online, "before.nix", &request)?;
    ensure!(seeds.len() == cases.len(), "there are {} seeds of {} flakes", seeds.len(), cases.len());
    are_disjoint(&seeds, world)?;

    let mut outcome = Outcome::default();
    let mut kept = Vec::new();
    for (number, (seed, case)) in seeds.iter().zip(cases).enumerate() {
        outcome.roots += seed.roots.len();
        if closure == Closure::Frontier
            && let Err(error) = is_expected(seed, &case.flake)
        {
            outcome.failures.insert(number, error.to_string());
        }
        // With `direct`, what own derivations have made is among what is needed.
        let is_kept = |root: &&Root| case.with_results || !seed.results.contains(&root.path);
        kept.extend(seed.roots.iter().filter(is_kept));
    }
    let wanted: BTreeSet<_> = kept
        .iter()
        .map(|root| match &root.derivation {
            Some(derivation) => format!("{derivation}^{}", root.outputs.join(",")),
            None => root.path.clone(),
        })
        .collect();
    let said = online.build(&Vec::from_iter(wanted))?;
    let roots: Vec<_> = kept.iter().map(|root| root.path.clone()).collect();
    let missing = online.missing(&roots)?;
    ensure!(missing.is_empty(), "what is in the seed cannot be built: {}\n{said}", missing.join(" "));

    let offline = world.store(place("offline"), false)?;
    online.copy(&roots, &offline)?;
    let after: Vec<_> =
        cases.iter().map(|case| case.edited().context("the edits cannot be made")).collect::<Result<_>>()?;
    let request = self::request(world, &after, &place("after"), closure)?;
    let edited: Vec<BTreeMap<String, Wanted>> = evaluate(&offline, "after.nix", &request)?;
    for (number, missing) in build(&offline, &edited)? {
        outcome.failures.entry(number).or_default().push_str(&missing);
    }
    outcome.outputs = edited.iter().map(BTreeMap::len).sum();
    Ok(outcome)
}

/// Builds all outputs of edited flakes; gives what is not there then, by case.
fn build(store: &Store, edited: &[BTreeMap<String, Wanted>]) -> Result<BTreeMap<usize, String>> {
    let installable =
        |(derivation, outputs): (&String, &Vec<Output>)| format!("{derivation}^{}", names(outputs).join(","));
    let wanted: BTreeSet<_> = edited.iter().flat_map(BTreeMap::values).flatten().map(installable).collect();
    store.build(&Vec::from_iter(wanted))?;
    let paths: Vec<_> = edited
        .iter()
        .flat_map(BTreeMap::values)
        .flat_map(BTreeMap::values)
        .flatten()
        .map(|output| output.path.clone())
        .collect();
    let missing: HashSet<_> = store.missing(&paths)?.into_iter().collect();
    let mut failures: BTreeMap<usize, String> = BTreeMap::new();
    for (number, outputs) in edited.iter().enumerate() {
        for (label, wanted) in outputs {
            let is_missing = |output: &Output| missing.contains(&output.path);
            if wanted.values().flatten().any(is_missing) {
                let said = store.build(&wanted.iter().map(installable).collect::<Vec<_>>())?;
                let text = failures.entry(number).or_default();
                let _ = writeln!(text, "{label} cannot be built{}", why(&said));
            }
        }
    }
    Ok(failures)
}

/// What a build lacked, out of what Nix said.
fn why(said: &str) -> String {
    const MARK: &str = "nix-seed-missing: ";
    let missing: BTreeSet<_> =
        said.lines().filter_map(|line| Some(line.split_once(MARK)?.1.trim_end_matches(['\'', ' ', '"']))).collect();
    if missing.is_empty() {
        return format!(":\n{}", said.trim_end());
    }
    format!(" without {}, which is not in the seed", Vec::from_iter(missing).join(", "))
}

fn names(outputs: &[Output]) -> Vec<&str> {
    outputs.iter().map(|output| &*output.name).collect()
}

/// Writes the flakes below `folder`, and a request of them; gives its file.
fn request(world: &World, flakes: &[Flake], folder: &Path, closure: Closure) -> Result<PathBuf> {
    let mut cases = Vec::new();
    for (number, flake) in flakes.iter().enumerate() {
        let place = folder.join(number.to_string());
        flake.write(&place)?;
        let info: BTreeMap<_, Value> = flake
            .commit
            .values
            .iter()
            .map(|(name, value)| {
                let number = value.parse::<u64>().ok().filter(|_| *name == "lastModified");
                (*name, number.map_or_else(|| json!(value), |number| json!(number)))
            })
            .collect();
        let dir = if flake.is_below { format!("/{FOLDER}") } else { String::new() };
        cases.push(json!({ "folder": place, "dir": dir, "info": info }));
    }
    let request = json!({
        "nix-seed": world.nix_seed,
        "nixpkgs": world.nixpkgs,
        "helper": world.helper,
        "closure": if closure == Closure::Direct { "direct" } else { "frontier" },
        "cases": cases,
    });
    let file = folder.join("request.json");
    fs::write(&file, serde_json::to_vec(&request)?)?;
    Ok(file)
}

fn evaluate<T: serde::de::DeserializeOwned>(store: &Store, function: &str, request: &Path) -> Result<T> {
    let file = repository::path().join("checks/src/property").join(function);
    Ok(serde_json::from_str(&store.evaluate(&file, request)?)?)
}

/// No case brings what another one needs: they have nothing in common but what comes from the package set.
fn are_disjoint(seeds: &[Seed], world: &World) -> Result<()> {
    let mut owners: HashMap<&str, usize> = HashMap::new();
    for (number, seed) in seeds.iter().enumerate() {
        // Sources are there in any case, since evaluation writes them.
        for root in seed.roots.iter().filter(|root| root.derivation.is_some() && !world.is_common(&root.path)) {
            if let Some(other) = owners.insert(&root.path, number).filter(|other| *other != number) {
                bail!("the cases {other} and {number} of a batch both have {}", root.path);
            }
        }
    }
    Ok(())
}

/// Compares a seed with what was generated.
fn is_expected(seed: &Seed, flake: &Flake) -> Result<()> {
    let known: HashMap<String, Edge> = (flake.nodes.iter().enumerate())
        .flat_map(|(node, generated)| generated.outputs.iter().map(move |output| (node, *output)))
        .map(|(node, output)| {
            // As Nix names the output of a derivation.
            let name = flake.name(node);
            let name = if output == "out" { name } else { format!("{name}-{output}") };
            (name, Edge { node, output })
        })
        .collect();
    let (mut needs, mut results) = (BTreeSet::new(), BTreeSet::new());
    for root in seed.roots.iter().filter(|root| root.derivation.is_some()) {
        let name = root.path.rsplit('/').next().and_then(|name| name.get(33..)).unwrap_or_default();
        let Some(edge) = known.get(name) else { continue };
        let is_result = seed.results.contains(&root.path);
        if is_result { &mut results } else { &mut needs }.insert(edge.clone());
    }
    let paths: BTreeSet<_> = seed.roots.iter().map(|root| &root.path).collect();
    ensure!(paths == seed.partition.iter().collect(), "the partition is not what the closure is made of");
    let expected = flake.expected();
    let say = |edges: &BTreeSet<Edge>, others: &BTreeSet<Edge>| {
        let only: Vec<_> = edges.difference(others).map(|edge| format!("n{}.{}", edge.node, edge.output)).collect();
        if only.is_empty() { "nothing".into() } else { only.join(", ") }
    };
    ensure!(
        needs == expected.needs && results == expected.results,
        "in the seed, but not expected: {}; expected, but not in the seed: {}; \
         of results, in the seed, but not expected: {}; expected, but not in the seed: {}\n",
        say(&needs, &expected.needs),
        say(&expected.needs, &needs),
        say(&results, &expected.results),
        say(&expected.results, &results)
    );
    Ok(())
}
