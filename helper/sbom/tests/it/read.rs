//! Documents, read by their own rules and not by the code that writes them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What a document says of store paths: what each refers to, and what each was built from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Graph {
    pub references: BTreeMap<String, BTreeSet<String>>,
    pub sources: BTreeMap<String, BTreeSet<String>>,
    /// What the subject leads to, directly or not.
    pub subject: BTreeSet<String>,
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().map_or(&[][..], Vec::as_slice).iter()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// The first property of this name.
pub(crate) fn property(component: &Value, name: &str) -> Option<String> {
    list(component, "properties").find(|property| property["name"] == name).map(|property| text(&property["value"]))
}

/// All components, by reference. Each reference stands there once.
pub(crate) fn components(document: &Value) -> BTreeMap<String, &Value> {
    let mut components = BTreeMap::new();
    for component in std::iter::once(&document["metadata"]["component"]).chain(list(document, "components")) {
        assert!(components.insert(text(&component["bom-ref"]), component).is_none(), "{component} is there twice");
    }
    components
}

pub(crate) fn cyclonedx(document: &Value) -> Graph {
    let components = components(document);
    let path = |reference: &str| property(components[reference], "nix:store_path");
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for dependency in list(document, "dependencies") {
        let on = list(dependency, "dependsOn").map(text).collect();
        assert!(edges.insert(text(&dependency["ref"]), on).is_none(), "{dependency} is there twice");
    }
    let mut graph = Graph::default();
    for (from, to) in &edges {
        // Of what is not there, this stops.
        let to = to.iter().map(|to| path(to).unwrap()).collect();
        path(from).map(|path| graph.references.insert(path, to));
    }
    for (reference, component) in &components {
        let ancestors =
            list(&component["pedigree"], "ancestors").map(|ancestor| property(ancestor, "nix:store_path").unwrap());
        let ancestors: BTreeSet<_> = ancestors.collect();
        assert!(ancestors.iter().all(|ancestor| {
            components.values().any(|other| property(other, "nix:store_path").as_ref() == Some(ancestor))
        }));
        if !ancestors.is_empty() {
            graph.sources.insert(path(reference).unwrap(), ancestors);
        }
    }
    let mut open = vec![text(&document["metadata"]["component"]["bom-ref"])];
    let mut reached = BTreeSet::new();
    while let Some(next) = open.pop() {
        if reached.insert(next.clone()) {
            open.extend(edges[&next].iter().cloned());
        }
    }
    graph.subject = reached.iter().filter_map(|reference| path(reference)).collect();
    graph
}

pub(crate) fn spdx(document: &Value) -> Graph {
    let mut packages = BTreeMap::new();
    for package in list(document, "packages") {
        let id = text(&package["SPDXID"]);
        let rest = id.strip_prefix("SPDXRef-").unwrap();
        assert!(!rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c)), "{id}");
        assert!(packages.insert(id, package).is_none(), "{package} is there twice");
    }
    let path = |id: &str| packages[id]["packageFileName"].as_str().map(ToOwned::to_owned);
    let mut graph = Graph::default();
    let mut described = None;
    for relationship in list(document, "relationships") {
        let [from, to] = ["spdxElementId", "relatedSpdxElement"].map(|end| text(&relationship[end]));
        match relationship["relationshipType"].as_str().unwrap() {
            "DESCRIBES" => {
                assert_eq!(from, "SPDXRef-DOCUMENT");
                described = Some(to);
            }
            "CONTAINS" => {
                assert_eq!(Some(&from), described.as_ref());
                assert!(graph.subject.insert(path(&to).unwrap()), "{relationship} is there twice");
            }
            "DEPENDS_ON" => drop(graph.references.entry(path(&from).unwrap()).or_default().insert(path(&to).unwrap())),
            "GENERATED_FROM" => drop(graph.sources.entry(path(&from).unwrap()).or_default().insert(path(&to).unwrap())),
            other => panic!("{other} is no relationship of ours"),
        }
    }
    // Of a result, what it leads to.
    let mut open: Vec<_> = described.and_then(|described| path(&described)).into_iter().collect();
    while let Some(next) = open.pop() {
        if graph.subject.insert(next.clone()) {
            open.extend(graph.references.get(&next).into_iter().flatten().cloned());
        }
    }
    // What refers to nothing has no relationship.
    for path in &graph.subject {
        graph.references.entry(path.clone()).or_default();
    }
    graph
}

/// The licenses that an SPDX document's expressions name, and those that it has an entry for.
pub(crate) fn license_references(document: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let expressions = list(document, "packages").filter_map(|package| package["licenseDeclared"].as_str());
    let words = expressions.flat_map(|expression| expression.split(|c: char| c.is_whitespace() || "()".contains(c)));
    let named = words.filter(|word| word.starts_with("LicenseRef-")).map(ToOwned::to_owned).collect();
    (named, list(document, "hasExtractedLicensingInfos").map(|license| text(&license["licenseId"])).collect())
}
