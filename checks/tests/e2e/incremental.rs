//! What one change of a project costs: only what it changed is pulled, and only the layers of that are pushed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix_seed_checks::machine::{process, progress};
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::proxy::Proxy;
use nix_seed_checks::registry::traffic::{Kind, Traffic};
use nix_seed_checks::seed::flake::edit;
use nix_seed_checks::seed::layout::Layout;
use serde_json::Value;

use crate::publish::{Publisher, image};
use crate::up::Host;

/// The changes: a name, and what to edit in `versions.nix`.
const CHANGES: [(&str, &str, &str); 7] = [
    ("a leaf", "leaf = \"1.0\"", "leaf = \"1.1\""),
    ("five small libraries between others", "small = \"1.0\"", "small = \"1.1\""),
    ("a library with 30 dependants", "middle = \"1.0\"", "middle = \"1.1\""),
    ("the toolchain", "toolchain = \"1.0\"", "toolchain = \"1.1\""),
    ("an output more", "\"tool\"", "\"tool\" \"extra\""),
    ("an output less", "\"tool\"", ""),
    ("all outputs less that share something", "\"tool\" \"other\"", ""),
];

/// The bytes of a request's head and of its answer's: more than any of them has here.
const HEAD: u64 = 1200;

/// A seed, as the helper describes it.
struct Seed {
    dir: PathBuf,
    digest: String,
    paths: BTreeMap<String, StorePath>,
    /// The metadata layer, and the size of each layer by its digest.
    metadata: String,
    sizes: BTreeMap<String, u64>,
    config: String,
    /// The bytes of manifest and configuration.
    documents: u64,
}

/// Where a store path lies.
struct StorePath {
    compressed: u64,
    layer: String,
    group: String,
}

impl Seed {
    fn read(publisher: &Publisher, dir: PathBuf) -> Self {
        let helper = publisher.journey.workbench.helper().unwrap();
        let said = process::output(Command::new(helper).args(["inspect", "--json"]).arg(&dir)).unwrap();
        let said = serde_json::from_str::<Value>(&said).unwrap()["seed"].take();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let layers = said["layers"].as_array().unwrap();
        let path = |path: &Value| {
            let layer = &layers[usize::try_from(path["layer"].as_u64().unwrap()).unwrap()];
            let compressed = path["compressedSize"].as_u64().unwrap();
            (text(&path["path"]), StorePath { compressed, layer: text(&layer["digest"]), group: text(&layer["group"]) })
        };
        let layout = Layout::open(&dir).unwrap();
        let config = text(&layout.manifest["config"]["digest"]);
        let size = |digest: &str| crate::publish::blob(&dir, digest).metadata().unwrap().len();
        Self {
            paths: said["paths"].as_array().unwrap().iter().map(path).collect(),
            metadata: text(&layers.last().unwrap()["digest"]),
            sizes: layers.iter().map(|layer| (text(&layer["digest"]), layer["size"].as_u64().unwrap())).collect(),
            documents: size(&layout.manifest_digest) + size(&config),
            digest: layout.manifest_digest,
            config,
            dir,
        }
    }

    /// The seed of the flake with one change.
    fn built(publisher: &Publisher, folder: &Path, from: &str, to: &str) -> Self {
        let workbench = &publisher.journey.workbench;
        let versions = folder.join("versions.nix");
        let before = fs::read(&versions).unwrap();
        edit(folder, "versions.nix", from, to).unwrap();
        let layout = workbench.build(folder, "seed").unwrap();
        fs::write(versions, before).unwrap();
        Self::read(publisher, layout)
    }

    /// What is in this seed and not in the other one.
    fn new_since(&self, other: &Self) -> Vec<&StorePath> {
        self.paths.iter().filter(|(path, _)| !other.paths.contains_key(*path)).map(|(_, path)| path).collect()
    }

    /// What is in a layer.
    fn in_layer(&self, digest: &str) -> BTreeSet<&str> {
        self.paths.iter().filter(|(_, path)| path.layer == digest).map(|(path, _)| path.as_str()).collect()
    }
}

/// The digests of the blobs that were uploaded.
fn uploaded(traffic: &Traffic) -> BTreeSet<String> {
    let uploads = traffic.requests.iter().filter(|request| request.kind == Kind::Upload && request.method == "PUT");
    let digest = |path: &str| path.split_once("digest=").unwrap().1.split('&').next().unwrap().replace("%3A", ":");
    uploads.map(|request| digest(&request.path)).collect()
}

/// The rows of two tables, as Markdown, and where a bound was exceeded.
#[derive(Default)]
struct Report {
    pulled: Vec<String>,
    pushed: Vec<String>,
    wrong: Vec<String>,
}

#[test]
fn a_change_costs_what_it_changed() {
    let publisher = Publisher::open();
    let folder = tempfile::tempdir().unwrap();
    publisher.journey.workbench.copy("checks/tests/e2e/incremental", folder.path()).unwrap();
    let old = Seed::built(&publisher, folder.path(), "{", "{");
    let registry = DockerRegistry::start(&publisher.journey.workbench.cache, Auth::Everybody).unwrap();
    let proxy = Proxy::start(registry.address()).unwrap();
    // Each change meets the old seed alone.
    let repository = |number: usize| image(proxy.address(), &format!("team/change-{number}"));
    let targets: Vec<_> = (0..CHANGES.len()).map(|number| format!("{}:old", repository(number))).collect();
    let push = [&["push", "--json", old.dir.to_str().unwrap()], &*targets.iter().map(|s| &**s).collect::<Vec<_>>()];
    publisher.say(&push.concat()).json();
    let host = Host::new(&publisher);
    host.comes_up(old.dir.to_str().unwrap());

    let mut report = Report::default();
    for (number, (change, from, to)) in CHANGES.into_iter().enumerate() {
        let new = Seed::built(&publisher, folder.path(), from, to);
        proxy.forget_traffic();
        publisher.say(&["push", "--json", new.dir.to_str().unwrap(), &format!("{}:new", repository(number))]).json();
        report.pushed(change, &old, &new, &proxy.traffic());
        proxy.forget_traffic();
        host.comes_up(&format!("{}@{}", repository(number), new.digest));
        report.pulled(change, &old, &new, &proxy.traffic());
        host.assert_valid(old.paths.len() + new.new_since(&old).len());
        assert_eq!(host.say(&["down", &new.digest]).code, Some(0));
    }
    host.assert_valid(old.paths.len());
    report.say(&old);
    assert!(report.wrong.is_empty(), "{:#?}", report.wrong);
}

impl Report {
    /// At most 1.05 of what the changed paths have, besides the metadata layer and the documents. Heads count as well.
    fn pulled(&mut self, change: &str, old: &Seed, new: &Seed, traffic: &Traffic) {
        let paths = new.new_since(old);
        let changed: u64 = paths.iter().map(|path| path.compressed).sum();
        let total = traffic.total();
        let fixed = new.sizes[&new.metadata] + new.documents;
        let of_paths = total.down - fixed;
        self.pulled.push(format!(
            "| {change} | {} | {changed} | {of_paths} | {} | {} | {} | {} | {} |",
            paths.len(),
            ratio(of_paths, changed),
            new.sizes[&new.metadata],
            new.documents,
            total.requests,
            total.heads,
        ));
        // Heads of those requests that any start needs are part of what documents cost.
        let (came, budget) = (total.down + total.heads, changed + changed / 20 + fixed + 4 * HEAD);
        if came > budget {
            self.wrong.push(format!("{change}: {came} bytes came, of {budget} that may"));
        }
    }

    /// Only layers in which something changed: a path came, or one went, or one belongs to another group now.
    fn pushed(&mut self, change: &str, old: &Seed, new: &Seed, traffic: &Traffic) {
        let uploaded = uploaded(traffic);
        let changed: BTreeSet<_> = new.new_since(old).into_iter().map(|path| path.layer.as_str()).collect();
        let layers: Vec<_> =
            uploaded.iter().filter(|digest| **digest != new.metadata && **digest != new.config).collect();
        let bytes: u64 = layers.iter().map(|digest| new.sizes[*digest]).sum();
        let in_changed = layers.iter().filter(|digest| changed.contains(digest.as_str())).count();
        let total = traffic.total();
        self.pushed.push(format!(
            "| {change} | {} of {} | {in_changed} | {bytes} | {} | {} | {} |",
            layers.len(),
            new.sizes.len() - 1,
            new.sizes[&new.metadata],
            total.up,
            total.requests,
        ));
        for digest in layers {
            if !changed.contains(digest.as_str()) && !lost_a_path(old, new, digest) && !is_regrouped(old, new, digest) {
                self.wrong.push(format!("{change}: nothing changed in {digest}, but it was pushed"));
            }
        }
        // The manifest goes up twice: by digest and by tag.
        let most = bytes + new.sizes[&new.metadata] + 2 * new.documents;
        if total.up > most {
            self.wrong.push(format!("{change}: {} bytes went up, of {most} that may", total.up));
        }
    }

    fn say(&self, old: &Seed) {
        let store: u64 = old.paths.values().map(|path| path.compressed).sum();
        let layers = old.sizes.len() - 1;
        progress::say(format_args!(
            "The old seed: {} store paths in {layers} layers, {store} bytes compressed.\n\n\
            | changed | paths | their bytes | bytes pulled | ratio | metadata layer | documents | requests | bytes of heads |\n\
            |---|---|---|---|---|---|---|---|---|\n{}\n\n\
            | changed | layers pushed | with a changed path | their bytes | metadata layer | bytes sent | requests |\n\
            |---|---|---|---|---|---|---|\n{}",
            old.paths.len(),
            self.pulled.join("\n"),
            self.pushed.join("\n"),
        ));
    }
}

/// Whether a layer is what is left of one of the old seed's: a path is gone, or in another group now.
fn lost_a_path(old: &Seed, new: &Seed, digest: &str) -> bool {
    let left = new.in_layer(digest);
    old.sizes.keys().any(|layer| {
        let before = old.in_layer(layer);
        let mut gone = before.difference(&left);
        left.is_subset(&before) && gone.any(|path| !new.paths.contains_key(*path) || is_moved(old, new, path))
    })
}

/// Whether a path of the layer was in another group: what several outputs use lies with the toolchain, and what one uses
/// lies with that one.
fn is_regrouped(old: &Seed, new: &Seed, digest: &str) -> bool {
    new.in_layer(digest).iter().any(|path| is_moved(old, new, path))
}

/// Whether a path is in another group than before.
fn is_moved(old: &Seed, new: &Seed, path: &str) -> bool {
    let groups = old.paths.get(path).zip(new.paths.get(path));
    groups.is_some_and(|(old, new)| old.group != new.group)
}

fn ratio(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".into();
    }
    let thousandths = part * 1000 / whole;
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}
