//! The source trees that a lock file names.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use nix_seed_store::{Sha256Hash, StorePath};
use serde::Deserialize;

use crate::{Error, Result};

/// The name that Nix gives a source tree in its store.
const SOURCE: &str = "source";

/// An input, and the store path of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedInput {
    /// The input, as the flake calls it: `nixpkgs`, or `nix-seed/nixpkgs` for an input's input.
    pub name: String,
    /// Where Nix has its source.
    pub path: StorePath,
}

#[derive(Deserialize)]
struct Lock {
    nodes: BTreeMap<String, Node>,
    root: String,
}

#[derive(Deserialize)]
struct Node {
    #[serde(default)]
    inputs: BTreeMap<String, Edge>,
    locked: Option<Locked>,
}

/// Another node, or the way from the root to one that is met on that way.
#[derive(Deserialize)]
#[serde(untagged)]
enum Edge {
    Node(String),
    Follows(#[allow(dead_code, reason = "read, so that nothing else passes for it")] Vec<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Locked {
    nar_hash: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    path: Option<String>,
    name: Option<String>,
}

impl Locked {
    /// Whether the source is a part of the flake's own.
    fn is_inside(&self) -> bool {
        self.kind.as_deref() == Some("path") && self.path.as_ref().is_some_and(|path| !path.starts_with('/'))
    }
}

/// The sources of all inputs that `lock` has, the text of a `flake.lock`, the nearest first. Those in `overridden` are other
/// ones, and what only they lead to does not count.
pub fn locked_inputs(lock: &str, overridden: &[&str]) -> Result<Vec<LockedInput>> {
    let lock: Lock = serde_json::from_str(lock).map_err(|error| Error::Lock { why: error.to_string() })?;
    let mut inputs: Vec<LockedInput> = Vec::new();
    let mut met = BTreeSet::from([&*lock.root]);
    let mut open = VecDeque::from([(&*lock.root, String::new())]);
    while let Some((key, name)) = open.pop_front() {
        let node = lock.nodes.get(key).ok_or_else(|| Error::Lock { why: format!("it has no node {key:?}") })?;
        if key != lock.root
            && let Some(path) = source(node, &name)?
            && !inputs.iter().any(|input| input.path == path)
        {
            inputs.push(LockedInput { name: name.clone(), path });
        }
        for (input, edge) in &node.inputs {
            let name = if name.is_empty() { input.clone() } else { format!("{name}/{input}") };
            // What an input follows is met on another way.
            if let Edge::Node(key) = edge
                && !overridden.contains(&&*name)
                && met.insert(key)
            {
                open.push_back((key, name));
            }
        }
    }
    Ok(inputs)
}

/// The store path of an input's source; none where that lies in the flake's own.
fn source(node: &Node, name: &str) -> Result<Option<StorePath>> {
    let no_hash = || Error::NoNarHash { input: name.into() };
    let locked = node.locked.as_ref().ok_or_else(no_hash)?;
    let Some(hash) = &locked.nar_hash else {
        return if locked.is_inside() { Ok(None) } else { Err(no_hash()) };
    };
    let wrong = |error: nix_seed_store::Error| Error::Lock { why: format!("the input {name:?}: {error}") };
    let hash = Sha256Hash::parse(hash).map_err(wrong)?;
    StorePath::of_source(locked.name.as_deref().unwrap_or(SOURCE), &hash).map(Some).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const HASH: &str = "sha256-3Cyqk6UUEr99C4V9Vl45a3nD8RRPhXMiTSljVsDnJ1g=";
    const OTHER: &str = "sha256-wcSx4OZub79YY4wyHK3uoCpjG+Zk1AB4W1Pw1cI+FkA=";
    const THIRD: &str = "sha256-/IsRoK112+l+3i3Nwt4raubdwjGUeweYWpv9GxF3iuY=";

    fn lock() -> Value {
        json!({
            "nodes": {
                "root": { "inputs": { "nixpkgs": "nixpkgs_2", "nix-seed": "nix-seed", "part": "part" } },
                "nixpkgs_2": { "locked": { "type": "github", "narHash": HASH, "rev": "x" }, "original": {} },
                "nix-seed": {
                    "inputs": { "nixpkgs": ["nixpkgs"], "systems": "systems" },
                    "locked": { "type": "path", "path": "/somewhere", "narHash": OTHER },
                },
                "systems": { "flake": false, "locked": { "type": "path", "path": "/else", "narHash": THIRD } },
                "part": { "locked": { "type": "path", "path": "./part" }, "parent": [] },
                // Nobody needs it.
                "nixpkgs": { "locked": { "type": "github" } },
            },
            "root": "root",
            "version": 7,
        })
    }

    fn inputs(lock: &Value, overridden: &[&str]) -> Result<Vec<(String, String)>> {
        let inputs = locked_inputs(&lock.to_string(), overridden)?.into_iter();
        Ok(inputs.map(|input| (input.name, input.path.to_string())).collect())
    }

    fn names(overridden: &[&str]) -> Vec<String> {
        inputs(&lock(), overridden).unwrap().into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn every_input_that_the_root_leads_to_has_a_source() {
        let expected = [
            ("nix-seed", "/nix/store/07mdzpgqbhscbj4gpz51dwrc61b5i82d-source"),
            ("nixpkgs", "/nix/store/0124x68yh4bmvxly9psg7x8r2i3xscdp-source"),
            ("nix-seed/systems", "/nix/store/0bjszda2z9mdhf85f8911fylpyk4i2nr-source"),
        ];
        assert_eq!(inputs(&lock(), &[]).unwrap(), expected.map(|(name, path)| (name.into(), path.into())));
    }

    #[test]
    fn what_is_overridden_does_not_count_nor_what_it_leads_to() {
        assert_eq!(names(&["nixpkgs"]), ["nix-seed", "nix-seed/systems"]);
        assert_eq!(names(&["nix-seed"]), ["nixpkgs"]);
        assert_eq!(names(&["nix-seed/systems", "nix-seed/nixpkgs"]), ["nix-seed", "nixpkgs"]);
    }

    #[test]
    fn one_source_of_two_inputs_is_named_once() {
        let mut lock = lock();
        lock["nodes"]["systems"]["locked"]["narHash"] = HASH.into();
        let names: Vec<_> = inputs(&lock, &[]).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["nix-seed", "nixpkgs"]);
    }

    #[test]
    fn inputs_in_a_circle_are_met_once() {
        let mut lock = lock();
        lock["nodes"]["systems"]["inputs"] = json!({ "back": "nix-seed", "root": "root" });
        assert_eq!(inputs(&lock, &[]).unwrap().len(), 3);
    }

    #[test]
    fn a_name_of_its_own_is_part_of_the_path() {
        let mut lock = lock();
        lock["nodes"]["systems"]["locked"]["name"] = "systems".into();
        assert!(inputs(&lock, &[]).unwrap()[2].1.ends_with("-systems"));
    }

    #[test]
    fn an_input_without_a_hash_is_refused_by_name() {
        for change in [json!(null), json!({ "type": "github" }), json!({ "type": "path", "path": "/x" })] {
            let mut lock = lock();
            lock["nodes"]["systems"]["locked"] = change;
            let message = inputs(&lock, &[]).unwrap_err().to_string();
            assert!(message.contains("\"nix-seed/systems\"") && message.contains("nix flake update"), "{message}");
        }
    }

    #[test]
    fn what_is_no_lock_file_is_refused() {
        let mut bad = vec![json!(7), json!({}), json!({ "nodes": {}, "root": "root" })];
        for (node, value) in [("nix-seed", json!({ "inputs": { "x": 7 } })), ("nixpkgs_2", json!("x"))] {
            let mut lock = lock();
            lock["nodes"][node] = value;
            bad.push(lock);
        }
        let mut dangling = lock();
        dangling["nodes"]["root"]["inputs"]["x"] = "nowhere".into();
        let mut hash = lock();
        hash["nodes"]["systems"]["locked"]["narHash"] = "md5-x".into();
        for bad in bad.into_iter().chain([dangling, hash]) {
            assert!(matches!(inputs(&bad, &[]), Err(Error::Lock { .. })), "{bad}");
        }
        assert!(locked_inputs("{", &[]).is_err());
    }
}
