//! The command that asks a program about the public conformance suite tells right from wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

/// A made-up suite: what a bundle says is what an honest client makes of it.
fn suite(folder: &Path) -> PathBuf {
    let suite = folder.join("suite");
    let cases = suite.join("test/assets/bundle-verify");
    for (case, bundle) in [("good", "good"), ("forged_fail", "forged"), ("broken_fail", "broken")] {
        fs::create_dir_all(cases.join(case)).unwrap();
        fs::write(cases.join(case).join("bundle.sigstore.json"), bundle).unwrap();
    }
    fs::write(cases.join("a.txt"), "artifact").unwrap();
    suite
}

fn client(folder: &Path, script: &str) -> PathBuf {
    let file = folder.join("client");
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    file
}

/// Whether the command succeeds, and what it says.
fn ask(script: &str) -> (bool, Value) {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_checks"));
    command.args(["conformance", "--json"]).arg(suite(folder.path()));
    let output = command.arg("--client").arg(client(folder.path(), script)).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {said}"));
    assert_eq!(output.status.code(), Some(i32::from(!output.status.success())), "{said}");
    (output.status.success(), report)
}

fn counts(report: &Value) -> [&Value; 4] {
    ["asExpected", "wronglyAccepted", "wronglyRefused", "crashed"].map(|name| &report[name])
}

#[test]
fn an_honest_client_differs_nowhere() {
    let (success, report) = ask(r#"[ "$1 $2" = "verify-bundle --bundle" ] && grep -q good "$3""#);
    assert_eq!(counts(&report), [&json!(6), &json!(0), &json!(0), &json!(0)]);
    assert!(success);
}

#[test]
fn a_client_that_believes_everything_is_found_out() {
    let (success, report) = ask("exit 0");
    assert_eq!(counts(&report), [&json!(2), &json!(4), &json!(0), &json!(0)]);
    assert!(!success);
}

#[test]
fn a_client_that_believes_nothing_is_found_out() {
    let (success, report) = ask("echo no such subcommand; exit 2");
    assert_eq!(counts(&report), [&json!(4), &json!(0), &json!(2), &json!(0)]);
    assert_eq!(report["cases"][2]["answers"][0]["said"], "no such subcommand");
    assert!(!success);
}

#[test]
fn a_crash_is_no_refusal() {
    let (success, report) = ask(r#"grep -q broken "$3" && kill -SEGV $$; grep -q forged "$3" && exit 101; exit 0"#);
    assert_eq!(counts(&report), [&json!(2), &json!(0), &json!(0), &json!(4)]);
    assert!(!success);
}

#[test]
fn a_client_that_does_not_look_at_digests_is_found_out() {
    let (success, report) = ask(r#"case "$*" in *sha256:*) exit 0;; esac; grep -q good "$3""#);
    assert_eq!(counts(&report), [&json!(4), &json!(2), &json!(0), &json!(0)]);
    assert!(!success);
}
