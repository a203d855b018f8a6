use std::collections::BTreeMap;
use std::path::{Component, Path};

use nix_seed_store::StorePath;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// A flake as its evaluation saw it: `nix eval --json .#seed.subject`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subject {
    /// The flake, first, and all of its inputs.
    pub nodes: Vec<Node>,
    /// The outputs that the seed is for.
    pub outputs: Vec<Output>,
    /// Names of derivations that the user says to be the flake's own.
    #[serde(default)]
    pub own: Vec<String>,
    /// The seed's own Nix: the program.
    pub nix: String,
}

/// A flake or another source tree.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Node {
    /// Where its source is: a store path, or a folder of one.
    pub tree: String,
    /// The folder of the source that it lies in; empty for all of it.
    pub folder: String,
    /// Whether its source is that of the flake itself.
    pub is_own: bool,
    /// Whether it is a flake.
    pub is_flake: bool,
    /// What evaluation knows of the source: `rev`, `lastModified`, `narHash`…
    pub info: Map<String, Value>,
    /// Its inputs, by position.
    pub inputs: BTreeMap<String, usize>,
}

/// An output of the flake.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Output {
    /// Its attribute path.
    pub path: Vec<String>,
    /// The same, as one types it.
    pub label: String,
    /// `app` or `derivation`.
    pub sort: String,
}

impl Subject {
    /// Refuses what would have Nix read anything but store paths: the flake itself says all of this, and is not to be trusted with
    /// the files of the machine that checks it.
    pub fn check(&self) -> Result<()> {
        let refuse = |why: String| Err(Error::Answer { why });
        for node in &self.nodes {
            if StorePath::parse(&node.tree).is_err() {
                return refuse(format!("the source {:?} is no store path", node.tree));
            }
            if !Path::new(&node.folder).components().all(|part| matches!(part, Component::Normal(_))) {
                return refuse(format!("{:?} is no folder of a source", node.folder));
            }
            if node.inputs.values().any(|input| *input >= self.nodes.len()) {
                return refuse(format!("an input of {} is not there", node.tree));
            }
        }
        match self.nodes.first() {
            Some(flake) if flake.is_own => Ok(()),
            _ => refuse("it does not begin with the flake itself".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "/nix/store/00000000000000000000000000000000-source";

    fn subject(tree: &str, folder: &str, input: usize) -> Subject {
        let node = |tree: &str, is_own| Node {
            tree: tree.into(),
            folder: folder.into(),
            is_own,
            is_flake: true,
            info: Map::new(),
            inputs: [("a".to_owned(), input)].into(),
        };
        Subject { nodes: vec![node(TREE, true), node(tree, false)], outputs: vec![], own: vec![], nix: String::new() }
    }

    #[test]
    fn a_flake_that_has_files_of_the_machine_for_an_input_is_refused() {
        subject(TREE, "a/b", 1).check().unwrap();
        for (bad, why) in [
            (subject("/root/.ssh", "", 1), "\"/root/.ssh\" is no store path"),
            (subject(&format!("{TREE}/../../../etc"), "", 1), "is no store path"),
            (subject(TREE, "../..", 1), "\"../..\" is no folder of a source"),
            (subject(TREE, "/etc", 1), "is no folder of a source"),
            (subject(TREE, "", 2), "is not there"),
            (Subject { nodes: vec![], ..subject(TREE, "", 1) }, "does not begin with the flake itself"),
        ] {
            let message = bad.check().unwrap_err().to_string();
            assert!(message.contains(why), "{message}");
        }
    }
}
