use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
