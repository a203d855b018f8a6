//! What `check` says without Nix, or with a program in Nix's place, and what it refuses.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use nix_seed_store::{Sha256Hash, StorePath};
use serde_json::{Value, json};

use crate::common::Machine;

/// A machine with a seed, a flake, and a folder that is all of PATH.
fn machine() -> Machine {
    let machine = Machine::new(6);
    machine.seed("seed");
    std::fs::create_dir(machine.path("bin")).unwrap();
    std::fs::create_dir(machine.path("flake")).unwrap();
    std::fs::write(machine.path("flake/flake.nix"), "{ }").unwrap();
    machine
}

fn check(machine: &Machine, arguments: &[&str]) -> Output {
    let mut command = machine.command(&["check"]);
    command.args(arguments).env("PATH", machine.path("bin")).env("NIX_SEED_CACHE", machine.path("cache"));
    command.output().unwrap()
}

/// Standard error of a check that has to end with `code`, without a result.
fn refused(machine: &Machine, code: i32, arguments: &[&str]) -> String {
    let output = check(machine, arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    stderr
}

/// The answer of a check that has to end with `code`.
fn answer(machine: &Machine, code: i32, arguments: &[&str]) -> Value {
    let output = check(machine, &[arguments, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Puts a program in Nix's place, that does what a shell does with `script`.
fn nix(machine: &Machine, script: &str) {
    let program = machine.path("bin/nix");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// What answers as Nix does for a flake that needs these.
fn needs(machine: &Machine, required: &[&str], results: &[&str]) {
    let reasons = required.iter().chain(results).map(|path| json!({ "path": path, "chain": ["packages.default"] }));
    let needs = json!({ "reasons": reasons.collect::<Vec<_>>(), "results": results });
    nix(machine, &format!("echo '{needs}'; echo \"$*\" > \"${{0%bin/nix}}asked\""));
}

fn lock(machine: &Machine, locked: &Value) {
    let lock = json!({
        "nodes": { "root": { "inputs": { "nixpkgs": "n" } }, "n": { "locked": locked } }, "root": "root", "version": 7,
    });
    std::fs::write(machine.path("flake/flake.lock"), lock.to_string()).unwrap();
}

const QUICK: [&str; 3] = ["--quick", "./seed", "path:flake#seed"];

/// A path that no seed has.
const ABSENT: &str = "/nix/store/00000000000000000000000000000099-absent";

#[test]
fn an_input_that_is_missing_is_named_without_nix() {
    let machine = machine();
    lock(&machine, &json!({ "type": "github", "narHash": Sha256Hash([7; 32]).sri() }));
    let source = StorePath::of_source("source", &Sha256Hash([7; 32])).unwrap().to_string();
    let missing = json!([{ "path": source, "chain": ["the flake's inputs", "nixpkgs"] }]);
    let expected = json!({ "verdict": "does-not-suit", "missing": missing, "fresher": [], "smaller": [], "bytes": 0 });
    assert_eq!(answer(&machine, 6, &QUICK), expected);
    // In the place of one that is another, Nix is asked.
    let other = [&QUICK[..], &["--override-input", "nixpkgs", "path:other"]].concat();
    assert!(refused(&machine, 1, &other).contains("there is no `nix` in PATH"));
}

#[test]
fn every_verdict_has_its_exit_code() {
    let machine = machine();
    let [root, other] = [5, 4].map(|at| machine.closure.iter().nth(at).unwrap().path.to_string());
    needs(&machine, &[&root], &[]);
    assert_eq!(answer(&machine, 0, &QUICK)["verdict"], "suits");
    let asked = std::fs::read_to_string(machine.path("asked")).unwrap();
    assert!(asked.contains("--json --offline") && asked.ends_with(" path:flake#seed.needs\n"), "{asked}");

    needs(&machine, &[&root], &[ABSENT]);
    let said = answer(&machine, 7, &QUICK);
    assert_eq!(said["verdict"], "could-be-fresher");
    assert_eq!(said["fresher"], json!([{ "path": ABSENT, "chain": ["packages.default"] }]));

    needs(&machine, &[&other], &[]);
    let said = answer(&machine, 7, &QUICK);
    assert_eq!((&said["verdict"], &said["smaller"][0]["path"]), (&"could-be-smaller".into(), &root.clone().into()));
    assert_eq!(said["smaller"][0]["bytes"], said["bytes"]);

    needs(&machine, &[&root, ABSENT], &[]);
    assert_eq!(answer(&machine, 6, &QUICK)["missing"][0]["path"], ABSENT);
    let output = check(&machine, &QUICK);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(&format!("  {ABSENT}\n    needed by packages.default\n")), "{said}");
}

#[test]
fn the_seed_at_hand_is_the_one_of_the_lock_file() {
    let machine = machine();
    let lock = |image: Value| {
        let entry = json!({ "commit": "0".repeat(40), "digest": format!("sha256:{}", "1".repeat(64)), "image": image });
        let lock = json!({ "seeds": { "x86_64-linux": entry }, "version": 1 });
        std::fs::write(machine.path("flake/.seed.lock"), lock.to_string()).unwrap();
    };
    let quick = ["--quick", "path:flake#seed"];
    lock(Value::Null);
    let said = refused(&machine, 3, &quick);
    assert!(said.contains("names no image for x86_64-linux") && said.contains("lock update --image"), "{said}");
    // Nobody listens at that port.
    lock("127.0.0.1:1/owner/seed".into());
    let said = check(&machine, &[&quick[..], &["--platform", "linux/arm64"]].concat());
    assert_ne!(said.status.code(), Some(0), "another system's");
    std::fs::write(machine.path("flake/.seed.lock"), "<<<<<<< HEAD").unwrap();
    assert!(refused(&machine, 3, &quick).contains("flake/.seed.lock"));
}

#[test]
fn without_any_seed_one_is_asked_for() {
    // Where these tests run in a seed, there is one.
    if Path::new("/nix/var/nix-seed").exists() {
        return;
    }
    let machine = machine();
    let said = refused(&machine, 2, &["--quick", "path:flake#seed"]);
    assert!(said.contains("which seed?") && said.contains("x86_64-linux"), "{said}");
}

#[test]
fn what_nix_says_is_shown_line_by_line() {
    let machine = machine();
    let error = r"printf '\033[31;1merror:\033[0m\n\n  no\r::set-output x\n' >&2; exit 1";
    nix(&machine, error);
    let said = refused(&machine, 3, &QUICK);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[..2], ["nix: error:", r"nix:   no\u{d}::set-output x"]);
    assert!(lines[2].contains("cannot evaluate path:flake#seed.needs"), "{said}");
    assert_eq!(lines.len(), 3, "{said}");
    nix(&machine, "echo '{}'");
    assert!(refused(&machine, 3, &QUICK).contains("another version of nix-seed"));
}

#[test]
fn what_cannot_be_checked_is_refused() {
    let machine = machine();
    for (code, arguments, said) in [
        (2, &["--quick", "./seed", "path:flake#a#b"][..], "write FLAKE#ATTRIBUTE"),
        (2, &["--quick", "./seed", ".#seed^*"], "write FLAKE#ATTRIBUTE"),
        (2, &[], "required arguments"),
        (2, &["--quick", "--paths", "./seed"], "cannot be used with"),
        (3, &["--quick", "./nothing", "path:flake"], "./nothing"),
        (3, &["--quick", "ghcr.io/UPPER/x", "path:flake"], "ghcr.io/UPPER/x"),
        (3, &["--insecure-skip-verify", "./nothing", "path:flake"], "./nothing"),
        (5, &["./seed", "github:owner/app"], "nobody says whom to believe"),
        (3, &["--insecure-skip-verify", "./seed", "path:flake"], "no nix-seed-helper in its PATH"),
    ] {
        let stderr = refused(&machine, code, arguments);
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
    std::fs::write(machine.path("flake/flake.lock"), "{").unwrap();
    assert!(refused(&machine, 3, &QUICK).contains("flake.lock"));
    lock(&machine, &json!({ "type": "github" }));
    assert!(refused(&machine, 3, &QUICK).contains("no narHash for the input \"nixpkgs\""));
}
