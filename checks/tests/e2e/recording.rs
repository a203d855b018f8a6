//! What a start touched, as `mkSeed` is given it: the index of a real flake's seed has it, and nothing else changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix_seed_checks::machine::process;
use nix_seed_checks::seed::flake::Workbench;
use serde_json::{Value, json};
use tempfile::TempDir;

const FLAKE: &str = r#"{
  inputs.nixpkgs.url = "nixpkgs";
  inputs.nix-seed = { url = "nix-seed"; inputs.nixpkgs.follows = "nixpkgs"; };
  outputs = { self, nixpkgs, nix-seed }:
    let
      pkgs = nixpkgs.legacyPackages.x86_64-linux;
      seed = arguments: nix-seed.lib.mkSeed ({ inherit pkgs self; exclude = [ "seed" "recorded" ]; } // arguments);
    in
    {
      packages.x86_64-linux = {
        default = pkgs.runCommand "app" { } "echo app > $out";
        seed = seed { };
        recorded = seed { recording = ./.seed.recording.json; };
      };
    };
}
"#;

const FILE: &str = ".seed.recording.json";

struct Flake {
    workbench: Workbench,
    folder: TempDir,
}

impl Flake {
    fn new() -> Self {
        let (workbench, folder) = (Workbench::open().unwrap(), tempfile::tempdir().unwrap());
        fs::write(folder.path().join("flake.nix"), FLAKE).unwrap();
        workbench.lock(folder.path()).unwrap();
        Self { workbench, folder }
    }

    fn seed(&self, attribute: &str) -> PathBuf {
        self.workbench.build(self.folder.path(), attribute).unwrap()
    }

    /// The seed with this file for a recording.
    fn recorded(&self, recording: &str) -> PathBuf {
        fs::write(self.folder.path().join(FILE), recording).unwrap();
        self.seed("recorded")
    }

    /// What Nix says where there is no such seed.
    fn refusal(&self) -> String {
        let mut command = self.workbench.nix.command("nix");
        command.args(["build", "--no-link"]).arg(format!("path:{}#recorded", self.folder.path().display()));
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }

    fn inspect(&self, options: &[&str], layout: &Path) -> String {
        let mut command = Command::new(self.workbench.helper().unwrap());
        process::output(command.arg("inspect").args(options).arg(layout)).unwrap()
    }

    fn summary(&self, layout: &Path) -> Value {
        serde_json::from_str::<Value>(&self.inspect(&["--json", "--verify"], layout)).unwrap()["seed"].take()
    }
}

/// A recording of all frames of some paths.
fn recording<'a>(paths: impl IntoIterator<Item = &'a str>) -> String {
    let item = |path: &str| json!({ "path": path.replace("/nix/store/", ""), "frames": [[0, 1_000_000]] });
    json!({ "version": 1, "touched": paths.into_iter().map(item).collect::<Vec<_>>() }).to_string()
}

fn array<'v>(seed: &'v Value, field: &str) -> &'v [Value] {
    seed[field].as_array().unwrap()
}

#[test]
fn a_recording_shows_in_the_index_and_nowhere_else() {
    let flake = Flake::new();
    let plain = flake.seed("seed");
    let before = flake.summary(&plain);
    assert_eq!(before["order"], Value::Null);
    assert!(!flake.inspect(&[], &plain).contains("start order"));

    // The largest, which is many frames, the smallest, and one that is not there.
    let paths = array(&before, "paths");
    let some = [paths.first().unwrap(), paths.last().unwrap()];
    let names = some.map(|path| path["path"].as_str().unwrap());
    let text = recording(names.into_iter().chain(["/nix/store/11111111111111111111111111111111-gone"]));
    let layout = flake.recorded(&text);
    let after = flake.summary(&layout);
    let size: u64 = some.iter().map(|path| path["compressedSize"].as_u64().unwrap()).sum();
    assert_eq!(after["order"]["compressedSize"], size);
    let frames = after["order"]["frames"].as_u64().unwrap();
    assert!(frames > 2, "{frames}");
    let line = format!("\nstart order: {frames} frames, ");
    assert!(flake.inspect(&[], &layout).contains(&line));

    let store_layers = |seed: &Value| {
        let (metadata, layers) = array(seed, "layers").split_last().unwrap();
        assert_eq!(metadata["group"], "metadata");
        layers.to_vec()
    };
    assert_eq!(store_layers(&before), store_layers(&after));
    assert_eq!(before["paths"], after["paths"]);
    assert_ne!(before["digest"], after["digest"]);

    // The flake's other files are nothing to it: it is the same seed, to its store path.
    fs::write(flake.folder.path().join("README.md"), "Another commit.\n").unwrap();
    assert_eq!(flake.seed("recorded"), layout);
    // Built anew it is the same, too.
    let mut again = flake.workbench.nix.command("nix");
    again.args(["build", "--rebuild", "--no-link"]).arg(format!("path:{}#recorded", flake.folder.path().display()));
    process::output(&mut again).unwrap();
    // Another recording is another seed.
    let other = flake.recorded(&recording(names.into_iter().rev()));
    assert_ne!(flake.summary(&other)["digest"], after["digest"]);
}

#[test]
fn a_recording_of_an_earlier_seed_means_what_took_its_places() {
    let flake = Flake::new();
    let plain = flake.summary(&flake.seed("seed"));
    let bash = array(&plain, "paths").iter().find(|path| {
        let name = path["path"].as_str().unwrap();
        name.contains("-bash-") && !name.contains("completion")
    });
    let bash = bash.unwrap();
    let (_, name) = bash["path"].as_str().unwrap().split_once('-').unwrap();
    let layout = flake.recorded(&recording([&*format!("/nix/store/11111111111111111111111111111111-{name}")]));
    assert_eq!(flake.summary(&layout)["order"]["compressedSize"], bash["compressedSize"]);
}

#[test]
fn a_recording_that_is_not_there_or_none_is_told() {
    let flake = Flake::new();
    let said = flake.refusal();
    for words in ["mkSeed's argument `recording`", "there is no file", "git add .seed.recording.json", "For example: "]
    {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
    fs::create_dir(flake.folder.path().join(FILE)).unwrap();
    assert!(flake.refusal().contains("is a folder, not a file"));
    fs::remove_dir(flake.folder.path().join(FILE)).unwrap();
    fs::write(flake.folder.path().join(FILE), "{}").unwrap();
    let said = flake.refusal();
    assert!(said.contains("the recording of a start: missing field `version`"), "{said}");
}

#[test]
fn a_recording_that_git_does_not_know_is_told() {
    let flake = Flake::new();
    let folder = flake.folder.path();
    let git = |arguments: &[&str]| process::output(Command::new("git").args(arguments).current_dir(folder)).unwrap();
    git(&["init", "--quiet"]);
    git(&["add", "flake.nix", "flake.lock"]);
    fs::write(folder.join(FILE), recording([])).unwrap();
    let build = || {
        let mut command = flake.workbench.nix.command("nix");
        command.args(["build", "--no-link"]).arg(format!("git+file://{}#recorded", folder.display()));
        command.stdin(Stdio::null()).output().unwrap()
    };
    let said = String::from_utf8(build().stderr).unwrap();
    assert!(said.contains("git add .seed.recording.json"), "{said}");
    git(&["add", FILE]);
    let output = build();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
