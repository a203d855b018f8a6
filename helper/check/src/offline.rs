use std::collections::{HashSet, VecDeque};

use nix_seed_frontier::{Graph, Input, OutputRequest, Own};
use nix_seed_store::{Output, StorePath};
use serde::Serialize;

use crate::Result;

/// What the flake's derivations were before any edit.
#[derive(Debug, Default)]
pub struct Base {
    /// How many derivations of the graph there were: an edit adds others behind them.
    pub length: usize,
    /// Which of them are the flake's own.
    pub own: Own,
    /// Which of them are outputs.
    pub outputs: HashSet<usize>,
}

/// A store path that an offline build lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Missing {
    /// The output that wants it.
    pub output: String,
    /// The derivations that lead to it, from that output's own to the one that makes it, by name.
    pub chain: Vec<String>,
    /// The derivation that makes it.
    pub derivation: String,
    /// The store path; none where only a build would tell.
    pub path: Option<String>,
    /// What Nix would do without it.
    pub how: How,
    /// Whether it is wanted only since the edit: then the edit has changed a dependency.
    pub is_new: bool,
}

/// What Nix does with what is [`Missing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// Fetches it, which takes a network.
    Fetch,
    /// Builds it, though it is not the flake's own.
    Build,
}

/// Follows what an offline build of `outputs` needs, from the outputs down to what is `present`, and names what is neither there nor
/// the flake's own. Sources are not looked for: evaluation has written them.
///
/// What an edit has brought counts as the flake's own, unless it is fetched: it is there because of the edit. But where something that
/// was not the flake's own has another download, or the edit is such as change dependencies (`is_relocked`), it is another version of a
/// dependency, and so what it is built with is new as well.
pub fn find_missing(
    graph: &Graph,
    outputs: &[OutputRequest],
    present: &HashSet<StorePath>,
    base: &Base,
    is_relocked: bool,
) -> Result<Vec<Missing>> {
    let mut walk = Walk {
        graph,
        present,
        base,
        steps: Vec::new(),
        other_versions: other_versions(graph, present, base, is_relocked),
        seen: HashSet::new(),
        wanted: HashSet::new(),
        open: VecDeque::new(),
        missing: Vec::new(),
    };
    for (label, output) in outputs.iter().enumerate() {
        for (derivation, names) in wanted(output) {
            let path = StorePath::parse(derivation)?;
            let Some(node) = graph.position(&path) else { continue };
            let all = || graph.nodes()[node].derivation.outputs.iter().map(|output| output.name.clone()).collect();
            let input = Input { node, outputs: names.map_or_else(all, <[String]>::to_vec) };
            walk.want(&input, Step { node, label, before: None });
        }
    }
    while let Some(step) = walk.open.pop_front() {
        let Step { node, label, .. } = walk.steps[step];
        for input in &graph.nodes()[node].inputs {
            walk.want(input, Step { node: input.node, label, before: Some(step) });
        }
    }
    Ok(walk.missing.iter().map(|(step, how)| walk.describe(outputs, step, *how)).collect())
}

/// What an edit has brought that is not called as something of the flake's own; unless the edit is such as change dependencies, only where
/// it is built with what would be fetched anew.
fn other_versions(graph: &Graph, present: &HashSet<StorePath>, base: &Base, is_relocked: bool) -> HashSet<usize> {
    let is_own = |node: &usize| base.outputs.contains(node) || base.own.derivations.get(*node) == Some(&true);
    let own: HashSet<_> = (0..base.length).filter(is_own).map(|node| package(graph.nodes()[node].name())).collect();
    let mut other = HashSet::new();
    for (position, node) in graph.nodes().iter().enumerate().skip(base.length) {
        let is_fetched = |input: &Input| {
            let derivation = &graph.nodes()[input.node].derivation;
            let is_there = |output: &Output| output.path.as_ref().is_some_and(|path| present.contains(path));
            input.node >= base.length && derivation.is_fixed() && !derivation.outputs.iter().all(is_there)
        };
        let is_other = |input: &Input| other.contains(&input.node) || is_fetched(input);
        if !own.contains(package(node.name())) && (is_relocked || node.inputs.iter().any(is_other)) {
            other.insert(position);
        }
    }
    other
}

/// A derivation's name without its version.
fn package(name: &str) -> &str {
    let is_version = |(at, _): &(usize, &str)| name.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit);
    name.match_indices('-').find(is_version).map_or(name, |(at, _)| &name[..at])
}

/// The derivations that an output names, and which of their outputs; none means all.
fn wanted(output: &OutputRequest) -> impl Iterator<Item = (&str, Option<&[String]>)> {
    let own = output.derivation.as_deref().map(|derivation| (derivation, None));
    let named = |outputs: &'_ Vec<String>| !outputs.is_empty();
    let used = output
        .inputs
        .iter()
        .map(move |used| (&*used.derivation, Some(&*used.outputs).filter(|_| named(&used.outputs))));
    own.into_iter().chain(used)
}

#[derive(Clone, Copy)]
struct Step {
    node: usize,
    /// The output that is being followed, by position.
    label: usize,
    before: Option<usize>,
}

struct Walk<'a> {
    graph: &'a Graph,
    present: &'a HashSet<StorePath>,
    base: &'a Base,
    steps: Vec<Step>,
    other_versions: HashSet<usize>,
    /// What something else than another version of a dependency wants.
    wanted: HashSet<usize>,
    /// Whether a derivation is to be built, or known to be missing.
    seen: HashSet<usize>,
    open: VecDeque<usize>,
    missing: Vec<(Step, How)>,
}

impl Walk<'_> {
    fn want(&mut self, input: &Input, step: Step) {
        let derivation = &self.graph.nodes()[input.node].derivation;
        let is_present = |name: &String| derivation.output(name).is_some_and(|path| self.present.contains(path));
        if input.outputs.iter().all(is_present) {
            return;
        }
        let before = step.before.map(|before| self.steps[before].node);
        if before.is_none_or(|node| !self.other_versions.contains(&node)) {
            self.wanted.insert(input.node);
        }
        if !self.seen.insert(input.node) {
            return;
        }
        if derivation.is_fixed() {
            self.missing.push((step, How::Fetch));
        } else if self.may_build(input.node) {
            self.open.push_back(self.steps.len());
            self.steps.push(step);
        } else {
            self.missing.push((step, How::Build));
        }
    }

    fn may_build(&self, node: usize) -> bool {
        node >= self.base.length
            || self.base.outputs.contains(&node)
            || self.base.own.derivations.get(node) == Some(&true)
    }

    fn describe(&self, outputs: &[OutputRequest], step: &Step, how: How) -> Missing {
        let mut chain = Vec::new();
        let mut next = Some(*step);
        while let Some(Step { node, before, .. }) = next {
            chain.push(self.graph.nodes()[node].name().to_owned());
            next = before.map(|before| self.steps[before]);
        }
        chain.reverse();
        let node = &self.graph.nodes()[step.node];
        let mut absent = node.derivation.outputs.iter().filter_map(|output| output.path.as_ref());
        Missing {
            output: outputs[step.label].label.clone(),
            chain,
            derivation: node.path.to_string(),
            path: absent.find(|path| !self.present.contains(path)).map(ToString::to_string),
            how,
            is_new: step.node >= self.base.length || !self.wanted.contains(&step.node),
        }
    }
}

#[cfg(test)]
mod tests;
