//! What a person and a script are told of what a start touched.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::{Command, Output};

use nix_seed_store::{NarHasher, StorePath};
use serde_json::{Value, json};
use tempfile::TempDir;

const APP: &str = "00000000000000000000000000000000-app";

fn helper(dir: &Path, command: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nix-seed-helper")).current_dir(dir).args(command.split(' ')).output().unwrap()
}

fn output(dir: &TempDir, command: &str) -> String {
    let output = helper(dir.path(), command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The layers of a store path of one frame, and the spec of an image, with `recording` beside them.
fn layers(recording: &Value) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("nix/store")).unwrap();
    let file = StorePath::from_base_name(APP).unwrap().below(dir.path());
    std::fs::write(&file, "app").unwrap();
    let (hash, size) = NarHasher::of(&file).unwrap();
    let graph =
        json!([{ "path": format!("/nix/store/{APP}"), "narHash": hash.sri(), "narSize": size, "references": [] }]);
    let spec = json!({
        "name": "app", "tag": "latest", "os": "linux", "architecture": "amd64", "recording": "recording.json",
    });
    for (name, document) in [("graph.json", &graph), ("spec.json", &spec), ("recording.json", recording)] {
        std::fs::write(dir.path().join(name), document.to_string()).unwrap();
    }
    output(&dir, "layers --graph graph.json --root . --out layers");
    dir
}

fn recording(path: &str) -> Value {
    json!({ "version": 1, "touched": [{ "path": path, "frames": [[0, 9]] }] })
}

const WRITE: &str = "image --spec spec.json --group layers --out image";

#[test]
fn a_seed_says_how_much_a_start_touched() {
    let dir = layers(&recording(APP));
    output(&dir, WRITE);
    let document: Value = serde_json::from_str(&output(&dir, "inspect --json --verify image")).unwrap();
    let seed = &document["seed"];
    let size = &seed["paths"][0]["compressedSize"];
    assert_eq!(seed["order"], json!({ "frames": 1, "compressedSize": size }));
    let text = output(&dir, "inspect image");
    let whole = seed["compressedSize"].as_u64().unwrap();
    let line = format!("\nstart order: 1 frames, {size} B of {}.{:02} kB\n", whole / 1000, whole % 1000 / 10);
    assert!(text.contains(&line), "{line:?} is not in:\n{text}");
}

#[test]
fn a_seed_without_an_order_says_nothing_of_it() {
    let dir = layers(&recording("11111111111111111111111111111111-gone"));
    output(&dir, WRITE);
    let document: Value = serde_json::from_str(&output(&dir, "inspect --json image")).unwrap();
    assert_eq!(document["seed"]["order"], Value::Null);
    assert!(!output(&dir, "inspect image").contains("start order"));
}

#[test]
fn what_is_no_recording_is_refused_and_nothing_written() {
    for (recording, why) in [
        (json!({ "version": 2 }), "its version is 2, this program reads version 1"),
        (recording("app"), "is not a store path"),
        (json!(null), "the recording of a start"),
    ] {
        let dir = layers(&recording);
        let refused = helper(dir.path(), WRITE);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(3), "{said}");
        assert!(said.contains(why) && said.contains("doc/recording.md"), "{said}");
        assert!(!dir.path().join("image").exists());
    }
    let dir = layers(&json!({}));
    std::fs::remove_file(dir.path().join("recording.json")).unwrap();
    assert_eq!(helper(dir.path(), WRITE).status.code(), Some(1));
}
