//! Plans of graphs that are written as text, one derivation a line:
//!
//! ```text
//! output app: gcc lib.dev @patch
//! own lib[out,dev]: gcc @own-src
//! run start: app tool
//! ```
//!
//! First what it is (`output` of the flake, `own`, `fixed`, `floating`, `impure`), then its name and outputs, then what it needs:
//! an output of a derivation, or with `@` a source. `run` is an app, `@own-…` a source of the flake, `@skip-…` one of its inputs. What is
//! needed and not written is somebody else's, and needs nothing.

use std::collections::{BTreeMap, BTreeSet};

use nix_seed_store::{Derivation, Output};

use super::*;
use crate::graph::tests::{path, read_from};

mod chains;
mod edits;
mod inputs;
mod outputs;
mod own;
mod refusals;
mod results;
mod shapes;

/// A line.
#[derive(Debug, Clone)]
struct Line {
    name: String,
    is: BTreeSet<String>,
    outputs: Vec<String>,
    needs: Vec<String>,
}

impl Line {
    fn parse(line: &str) -> Self {
        let (head, needs) = line.split_once(':').unwrap();
        let mut words: Vec<_> = head.split_whitespace().collect();
        let name = words.pop().unwrap();
        let (name, outputs) = name.split_once('[').unwrap_or((name, "out]"));
        Self {
            name: name.into(),
            is: words.into_iter().map(Into::into).collect(),
            outputs: outputs.trim_end_matches(']').split(',').map(Into::into).collect(),
            needs: needs.split_whitespace().map(Into::into).collect(),
        }
    }

    fn is(&self, word: &str) -> bool {
        self.is.contains(word)
    }

    fn derivation(&self) -> Derivation {
        let kind = match () {
            () if self.is("fixed") => OutputKind::Fixed,
            () if self.is("floating") => OutputKind::Floating,
            () if self.is("impure") => OutputKind::Impure,
            () => OutputKind::InputAddressed,
        };
        let is_known = matches!(kind, OutputKind::Fixed | OutputKind::InputAddressed);
        let output = |name: &String| Output {
            name: name.clone(),
            path: is_known.then(|| path(&result(&self.name, name))),
            kind,
        };
        if self.is("dynamic") {
            return Derivation { is_dynamic: true, ..Derivation::default() };
        }
        let (inputs, sources) = needs(&self.needs);
        Derivation { outputs: self.outputs.iter().map(output).collect(), inputs, sources, ..Derivation::default() }
    }

    fn request(&self) -> OutputRequest {
        let label = format!("#{}", self.name);
        if !self.is("run") {
            return OutputRequest { label, derivation: Some(drv(&self.name).to_string()), ..OutputRequest::default() };
        }
        let (inputs, sources) = needs(&self.needs);
        let used = |(path, outputs): (StorePath, _)| Used { derivation: path.to_string(), outputs };
        OutputRequest {
            label,
            derivation: None,
            inputs: inputs.into_iter().map(used).collect(),
            sources: sources.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What a line's needs are to Nix.
fn needs(needs: &[String]) -> (Vec<(StorePath, Vec<String>)>, Vec<StorePath>) {
    let (mut inputs, mut sources) = (Vec::<(StorePath, Vec<String>)>::new(), Vec::new());
    for need in needs {
        match need.strip_prefix('@') {
            Some(source) => sources.push(path(source)),
            None => {
                let (name, output) = need.split_once('.').unwrap_or((need, "out"));
                match inputs.iter_mut().find(|(path, _)| *path == drv(name)) {
                    Some((_, outputs)) => outputs.push(output.into()),
                    None => inputs.push((drv(name), vec![output.into()])),
                }
            }
        }
    }
    (inputs, sources)
}

fn drv(name: &str) -> StorePath {
    path(&format!("{name}.drv"))
}

/// How the output of a derivation is called where it is needed, and its store path.
fn result(derivation: &str, output: &str) -> String {
    if output == "out" { derivation.into() } else { format!("{derivation}.{output}") }
}

fn parse(text: &str) -> Vec<Line> {
    text.lines().filter(|line| !line.trim().is_empty()).map(Line::parse).collect()
}

/// The plan of a graph.
fn plan_of(text: &str) -> Plan {
    plan_lines(&parse(text))
}

fn plan_lines(lines: &[Line]) -> Plan {
    let derivations: BTreeMap<_, _> =
        lines.iter().filter(|line| !line.is("run")).map(|line| (drv(&line.name), line.derivation())).collect();
    let is_source = |need: &&String| need.starts_with('@');
    let sources: BTreeSet<_> =
        lines.iter().flat_map(|line| &line.needs).filter(is_source).map(|need| &need[1..]).collect();
    let starting =
        |start: &str| sources.iter().filter(|name| name.starts_with(start)).map(|name| path(name)).collect::<Vec<_>>();
    let request = Request {
        skip: starting("skip-").iter().map(ToString::to_string).collect(),
        outputs: lines.iter().filter(|line| line.is("output") || line.is("run")).map(Line::request).collect(),
        ..Request::default()
    };
    let mut graph = Graph::default();
    for output in &request.outputs {
        for derivation in output.derivation.iter().chain(output.inputs.iter().map(|used| &used.derivation)) {
            graph.add(&store_path(derivation).unwrap(), &mut read_from(&derivations)).unwrap();
        }
    }
    let owned: BTreeSet<_> = lines.iter().filter(|line| line.is("own")).map(|line| drv(&line.name)).collect();
    let own = Own {
        derivations: graph.nodes().iter().map(|node| owned.contains(&node.path)).collect(),
        sources: starting("own-").into_iter().collect(),
        undecided: Vec::new(),
    };
    plan(&request, &graph, &own).unwrap()
}

/// Plans as they read in tests: roots by the names that lines have for them.
impl Plan {
    fn name(&self, root: usize) -> String {
        let root = &self.roots[root];
        let name = store_path(&root.path).unwrap().name().to_owned();
        if root.derivation.is_some() { name } else { format!("@{name}") }
    }

    /// What has to be there, sorted.
    fn needed(&self) -> Vec<String> {
        let needed = (0..self.roots.len()).filter(|root| !self.results.contains(root));
        sorted(needed.map(|root| self.name(root)))
    }

    /// Results of the flake's own derivations, sorted.
    fn results(&self) -> Vec<String> {
        sorted(self.results.iter().map(|root| self.name(*root)))
    }

    /// What one output needs, sorted.
    fn needed_by(&self, label: &str) -> Vec<String> {
        let output = self.outputs.iter().find(|output| output.label == label).unwrap();
        sorted(output.roots.iter().map(|root| self.name(*root)))
    }

    fn chain(&self, name: &str) -> String {
        let root = (0..self.roots.len()).find(|root| self.name(*root) == name).unwrap();
        self.roots[root].chain.join(" > ")
    }

    /// The flake's own derivations below its outputs, by name.
    fn own(&self) -> Vec<String> {
        sorted(self.own.iter().map(|path| store_path(path).unwrap().name().to_owned()))
    }

    fn refused(&self) -> Vec<String> {
        let refusal = |refusal: &Refusal| {
            assert_eq!(refusal.chain[0], refusal.label);
            let name = store_path(&refusal.derivation).unwrap().name().to_owned();
            format!("{}: {} {name}", refusal.chain.join(" > "), refusal.kind)
        };
        self.refused.iter().map(refusal).collect()
    }
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}
