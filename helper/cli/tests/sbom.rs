//! Bills of materials by hand: of an image, and of a result with what it was built from.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::{Command, Output};

use nix_seed_store::{NarHasher, StorePath};
use serde_json::{Value, json};
use tempfile::TempDir;

const APP: &str = "/nix/store/00000000000000000000000000000000-app-1.0";
const TARBALL: &str = "/nix/store/11111111111111111111111111111111-app-1.0.tar.gz";
const DRV: &str = "/nix/store/22222222222222222222222222222222-app-1.0.drv";
const FETCH: &str = "/nix/store/33333333333333333333333333333333-app-1.0.tar.gz.drv";

fn helper(dir: &TempDir, command: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nix-seed-helper")).current_dir(dir).args(command.split(' ')).output().unwrap()
}

fn run(dir: &TempDir, command: &str) {
    let output = helper(dir, command);
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

fn refused(dir: &TempDir, command: &str, code: i32, why: &str) {
    let output = helper(dir, command);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{command}: {said}");
    assert!(said.contains(why), "{why:?} is not in: {said}");
    assert!(!dir.path().join("new").exists());
}

/// A store of one path, its derivation and what it was fetched by; its graph, its image, and what it says of itself.
fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let below = |path: &str| StorePath::parse(path).unwrap().below(dir.path());
    let write = |path: &Path, text: &str| std::fs::write(path, text).unwrap();
    std::fs::create_dir_all(dir.path().join("nix/store")).unwrap();
    write(&below(APP), "app");
    let hash = "0".repeat(64);
    write(&below(DRV), &format!(r#"Derive([("out","{APP}","","")],[("{FETCH}",["out"])],[],"s","b",[],[])"#));
    let url = r#"[("url","https://example.org/app-1.0.tar.gz")]"#;
    write(&below(FETCH), &format!(r#"Derive([("out","{TARBALL}","sha256","{hash}")],[],[],"s","b",[],{url})"#));
    let (hash, size) = NarHasher::of(&below(APP)).unwrap();
    let file = |name: &str, document: Value| write(&dir.path().join(name), &document.to_string());
    file("graph.json", json!([{ "path": APP, "narHash": hash.sri(), "narSize": size, "references": [] }]));
    file("spec.json", json!({ "name": "example/app", "tag": "latest", "os": "linux", "architecture": "amd64" }));
    file("metadata.json", json!([{ "outputs": { "out": APP }, "license": { "spdxId": "MIT" } }]));
    run(&dir, "layers --graph graph.json --root . --out layers");
    run(&dir, "image --spec spec.json --group layers --out image");
    dir
}

/// Both documents.
fn documents(dir: &TempDir, folder: &str) -> [Value; 2] {
    let folder = dir.path().join(folder);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
    ["bom.cdx.json", "bom.spdx.json"]
        .map(|name| serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap())
}

#[test]
fn of_an_image() {
    let dir = folder();
    run(&dir, "sbom --image image --out sbom");
    let [cyclonedx, spdx] = documents(&dir, "sbom");
    let subject = &cyclonedx["metadata"]["component"];
    let index: Value = serde_json::from_slice(&std::fs::read(dir.path().join("image/index.json")).unwrap()).unwrap();
    assert_eq!((&subject["name"], &subject["bom-ref"]), (&json!("example/app"), &index["manifests"][0]["digest"]));
    assert_eq!(cyclonedx["metadata"]["timestamp"], "1970-01-01T00:00:01Z");
    assert_eq!(spdx["packages"].as_array().unwrap().len(), 2);
    run(&dir, "sbom --image image --name other --image-version 2 --time 1760000000 --out other");
    let [cyclonedx, spdx] = documents(&dir, "other");
    assert_eq!((&spdx["name"], &cyclonedx["metadata"]["component"]["version"]), (&json!("other"), &json!("2")));
    assert_eq!(spdx["creationInfo"]["created"], "2025-10-09T08:53:20Z");
}

#[test]
fn of_a_result_with_what_it_was_built_from() {
    let dir = folder();
    run(
        &dir,
        &format!(
            "sbom --graph graph.json --result {APP} --metadata metadata.json --derivation {DRV} --root . --out sbom"
        ),
    );
    let [cyclonedx, spdx] = documents(&dir, "sbom");
    let subject = &cyclonedx["metadata"]["component"];
    assert_eq!((&subject["name"], &subject["version"]), (&json!("app"), &json!("1.0")));
    assert_eq!(subject["licenses"], json!([{ "license": { "id": "MIT" } }]));
    let source = &cyclonedx["components"][0];
    assert_eq!((&source["name"], &source["scope"]), (&json!("app-1.0.tar.gz"), &json!("excluded")));
    assert_eq!(source["hashes"][0]["content"], "0".repeat(64));
    assert_eq!(spdx["packages"][1]["downloadLocation"], "https://example.org/app-1.0.tar.gz");
}

#[test]
fn the_same_is_written_again() {
    let dir = folder();
    let command =
        format!("sbom --graph graph.json --result {APP} --metadata metadata.json --derivation {DRV} --root . --out");
    for folder in ["one", "two"] {
        run(&dir, &format!("{command} {folder}"));
    }
    for name in ["bom.cdx.json", "bom.spdx.json"] {
        let [one, two] = ["one", "two"].map(|folder| std::fs::read(dir.path().join(folder).join(name)).unwrap());
        assert_eq!(one, two);
    }
    let said = helper(&dir, &format!("{command} one"));
    assert_eq!(said.status.code(), Some(1));
}

#[test]
fn what_does_not_fit_together_is_refused_and_nothing_written() {
    let dir = folder();
    for (command, why) in [
        ("sbom --out new".to_owned(), "--image"),
        (format!("sbom --image image --result {APP} --graph graph.json --out new"), "cannot be used with"),
        (format!("sbom --result {APP} --out new"), "--graph"),
        ("sbom --image image --graph graph.json --out new".to_owned(), "cannot be used with"),
    ] {
        refused(&dir, &command, 2, why);
    }
    std::fs::write(dir.path().join("bad.json"), "{}").unwrap();
    for (command, why) in [
        (format!("sbom --graph graph.json --result {TARBALL} --out new"), "the closure graph lacks"),
        ("sbom --graph graph.json --result /etc/passwd --out new".to_owned(), "is not a store path"),
        ("sbom --image image --metadata bad.json --out new".to_owned(), "nix eval --json .#seed.metadata"),
        ("sbom --image image --time 253402300800 --out new".to_owned(), "is no time"),
        (format!("sbom --image image --derivation {APP} --root . --out new"), "the derivation is malformed"),
        ("sbom --image image --derivation app.drv --out new".to_owned(), "is not a store path"),
    ] {
        refused(&dir, &command, 3, why);
    }
    refused(&dir, &format!("sbom --image image --derivation {TARBALL} --root . --out new"), 1, "reading");
    refused(&dir, "sbom --image image --metadata gone.json --out new", 1, "gone.json");
}

/// What the helper says as the builder of a derivation with this request.
fn in_derivation(dir: &TempDir, request: Value, graph: Option<Value>) -> Output {
    let mut attributes = json!({ "seed": request, "outputs": { "out": dir.path().join("new") } });
    if let Some(graph) = graph {
        attributes["closure"] = graph;
    }
    std::fs::write(dir.path().join("attrs.json"), attributes.to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nix-seed-helper"));
    command.current_dir(dir).arg("derivation").env("NIX_ATTRS_JSON_FILE", "attrs.json").output().unwrap()
}

#[test]
fn as_a_builder() {
    let dir = folder();
    let graph: Value = serde_json::from_slice(&std::fs::read(dir.path().join("graph.json")).unwrap()).unwrap();
    for (request, closure) in [
        (json!({ "step": "sbom", "image": "image", "time": 7, "metadata": "metadata.json" }), None),
        (json!({ "step": "sbom", "result": APP, "time": 7, "metadata": null, "derivations": [] }), Some(graph.clone())),
    ] {
        let output = in_derivation(&dir, request, closure);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let [cyclonedx, _] = documents(&dir, "new");
        assert_eq!(cyclonedx["metadata"]["timestamp"], "1970-01-01T00:00:07Z");
        std::fs::remove_dir_all(dir.path().join("new")).unwrap();
    }
    for (request, closure, why) in [
        (json!({ "step": "sbom" }), None, "it is for an `image`, or for a `result`"),
        (json!({ "step": "sbom", "image": "image", "result": APP }), None, "and not for both"),
        (json!({ "step": "sbom", "image": "image" }), Some(graph), "and not for both"),
        (json!({ "step": "sbom", "result": APP }), None, "with its closure graph"),
        (json!({ "step": "sbom", "iamge": "image" }), None, "unknown field"),
    ] {
        let output = in_derivation(&dir, request, closure);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains(why), "{why:?} is not in: {said}");
    }
}
