//! Graphs that are written as text, one derivation a line: what it is (`output`, `own`, `fixed`), its name and outputs, and what it
//! needs. What is below an empty line is there since the edit.
//!
//! ```text
//! output app: deps lib.dev
//! own deps: gcc
//! lib[out,dev]:
//! run start: app tool
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::*;
use nix_seed_frontier::{Node, Used};
use nix_seed_store::{Derivation, OutputKind};

mod random;

/// A line.
#[derive(Debug, Clone)]
struct Line {
    is: BTreeSet<String>,
    name: String,
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
            is: words.into_iter().map(Into::into).collect(),
            name: name.into(),
            outputs: outputs.trim_end_matches(']').split(',').map(Into::into).collect(),
            needs: needs.split_whitespace().map(Into::into).collect(),
        }
    }

    fn is(&self, word: &str) -> bool {
        self.is.contains(word)
    }

    /// The derivations that it needs, by name, and which of their outputs.
    fn inputs(&self) -> BTreeMap<&str, Vec<String>> {
        let mut inputs: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for need in &self.needs {
            let (name, output) = split(need);
            inputs.entry(name).or_default().push(output.to_owned());
        }
        inputs
    }

    fn derivation(&self) -> Derivation {
        let kind = if self.is("fixed") { OutputKind::Fixed } else { OutputKind::InputAddressed };
        let path = |output: &str| Some(path(&format!("{}.{output}", self.name))).filter(|_| !self.is("floating"));
        let output = |name: &String| Output { name: name.clone(), path: path(name), kind };
        Derivation {
            outputs: self.outputs.iter().map(output).collect(),
            inputs: self.inputs().into_iter().map(|(name, outputs)| (drv(name), outputs)).collect(),
            ..Derivation::default()
        }
    }

    fn request(&self) -> OutputRequest {
        let label = format!("#{}", self.name);
        if !self.is("run") {
            return OutputRequest { label, derivation: Some(drv(&self.name).to_string()), ..OutputRequest::default() };
        }
        let used = |(name, outputs): (&str, _)| Used { derivation: drv(name).to_string(), outputs };
        OutputRequest { label, inputs: self.inputs().into_iter().map(used).collect(), ..OutputRequest::default() }
    }
}

fn split(need: &str) -> (&str, &str) {
    need.split_once('.').unwrap_or((need, "out"))
}

/// A store path by its name alone.
fn path(name: &str) -> StorePath {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    StorePath::from_base_name(&format!("{:032}-{name}", hasher.finish())).unwrap()
}

fn drv(name: &str) -> StorePath {
    path(&format!("{name}.drv"))
}

fn is_wanted(line: &&Line) -> bool {
    line.is("output") || line.is("run")
}

/// What `find` finds of lines before an edit and after it; what is not written is somebody else's, and needs nothing.
fn find_lines(before: &[Line], after: &[Line], present: &[String], is_relocked: bool) -> Vec<Missing> {
    let lines: BTreeMap<_, _> = before.iter().chain(after).map(|line| (drv(&line.name), line.clone())).collect();
    let mut graph = Graph::default();
    let add = |graph: &mut Graph, outputs: &[OutputRequest]| {
        let named = outputs.iter().flat_map(wanted).map(|(derivation, _)| StorePath::parse(derivation).unwrap());
        for path in named.collect::<Vec<_>>() {
            let mut read = |path: &StorePath| {
                let unknown = || Line::parse(&format!("{}[out,dev]:", path.name().strip_suffix(".drv").unwrap()));
                Ok(lines.get(path).cloned().unwrap_or_else(unknown).derivation())
            };
            graph.add(&path, &mut read).unwrap();
        }
    };
    let requests = |lines: &[Line]| lines.iter().filter(is_wanted).map(Line::request).collect::<Vec<_>>();
    add(&mut graph, &requests(before));
    let is = |node: &Node, word: &str| lines.get(&node.path).is_some_and(|line| line.is(word));
    let outputs = (0..graph.nodes().len()).filter(|node| is(&graph.nodes()[*node], "output")).collect();
    let own = Own { derivations: graph.nodes().iter().map(|node| is(node, "own")).collect(), ..Own::default() };
    let base = Base { length: graph.nodes().len(), own, outputs };
    let requests = requests(if after.is_empty() { before } else { after });
    add(&mut graph, &requests);
    let present = present.iter().map(|name| split(name)).map(|(name, output)| path(&format!("{name}.{output}")));
    find_missing(&graph, &requests, &present.collect(), &base, is_relocked).unwrap()
}

/// The same, as text: `#output: chain > missing (how)`.
fn find(text: &str, present: &[&str]) -> Vec<String> {
    find_after(false, text, present)
}

fn find_after(is_relocked: bool, text: &str, present: &[&str]) -> Vec<String> {
    let parse = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).map(Line::parse).collect::<Vec<_>>();
    let (before, after) = text.split_once("\n\n").unwrap_or((text, ""));
    let present: Vec<_> = present.iter().map(ToString::to_string).collect();
    find_lines(&parse(before), &parse(after), &present, is_relocked).iter().map(show).collect()
}

fn show(missing: &Missing) -> String {
    let how = format!("{:?}", missing.how).to_lowercase();
    let new = if missing.is_new { ", new" } else { "" };
    format!("{}: {} ({how}{new})", missing.output, missing.chain.join(" > "))
}

const NONE: [&str; 0] = [];

#[test]
fn nothing_is_missing_where_all_is_there() {
    assert_eq!(find("output app: gcc lib.dev", &["gcc", "lib.dev"]), NONE);
}

#[test]
fn what_is_the_flakes_own_is_built() {
    let text = "output app: deps gcc
        own deps: gcc";
    assert_eq!(find(text, &["gcc"]), NONE);
}

#[test]
fn what_is_not_the_flakes_own_is_missing_and_not_looked_below() {
    let text = "output app: deps
        own deps: jq
        jq: oniguruma";
    assert_eq!(find(text, &[]), ["#app: app > deps > jq (build)"]);
}

#[test]
fn a_download_is_missing_also_where_it_is_the_flakes_own() {
    assert_eq!(find("output app: src\nown fixed src: curl", &[]), ["#app: app > src (fetch)"]);
    assert_eq!(find("output fixed app: curl", &[]), ["#app: app (fetch)"]);
}

#[test]
fn what_is_there_is_not_looked_below() {
    let text = "output app: deps
        own deps: jq";
    assert_eq!(find(text, &["deps"]), NONE);
    assert_eq!(find(text, &["app"]), NONE);
}

#[test]
fn only_the_outputs_that_are_wanted_have_to_be_there() {
    let text = "output app: lib.dev\nlib[out,dev]:";
    assert_eq!(find(text, &["lib.dev"]), NONE);
    assert_eq!(find(text, &["lib.out"]), ["#app: app > lib (build)"]);
    assert_eq!(find("output app: lib.dev lib\nlib[out,dev]:", &["lib"]), ["#app: app > lib (build)"]);
    // Of an output of the flake, all are.
    assert_eq!(find("output app[out,doc]: gcc", &["app"]), ["#app: app > gcc (build)"]);
}

#[test]
fn each_is_missing_once_on_the_shortest_way_from_the_first_output() {
    let text = "output app: deps
        output other: deps
        own deps: middle gcc
        own middle: jq
        output last: gcc";
    assert_eq!(find(text, &[]), ["#last: last > gcc (build)", "#app: app > deps > middle > jq (build)"]);
    assert_eq!(find("output a: jq\noutput b: jq", &[]), ["#a: a > jq (build)"]);
}

#[test]
fn an_output_that_another_one_needs_is_followed_from_itself() {
    assert_eq!(find("output a: b\noutput b: jq", &[]), ["#b: b > jq (build)"]);
}

#[test]
fn an_app_needs_what_its_program_names() {
    let text = "run app: tool lib.dev
        own tool: jq
        lib[out,dev]:";
    assert_eq!(find(text, &["jq", "lib.dev"]), NONE);
    assert_eq!(find(text, &[]), ["#app: lib (build)", "#app: tool > jq (build)"]);
}

#[test]
fn where_only_a_build_would_tell_the_path_it_is_missing_by_its_derivation() {
    let lines = ["output app: x".to_owned(), "floating x:".to_owned()].map(|line| Line::parse(&line));
    let missing = find_lines(&lines, &[], &[], false);
    assert_eq!((&*missing[0].derivation, &missing[0].path), (&*drv("x").to_string(), &None));
}

#[test]
fn what_an_edit_has_brought_is_built_unless_it_is_fetched() {
    let text = "output app: deps gcc
        own deps: gcc

        output app-2: deps-2 gcc
        deps-2: more gcc src
        more: gcc
        fixed src:";
    assert_eq!(find(text, &["gcc"]), ["#app-2: app-2 > deps-2 > src (fetch, new)"]);
    assert_eq!(find(text, &["gcc", "src"]), NONE);
}

#[test]
fn what_an_edited_derivation_lacks_that_was_there_before_is_not_new() {
    let text = "output app: deps
        own deps: jq

        output app-2: deps-2
        deps-2: jq src
        fixed src:";
    let expected = ["#app-2: app-2 > deps-2 > jq (build)", "#app-2: app-2 > deps-2 > src (fetch, new)"];
    assert_eq!(find(text, &["deps"]), expected);
}

/// A package that is not the flake's own is in the seed as a result, without what it is built with.
#[test]
fn what_another_version_of_a_dependency_is_built_with_is_new() {
    let text = "output app: zlib-1
        zlib-1: cmake src-1
        fixed src-1:

        output app-2: zlib-2
        zlib-2: cmake src-2
        fixed src-2:";
    let expected = ["#app-2: app-2 > zlib-2 > cmake (build, new)", "#app-2: app-2 > zlib-2 > src-2 (fetch, new)"];
    assert_eq!(find(text, &["zlib-1"]), expected);
    // Where the flake's own wants it as well, it is not.
    let own = text.replace("app-2: zlib", "app-2: cmake zlib");
    assert_eq!(find(&own, &["zlib-1"])[0], "#app-2: app-2 > cmake (build)");
    // A dependency that changes and fetches nothing else depends on the flake's files by what nobody has seen.
    let unseen = text.replace("2: cmake src-2", "2: cmake src-1");
    let lacks = "#app-2: app-2 > zlib-2 > cmake (build";
    assert_eq!(find(&unseen, &["zlib-1", "src-1"]), [format!("{lacks})")]);
    // But where versions are what is edited, by that.
    assert_eq!(find_after(true, &unseen, &["zlib-1", "src-1"]), [format!("{lacks}, new)")]);
}

#[test]
fn a_name_has_a_package_and_a_version() {
    for (name, expected) in
        [("zlib-1.3", "zlib"), ("tally-deps-0", "tally-deps"), ("a-b", "a-b"), ("7zip", "7zip"), ("a-", "a-")]
    {
        assert_eq!(package(name), expected);
    }
}
