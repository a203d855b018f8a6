//! What holds for every closure.

use std::collections::BTreeSet;

use nix_seed_sbom::{Bom, Origins, Packages, Subject, cyclonedx, spdx};
use nix_seed_store::{Closure, Derivation, PathInfo, Sha256Hash, StorePath};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::read::{self, Graph};

/// Whatever a document is made of, in some order.
#[derive(Debug, Clone)]
struct Known {
    paths: Vec<PathInfo>,
    packages: Vec<Value>,
    derivations: Vec<(StorePath, String)>,
    roots: Vec<StorePath>,
    name: String,
}

impl Known {
    fn bom(&self, subject: Option<&StorePath>) -> Bom {
        let closure: Closure = self.paths.iter().cloned().collect();
        let packages = Packages::parse(json!(self.packages).to_string().as_bytes()).unwrap();
        let mut origins = Origins::default();
        for (path, aterm) in &self.derivations {
            origins.add(path, &Derivation::parse(aterm.as_bytes()).unwrap());
        }
        let subject = match subject {
            Some(path) => Subject::Result { path: path.clone() },
            None => Subject::Image {
                name: self.name.clone(),
                version: None,
                manifest: Sha256Hash([1; 32]),
                roots: self.roots.iter().cloned().collect(),
            },
        };
        Bom::new(subject, 1, &closure, &packages, &origins).unwrap()
    }

    /// The same, each list the other way round.
    fn reversed(&self) -> Self {
        let mut other = self.clone();
        other.paths.reverse();
        other.packages.reverse();
        other.derivations.reverse();
        other.roots.reverse();
        other
    }
}

fn store_path() -> impl Strategy<Value = StorePath> {
    // Few hashes, so that some are the same, which no store has.
    let name = prop_oneof!["[a-z]{1,6}-[0-9]{1,2}", "[A-Za-z0-9+._?=-]{1,40}"];
    ("[0-9a-d]", name)
        .prop_map(|(hash, name)| StorePath::from_base_name(&format!("{}-{name}", hash.repeat(32))).unwrap())
}

fn text() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop_oneof!["[a-z]{1,8}", any::<String>(), Just("long ".repeat(300))])
}

fn license() -> impl Strategy<Value = Value> {
    let one = prop_oneof![
        prop::sample::select(vec![
            "MIT",
            "Apache-2.0",
            "GPL-3.0-or-later",
            "EUPL-1.1+",
            "LicenseRef-x",
            "LLVM-exception"
        ])
        .prop_map(|id| json!({ "spdxId": id, "name": id, "url": "https://example.org" })),
        (text(), text(), text()).prop_map(|(id, name, url)| json!({ "spdxId": id, "name": name, "url": url })),
    ];
    one.prop_recursive(3, 8, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 0..4);
        let operator = prop::sample::select(vec!["AND", "OR", "list"]);
        prop_oneof![
            (operator, several).prop_map(|(operator, licenses)| json!({ "operator": operator, "licenses": licenses })),
            inner.clone().prop_map(|license| json!({ "operator": "+", "license": license })),
            (inner.clone(), inner).prop_map(
                |(license, exception)| json!({ "operator": "WITH", "license": license, "exception": exception })
            ),
        ]
    })
}

/// What a package at `path` may say of itself.
fn package(path: &StorePath, (output, texts, license): (String, [Option<String>; 8], Option<Value>)) -> Value {
    let [name, version, description, homepage, purl, other, cpe, position] = texts;
    let list = |texts: [Option<String>; 2]| texts.into_iter().flatten().collect::<Vec<_>>();
    json!({
        "outputs": { output: path.to_string() }, "pname": name, "version": version, "description": description,
        "homepages": list([homepage, other]), "license": license, "purls": list([purl, Some("pkg:generic/a@1".into())]),
        "cpe": cpe, "position": position,
    })
}

/// A derivation that makes some of the paths of others, fixed or not; its outputs need not be in the closure.
fn aterm(out: &StorePath, inputs: &[StorePath], fixed: bool, url: &str) -> String {
    let hash = if fixed { format!(r#""r:sha256","{}""#, "0".repeat(64)) } else { r#""","""#.to_owned() };
    let inputs: Vec<_> = inputs.iter().map(|input| format!(r#"("{input}",["out"])"#)).collect();
    format!(r#"Derive([("out","{out}",{hash})],[{}],[],"s","b",[],[("urls","{url}")])"#, inputs.join(","))
}

fn known() -> impl Strategy<Value = Known> {
    let paths = prop::collection::btree_set(store_path(), 1..20);
    let references = prop::collection::vec(prop::collection::vec(any::<Index>(), 0..4), 20);
    let texts = prop::array::uniform8(text());
    let packages = prop::collection::vec((any::<Index>(), ("[a-z]{1,3}", texts, prop::option::of(license()))), 0..8);
    let url =
        prop::sample::select(vec!["", "https://example.org/a", "mirror://a/b https://user:secret@b.example/?secret"]);
    let derivations =
        prop::collection::vec((store_path(), prop::collection::vec(any::<Index>(), 0..4), any::<bool>(), url), 1..12);
    let some = (any::<Vec<Index>>(), "[a-z]{1,9}(/[a-z]{1,9})?");
    (paths, references, packages, derivations, some).prop_map(
        |(paths, references, packages, derivations, (roots, name))| {
            let paths: Vec<_> = paths.into_iter().collect();
            let info = |(path, references): (&StorePath, &Vec<Index>)| PathInfo {
                path: path.clone(),
                nar_hash: Sha256Hash([2; 32]),
                nar_size: 1,
                references: references
                    .iter()
                    .map(|at| at.get(&paths).clone())
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect(),
                ca: None,
            };
            let files: Vec<_> = (0..derivations.len())
                .map(|at| StorePath::from_base_name(&format!("{at:0>32}-{at}.drv")).unwrap())
                .collect();
            let derivations = derivations.iter().enumerate().map(|(at, (out, inputs, fixed, url))| {
                let inputs: Vec<_> = inputs.iter().map(|at| at.get(&files).clone()).collect();
                let out = if at < paths.len() && !fixed { &paths[at] } else { out };
                (files[at].clone(), aterm(out, &inputs, *fixed, url))
            });
            Known {
                packages: packages.into_iter().map(|(at, fields)| package(at.get(&paths), fields)).collect(),
                derivations: derivations.collect(),
                roots: roots.iter().map(|at| at.get(&paths).clone()).collect(),
                paths: paths.iter().zip(&references).map(info).collect(),
                name,
            }
        },
    )
}

fn read(document: &[u8]) -> Value {
    serde_json::from_slice(document).unwrap()
}

/// What the documents are to say.
fn expected(bom: &Bom) -> Graph {
    let mut graph = Graph::default();
    for (path, component) in &bom.components {
        let references = component.info.as_ref().unwrap().references.iter().filter(|reference| *reference != path);
        graph.references.insert(path.to_string(), references.map(ToString::to_string).collect());
        if !component.sources.is_empty() {
            graph.sources.insert(path.to_string(), component.sources.iter().map(ToString::to_string).collect());
        }
        graph.subject.insert(path.to_string());
    }
    graph
}

proptest! {
    #[test]
    fn documents_say_the_graph_that_they_were_made_of(known in known()) {
        for subject in [None, known.paths.first().map(|info| &info.path)] {
            let bom = known.bom(subject);
            let expected = expected(&bom);
            prop_assert_eq!(&read::cyclonedx(&read(&cyclonedx(&bom))), &expected);
            prop_assert_eq!(&read::spdx(&read(&spdx(&bom))), &expected);
        }
    }

    #[test]
    fn the_order_in_which_things_come_does_not_show(known in known()) {
        for subject in [None, known.paths.first().map(|info| &info.path)] {
            let (bom, other) = (known.bom(subject), known.reversed().bom(subject));
            prop_assert_eq!(cyclonedx(&bom), cyclonedx(&other));
            prop_assert_eq!(spdx(&bom), spdx(&other));
        }
    }

    #[test]
    fn no_reference_leads_nowhere_and_no_secret_is_told(known in known()) {
        let bom = known.bom(None);
        let (cyclonedx, spdx) = (cyclonedx(&bom), spdx(&bom));
        let (named, there) = read::license_references(&read(&spdx));
        prop_assert_eq!(named, there);
        for document in [cyclonedx, spdx] {
            prop_assert!(!String::from_utf8(document).unwrap().contains("secret"));
        }
    }
}
