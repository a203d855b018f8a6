//! The derivations of a generated flake.

use super::random::Random;
use super::source::Source;
use super::text::{Commit, Text};
use super::tree::Tree;

/// A derivation, which may need those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its outputs; the first is what it is without a word of which.
    pub outputs: Vec<&'static str>,
    pub inputs: Vec<Edge>,
    pub sources: Vec<Source>,
    pub texts: Vec<Text>,
    /// Sources that are nobody's in the flake: how many texts for `builtins.toFile`.
    pub foreign: usize,
    /// What its `exportReferencesGraph` names.
    pub graph: Option<Edge>,
    pub style: Style,
    pub script: Script,
    pub fixed: Option<Fixed>,
    /// Whether its outputs refer to what it is made from.
    pub refers: bool,
    /// Whether its outputs are folders.
    pub folder: bool,
    /// A text of flake.nix that an edit of it may change.
    pub literal: String,
}

/// An output of another derivation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub node: usize,
    pub output: &'static str,
}

/// How a derivation names its inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Within a string.
    Interpolated,
    List,
    /// Nested sets, with structured attributes.
    Structured,
    /// Nested sets as JSON.
    Json,
    /// Within a string that is passed as a file.
    File,
}

/// Where a builder's script is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// An argument.
    Inline,
    /// `builtins.toFile` of a constant.
    Written,
    /// The flake's own `build.sh`, which is there then.
    Own,
}

/// How a fixed-output derivation's hash is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fixed {
    Flat,
    Recursive,
}

/// What a derivation is to be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Made of the flake's files.
    Own,
    /// As from nixpkgs: it may need only its like.
    Foreign,
    /// A fixed-output derivation.
    Fixed,
}

/// Three to fifteen derivations, more often few.
pub(super) fn generate(random: &mut Random, tree: &Tree, commit: &Commit) -> Vec<Node> {
    let count = 3 + random.below(13).min(random.below(13));
    let mut nodes: Vec<Node> = Vec::new();
    let mut sorts = Vec::new();
    for number in 0..count {
        let sort = match random.below(100) {
            0..32 => Sort::Foreign,
            32..40 => Sort::Fixed,
            _ if number == 0 && random.chance(80) => Sort::Foreign,
            _ => Sort::Own,
        };
        let mut node = Node::generate(random, &nodes, &sorts, sort);
        if sort != Sort::Foreign {
            // Some have nothing of the flake but what they say.
            let (sources, texts) = if random.chance(25) {
                (0, 1)
            } else {
                ([0, 1, 1, 1, 2][random.below(5)], [0, 0, 0, 1, 2][random.below(5)])
            };
            node.sources.extend((0..sources).map(|_| Source::generate(random, tree)));
            node.texts.extend((0..texts).map(|_| Text::generate(random, tree, commit)));
            if random.chance(85) {
                // A hidden one has to be; that of an output does not matter, and some are left as they are.
                node.keep_decided(tree, commit);
            }
            if tree.0.contains_key("build.sh") && random.chance(30) {
                node.script = Script::Own;
            }
        }
        nodes.push(node);
        sorts.push(sort);
    }
    nodes
}

impl Node {
    fn generate(random: &mut Random, before: &[Self], sorts: &[Sort], sort: Sort) -> Self {
        const OUTPUTS: [&[&str]; 4] = [&["out"], &["out", "dev"], &["bin", "out", "doc"], &["out", "lib"]];
        let fixed = random.pick(&[Fixed::Flat, Fixed::Recursive]).copied().filter(|_| sort == Sort::Fixed);
        let outputs = if fixed.is_some() || random.chance(60) { 0 } else { random.below(OUTPUTS.len()) };
        let possible: Vec<_> =
            (0..before.len()).filter(|node| sort != Sort::Foreign || sorts.get(*node) != Some(&Sort::Own)).collect();
        let (own, foreign): (Vec<_>, Vec<_>) =
            possible.iter().copied().partition(|node| sorts.get(*node) == Some(&Sort::Own));
        let mut edge = |possible: &[usize]| {
            // Near ones more often, so that chains grow deep.
            let from = if random.chance(50) { possible.len().saturating_sub(2) } else { 0 };
            let node = *random.pick(possible.get(from..)?)?;
            Some(Edge { node, output: random.pick(&before.get(node)?.outputs)? })
        };
        let mut inputs: Vec<_> = (0..4).filter_map(|_| edge(&possible)).collect();
        let (graph, needed, before_it) = (edge(&possible), edge(&foreign), edge(&own));
        inputs.truncate([0, 1, 1, 2, 2, 3, 4][random.below(7)]);
        // What derivations of one's own need, and each other for, is what a seed is about.
        inputs.extend(needed.filter(|_| sort == Sort::Own && random.chance(60)));
        inputs.extend(before_it.filter(|_| sort == Sort::Own && random.chance(60)));
        inputs.sort_unstable();
        inputs.dedup();
        let style = match random.below(10) {
            0..4 => Style::Interpolated,
            4..6 => Style::List,
            6..8 => Style::Structured,
            8 => Style::Json,
            _ => Style::File,
        };
        Self {
            outputs: OUTPUTS.get(outputs).copied().unwrap_or(&["out"]).to_vec(),
            inputs,
            sources: Vec::new(),
            texts: Vec::new(),
            foreign: [0, 0, 0, 1, 2][random.below(5)],
            graph: graph.filter(|_| random.chance(10)),
            style,
            script: if random.chance(50) { Script::Inline } else { Script::Written },
            fixed,
            // A fixed-output derivation may not.
            refers: fixed.is_none() && random.chance(35),
            folder: fixed.is_none() && random.chance(20),
            literal: random.word(),
        }
    }

    /// Leaves out what has nothing by which to tell whose it is.
    pub fn keep_decided(&mut self, tree: &Tree, commit: &Commit) {
        self.sources.retain(|source| source.is_decided(tree));
        self.texts.retain(|text| text.is_decided(tree, commit));
    }

    pub fn is_decided(&self, tree: &Tree, commit: &Commit) -> bool {
        self.sources.iter().all(|source| source.is_decided(tree))
            && self.texts.iter().all(|text| text.is_decided(tree, commit))
    }

    /// Whether it has anything of the flake.
    pub fn has_own(&self) -> bool {
        !self.sources.is_empty() || !self.texts.is_empty() || self.script == Script::Own
    }

    /// All that it needs of others.
    pub fn needs(&self) -> impl Iterator<Item = &Edge> {
        self.inputs.iter().chain(&self.graph)
    }
}
