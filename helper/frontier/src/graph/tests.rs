use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use nix_seed_store::{Output, OutputKind};

use super::*;

/// A store path by its name alone.
pub(crate) fn path(name: &str) -> StorePath {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    StorePath::from_base_name(&format!("{:032}-{name}", hasher.finish())).unwrap()
}

/// Reads from memory; what is not there is an input-addressed derivation that needs nothing.
pub(crate) fn read_from(derivations: &BTreeMap<StorePath, Derivation>) -> impl FnMut(&StorePath) -> Result<Derivation> {
    |drv| {
        Ok(derivations.get(drv).cloned().unwrap_or_else(|| {
            let name = drv.name().strip_suffix(".drv").unwrap();
            with(OutputKind::InputAddressed, Some(path(name)), &[])
        }))
    }
}

fn with(kind: OutputKind, path: Option<StorePath>, inputs: &[&str]) -> Derivation {
    let output = |name: &&str| (self::path(name), vec!["out".to_owned()]);
    Derivation {
        outputs: vec![Output { name: "out".into(), path, kind }],
        inputs: inputs.iter().map(output).collect(),
        ..Derivation::default()
    }
}

/// Adds `start`; gives the names of all in order, or what is wrong.
fn add(graph: &mut Graph, start: &str, derivations: &[(&str, Derivation)]) -> Result<Vec<String>, String> {
    let mut reads = Vec::new();
    let mut read = |drv: &StorePath| {
        reads.push(drv.clone());
        Ok(derivations.iter().find(|(name, _)| path(name) == *drv).unwrap().1.clone())
    };
    graph.add(&path(start), &mut read).map_err(|error| error.to_string())?;
    let all = reads.len();
    reads.sort();
    reads.dedup();
    assert_eq!(reads.len(), all, "each is read once");
    Ok(graph.nodes().iter().map(|node| node.name().to_owned()).collect())
}

fn plain(inputs: &[&str]) -> Derivation {
    with(OutputKind::InputAddressed, Some(path("out")), inputs)
}

#[test]
fn each_derivation_stands_after_those_that_it_needs_and_once() {
    let derivations = [("a", plain(&["b", "c"])), ("b", plain(&["d"])), ("c", plain(&["d", "b"])), ("d", plain(&[]))];
    let mut graph = Graph::default();
    assert_eq!(add(&mut graph, "a", &derivations).unwrap(), ["d", "b", "c", "a"]);
    assert_eq!(add(&mut graph, "c", &[]).unwrap().len(), 4, "what is there is not read again");
    let inputs: Vec<_> = graph.nodes()[2].inputs.iter().map(|input| input.node).collect();
    assert_eq!(inputs, [0, 1]);
}

#[test]
fn what_a_fixed_output_derivation_is_made_from_is_not_read() {
    let fixed = with(OutputKind::Fixed, Some(path("out")), &["never"]);
    let mut graph = Graph::default();
    assert_eq!(add(&mut graph, "a", &[("a", plain(&["f"])), ("f", fixed)]).unwrap(), ["f", "a"]);
}

#[test]
fn a_derivation_that_needs_itself_is_an_error() {
    for derivations in [
        vec![("a", plain(&["a"]))],
        vec![("a", plain(&["b"])), ("b", plain(&["c"])), ("c", plain(&["b"]))],
        vec![("a", plain(&["d", "b"])), ("b", plain(&["d", "a"])), ("d", plain(&[]))],
    ] {
        let why = add(&mut Graph::default(), "a", &derivations).unwrap_err();
        assert!(why.starts_with("the request for a plan: /nix/store/") && why.ends_with(" needs itself"), "{why}");
    }
}

#[test]
fn a_derivation_that_cannot_be_read_is_an_error() {
    let mut read = |_: &StorePath| Err(Error::Request { why: "no".into() });
    assert!(Graph::default().add(&path("a"), &mut read).is_err());
}
