//! What is found to be the flake's own, with files below a folder as the store.

use std::fs;

use super::*;
use crate::{Texts, Tree};

/// A store with one flake in it.
struct Machine {
    root: tempfile::TempDir,
    nodes: BTreeMap<StorePath, Derivation>,
    skip: HashSet<StorePath>,
    named: Vec<String>,
}

const TEXT: &str = "#!/bin/sh\necho what only this flake says\n";

impl Machine {
    fn new() -> Self {
        let machine = Self {
            root: tempfile::tempdir().unwrap(),
            nodes: BTreeMap::new(),
            skip: HashSet::new(),
            named: Vec::new(),
        };
        let flake = machine.root.path().join("flake");
        fs::create_dir(&flake).unwrap();
        fs::write(flake.join("main.c"), "int main;").unwrap();
        fs::write(flake.join("run.sh"), TEXT).unwrap();
        fs::create_dir_all(machine.root.path().join("nix/store")).unwrap();
        machine
    }

    fn source(self, name: &str, content: &str) -> Self {
        fs::write(path(name).below(self.root.path()), content).unwrap();
        self
    }

    /// Adds what [`Line`] means, with this environment.
    fn node(mut self, line: &str, texts: &[&str]) -> Self {
        let line = Line::parse(line);
        let texts = texts.iter().map(|text| text.as_bytes().to_owned()).collect();
        self.nodes.insert(drv(&line.name), Derivation { texts, ..line.derivation() });
        self
    }

    fn find(&self) -> Result<(Vec<String>, Own)> {
        let mut graph = Graph::default();
        for path in self.nodes.keys() {
            graph.add(path, &mut read_from(&self.nodes))?;
        }
        let tree = Tree::list(&self.root.path().join("flake"))?;
        let texts = Texts::new(&["4f1c0de".into()], &tree)?;
        let request = Request {
            skip: self.skip.iter().map(ToString::to_string).collect(),
            own: self.named.clone(),
            ..Request::default()
        };
        let own = Own::find(&request, &graph, &tree, &texts, self.root.path())?;
        assert_eq!(own.derivations.len(), graph.nodes().len());
        let names = graph.nodes().iter().zip(&own.derivations).filter(|(_, is_own)| **is_own);
        Ok((sorted(names.map(|(node, _)| node.name().to_owned())), own))
    }

    /// The own derivations, by name.
    fn own(&self) -> Vec<String> {
        self.find().unwrap().0
    }
}

#[test]
fn a_derivation_is_own_by_a_source_a_text_a_mark_or_an_own_input() {
    let machine = Machine::new()
        .source("src", "int main;")
        .source("patch", "int other;")
        .node("by-source: @src @patch", &[])
        .node("by-text: @patch", &["/bin/sh", TEXT])
        .node("by-mark:", &["version 4f1c0de"])
        .node("by-input: gcc by-mark @patch", &[])
        .node("by-that: by-input", &[])
        .node("theirs: gcc @patch", &["echo"]);
    assert_eq!(machine.own(), ["by-input", "by-mark", "by-source", "by-text", "by-that"]);
    assert_eq!(machine.find().unwrap().1.sources, HashSet::from([path("src")]));
}

#[test]
fn what_is_named_is_own_with_or_without_its_version() {
    let mut machine = Machine::new()
        .node("services.h: jq", &[])
        .node("units-1.2: jq", &[])
        .node("units: jq", &[])
        .node("jq:", &[])
        .node("fixed crates:", &[]);
    machine.named = ["services.h", "units", "crates"].map(Into::into).into();
    assert_eq!(machine.own(), ["services.h", "units", "units-1.2"]);
    machine.named = vec!["units-1.2".into()];
    assert_eq!(machine.own(), ["units-1.2"]);
}

#[test]
fn what_reads_an_own_derivation_as_a_file_is_own() {
    let machine = Machine::new()
        .source("src", "int main;")
        .node("app: @src", &[])
        .node("graph: @app.drv", &[])
        .node("theirs: @gcc.drv", &[])
        .node("gcc:", &[]);
    assert_eq!(machine.own(), ["app", "graph"]);
}

#[test]
fn a_source_that_evaluation_has_written_with_a_files_text_is_own() {
    let machine = Machine::new()
        .source("wrapper", &format!("# written by evaluation\n{TEXT}exit\n"))
        .source("theirs", "# written by evaluation\nexit\n")
        .node("app: @wrapper", &[])
        .node("other: @theirs", &[]);
    assert_eq!(machine.own(), ["app"]);
    assert_eq!(machine.find().unwrap().1.sources, HashSet::from([path("wrapper")]));
}

#[test]
fn a_fixed_output_derivation_is_nobodys_whatever_it_is_made_from() {
    let machine = Machine::new()
        .source("src", "int main;")
        .node("fixed crates: by-mark @src @not-there", &[TEXT])
        .node("by-mark:", &["4f1c0de"])
        .node("vendor: crates", &[]);
    assert_eq!(machine.own(), ["by-mark"]);
}

#[test]
fn a_flakes_input_is_not_its_own_though_it_is_the_same() {
    let mut machine = Machine::new().source("input", "int main;").node("app: @input", &[]);
    assert_eq!(machine.own(), ["app"]);
    machine.skip.insert(path("input"));
    assert!(machine.own().is_empty());
    assert!(machine.find().unwrap().1.sources.is_empty());
}

#[test]
fn drv_files_are_not_looked_at() {
    assert!(Machine::new().node("reader: @not-there.drv", &[]).own().is_empty());
}

#[test]
fn what_cannot_be_decided_is_listed_once_sorted_and_foreign() {
    let empty = ["a", "b", "c", "d", "e"];
    let machine = empty.iter().fold(Machine::new(), |machine, name| machine.source(name, ""));
    let machine = machine.node("one: @b @d @a @e @c", &[]).node("two: one @b", &[]);
    let (names, own) = machine.find().unwrap();
    assert!(names.is_empty() && own.sources.is_empty());
    let mut expected = empty.map(path);
    expected.sort();
    assert_eq!(own.undecided, expected);
}

#[test]
fn a_source_that_is_not_there_is_an_error_that_names_it() {
    let message = Machine::new().node("app: @gone", &[]).find().unwrap_err().to_string();
    assert!(message.starts_with("reading ") && message.contains("-gone: No such file"), "{message}");
}
