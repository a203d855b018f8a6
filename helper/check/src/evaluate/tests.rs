use super::*;

#[test]
fn a_string_of_nix_says_what_it_is_made_of() {
    for (text, expected) in [
        ("plain", r#""plain""#),
        ("${x} $y", r#""\${x} \$y""#),
        (r#"a"b\c"#, r#""a\"b\\c""#),
        (r"\${", r#""\\\${""#),
        ("a\nb\r\nc", "\"a\nb\\r\nc\""),
    ] {
        assert_eq!(nix_string(text), expected);
    }
}

const TREE: &str = "/nix/store/0-source";

fn evaluated(log: &str) -> Vec<String> {
    let files = ["a.nix", "a.nix.bak", "flake.nix", "it's here.nix", "lib/b.nix", "lock.json"].map(PathBuf::from);
    evaluated_files(log, TREE, &files).iter().map(|file| file.display().to_string()).collect()
}

#[test]
fn what_nix_says_to_evaluate_is_read_by_evaluation() {
    let log = "evaluating file '/nix/store/0-source/flake.nix'
evaluating file '/nix/store/1-nixpkgs/a.nix'
evaluating file '/nix/store/0-source-2/a.nix'
evaluating file '/nix/store/0-source/it's here.nix'
evaluating file '/nix/store/0-source/lib/b.nix'
evaluating file '/nix/store/0-source/gone.nix'
evaluating file '<nix/derivation-internal.nix>'
copied '/nix/store/0-source/a.nix'
";
    assert_eq!(evaluated(log), ["flake.nix", "it's here.nix", "lib/b.nix"]);
}

#[test]
fn where_nix_says_it_otherwise_all_code_is_read_by_evaluation() {
    for log in ["", "evaluating file «/nix/store/0-source/flake.nix»", "evaluating file '/nix/store/1-nixpkgs/a.nix'"]
    {
        assert_eq!(evaluated(log), ["a.nix", "flake.nix", "it's here.nix", "lib/b.nix"], "{log}");
    }
}

fn known(names: &[&str]) -> Map<String, Value> {
    names.iter().map(|name| ((*name).to_owned(), "before".into())).collect()
}

fn info_after(before: &[&str], kind: Kind) -> Value {
    Value::from(info(known(before), "sha256-x", &[Edit { kind, path: PathBuf::new() }]))
}

#[test]
fn another_commit_has_another_revision_and_date() {
    let expected = json!({
        "narHash": "sha256-x", "rev": "5eed".repeat(10), "shortRev": "5eed5ee", "revCount": 77_777,
        "lastModified": 1_234_567_890, "lastModifiedDate": "20090213233130", "submodules": "before",
    });
    assert_eq!(info_after(&["dirtyRev", "dirtyShortRev", "lastModified", "submodules"], Kind::Commit), expected);
}

#[test]
fn a_dirty_checkout_has_no_revision() {
    let expected = json!({
        "narHash": "sha256-x", "dirtyRev": format!("{}-dirty", "d1e7".repeat(10)), "dirtyShortRev": "d1e7d1e-dirty",
        "lastModified": 1_234_567_890, "lastModifiedDate": "20090213233130",
    });
    assert_eq!(info_after(&["rev", "shortRev", "revCount"], Kind::Dirty), expected);
}

#[test]
fn an_edit_of_a_file_changes_nothing_of_the_commit_but_the_hash() {
    assert_eq!(info_after(&["rev", "narHash"], Kind::Append), json!({ "narHash": "sha256-x", "rev": "before" }));
}

/// A flake whose evaluation is a shell script.
fn start(folder: &Path, script: &str) -> Result<(Nix, Vec<Missing>)> {
    let tree = "/nix/store/00000000000000000000000000000000-source";
    let source = folder.join(&tree[1..]);
    fs::create_dir_all(&source).unwrap();
    for file in ["flake.nix", "a"] {
        fs::write(source.join(file), file).unwrap();
    }
    let node = json!({ "tree": tree, "folder": "", "isOwn": true, "isFlake": true, "info": {}, "inputs": {} });
    let subject = serde_json::from_value(json!({ "nodes": [node], "outputs": [], "nix": "" })).unwrap();
    fs::create_dir(folder.join("scratch")).unwrap();
    let script = script.replace("COPY", &folder.join("scratch/flake").to_string_lossy());
    let script = script.replace("ANSWER", &format!("echo '{}'", json!({ "flake": tree, "outputs": [] })));
    Nix::start(subject, &Closure::default(), folder, &folder.join("scratch"), move || {
        let mut command = Command::new("sh");
        command.args(["-c", &script]);
        command
    })
}

#[test]
fn edits_are_there_while_nix_runs_and_never_after() {
    let folder = tempfile::tempdir().unwrap();
    let script = "if [ \"$(cat COPY/a)\" = nix-seed ]; then echo \"evaluating file 'x'\" >&2; echo error: no >&2; exit 1; fi; ANSWER";
    let (mut nix, before) = start(folder.path(), script).unwrap();
    assert!(before.is_empty());
    assert_eq!(nix.code().iter().collect::<Vec<_>>(), [Path::new("flake.nix")]);
    let edits = [Edit { kind: Kind::Replace, path: "a".into() }];
    assert_eq!(nix.evaluate(&edits).unwrap(), Evaluated::Fails("error: no".into()), "without what was evaluated");
    assert_eq!(nix.evaluate(&[]).unwrap(), Evaluated::Follows(vec![]));
    assert_eq!(nix.evaluations(), 3);
}

#[test]
fn edits_are_taken_back_after_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let script = "if [ \"$(cat COPY/a)\" = nix-seed ]; then echo no JSON; else ANSWER; fi";
    let (mut nix, _) = start(folder.path(), script).unwrap();
    let edits = [Edit { kind: Kind::Replace, path: "a".into() }];
    let error = nix.evaluate(&edits).unwrap_err().to_string();
    assert!(error.starts_with("nix eval gave no answer that can be read: "), "{error}");
    nix.command = Box::new(|| Command::new("/no/such/program"));
    let error = nix.evaluate(&edits).unwrap_err().to_string();
    assert!(error.starts_with("running /no/such/program: "), "{error}");
    assert_eq!(fs::read_to_string(folder.path().join("scratch/flake/a")).unwrap(), "a");
}

#[test]
fn a_flake_that_does_not_evaluate_is_an_error_before_anything_is_edited() {
    let folder = tempfile::tempdir().unwrap();
    let Err(Error::Evaluation { log }) = start(folder.path(), "echo why >&2; exit 1") else { panic!("it evaluates") };
    assert_eq!(log, "why");
}

#[test]
fn what_evaluation_wants_to_be_built_is_missing() {
    const DRV: &str = "/nix/store/00000000000000000000000000000000-gen-1.drv";
    for said in [
        format!("error: 2 dependencies of derivation '{DRV}' failed to build"),
        format!("error: builder for '{DRV}' failed with exit code 1;"),
        format!("building\nerror: Cannot build '{DRV}'."),
    ] {
        let missing = unbuilt(&said).unwrap();
        assert_eq!((&*missing.derivation, &missing.chain, missing.is_new), (DRV, &vec!["gen-1".to_owned()], false));
        assert!(missing.mend().contains("contents"), "{}", missing.mend());
    }
    assert_eq!(unbuilt("error: attribute 'zlibx' missing"), None);
}
