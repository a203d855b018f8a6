//! `seed.tests.complete`: a seed is proven to have all that its flake needs after an edit, and what it lacks is said with the way to it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use nix_seed_checks::machine::process;
use nix_seed_checks::seed::flake::{Workbench, edit};
use serde_json::Value;
use tempfile::TempDir;

struct Flake {
    workbench: Workbench,
    folder: TempDir,
}

impl Flake {
    fn of_example(name: &str) -> Self {
        let flake = Self { workbench: Workbench::open().unwrap(), folder: tempfile::tempdir().unwrap() };
        flake.workbench.copy(&format!("examples/{name}"), flake.folder.path()).unwrap();
        flake
    }

    /// A flake with these bindings, whose `default` is built by a shell script, and `seed`.
    fn of(bindings: &str) -> Self {
        let flake = Self { workbench: Workbench::open().unwrap(), folder: tempfile::tempdir().unwrap() };
        let text = format!(
            r#"{{
              inputs = {{
                nixpkgs.url = "github:nixos/nixpkgs/nixos-unstable";
                nix-seed = {{ url = "github:0compute/nix-seed"; inputs.nixpkgs.follows = "nixpkgs"; }};
              }};
              outputs = {{ self, nixpkgs, nix-seed }}: let
                pkgs = nixpkgs.legacyPackages.x86_64-linux;
                contents = [ ];
                {bindings}
              in {{
                packages.x86_64-linux = {{ inherit default; seed = nix-seed.lib.mkSeed {{ inherit pkgs self contents; }}; }};
              }};
            }}"#
        );
        fs::write(flake.folder.path().join("flake.nix"), text).unwrap();
        fs::write(flake.folder.path().join("main.txt"), "What the program is made of.\n").unwrap();
        flake.workbench.lock(flake.folder.path()).unwrap();
        flake
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn edit(&self, from: &str, to: &str) {
        edit(self.path(), "flake.nix", from, to).unwrap();
    }

    /// The report that the seed is complete.
    fn complete(&self) -> Value {
        let report = self.workbench.build(self.path(), "seed.tests.complete").unwrap();
        serde_json::from_slice(&fs::read(report).unwrap()).unwrap()
    }

    /// What Nix says where it fails to build.
    fn failure(&self, attribute: &str, options: &[&str]) -> String {
        let mut command = self.workbench.nix.command("nix");
        command.args(["build", "--no-link", "--print-build-logs"]).args(options);
        command.arg(format!("path:{}#{attribute}", self.path().display()));
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success(), "{attribute} is built");
        String::from_utf8(output.stderr).unwrap()
    }
}

fn assert_says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

/// Why a report lists a file.
fn verdict<'a>(report: &'a Value, path: &str) -> Option<&'a str> {
    let paths = report["paths"].as_array().unwrap();
    paths.iter().find(|file| file["path"] == path).map(|file| file["verdict"].as_str().unwrap())
}

#[test]
fn crane_is_complete() {
    let report = Flake::of_example("crane").complete();
    assert_eq!(
        (&report["complete"], &report["before"], &report["incomplete"]),
        (&true.into(), &Value::Array(vec![]), &Value::Array(vec![]))
    );
    assert_eq!(report["untried"], 0);
    assert_eq!(verdict(&report, "flake.nix"), Some("changes-dependencies"));
    assert_eq!(verdict(&report, "flake.lock"), Some("changes-dependencies"));
    for read in ["lib.nix", "project.lock", "project.toml"] {
        assert_eq!(verdict(&report, read), Some("read-by-evaluation"), "{read}: {report:#}");
    }
    assert_eq!(verdict(&report, "src/main.c"), None);
}

#[test]
fn crane_without_what_is_hidden_is_not() {
    let flake = Flake::of_example("crane");
    flake.edit("mkSeed { inherit pkgs self; }", "mkSeed { inherit pkgs self; closure = \"direct\"; }");
    let said = flake.failure("seed.tests.complete", &[]);
    assert_says(
        &said,
        &[
            "the seed is not complete",
            "After an edit (appended to project.lock",
            "-jq-1.",
            " would be built, though it is not the flake's own",
            "wanted by packages.x86_64-linux.default",
            "└ tally-2.1.0",
            "  └ tally-deps-0",
            "    └ dummy-source",
            "      └ jq-1.",
            "to mend it: with closure = \"direct\", leave that out; else name dummy-source in mkSeed's `own`",
            "with closure = \"direct\", leave that out",
        ],
    );
}

#[test]
fn what_evaluation_builds_has_to_be_in_the_seed() {
    let flake = Flake::of(
        r#"
        generated = pkgs.runCommand "generated" { nativeBuildInputs = [ pkgs.jq ]; } "echo '{\"name\":\"program\"}' | jq . > $out";
        default = pkgs.runCommand (builtins.fromJSON (builtins.readFile generated)).name { } "cp ${./main.txt} $out";
        "#,
    );
    let said = flake.failure("seed.tests.complete", &[]);
    assert_says(
        &said,
        &["the flake's outputs do not evaluate with what is in the seed", "mkSeed's `contents`", "| ", "generated.drv"],
    );
    assert!(!said.contains("evaluating file"), "{said}");
    flake.edit("contents = [ ]", "contents = [ generated ]");
    assert_eq!(flake.complete()["complete"], true);
}

/// It is in the seed as a result; with another hash, all that builds it is wanted.
#[test]
fn a_package_that_the_flake_pins_may_be_of_another_version() {
    let flake = Flake::of(
        r#"
        src = derivation {
          name = "pinned-src"; system = "x86_64-linux"; builder = "${pkgs.bash}/bin/sh";
          args = [ "-c" "echo pinned > $out" ];
          outputHashAlgo = "sha256"; outputHash = import ./pin.nix; outputHashMode = "flat";
        };
        pinned = pkgs.runCommand "pinned-1.0" { inherit src; nativeBuildInputs = [ pkgs.jq ]; } "jq --raw-input . $src > $out";
        default = pkgs.runCommand "program" { inherit pinned; } "cat ${./main.txt} $pinned > $out";
        "#,
    );
    let pinned = flake.path().join("pinned");
    fs::write(&pinned, "pinned\n").unwrap();
    let mut command = flake.workbench.nix.command("nix");
    let hash = process::output(command.args(["hash", "file", "--type", "sha256"]).arg(pinned)).unwrap();
    fs::write(flake.path().join("pin.nix"), format!("\"{}\"\n", hash.trim())).unwrap();
    let report = flake.complete();
    assert_eq!(report["complete"], true, "{report:#}");
    assert_eq!(verdict(&report, "pin.nix"), Some("changes-dependencies"), "{report:#}");
}

#[test]
fn what_is_hidden_and_content_addressed_is_refused_by_attribute_path() {
    let flake = Flake::of(
        r#"
        hidden = pkgs.runCommand "hidden" { __contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256"; } "cp ${./main.txt} $out";
        default = pkgs.runCommand "program" { } "cp ${hidden} $out";
        "#,
    );
    let said = flake.failure("seed", &["--extra-experimental-features", "ca-derivations"]);
    assert_says(
        &said,
        &[
            "nix-seed: packages.x86_64-linux.default needs the result of /nix/store/",
            "-hidden.drv",
            "content-addressed (__contentAddressed)",
        ],
    );
}

#[test]
fn where_import_from_derivation_is_refused_the_other_mode_is_named() {
    let flake = Flake::of_example("crane");
    let said = flake.failure("seed", &["--option", "allow-import-from-derivation", "false"]);
    assert_says(
        &said,
        &[
            "where that is not allowed (allow-import-from-derivation = false), write mkSeed { …; closure = \"direct\"; }",
        ],
    );
}

#[test]
fn a_seed_knows_what_leads_to_what_only_the_hidden_needs() {
    let flake = Flake::of_example("crane");
    let layout = flake.workbench.build(flake.path(), "seed").unwrap();
    let inspect = |options: &[&str]| -> Value {
        let mut command = Command::new(flake.workbench.helper().unwrap());
        let said = process::output(command.args(["inspect", "--json"]).args(options).arg(&layout)).unwrap();
        serde_json::from_str(&said).unwrap()
    };
    let seed = inspect(&[]);
    let paths = seed["seed"]["paths"].as_array().unwrap().iter().map(|path| path["path"].as_str().unwrap());
    let jq = paths.filter(|path| path[44..].starts_with("jq-")).min_by_key(|path| path.len()).unwrap();
    let why = &inspect(&["--why", jq])["why"][0];
    assert_eq!(why["path"], *jq);
    let chain: Vec<_> = why["chain"].as_array().unwrap().iter().map(|link| link.as_str().unwrap()).collect();
    let [output, between @ ..] = &chain[..] else { panic!("{why:#}") };
    assert!(output.starts_with("packages.x86_64-linux.") || output.starts_with("checks.x86_64-linux."), "{why:#}");
    assert!(between.ends_with(&["tally-deps-0", "dummy-source"]), "{why:#}");
}
