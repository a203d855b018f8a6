use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use nix_seed_store::{Derivation, OutputKind, StorePath};

use crate::document::{OutputRequest, Plan, PlannedOutput, Refusal, Request, Used};
use crate::graph::is_derivation;
use crate::roots::{Roots, sorted};
use crate::store::store_path;
use crate::{Error, Graph, Input, Node, Own, Result};

/// The most links of a chain: what a seed's index can record (`doc/format.md`, section 6).
const CHAIN_MAX: usize = 1000;

/// How many derivations may need an output that has none of the flake's files, and be taken for the flake's own. What more
/// than that need is rather part of a package set that the flake hands out, such as a compiler.
const NEAR_MAX: usize = 32;

/// Decides what has to be in the seed so that the outputs of `request`, whose derivations are in `graph`, can be built.
///
/// - Every output counts as the flake's own: its inputs are taken, its own result is not.
/// - A derivation below it that depends on the flake's source is own: its inputs are taken, and its result too, unless it needs an
///   output that is own: then it is hardly ever what a later build wants, and would bring the output along.
/// - A derivation that needs an output which has none of the flake's files is taken as a result, and its inputs as well, as far as
///   [few](NEAR_MAX) need that output: an edit of `flake.nix` changes both.
/// - A fixed-output derivation is a leaf: its result is taken, never its inputs.
/// - Everything else is taken as a result.
pub fn plan(request: &Request, graph: &Graph, own: &Own) -> Result<Plan> {
    let mut planner = Planner::new(request, graph, own)?;
    let outputs = request.outputs.iter().map(|output| planner.output(output)).collect::<Result<_>>()?;
    let Planner { roots, results, expanded, refused, .. } = planner;
    let (roots, outputs, results) = sorted(roots.list, outputs, &results);
    let mut own_paths: Vec<_> = expanded.iter().filter_map(|node| graph.nodes().get(*node)).collect();
    own_paths.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(Plan {
        roots,
        outputs,
        results,
        own: own_paths.iter().map(|node| node.path.to_string()).collect(),
        undecided: own.undecided.iter().map(ToString::to_string).collect(),
        refused,
    })
}

struct Planner<'a> {
    graph: &'a Graph,
    own: &'a Own,
    skip: HashSet<StorePath>,
    /// The derivations that are outputs.
    outputs: HashSet<usize>,
    /// By position: whether a derivation needs an output that is own.
    needs_own_output: Vec<bool>,
    /// Derivations that are not own, but near an output.
    near: HashSet<usize>,
    roots: Roots,
    results: BTreeSet<usize>,
    /// Own derivations that are no outputs.
    expanded: HashSet<usize>,
    refused: Vec<Refusal>,
}

impl<'a> Planner<'a> {
    fn new(request: &Request, graph: &'a Graph, own: &'a Own) -> Result<Self> {
        let mut outputs = HashSet::new();
        for derivation in request.outputs.iter().filter_map(|output| output.derivation.as_deref()) {
            let node = position(graph, derivation)?;
            if !graph.nodes()[node].derivation.is_fixed() {
                outputs.insert(node);
            }
        }
        let mut needs_own_output: Vec<bool> = Vec::with_capacity(graph.nodes().len());
        for node in graph.nodes() {
            let is_own_output = |node| outputs.contains(&node) && own.derivations.get(node) == Some(&true);
            let needs = |input: &Input| is_own_output(input.node) || needs_own_output.get(input.node) == Some(&true);
            needs_own_output.push(node.inputs.iter().any(needs));
        }
        Ok(Self {
            graph,
            own,
            skip: request.skip.iter().map(|path| store_path(path)).collect::<Result<_>>()?,
            near: near(graph, own, &outputs),
            outputs,
            needs_own_output,
            roots: Roots::default(),
            results: BTreeSet::new(),
            expanded: HashSet::new(),
            refused: Vec::new(),
        })
    }

    /// What one output needs: breadth first through own derivations, so that the chain to each root is the shortest.
    fn output(&mut self, output: &OutputRequest) -> Result<PlannedOutput> {
        let mut walk = Walk {
            label: &output.label,
            steps: Vec::new(),
            seen: HashSet::new(),
            open: VecDeque::new(),
            needs: Vec::new(),
        };
        if let Some(derivation) = &output.derivation {
            let node = position(self.graph, derivation)?;
            if self.outputs.contains(&node) {
                self.expand(&mut walk, node, None);
            } else {
                self.input(&mut walk, &all_outputs(self.graph, node), None);
            }
        }
        for Used { derivation, outputs } in &output.inputs {
            let node = position(self.graph, derivation)?;
            let input = match &**outputs {
                [] => all_outputs(self.graph, node),
                outputs => Input { node, outputs: outputs.to_vec() },
            };
            self.input(&mut walk, &input, None);
        }
        for source in &output.sources {
            self.source(&mut walk, &store_path(source)?, None);
        }
        while let Some(step) = walk.open.pop_front() {
            let node = walk.steps[step].node;
            self.expand(&mut walk, node, Some(step));
        }
        let mut roots = walk.needs;
        let mut seen = HashSet::new();
        roots.retain(|root| seen.insert(*root));
        Ok(PlannedOutput { label: output.label.clone(), roots })
    }

    /// Takes what a derivation that will be built needs.
    fn expand(&mut self, walk: &mut Walk<'_>, node: usize, step: Option<usize>) {
        let graph = self.graph;
        let Some(expanded) = graph.nodes().get(node) else { return };
        let before = step.and_then(|step| walk.steps.get(step)?.before);
        self.refuse(walk, before, expanded);
        for input in by_name(graph, &expanded.inputs) {
            self.input(walk, input, step);
        }
        for source in &expanded.derivation.sources {
            self.source(walk, source, step);
        }
    }

    fn input(&mut self, walk: &mut Walk<'_>, input: &Input, step: Option<usize>) {
        if self.outputs.contains(&input.node) {
            return;
        }
        let graph = self.graph;
        let Some(node) = graph.nodes().get(input.node) else { return };
        let is_built = self.own.derivations.get(input.node) == Some(&true) || self.near.contains(&input.node);
        if is_built && walk.seen.insert(input.node) {
            self.expanded.insert(input.node);
            walk.open.push_back(walk.steps.len());
            walk.steps.push(Step { node: input.node, before: step });
        }
        if is_built && self.needs_own_output.get(input.node) == Some(&true) {
            return;
        }
        for name in &input.outputs {
            match node.derivation.output(name) {
                Some(path) => {
                    let root = self.roots.put(path, Some((&node.path, name)), || walk.chain(graph, step));
                    if !is_built {
                        walk.needs.push(root);
                    } else {
                        self.results.insert(root);
                    }
                }
                // An own derivation is refused where it is expanded.
                None if is_built => {}
                None => self.refuse(walk, step, node),
            }
        }
    }

    fn source(&mut self, walk: &mut Walk<'_>, source: &StorePath, step: Option<usize>) {
        // Evaluation writes a .drv again; its outputs, where they are wanted, are named apart from it.
        if !(is_derivation(source) || self.skip.contains(source) || self.own.sources.contains(source)) {
            walk.needs.push(self.roots.put(source, None, || walk.chain(self.graph, step)));
        }
    }

    /// Refuses a derivation, if it is of a kind that no seed can serve.
    fn refuse(&mut self, walk: &Walk<'_>, step: Option<usize>, node: &Node) {
        let Some(kind) = refused_kind(&node.derivation) else { return };
        let refusal = Refusal {
            label: walk.label.to_owned(),
            chain: walk.chain(self.graph, step),
            derivation: node.path.to_string(),
            kind: kind.to_owned(),
        };
        let is_known = |other: &Refusal| other.label == refusal.label && other.derivation == refusal.derivation;
        if !self.refused.iter().any(is_known) {
            self.refused.push(refusal);
        }
    }
}

/// Inputs in an order that an edit of the flake leaves as it is, unlike that of `.drv` files: which chain leads to a root depends on it.
fn by_name<'a>(graph: &Graph, inputs: &'a [Input]) -> Vec<&'a Input> {
    let mut inputs: Vec<_> = inputs.iter().collect();
    inputs.sort_by_key(|input| graph.nodes().get(input.node).map(Node::name));
    inputs
}

/// The derivations that are not own, and need an output that is not own either and that few need.
fn near(graph: &Graph, own: &Own, outputs: &HashSet<usize>) -> HashSet<usize> {
    let is_own = |node: usize| own.derivations.get(node) == Some(&true);
    let mut needed_by: HashMap<usize, Vec<usize>> = HashMap::new();
    for (position, node) in graph.nodes().iter().enumerate() {
        node.inputs.iter().for_each(|input| needed_by.entry(input.node).or_default().push(position));
    }
    let mut near = HashSet::new();
    for output in outputs.iter().filter(|output| !is_own(**output)) {
        let (mut above, mut open) = (HashSet::new(), vec![*output]);
        while let Some(node) = open.pop().filter(|_| above.len() <= NEAR_MAX) {
            let dependants = needed_by.get(&node).map_or(&[][..], Vec::as_slice);
            let hidden = dependants.iter().filter(|node| !is_own(**node) && !outputs.contains(node));
            open.extend(hidden.filter(|node| above.insert(**node)));
        }
        if above.len() <= NEAR_MAX {
            near.extend(above);
        }
    }
    near
}

fn refused_kind(derivation: &Derivation) -> Option<&'static str> {
    let is = |kind| derivation.outputs.iter().any(|output| output.kind == kind);
    match () {
        () if derivation.is_dynamic => Some("dynamic"),
        () if is(OutputKind::Impure) => Some("impure"),
        () if is(OutputKind::Floating) => Some("content-addressed"),
        () => None,
    }
}

fn all_outputs(graph: &Graph, node: usize) -> Input {
    let outputs = graph.nodes().get(node).map(|node| node.derivation.outputs.iter()).into_iter().flatten();
    Input { node, outputs: outputs.map(|output| output.name.clone()).collect() }
}

fn position(graph: &Graph, derivation: &str) -> Result<usize> {
    let path = store_path(derivation)?;
    graph.position(&path).ok_or_else(|| Error::Request { why: format!("{path} is not in the graph") })
}

/// A way through the own derivations below one output.
struct Walk<'a> {
    label: &'a str,
    steps: Vec<Step>,
    seen: HashSet<usize>,
    open: VecDeque<usize>,
    needs: Vec<usize>,
}

struct Step {
    node: usize,
    before: Option<usize>,
}

impl Walk<'_> {
    /// What leads to a step, that one included. Of a way that is longer than a chain may be, the last links.
    fn chain(&self, graph: &Graph, mut step: Option<usize>) -> Vec<String> {
        let mut chain = Vec::new();
        while let Some(Step { node, before }) = step.and_then(|step| self.steps.get(step)) {
            if chain.len() == CHAIN_MAX - 2 {
                chain.push("…".to_owned());
                break;
            }
            chain.extend(graph.nodes().get(*node).map(|node| node.name().to_owned()));
            step = *before;
        }
        chain.push(self.label.to_owned());
        chain.reverse();
        chain
    }
}

#[cfg(test)]
mod tests;
