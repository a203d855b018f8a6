//! A generated flake, and what a seed of it has to hold.

use std::collections::BTreeSet;

use super::node::{Edge, Node, Script};
use super::random::Random;
use super::text::{Commit, What};
use super::tree::{Entry, Tree};
use super::{node, render, tree};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flake {
    /// Part of every derivation, so that no other flake has one of them.
    pub salt: String,
    /// Whether `flake.nix` lies in a folder of its own.
    pub is_below: bool,
    pub tree: Tree,
    pub commit: Commit,
    pub nodes: Vec<Node>,
    pub outputs: Vec<Output>,
    /// Lines after what `flake.nix` says.
    pub comments: Vec<String>,
}

/// An output of the flake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub kind: &'static str,
    pub name: String,
    pub what: Wanted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Derivation(Edge),
    /// An app whose program lies in a derivation.
    Program(Edge),
    /// An app whose program is a file of the flake.
    File(String),
}

/// What of a flake's derivations a seed has to hold, by derivation and output.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// What no build goes without.
    pub needs: BTreeSet<Edge>,
    /// The results of own derivations that are no outputs.
    pub results: BTreeSet<Edge>,
}

impl Flake {
    pub fn generate(random: &mut Random, salt: String) -> Self {
        let mut tree = tree::generate(random);
        if random.chance(40) {
            let text = format!("{}# own {salt}\n", render::BUILDER);
            tree.0.insert("build.sh".into(), Entry::File { text, executable: random.chance(50) });
        }
        let commit = Commit::generate(random);
        let nodes = node::generate(random, &tree, &commit);
        let outputs = generate_outputs(random, &nodes, &tree);
        let is_below = random.chance(10);
        let mut flake = Self { salt, is_below, tree, commit, nodes, outputs, comments: Vec::new() };
        for number in 0..flake.nodes.len() {
            if !flake.is_output(number) && flake.nodes[number].fixed.is_none() {
                flake.nodes[number].keep_decided(&flake.tree, &flake.commit);
            }
        }
        flake
    }

    /// Whether a derivation is an output that is built, rather than fetched.
    pub fn is_output(&self, node: usize) -> bool {
        self.nodes[node].fixed.is_none()
            && self.outputs.iter().any(|output| matches!(&output.what, Wanted::Derivation(edge) if edge.node == node))
    }

    /// By position: whether an edit of the flake may change what a derivation is.
    pub fn own(&self) -> Vec<bool> {
        let mut own: Vec<bool> = Vec::new();
        for (number, node) in self.nodes.iter().enumerate() {
            let is_own = node.has_own() || self.is_output(number) || node.needs().any(|edge| own[edge.node]);
            own.push(is_own && node.fixed.is_none());
        }
        own
    }

    /// By position: whether an output leads to a derivation.
    pub fn reached(&self) -> Vec<bool> {
        let mut reached = vec![false; self.nodes.len()];
        for output in &self.outputs {
            if let Wanted::Derivation(edge) | Wanted::Program(edge) = &output.what {
                reached[edge.node] = true;
            }
        }
        for number in (0..self.nodes.len()).rev().filter(|number| reached[*number]).collect::<Vec<_>>() {
            self.reach(number, &mut reached);
        }
        reached
    }

    fn reach(&self, number: usize, reached: &mut [bool]) {
        reached[number] = true;
        for edge in self.nodes[number].needs() {
            self.reach(edge.node, reached);
        }
    }

    /// What `doc/mk-seed.md` says is in the seed, worked out from what was generated instead of from `.drv` files.
    pub fn expected(&self) -> Expected {
        let own = self.own();
        // Whether it is made of the flake's files, and whether it needs an output that is.
        let (mut is_of_files, mut needs_output) = (Vec::<bool>::new(), Vec::<bool>::new());
        for node in &self.nodes {
            let needs = |edge: &Edge| self.is_output(edge.node) && is_of_files[edge.node] || needs_output[edge.node];
            needs_output.push(node.fixed.is_none() && node.needs().any(needs));
            let is_made = node.has_own() || node.needs().any(|edge| is_of_files[edge.node]);
            is_of_files.push(node.fixed.is_none() && is_made);
        }
        let mut expected = Expected::default();
        let mut open: Vec<Edge> = Vec::new();
        let mut seen = BTreeSet::new();
        for output in &self.outputs {
            match &output.what {
                Wanted::Derivation(edge) if self.is_output(edge.node) => {
                    open.extend(self.nodes[edge.node].needs().cloned());
                }
                Wanted::Derivation(edge) | Wanted::Program(edge) => open.push(edge.clone()),
                Wanted::File(_) => {}
            }
        }
        while let Some(edge) = open.pop() {
            if self.is_output(edge.node) || !seen.insert(edge.clone()) {
                continue;
            }
            if own[edge.node] {
                open.extend(self.nodes[edge.node].needs().cloned());
            }
            match (own[edge.node], needs_output[edge.node]) {
                (true, true) => {}
                (true, false) => drop(expected.results.insert(edge)),
                (false, _) => drop(expected.needs.insert(edge)),
            }
        }
        expected
    }

    /// The names of files and folders that `flake.nix` says.
    pub fn named(&self) -> BTreeSet<&str> {
        let mut named = BTreeSet::new();
        for node in &self.nodes {
            named.extend(node.sources.iter().map(super::source::Source::named));
            named.extend(node.texts.iter().filter_map(|text| match &text.what {
                What::File(name) => Some(&**name),
                _ => None,
            }));
            named.extend((node.script == Script::Own).then_some("build.sh"));
        }
        named.extend(self.outputs.iter().filter_map(|output| match &output.what {
            Wanted::File(name) => Some(&**name),
            _ => None,
        }));
        named
    }

    /// The files that `flake.nix` names, or a folder of theirs other than the root.
    pub fn used(&self) -> BTreeSet<&str> {
        let named = self.named();
        let is_in = |file: &str| file.match_indices('/').any(|(end, _)| named.contains(&file[..end]));
        self.tree.names(|_| true).into_iter().filter(|file| named.contains(file) || is_in(file)).collect()
    }

    /// Whether all that is named is there.
    pub fn is_whole(&self) -> bool {
        let folders = self.tree.folders();
        let no_folders = folders.iter().all(|folder| !self.tree.0.contains_key(*folder));
        let is_there = |name: &&str| name.is_empty() || self.tree.0.contains_key(*name) || folders.contains(name);
        no_folders && !self.outputs.is_empty() && self.named().iter().all(is_there)
    }

    /// Whether all that a hidden derivation has of the flake is recognised.
    pub fn is_decided(&self) -> bool {
        (0..self.nodes.len()).all(|number| {
            self.is_output(number)
                || self.nodes[number].fixed.is_some()
                || self.nodes[number].is_decided(&self.tree, &self.commit)
        })
    }

    pub fn name(&self, node: usize) -> String {
        format!("n{node}-{}", self.salt)
    }
}

/// Some derivations, the last one always, under all kinds of output.
fn generate_outputs(random: &mut Random, nodes: &[Node], tree: &Tree) -> Vec<Output> {
    const KINDS: [&str; 5] = ["packages", "packages", "checks", "devShells", "apps"];
    let percent = random.within(0, 22);
    let mut outputs = Vec::new();
    for (number, node) in nodes.iter().enumerate() {
        let is_last = number + 1 == nodes.len();
        if !is_last && !random.chance(percent) {
            continue;
        }
        let times = if random.chance(10) { 2 } else { 1 };
        for _ in 0..times {
            let kind = random.pick(&KINDS).copied().unwrap_or("packages");
            let first = node.outputs.first().copied().unwrap_or("out");
            let output = if random.chance(10) { random.pick(&node.outputs).copied().unwrap_or(first) } else { first };
            let edge = Edge { node: number, output };
            let what = if kind == "apps" { Wanted::Program(edge) } else { Wanted::Derivation(edge) };
            outputs.push(Output { kind, name: format!("o{}", outputs.len()), what });
        }
    }
    if random.chance(10) {
        let files = tree.names(|entry| entry.text().is_some());
        outputs.extend(random.pick(&files).map(|file| Output {
            kind: "apps",
            name: "script".into(),
            what: Wanted::File((*file).to_owned()),
        }));
    }
    if let Some(first) = outputs.iter_mut().find(|output| output.kind == "packages") {
        first.name = "default".into();
    }
    outputs
}
