//! All that the outputs of a flake were made from, back to what was fetched.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::bench::graph::Graph;
use crate::machine::process;
use crate::seed::flake::Workbench;

/// All sources and all outputs of all derivations that `derivations` need, themselves among them; and how many of these outputs
/// there are not.
pub fn closure(workbench: &Workbench, derivations: &[String]) -> Result<(Graph, usize)> {
    let nix = |name, arguments: &[&str], paths: &[String]| {
        process::output(workbench.nix.command(name).args(arguments).args(paths))
    };
    let is_derivation = |path: &&str| Path::new(path).extension().is_some_and(|extension| extension == "drv");
    let requisites = nix("nix-store", &["--query", "--requisites"], derivations)?;
    let all: Vec<_> = requisites.lines().filter(is_derivation).map(str::to_owned).collect();
    // What cannot be built is counted below.
    let _ = nix("nix-store", &["--realise", "--keep-going", "--quiet"], &all);
    let with_outputs = nix("nix-store", &["--query", "--requisites", "--include-outputs"], derivations)?;
    let paths: BTreeSet<_> = with_outputs.lines().filter(|path| !is_derivation(path)).map(str::to_owned).collect();
    let list: Vec<_> = paths.iter().cloned().collect();
    let graph = Graph::parse(&nix("nix", &["path-info", "--json"], &list)?)?;
    let shown: Value = serde_json::from_str(&nix("nix", &["derivation", "show", "--recursive"], derivations)?)?;
    let outputs = shown.as_object().into_iter().flat_map(|shown| shown.values());
    let outputs =
        outputs.filter_map(|derivation| derivation["outputs"].as_object()).flat_map(|outputs| outputs.values());
    let not_built = outputs.filter(|output| !output["path"].as_str().is_some_and(|path| paths.contains(path)));
    Ok((graph, not_built.count()))
}
