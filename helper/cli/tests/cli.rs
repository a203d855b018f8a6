//! What the program promises to whoever runs it: exit codes, and that its output is whole or absent.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nix_seed_store::{NarHasher, StorePath};
use tempfile::TempDir;

const PATH: &str = "/nix/store/00000000000000000000000000000000-hello";

/// A folder with a store of one path, its graph `graph.json`, and the spec of an image, `spec.json`.
fn store(tag: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let file = StorePath::parse(PATH).unwrap().below(dir.path());
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "hello\n").unwrap();
    let (hash, size) = NarHasher::of(&file).unwrap();
    let graph = serde_json::json!([{ "path": PATH, "narHash": hash.sri(), "narSize": size, "references": [] }]);
    std::fs::write(dir.path().join("graph.json"), graph.to_string()).unwrap();
    let spec = serde_json::json!({ "name": "hello", "tag": tag, "os": "linux", "architecture": "amd64" });
    std::fs::write(dir.path().join("spec.json"), spec.to_string()).unwrap();
    dir
}

fn helper(dir: &Path, args: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nix-seed-helper"));
    command.current_dir(dir).args(args.split(' '));
    command
}

fn run(dir: &Path, args: &str) -> Output {
    helper(dir, args).output().unwrap()
}

const LAYERS: &str = "layers --graph graph.json --root . --out layers";
const IMAGE: &str = "image --spec spec.json --group layers --out image";

fn image(tag: &str) -> TempDir {
    let dir = store(tag);
    for step in [LAYERS, IMAGE] {
        assert!(run(dir.path(), step).status.success());
    }
    dir
}

#[test]
fn an_image_is_written_and_verified() {
    let output = run(image("latest").path(), "inspect --verify image");
    assert!(output.status.success() && String::from_utf8(output.stdout).unwrap().contains("verified: 2 layers"));
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let dir = image("latest");
    for args in ["inspect image", "inspect --verify --json image"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = helper(dir.path(), args).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{args}");
    }
    // What was written is there and whole, and only nobody was told.
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = helper(dir.path(), &LAYERS.replace("--out layers", "--out again")).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        std::fs::read(dir.path().join("again/index")).unwrap(),
        std::fs::read(dir.path().join("layers/index")).unwrap()
    );
}

#[test]
fn nothing_is_announced_that_is_not_there() {
    let dir = store("latest");
    let output = run(dir.path(), &LAYERS.replace("--out layers", "--out layers/.."));
    assert_eq!((output.status.code(), output.stdout), (Some(1), Vec::new()));
}

#[test]
fn what_is_no_layout_and_no_group_is_named_with_the_way_to_one() {
    let dir = store("latest");
    for (args, says) in [
        (
            "inspect .",
            ". is no OCI image layout: there is no file \"index.json\" in it; build one with: nix build .#seed",
        ),
        (
            "image --spec spec.json --group nix --out image",
            "nix holds no group's layers: there is no regular file \"index\" in it; \
             give a folder that `nix-seed-helper layers` wrote",
        ),
    ] {
        let output = run(dir.path(), args);
        assert_eq!(output.status.code(), Some(1), "{args}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let dir = image("latest");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut helper = helper(dir.path(), "inspect image");
    assert!(helper.stdout(writer).stderr(Stdio::null()).status().unwrap().success());
}

#[test]
fn what_a_stranger_wrote_does_not_steer_the_terminal() {
    let dir = image("\u{1b}[2J\u{9b}2J\r\u{202e}");
    let output = run(dir.path(), "inspect image");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("hello:\\u{1b}[2J\\u{9b}2J\\u{d}\\u{202e}  linux/amd64\n"), "{text}");
    let json = String::from_utf8(run(dir.path(), "inspect --json image").stdout).unwrap();
    assert!(json.contains(r#""tag": "\u001b[2J\u009b2J\r\u202e""#), "{json}");
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["seed"]["tag"], "\u{1b}[2J\u{9b}2J\r\u{202e}");

    std::fs::write(
        dir.path().join("spec.json"),
        r#"{"name":"","tag":"","os":"","architecture":"","config":{"\u001b[2J\n::error::":1}}"#,
    )
    .unwrap();
    let output = run(dir.path(), "image --spec spec.json --group layers --out other");
    assert_eq!(output.status.code(), Some(3));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!message.contains('\u{1b}'), "{message}");
    // A line of its own could be a command to CI.
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn exit_codes_are_the_documented_ones() {
    let dir = image("latest");
    let blobs = dir.path().join("image/blobs/sha256");
    let largest = std::fs::read_dir(&blobs).unwrap().map(|blob| blob.unwrap().path());
    let largest = largest.max_by_key(|blob| blob.metadata().unwrap().len()).unwrap();
    File::options().write(true).open(largest).unwrap().set_len(1).unwrap();
    std::fs::write(dir.path().join("not.json"), "7").unwrap();
    for (code, args) in [
        (1, "inspect nothing"),
        (1, LAYERS),
        (2, "layers"),
        (2, "layers --graph graph.json --root . --out other --threads 100000"),
        (3, "layers --graph not.json --root . --out other"),
        (3, "layers --graph graph.json --root . --group= --out other"),
        (4, "inspect image"),
        (5, "closure --graph graph.json --max-size 1 --out other"),
    ] {
        let output = run(dir.path(), args);
        assert_eq!(output.status.code(), Some(code), "{args}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let mut left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["graph.json", "image", "layers", "nix", "not.json", "spec.json"]);
}

/// Runs the helper as a derivation's builder; what it wrote to standard error where it failed.
fn derive(dir: &Path, seed: &serde_json::Value) -> Result<(), String> {
    let attributes = serde_json::json!({ "seed": seed, "outputs": { "out": dir.join("derived") } });
    std::fs::write(dir.join("attributes.json"), attributes.to_string()).unwrap();
    let output = helper(dir, "derivation").env("NIX_ATTRS_JSON_FILE", dir.join("attributes.json")).output().unwrap();
    if output.status.success() {
        return Ok(());
    }
    assert_eq!(output.status.code(), Some(3));
    Err(String::from_utf8(output.stderr).unwrap())
}

fn image_request(dir: &Path) -> serde_json::Value {
    serde_json::json!({
        "step": "image", "name": "hello", "tag": "latest", "os": "linux", "architecture": "amd64",
        "groups": [dir.join("layers")], "closure": dir.join("closure.json"),
    })
}

#[test]
fn a_request_makes_the_same_image_as_the_command_line() {
    let dir = image("latest");
    assert!(run(dir.path(), "closure --graph graph.json --out closure.json").status.success());
    derive(dir.path(), &image_request(dir.path())).unwrap();
    let index = |layout: &str| std::fs::read(dir.path().join(layout).join("index.json")).unwrap();
    assert_eq!(index("derived"), index("image"));
}

#[test]
fn a_seed_that_was_evaluated_without_its_closure_is_refused() {
    let dir = image("latest");
    let request = serde_json::json!({ "step": "closure", "refused": "it lacks its closure; evaluate it again" });
    let error = derive(dir.path(), &request).unwrap_err();
    assert!(error.starts_with("nix-seed-helper: this seed: it lacks its closure; evaluate it again"), "{error}");
}

#[test]
fn a_request_with_a_misspelt_field_is_refused() {
    let dir = image("latest");
    assert!(run(dir.path(), "closure --graph graph.json --out closure.json").status.success());
    let mut request = image_request(dir.path());
    request["gcroots"] = serde_json::json!([PATH]);
    let error = derive(dir.path(), &request).unwrap_err();
    assert!(error.contains("gcroots"), "{error}");
    let error = derive(dir.path(), &serde_json::json!({ "step": "layers", "group": "a", "maxlayers": 2 })).unwrap_err();
    assert!(error.contains("maxlayers"), "{error}");
}

#[test]
fn groups_that_lack_a_path_of_the_closure_are_refused() {
    let dir = image("latest");
    let other = PATH.replace("hello", "other");
    let graph = std::fs::read_to_string(dir.path().join("graph.json")).unwrap();
    let more = format!("[{},{}]", &graph[1..graph.len() - 1], &graph[1..graph.len() - 1].replace(PATH, &other));
    std::fs::write(dir.path().join("graph.json"), more).unwrap();
    assert!(run(dir.path(), "closure --graph graph.json --out closure.json").status.success());
    let error = derive(dir.path(), &image_request(dir.path())).unwrap_err();
    assert!(error.contains(&format!("{other} is in the closure, but in no group")), "{error}");
}

#[test]
fn groups_that_share_a_path_are_refused() {
    let dir = image("latest");
    assert!(run(dir.path(), "closure --graph graph.json --out closure.json").status.success());
    let mut request = image_request(dir.path());
    request["groups"] = serde_json::json!([dir.path().join("layers"), dir.path().join("layers")]);
    let error = derive(dir.path(), &request).unwrap_err();
    assert!(error.contains(&format!("{PATH} is part of two groups")), "{error}");
}

/// Closure graphs that say something else of the path than graph.json does.
fn other_graphs(dir: &Path) -> impl Iterator<Item = String> {
    let graph: serde_json::Value = serde_json::from_slice(&std::fs::read(dir.join("graph.json")).unwrap()).unwrap();
    let other_hash = format!("sha256-{}=", "A".repeat(43));
    let changes = [
        ("narHash", other_hash.into()),
        ("narSize", 7.into()),
        ("references", serde_json::json!([PATH])),
        ("ca", "fixed:r:sha256:x".into()),
    ];
    changes.into_iter().map(move |(field, value)| {
        let mut graph = graph.clone();
        graph[0][field] = value;
        graph.to_string()
    })
}

#[test]
fn groups_that_hold_another_content_than_the_closure_are_refused() {
    let dir = image("latest");
    for graph in other_graphs(dir.path()) {
        std::fs::write(dir.path().join("closure.json"), &graph).unwrap();
        let error = derive(dir.path(), &image_request(dir.path())).unwrap_err();
        assert!(error.contains(&format!("{PATH} is not the same in two closures")), "{graph}: {error}");
    }
}

#[test]
fn an_earlier_closure_with_another_content_is_refused() {
    let dir = store("latest");
    for graph in other_graphs(dir.path()) {
        std::fs::write(dir.path().join("earlier.json"), &graph).unwrap();
        let output = run(dir.path(), &format!("{LAYERS} --earlier earlier.json"));
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{graph}: {error}");
        assert!(error.contains(&format!("{PATH} is not the same in two closures")), "{graph}: {error}");
    }
}
