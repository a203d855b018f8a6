//! `inspect --why`: what a person and a script are told of why a store path is in a seed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::{Command, Output};

use nix_seed_store::{NarHasher, StorePath};
use serde_json::{Value, json};
use tempfile::TempDir;

fn path(at: usize, name: &str) -> String {
    format!("/nix/store/{at:0>32}-{name}")
}

/// `app` refers to `libc`; nothing has to do with the two named `source`.
const NAMES: [&str; 4] = ["app", "libc", "source", "source"];

fn helper(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nix-seed-helper")).current_dir(dir).args(args).output().unwrap()
}

/// A seed, `image`, of [`NAMES`], whose garbage collector keeps `app`.
fn seed(reasons: &Value) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("nix/store")).unwrap();
    let graph = NAMES.iter().enumerate().map(|(at, name)| {
        let path = path(at, name);
        let file = StorePath::parse(&path).unwrap().below(dir.path());
        std::fs::write(&file, name).unwrap();
        let (hash, size) = NarHasher::of(&file).unwrap();
        let references = if at == 0 { vec![self::path(1, NAMES[1])] } else { vec![] };
        json!({ "path": path, "narHash": hash.sri(), "narSize": size, "references": references })
    });
    std::fs::write(dir.path().join("graph.json"), graph.collect::<Value>().to_string()).unwrap();
    let spec = json!({
        "name": "app", "tag": "latest", "os": "linux", "architecture": "amd64",
        "gcRoots": [path(0, NAMES[0])], "reasons": reasons,
    });
    std::fs::write(dir.path().join("spec.json"), spec.to_string()).unwrap();
    for args in ["layers --graph graph.json --root . --out layers", "image --spec spec.json --group layers --out image"]
    {
        let output = helper(dir.path(), &args.split(' ').collect::<Vec<_>>());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    dir
}

fn small() -> TempDir {
    seed(&json!([{ "path": path(0, "app"), "chain": ["packages.x86_64-linux.default", "app-deps-1.0"] }]))
}

/// What is printed where all is well.
fn inspect(dir: &TempDir, options: &[&str]) -> String {
    let output = helper(dir.path(), &[&["inspect"], options, &["image"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The exit code and the error where it is not.
fn refused(dir: &TempDir, options: &[&str]) -> (Option<i32>, String) {
    let output = helper(dir.path(), &[&["inspect"], options, &["image"]].concat());
    assert!(output.stdout.is_empty());
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_way_from_an_output_to_a_path_is_a_tree() {
    let dir = small();
    let tree =
        format!("packages.x86_64-linux.default\n└ app-deps-1.0\n  └ {}\n    └ {}\n", path(0, "app"), path(1, "libc"));
    for given in [&path(1, "libc"), &path(1, "libc")[11..], &path(1, "libc")[11..43], "libc"] {
        assert_eq!(inspect(&dir, &["--why", given]), tree);
    }
    let root = tree.lines().take(3).map(|line| format!("{line}\n")).collect::<String>();
    assert_eq!(inspect(&dir, &["--why", "libc", "--why", "app"]), format!("{tree}\n{root}"));
    let verified = inspect(&dir, &["--why", "libc", "--verify"]);
    assert!(verified.starts_with(&format!("{tree}\nverified: ")), "{verified}");
}

#[test]
fn scripts_get_it_as_json() {
    let dir = small();
    let [app, libc] = [path(0, "app"), path(1, "libc")];
    let chain = json!(["packages.x86_64-linux.default", "app-deps-1.0"]);
    let document: Value = serde_json::from_str(&inspect(&dir, &["--json", "--why", "libc", "--why", "app"])).unwrap();
    let expected = json!({
        "why": [
            { "path": libc, "chain": chain, "references": [app, libc] },
            { "path": app, "chain": chain, "references": [app] },
        ],
        "verified": null,
    });
    assert_eq!(document, expected);
    let document: Value = serde_json::from_str(&inspect(&dir, &["--json", "--verify", "--why", "libc"])).unwrap();
    assert_eq!(document["verified"]["paths"], NAMES.len());
    // Nothing is new where nobody asks.
    let document: Value = serde_json::from_str(&inspect(&dir, &["--json"])).unwrap();
    assert_eq!(document.as_object().unwrap().keys().collect::<Vec<_>>(), ["seed", "verified"]);
}

#[test]
fn a_seed_without_reasons_says_so() {
    let dir = seed(&json!([]));
    let [app, libc, source] = [path(0, "app"), path(1, "libc"), path(2, "source")];
    assert_eq!(
        inspect(&dir, &["--why", "libc"]),
        format!(
            "the seed does not record why {libc} is in it; from a root of the garbage collector references lead there:\n{app}\n└ {libc}\n"
        )
    );
    assert_eq!(
        inspect(&dir, &["--why", &source]),
        format!("the seed does not record why {source} is in it, and no root of the garbage collector leads there\n")
    );
    let document: Value = serde_json::from_str(&inspect(&dir, &["--json", "--why", "libc", "--why", &source])).unwrap();
    let expected = json!([
        { "path": libc, "chain": [], "references": [app, libc] },
        { "path": source, "chain": [], "references": [] },
    ]);
    assert_eq!(document["why"], expected);
}

#[test]
fn a_path_that_the_seed_has_not_is_an_error() {
    let dir = small();
    for given in ["glibc", &path(9, "app"), "a\n::error::b\u{202e}"] {
        let (code, error) = refused(&dir, &["--why", "libc", "--why", given]);
        assert!(code == Some(3) && error.contains("is not in the seed"), "{error}");
        assert!(error.lines().count() == 1 && !error.contains('\u{202e}'), "{error}");
    }
}

#[test]
fn a_name_that_several_paths_bear_is_an_error_that_lists_them() {
    let (code, error) = refused(&small(), &["--why", "source"]);
    let expected = format!(
        "nix-seed-helper: \"source\" may be one of several store paths; name one of them by its path or hash:\n  {}\n  {}\n",
        path(2, "source"),
        path(3, "source")
    );
    assert_eq!((code, error), (Some(3), expected));
}

#[test]
fn a_chain_without_a_path_and_a_list_of_all_paths_are_not_asked_for_at_once() {
    assert_eq!(refused(&small(), &["--why", "libc", "--paths"]).0, Some(2));
}

#[test]
fn a_chain_does_not_steer_the_terminal() {
    let chain = ["\u{1b}[2J", "a\n/nix/store/forged", "\u{202e}"];
    let dir = seed(&json!([{ "path": path(1, "libc"), "chain": chain }]));
    let text = inspect(&dir, &["--why", "libc"]);
    assert!(text.starts_with("\\u{1b}[2J\n└ a\\u{a}/nix/store/forged\n  └ \\u{202e}\n    └ /nix/store/"), "{text}");
    let json = inspect(&dir, &["--json", "--why", "libc"]);
    assert!(!json.contains(['\u{1b}', '\u{202e}']), "{json}");
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["why"][0]["chain"], json!(chain));
}

#[test]
fn a_deep_tree_does_not_grow_to_the_right_without_end() {
    let chain: Vec<_> = (0..1000).map(|link| link.to_string()).collect();
    let dir = seed(&json!([{ "path": path(0, "app"), "chain": chain }]));
    let text = inspect(&dir, &["--why", "libc"]);
    assert_eq!(text.lines().count(), 1002);
    let indents: Vec<_> = text.lines().map(|line| line.find('└').unwrap_or_default()).collect();
    assert_eq!((indents[100], indents[101], indents[1001]), (198, 200, 200));
}

#[test]
fn reasons_that_are_none_are_refused() {
    let dir = small();
    for (code, reasons, why) in [
        (3, json!([{ "path": path(0, "app"), "chain": [] }]), "the chain of /nix/store/"),
        (3, json!([{ "path": path(0, "app"), "chain": [""] }]), "has an empty link"),
        (3, json!([{ "path": path(0, "app"), "reason": "x" }]), "unknown field `reason`"),
        (3, json!([{ "path": "app", "chain": ["x"] }]), "app"),
        (5, json!([{ "path": path(0, "app"), "chain": vec!["x"; 1001] }]), "has more than 1000 links"),
    ] {
        let mut spec = json!({ "name": "app", "tag": "latest", "os": "linux", "architecture": "amd64" });
        spec["reasons"] = reasons;
        std::fs::write(dir.path().join("bad.json"), spec.to_string()).unwrap();
        let args = "image --spec bad.json --group layers --out other";
        let output = helper(dir.path(), &args.split(' ').collect::<Vec<_>>());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(code) && error.contains(why), "{error}");
        assert!(!dir.path().join("other").exists());
    }
}

#[test]
fn a_request_may_give_reasons() {
    let dir = small();
    let mut request: Value = serde_json::from_slice(&std::fs::read(dir.path().join("spec.json")).unwrap()).unwrap();
    request["step"] = "image".into();
    request["groups"] = json!([dir.path().join("layers")]);
    let attributes = json!({ "seed": request, "outputs": { "out": dir.path().join("derived") } });
    std::fs::write(dir.path().join("attributes.json"), attributes.to_string()).unwrap();
    let mut builder = Command::new(env!("CARGO_BIN_EXE_nix-seed-helper"));
    let output = builder.arg("derivation").env("NIX_ATTRS_JSON_FILE", dir.path().join("attributes.json")).output();
    assert!(output.unwrap().status.success());
    let index = |layout: &str| std::fs::read(dir.path().join(layout).join("index.json")).unwrap();
    assert_eq!(index("derived"), index("image"));
}
