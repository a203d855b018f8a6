//! `plan` and `check` on the command line: what is refused, and with which exit code.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

const HELPER: &str = env!("CARGO_BIN_EXE_nix-seed-helper");

const TREE: &str = "/nix/store/00000000000000000000000000000000-source";

/// A folder with a flake of two files, and a closure graph that holds nothing.
fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join(&TREE[1..]);
    fs::create_dir_all(&source).unwrap();
    fs::write(source.join("flake.nix"), "{ }").unwrap();
    fs::write(source.join("it's [1].c"), "int x;").unwrap();
    fs::write(dir.path().join("closure.json"), "[]").unwrap();
    dir
}

/// What Nix would say of that flake.
fn subject() -> Value {
    let node = json!({ "tree": TREE, "folder": "", "isOwn": true, "isFlake": true, "info": {}, "inputs": {} });
    json!({ "nodes": [node], "outputs": [], "nix": "/none" })
}

/// The helper, with a Nix that is a shell script: `SUBJECT` and `ANSWER` say what they are called.
fn helper(dir: &Path, nix: &str, args: &str) -> Output {
    let bin = dir.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let print = |value: &Value| format!("printf %s '{}'", value.to_string().replace('\'', "'\\''"));
    let answer = json!({ "flake": TREE, "outputs": [] });
    let script = nix.replace("SUBJECT", &print(&subject())).replace("ANSWER", &print(&answer));
    fs::write(bin.join("nix"), format!("#!/bin/sh\nset -eu\n{script}\n")).unwrap();
    fs::set_permissions(bin.join("nix"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::join_paths([bin, "/usr/bin".into(), "/bin".into()]).unwrap();
    let tmp = dir.join("tmp");
    fs::create_dir_all(&tmp).unwrap();
    Command::new(HELPER).current_dir(dir).env("PATH", path).env("TMPDIR", tmp).args(args.split(' ')).output().unwrap()
}

/// A Nix that knows the flake, and evaluates it whatever is edited.
const EVALUATES: &str = "case \"$*\" in *--expr*) ANSWER;; *) SUBJECT;; esac";
const CHECK: &str = "check --closure closure.json --root .";

fn refused(output: &Output, code: i32) -> String {
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert!(output.stdout.is_empty() && error.starts_with("nix-seed-helper: "), "{error}");
    error
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_check_reports_in_each_form() {
    let dir = folder();
    let text = said(&helper(dir.path(), EVALUATES, CHECK));
    let first = "complete: 8 edits of 2 files, 0 outputs of 0 derivations, 6 evaluations\n";
    assert!(text.starts_with(first) && text.contains("\n  flake.nix   "), "{text}");
    let json: Value = serde_json::from_str(&said(&helper(dir.path(), EVALUATES, &format!("{CHECK} --json")))).unwrap();
    assert_eq!((&json["complete"], &json["files"]), (&true.into(), &2.into()));
    // What cannot be replaced is read by evaluation.
    let parses = "case \"$*\" in *--expr*) if grep -qr ^nix-seed tmp; then exit 1; fi; ANSWER;; *) SUBJECT;; esac";
    for (format, expected) in [
        ("--paths", "flake.lock\nflake.nix\nit's [1].c\n"),
        ("--paths=plain", "flake.lock\nflake.nix\nit's [1].c\n"),
        ("--paths=workflow", "paths:\n  - \"flake.lock\"\n  - \"flake.nix\"\n  - \"it's \\\\[1\\\\].c\"\n"),
        ("--paths=json", "[\n  \"flake.lock\",\n  \"flake.nix\",\n  \"it's [1].c\"\n]\n"),
    ] {
        let output = helper(dir.path(), parses, &format!("{CHECK} {format}"));
        assert_eq!(said(&output), expected, "{format}");
    }
}

#[test]
fn what_a_check_needs_is_named_where_it_is_not_there() {
    let dir = folder();
    fs::write(dir.path().join("not.json"), "7 7").unwrap();
    for (code, args, says) in [
        (1, "check", "reading, since no --closure is given and this may be a seed, /"),
        (1, "check --closure nothing.json", "reading nothing.json: "),
        (3, "check --closure not.json", "the closure graph is malformed: "),
        (2, "check --paths=yaml", "yaml"),
        (2, "check --override-input nixpkgs", "--override-input"),
        (2, "check a b", "'b'"),
    ] {
        let output = helper(dir.path(), EVALUATES, args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args}: {error}");
        assert!(error.contains(says), "{args}: {error}");
    }
}

#[test]
fn a_machine_without_nix_is_an_error() {
    let dir = folder();
    let output = Command::new(HELPER).current_dir(dir.path()).env("PATH", dir.path()).args(CHECK.split(' ')).output();
    assert!(refused(&output.unwrap(), 1).starts_with("nix-seed-helper: running nix: "));
}

#[test]
fn what_nix_says_is_marked_as_what_nix_says() {
    let dir = folder();
    for nix in [
        "printf 'error: no\\n::error::forged\\n' >&2; exit 1",
        "case \"$*\" in *--expr*) printf 'error: no\\n::error::forged\\n' >&2; exit 1;; *) SUBJECT;; esac",
    ] {
        let error = refused(&helper(dir.path(), nix, CHECK), 3);
        assert!(error.contains("do not evaluate with what is in the seed") && error.contains("`contents`"), "{error}");
        assert!(error.ends_with(":\n| error: no\n| ::error::forged\n"), "{error}");
    }
}

#[test]
fn an_answer_of_nix_that_is_none_is_an_error() {
    let dir = folder();
    for (nix, says) in [
        ("echo no", "expected"),
        ("echo '{}'", "missing field `nodes`"),
        ("echo '{\"nodes\":[],\"outputs\":[],\"nix\":\"\",\"more\":1}'", "unknown field `more`"),
        ("echo '{\"nodes\":[],\"outputs\":[],\"nix\":\"\"}'", "does not begin with the flake itself"),
        ("case \"$*\" in *--expr*) echo no;; *) SUBJECT;; esac", "no answer that can be read"),
        (
            "case \"$*\" in *--expr*) echo '{\"flake\":\"x\",\"outputs\":[],\"more\":1}';; *) SUBJECT;; esac",
            "unknown field `more`",
        ),
    ] {
        let error = refused(&helper(dir.path(), nix, CHECK), 3);
        assert!(error.contains(says), "{nix}: {error}");
    }
}

#[test]
fn options_of_a_check_are_handed_to_nix() {
    let dir = folder();
    let script = format!("printf '%s\\n' \"$@\" >> \"{}/asked\"\n{EVALUATES}", dir.path().display());
    said(&helper(dir.path(), &script, &format!("{CHECK} --override-input a b --override-input c d .#other")));
    let asked = fs::read_to_string(dir.path().join("asked")).unwrap();
    let expected = "eval\n--offline\n--json\n.#other.subject\n--override-input\na\nb\n--override-input\nc\nd\n";
    assert!(asked.starts_with(expected), "{asked}");
}

#[test]
fn a_request_for_a_plan_that_is_none_is_refused() {
    let dir = folder();
    let drv = "/nix/store/00000000000000000000000000000000-a.drv";
    let output = |derivation: &str| json!([{ "label": "#a", "derivation": derivation }]);
    for (code, request, says) in [
        (3, "7".to_owned(), "invalid type"),
        (3, "{".to_owned(), "request.json: "),
        (3, json!({ "outputs": [] }).to_string(), "missing field `flake`"),
        (3, json!({ "flake": TREE, "outputs": [], "more": 1 }).to_string(), "unknown field `more`"),
        (3, json!({ "flake": TREE, "outputs": [{ "label": "#a", "drv": drv }] }).to_string(), "unknown field `drv`"),
        (3, json!({ "flake": "flake", "outputs": [] }).to_string(), "\"flake\" is no absolute path"),
        (3, json!({ "flake": TREE, "outputs": output("a.drv") }).to_string(), "a.drv"),
        (
            1,
            json!({ "flake": TREE, "outputs": output(drv) }).to_string(),
            "reading ./nix/store/00000000000000000000000000000000-a.drv: ",
        ),
        (1, json!({ "flake": "/nothing", "outputs": [] }).to_string(), "listing ./nothing/: "),
    ] {
        fs::write(dir.path().join("request.json"), &request).unwrap();
        let output = helper(dir.path(), "", "plan --request request.json --root . --out plan.json");
        let error = refused(&output, code);
        assert!(error.contains(says), "{request}: {error}");
        assert!(!dir.path().join("plan.json").exists());
    }
    let output = helper(dir.path(), "", "plan --request nothing.json --root . --out plan.json");
    assert!(refused(&output, 1).contains("reading nothing.json: "));
}

#[test]
fn a_plan_is_written() {
    let dir = folder();
    fs::write(dir.path().join("request.json"), json!({ "flake": TREE, "outputs": [] }).to_string()).unwrap();
    said(&helper(dir.path(), "", "plan --request request.json --root . --out plan.json"));
    let plan: Value = serde_json::from_slice(&fs::read(dir.path().join("plan.json")).unwrap()).unwrap();
    assert_eq!(plan["roots"], json!([]));
}

fn derive(dir: &Path, attributes: &Value) -> Command {
    fs::write(dir.join("attributes.json"), attributes.to_string()).unwrap();
    let mut command = Command::new(HELPER);
    command.current_dir(dir).arg("derivation").env("NIX_ATTRS_JSON_FILE", dir.join("attributes.json"));
    command
}

fn complete(dir: &Path) -> Value {
    let request = json!({ "step": "complete", "subject": subject() });
    json!({ "seed": request, "closure": [], "flake": [], "outputs": { "out": dir.join("out") } })
}

#[test]
fn a_derivation_that_asks_for_something_else_is_refused() {
    let dir = folder();
    for (change, says) in [
        (("/seed/more", json!(1)), "unknown field `more`"),
        (("/seed/subject/more", json!(1)), "unknown field `more`"),
        (("/seed/subject/nodes/0/more", json!(1)), "unknown field `more`"),
        (
            ("/seed/subject/outputs", json!([{ "path": [], "label": "a", "sort": "app", "more": 1 }])),
            "unknown field `more`",
        ),
        (("/seed/step", json!("completed")), "unknown variant `completed`"),
        (("/closure", Value::Null), "exportReferencesGraph.closure is missing"),
        (("/flake", Value::Null), "exportReferencesGraph.flake is missing"),
    ] {
        let (pointer, value) = change;
        let mut attributes = complete(dir.path());
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        attributes.pointer_mut(parent).unwrap()[name] = value;
        let error = refused(&derive(dir.path(), &attributes).output().unwrap(), 3);
        assert!(error.contains(says), "{pointer}: {error}");
    }
}

/// A builder outside of a sandbox sees the machine's own database, and would write to its store.
#[cfg(target_os = "linux")]
#[test]
fn completeness_is_not_proven_outside_of_a_sandbox() {
    use std::os::unix::fs::MetadataExt;
    const SCRIPT: &str =
        "mount -t tmpfs tmpfs root && cp \"$0\" attributes.json root && cd root && mkdir -p nix/var/nix/db
        for folder in usr lib lib64 bin; do
          if [ -e /$folder ]; then mkdir $folder && mount --rbind /$folder $folder || exit 99; fi
        done
        NIX_ATTRS_JSON_FILE=/attributes.json exec chroot . /nix-seed-helper derivation";
    let dir = folder();
    fs::create_dir(dir.path().join("root")).unwrap();
    drop(derive(dir.path(), &complete(dir.path())));
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut command = Command::new("unshare");
    command.current_dir(dir.path()).args(if is_root { &["--mount"][..] } else { &["--map-root-user", "--mount"] });
    let error = refused(&command.args(["sh", "-c", SCRIPT, HELPER]).output().unwrap(), 3);
    assert!(error.contains("it needs the sandbox (sandbox = true); outside of one, use: nix-seed check"), "{error}");
}

#[test]
fn help_lists_the_exit_code_of_a_seed_that_is_not_complete() {
    let dir = folder();
    let help = said(&helper(dir.path(), "", "--help"));
    assert!(help.contains("  6  a seed is not complete"), "{help}");
    for args in ["check --help", "plan --help"] {
        assert!(said(&helper(dir.path(), "", args)).contains("Example:\n"), "{args}");
    }
}
