use std::collections::{HashMap, HashSet};
use std::path::Path;

use nix_seed_store::{Derivation, StorePath};

use crate::{Error, Result};

/// Derivations and what they need, down to what no seed builds: a fixed-output derivation is a leaf.
#[derive(Debug, Default)]
pub struct Graph {
    /// The derivations; each stands after those that it needs.
    nodes: Vec<Node>,
    positions: HashMap<StorePath, usize>,
}

/// A derivation of a [`Graph`].
#[derive(Debug)]
pub struct Node {
    /// Its `.drv` file.
    pub path: StorePath,
    /// What it says; of a fixed-output derivation, without what it needs.
    pub derivation: Derivation,
    /// The derivations that it needs.
    pub inputs: Vec<Input>,
}

/// A derivation that another one needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The derivation, by position.
    pub node: usize,
    /// Which of its outputs.
    pub outputs: Vec<String>,
}

impl Node {
    /// What people call it: the name of its file without `.drv`.
    pub fn name(&self) -> &str {
        let name = self.path.name();
        name.strip_suffix(".drv").unwrap_or(name)
    }
}

impl Graph {
    /// Adds a derivation, and all that it needs, unless they are there. Gives its position.
    pub fn add(&mut self, path: &StorePath, read: &mut impl FnMut(&StorePath) -> Result<Derivation>) -> Result<usize> {
        if let Some(position) = self.position(path) {
            return Ok(position);
        }
        // Depth first, without recursion: how deep a graph is, is for others to say.
        let mut open = vec![Open::new(path.clone(), read)?];
        let mut entered = HashSet::from([path.clone()]);
        while let Some(last) = open.last_mut() {
            match last.missing.pop() {
                Some(next) if self.positions.contains_key(&next) => {}
                Some(next) if !entered.insert(next.clone()) => {
                    return Err(Error::Request { why: format!("{next} needs itself") });
                }
                Some(next) => open.push(Open::new(next, read)?),
                None => {
                    if let Some(done) = open.pop() {
                        self.insert(done);
                    }
                }
            }
        }
        self.position(path).ok_or_else(|| Error::Request { why: format!("{path} needs itself") })
    }

    fn insert(&mut self, Open { path, derivation, .. }: Open) {
        let inputs = derivation
            .inputs
            .iter()
            .filter_map(|(input, outputs)| Some(Input { node: self.position(input)?, outputs: outputs.clone() }))
            .collect();
        self.positions.insert(path.clone(), self.nodes.len());
        self.nodes.push(Node { path, derivation, inputs });
    }

    /// Where the derivation of this path stands, if it is there.
    pub fn position(&self, path: &StorePath) -> Option<usize> {
        self.positions.get(path).copied()
    }

    /// The derivations; each stands after those that it needs.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }
}

/// A derivation of which not all that it needs is there.
struct Open {
    path: StorePath,
    derivation: Derivation,
    missing: Vec<StorePath>,
}

impl Open {
    fn new(path: StorePath, read: &mut impl FnMut(&StorePath) -> Result<Derivation>) -> Result<Self> {
        let mut derivation = read(&path)?;
        if derivation.is_fixed() {
            derivation.inputs.clear();
            derivation.sources.clear();
            derivation.texts.clear();
        }
        // A derivation that is read as a file is not built for that, but whether it is the flake's own counts.
        let as_files = derivation.sources.iter().filter(|source| is_derivation(source));
        let mut missing: Vec<_> = derivation.inputs.iter().map(|(path, _)| path).chain(as_files).cloned().collect();
        missing.reverse();
        Ok(Self { path, derivation, missing })
    }
}

/// Whether a store path is a `.drv` file.
pub(crate) fn is_derivation(path: &StorePath) -> bool {
    path.name().ends_with(".drv")
}

/// Reads a `.drv` file of the store below `root`.
pub fn read_derivation(root: &Path, path: &StorePath) -> Result<Derivation> {
    let file = path.below(root);
    let bytes = std::fs::read(&file).map_err(Error::io("reading", file))?;
    Derivation::parse(&bytes).map_err(|source| Error::Derivation { path: path.clone(), source })
}

#[cfg(test)]
pub(crate) mod tests;
