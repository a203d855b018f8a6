use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::path::Path;

use nix_seed_store::{OutputKind, StorePath};

use crate::document::{OutputRequest, Plan, PlannedOutput, Refusal, Request, Root, Used};
use crate::store::store_path;
use crate::{Error, Graph, Input, Result, Texts, Tree, Verdict};

/// What of a [`Graph`] is the flake's own.
#[derive(Debug, Clone, Default)]
pub struct Own {
    /// By position: whether a derivation depends on the flake's own source.
    pub derivations: Vec<bool>,
    /// The flake's own sources.
    pub sources: HashSet<StorePath>,
    /// Sources that hold nothing by which to tell, sorted.
    pub undecided: Vec<StorePath>,
}

impl Own {
    /// Judges every source and every text of `graph`. A fixed-output derivation is nobody's: its result does not depend on what
    /// it is made from.
    pub fn find(graph: &Graph, tree: &Tree, texts: &Texts, skip: &HashSet<StorePath>, root: &Path) -> Result<Self> {
        let mut own = Self::default();
        let mut judged: HashMap<&StorePath, Verdict> = HashMap::new();
        for node in graph.nodes() {
            let mut is_own = node.inputs.iter().any(|input| own.derivations.get(input.node) == Some(&true));
            for source in &node.derivation.sources {
                let verdict = match judged.get(source) {
                    Some(verdict) => *verdict,
                    None if is_derivation(source) || skip.contains(source) => Verdict::Foreign,
                    None => tree.judge(&source.below(root))?,
                };
                judged.insert(source, verdict);
                is_own |= verdict == Verdict::Own;
            }
            for text in &node.derivation.texts {
                is_own = is_own || texts.are_in(text)?;
            }
            own.derivations.push(is_own);
        }
        for (source, verdict) in judged {
            match verdict {
                Verdict::Own => drop(own.sources.insert(source.clone())),
                Verdict::Undecided => own.undecided.push(source.clone()),
                Verdict::Foreign => {}
            }
        }
        own.undecided.sort_unstable();
        Ok(own)
    }
}

/// Evaluation writes it again; its outputs, where they are wanted, are named apart from it.
fn is_derivation(source: &StorePath) -> bool {
    source.name().ends_with(".drv")
}

/// Decides what has to be in the seed so that the outputs of `request`, whose derivations are in `graph`, can be built.
///
/// - Every output counts as the flake's own: its inputs are taken, its own result is not.
/// - A derivation below it that depends on the flake's source, or on an output, is own: its inputs are taken, and its result too,
///   unless it needs an output: then it is hardly ever what a later build wants, and would bring the output along.
/// - A fixed-output derivation is a leaf: its result is taken, never its inputs.
/// - Everything else is taken as a result.
pub fn plan(request: &Request, graph: &Graph, own: &Own) -> Result<Plan> {
    let mut planner = Planner::new(request, graph, own)?;
    let outputs = request.outputs.iter().map(|output| planner.output(output)).collect::<Result<_>>()?;
    let Planner { roots, results, expanded, refused, .. } = planner;
    let mut own_paths: Vec<_> = expanded.iter().filter_map(|node| graph.nodes().get(*node)).collect();
    own_paths.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(Plan {
        roots: roots.list,
        outputs,
        results: results.into_iter().collect(),
        own: own_paths.iter().map(|node| node.path.to_string()).collect(),
        undecided: own.undecided.iter().map(ToString::to_string).collect(),
        refused,
    })
}

/// Each root once, in the order in which they are met.
#[derive(Default)]
struct Roots {
    list: Vec<Root>,
    positions: HashMap<String, usize>,
}

impl Roots {
    fn put(
        &mut self,
        path: &StorePath,
        from: Option<(&StorePath, &str)>,
        chain: impl FnOnce() -> Vec<String>,
    ) -> usize {
        *self.positions.entry(path.to_string()).or_insert_with(|| {
            self.list.push(Root {
                path: path.to_string(),
                derivation: from.map(|(derivation, _)| derivation.to_string()),
                output: from.map(|(_, output)| output.to_owned()),
                chain: chain(),
            });
            self.list.len() - 1
        })
    }
}

struct Planner<'a> {
    graph: &'a Graph,
    own: &'a Own,
    skip: HashSet<StorePath>,
    /// The derivations that are outputs.
    outputs: HashSet<usize>,
    /// By position: whether a derivation needs an output.
    needs_output: Vec<bool>,
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
        let mut needs_output: Vec<bool> = Vec::with_capacity(graph.nodes().len());
        for node in graph.nodes() {
            let needs = |input: &Input| outputs.contains(&input.node) || needs_output.get(input.node) == Some(&true);
            needs_output.push(node.inputs.iter().any(needs));
        }
        Ok(Self {
            graph,
            own,
            skip: request.skip.iter().map(|path| store_path(path)).collect::<Result<_>>()?,
            outputs,
            needs_output,
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
                let all =
                    self.graph.nodes()[node].derivation.outputs.iter().map(|output| output.name.clone()).collect();
                self.input(&mut walk, &Input { node, outputs: all }, None);
            }
        }
        for Used { derivation, outputs } in &output.inputs {
            let node = position(self.graph, derivation)?;
            self.input(&mut walk, &Input { node, outputs: outputs.clone() }, None);
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
        for output in &expanded.derivation.outputs {
            self.refuse(walk, step, &expanded.path, output.kind);
        }
        for input in &expanded.inputs {
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
        // An edit of flake.nix changes an output that has none of the flake's files too, and with it what needs it.
        let needs_output = self.needs_output.get(input.node) == Some(&true);
        let is_own = needs_output || self.own.derivations.get(input.node) == Some(&true);
        if is_own && walk.seen.insert(input.node) {
            self.expanded.insert(input.node);
            walk.open.push_back(walk.steps.len());
            walk.steps.push(Step { node: input.node, before: step });
        }
        if needs_output {
            return;
        }
        for name in &input.outputs {
            match node.derivation.output(name) {
                Some(path) => {
                    let root = self.roots.put(path, Some((&node.path, name)), || walk.chain(graph, step));
                    if !is_own {
                        walk.needs.push(root);
                    } else {
                        self.results.insert(root);
                    }
                }
                // An own derivation is refused where it is expanded.
                None if is_own => {}
                None => {
                    let kind = node.derivation.outputs.iter().find(|output| output.name == *name);
                    self.refuse(walk, step, &node.path, kind.map_or(OutputKind::Floating, |output| output.kind));
                }
            }
        }
    }

    fn source(&mut self, walk: &mut Walk<'_>, source: &StorePath, step: Option<usize>) {
        if !(is_derivation(source) || self.skip.contains(source) || self.own.sources.contains(source)) {
            walk.needs.push(self.roots.put(source, None, || walk.chain(self.graph, step)));
        }
    }

    fn refuse(&mut self, walk: &Walk<'_>, step: Option<usize>, derivation: &StorePath, kind: OutputKind) {
        let kind = match kind {
            OutputKind::InputAddressed | OutputKind::Fixed => return,
            OutputKind::Floating => "content-addressed",
            OutputKind::Impure => "impure",
        };
        let refusal = Refusal {
            label: walk.label.to_owned(),
            chain: walk.chain(self.graph, step),
            derivation: derivation.to_string(),
            kind: kind.to_owned(),
        };
        let is_known = |other: &Refusal| other.label == refusal.label && other.derivation == refusal.derivation;
        if !self.refused.iter().any(is_known) {
            self.refused.push(refusal);
        }
    }
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
    /// What leads to a step, that one included.
    fn chain(&self, graph: &Graph, mut step: Option<usize>) -> Vec<String> {
        let mut chain = Vec::new();
        while let Some(Step { node, before }) = step.and_then(|step| self.steps.get(step)) {
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
