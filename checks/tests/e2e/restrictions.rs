//! What must not be given to everyone is known to a real flake's seed.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix_seed_checks::machine::process;
use nix_seed_checks::seed::flake::Workbench;
use serde_json::{Value, json};

const FLAKE: &str = r#"{
  inputs.nixpkgs.url = "nixpkgs";
  inputs.nix-seed = { url = "nix-seed"; inputs.nixpkgs.follows = "nixpkgs"; };
  inputs.internal = { url = "path:INTERNAL"; flake = false; };
  outputs = { self, nixpkgs, nix-seed, internal }:
    let
      pkgs = nixpkgs.legacyPackages.x86_64-linux;
      unfree = pkgs.runCommand "firmware-1.0" { } "echo firmware > $out" // {
        meta.license = { fullName = "Unfree"; free = false; };
      };
    in
    {
      packages.x86_64-linux = {
        default = pkgs.runCommand "app" { inherit unfree; } "cat $unfree ${internal}/data > $out";
        seed = nix-seed.lib.mkSeed { inherit pkgs self; };
      };
    };
}
"#;

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// As if the input had come over ssh. Nix asks nobody for a tree that it has.
fn lock_over_ssh(lock_file: &Path) -> String {
    let mut lock = read_json(lock_file);
    let locked = &mut lock["nodes"]["internal"]["locked"];
    let hash = locked["narHash"].as_str().unwrap().to_owned();
    *locked = json!({
        "type": "git", "url": "ssh://git:secret@git.example.org/internal", "narHash": hash, "lastModified": 1,
        "rev": "0000000000000000000000000000000000000001", "ref": "refs/heads/main", "revCount": 1,
    });
    lock["nodes"]["internal"]["original"] =
        json!({ "type": "git", "url": "ssh://git:secret@git.example.org/internal" });
    fs::write(lock_file, lock.to_string()).unwrap();
    hash
}

#[test]
fn a_license_and_a_private_input_are_listed() {
    let workbench = Workbench::open().unwrap();
    let [folder, internal] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    fs::write(internal.path().join("data"), "internal data\n").unwrap();
    fs::write(folder.path().join("flake.nix"), FLAKE.replace("INTERNAL", internal.path().to_str().unwrap())).unwrap();
    workbench.lock(folder.path()).unwrap();
    let nar_hash = lock_over_ssh(&folder.path().join("flake.lock"));
    let flake = fs::read_to_string(folder.path().join("flake.nix")).unwrap();
    let before = format!("path:{}", internal.path().display());
    fs::write(folder.path().join("flake.nix"), flake.replace(&before, "git+ssh://git:secret@git.example.org/internal"))
        .unwrap();

    let layout = workbench.build(folder.path(), "seed").unwrap();
    let inspect = |option: &[&str]| {
        let mut command = Command::new(workbench.helper().unwrap());
        process::output(command.arg("inspect").args(option).arg(&layout)).unwrap()
    };
    let seed = &serde_json::from_str::<Value>(&inspect(&["--json", "--verify"])).unwrap()["seed"];
    let path_of = |matches: &dyn Fn(&Value) -> bool| {
        let path = seed["paths"].as_array().unwrap().iter().find(|path| matches(path)).unwrap();
        path["path"].as_str().unwrap().to_owned()
    };
    let firmware = path_of(&|path| path["path"].as_str().unwrap().ends_with("-firmware-1.0"));
    let source = path_of(&|path| path["narHash"] == nar_hash.as_str());
    let address = "flake input `internal` over ssh: ssh://git.example.org/internal";
    let mut expected = [
        json!({ "path": firmware, "kind": "license", "reason": "firmware-1.0: Unfree" }),
        json!({ "path": source, "kind": "private-source", "reason": address }),
    ];
    expected.sort_by_key(|restriction| restriction["path"].to_string());
    assert_eq!(seed["restrictions"], json!(expected));

    let text = inspect(&[]);
    for lines in [
        format!("\nnot to be redistributed, by license:\n  {firmware}  (firmware-1.0: Unfree)\n"),
        format!("\nfrom private sources:\n  {source}  ({address})\n"),
    ] {
        assert!(text.contains(&lines), "{lines:?} is not in:\n{text}");
    }
    assert!(!text.contains("secret"));
}
