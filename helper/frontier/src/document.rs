//! What `mkSeed` asks, and what it is answered: `doc/helper.md`, "plan".

use serde::{Deserialize, Serialize};

/// Which outputs a seed is for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The flake's own tree, a store path or a folder of one.
    pub flake: String,
    /// Store paths that are in the seed for another reason, such as the flake's inputs.
    #[serde(default)]
    pub skip: Vec<String>,
    /// Words that nobody but this flake's evaluation writes: its commit, its date.
    #[serde(default)]
    pub marks: Vec<String>,
    /// Names of derivations that are the flake's own, with or without their version, though nothing in them says so.
    #[serde(default)]
    pub own: Vec<String>,
    /// The outputs.
    pub outputs: Vec<OutputRequest>,
}

/// An output of the flake.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutputRequest {
    /// Its attribute path: `packages.x86_64-linux.default`.
    pub label: String,
    /// The `.drv` file of an output that is a derivation.
    #[serde(default)]
    pub derivation: Option<String>,
    /// What an app's program names: outputs of derivations.
    #[serde(default)]
    pub inputs: Vec<Used>,
    /// What an app's program names: other store paths.
    #[serde(default)]
    pub sources: Vec<String>,
}

/// Outputs of a derivation that something names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Used {
    /// The `.drv` file.
    pub derivation: String,
    /// The names of the outputs; none where all are meant.
    #[serde(default)]
    pub outputs: Vec<String>,
}

/// The frontier of a flake's outputs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What is in the seed, with its closure: each store path once.
    pub roots: Vec<Root>,
    /// What each output needs.
    pub outputs: Vec<PlannedOutput>,
    /// The results of the flake's own derivations that are no outputs, by position in `roots`. A build does without them.
    pub results: Vec<usize>,
    /// The `.drv` files of these derivations, and of those whose result is left out.
    pub own: Vec<String>,
    /// Sources that hold nothing by which to tell whose they are. They count as somebody else's.
    pub undecided: Vec<String>,
    /// What cannot be served.
    pub refused: Vec<Refusal>,
}

/// A store path that has to be in the seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Root {
    /// The store path.
    pub path: String,
    /// The derivation that it is an output of; none for a source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub derivation: Option<String>,
    /// The output's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// What leads to it: an output of the flake, then the flake's own derivations.
    pub chain: Vec<String>,
}

/// What an output needs to be built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedOutput {
    /// Its attribute path.
    pub label: String,
    /// What it needs, by position in `roots`.
    pub roots: Vec<usize>,
}

/// A derivation that no seed can serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The output that needs it.
    pub label: String,
    /// What leads to it from there.
    pub chain: Vec<String>,
    /// The `.drv` file.
    pub derivation: String,
    /// `content-addressed`, `impure` or `dynamic`.
    pub kind: String,
}
