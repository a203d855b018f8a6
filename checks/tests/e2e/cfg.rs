//! `seedCfg`: a flake that says whom to trust, and what `nix-seed cfg` and others' programs make of it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use nix_seed_checks::client;
use nix_seed_checks::machine::cache::Cache;
use nix_seed_checks::machine::{process, repository};
use nix_seed_checks::seed::flake::Workbench;
use nix_seed_checks::validators;
use serde_json::Value;
use tempfile::TempDir;

/// Somebody with a flake, Nix and the program.
struct User {
    workbench: Workbench,
    folder: TempDir,
}

/// What a command has said.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl User {
    /// One whose flake has this for `seedCfg`, and a key in a file.
    fn with(seed_cfg: &str) -> Self {
        let user = Self { workbench: Workbench::open().unwrap(), folder: tempfile::tempdir().unwrap() };
        let text = format!(
            "{{\n  inputs.nix-seed.url = \"nix-seed\";\n  inputs.nix-seed.inputs.nixpkgs.follows = \"\";\n  \
             outputs = inputs: {{\n    seedCfg = {seed_cfg};\n  }};\n}}\n"
        );
        fs::write(user.path("flake.nix"), text).unwrap();
        let key = repository::path().join("lib/seed-cfg/examples/keys/ci.pub");
        fs::copy(key, user.path("ci.pub")).unwrap();
        user.workbench.lock(user.folder.path()).unwrap();
        user
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn flake(&self) -> String {
        format!("path:{}", self.folder.path().display())
    }

    fn cfg(&self, arguments: &[&str]) -> Said {
        let nix = self.workbench.nix.program().parent().unwrap().display().to_string();
        self.cfg_with_path(&format!("{nix}:/usr/bin:/bin"), arguments)
    }

    fn cfg_with_path(&self, path: &str, arguments: &[&str]) -> Said {
        let mut command = Command::new(client::program().unwrap());
        command.env_clear().env("PATH", path).env("HOME", self.folder.path()).current_dir(self.folder.path());
        command.envs(self.workbench.nix.environment().iter().map(|(name, value)| (name, value)));
        let output = command.arg("cfg").args(arguments).stdin(Stdio::null()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

const RIGHT: &str = r#"inputs.nix-seed.lib.seedCfg {
      source = "github:owner/app";
      builders.ci.keys = [ ./ci.pub ];
      builders.github = {
        issuer = "https://token.actions.githubusercontent.com";
        subjects = [ "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/*" ];
      };
      outputs."packages.default".level = 1;
    }"#;

#[test]
fn a_flake_is_checked_and_shown_and_its_normal_form_is_a_policy() {
    let user = User::with(RIGHT);
    let said = user.cfg(&["check", &user.flake()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(
        said.out,
        "seedCfg is right, with a warning: Level 1 for git+https://github.com/owner/app, by ci, github\n"
    );
    assert!(said.err.contains("warning: builders.github.subjects: ") && said.err.contains("any branch"), "{said:?}");

    let said = user.cfg(&["show", &user.flake()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.starts_with("source        git+https://github.com/owner/app\n"), "{said:?}");
    let der = "openssl pkey -pubin -outform DER -in ci.pub | sha256sum | cut -d ' ' -f 1";
    let hash = process::output(Command::new("sh").args(["-c", der]).current_dir(user.folder.path())).unwrap();
    assert!(said.out.contains(&format!("P-256, SHA-256 {}", hash.trim())), "{said:?}");

    // As a file, for a machine without Nix.
    let said = user.cfg(&["show", "--json", &user.flake()]);
    fs::write(user.path("policy"), &said.out).unwrap();
    let mut nix = user.workbench.nix.command("nix");
    let evaluated = process::output(nix.args(["eval", "--json", &format!("{}#seedCfg", user.flake())])).unwrap();
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(json(&said.out), json(&evaluated));
    let without_nix = user.cfg_with_path("/none", &["show", "--json", "policy"]);
    assert_eq!((without_nix.code, &without_nix.out), (Some(0), &said.out), "{without_nix:?}");

    // Beside the flake it has to be what the flake says.
    fs::write(user.path(".seed.cfg.json"), &said.out).unwrap();
    assert_eq!(user.cfg(&["check", &user.flake()]).code, Some(0));
    fs::write(user.path(".seed.cfg.json"), said.out.replace("owner/app", "other/app")).unwrap();
    let drifted = user.cfg(&["check", &user.flake()]);
    assert_eq!(drifted.code, Some(5), "{drifted:?}");
    assert!(drifted.err.contains("nix-seed cfg show --json > "), "{drifted:?}");
}

#[test]
fn what_is_wrong_is_told_in_the_words_of_the_evaluation() {
    let user =
        User::with(r#"inputs.nix-seed.lib.seedCfg { source = "github:owner/app"; builder = { }; builders = { }; }"#);
    let said = user.cfg(&["check", &user.flake()]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.err.contains("seedCfg has no option `builder`. Did you mean `builders`?"), "{said:?}");
    assert_eq!(said.out, "");
}

#[test]
fn a_configuration_that_nobody_checked_is_refused() {
    let user = User::with(r#"{ source = "github:owner/app"; builders = { }; }"#);
    let said = user.cfg(&["check", &user.flake()]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.err.contains("seedCfg = inputs.nix-seed.lib.seedCfg {"), "{said:?}");
}

#[test]
fn a_flake_that_would_have_to_be_built_is_refused() {
    let user = User::with(
        r#"import (derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo 1 > $out" ]; })"#,
    );
    let said = user.cfg(&["check", &user.flake()]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.err.contains("allow-import-from-derivation"), "{said:?}");
}

#[test]
fn files_and_machines_that_lack_something_have_their_codes() {
    let user = User::with(RIGHT);
    assert_eq!(user.cfg(&["check", "none.json"]).code, Some(1));
    let said = user.cfg_with_path("/none", &["check", &user.flake()]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("no `nix` in PATH"), "{said:?}");
    assert_eq!(user.cfg(&["check", "--", "--impure"]).code, Some(2));
    assert_eq!(user.cfg(&["show", "--output", "packages.default", &user.flake()]).code, Some(2));
    assert_eq!(user.cfg(&["show", "--output", "packages.x86_64-linux.default", &user.flake()]).code, Some(0));
    fs::write(user.path("evil.json"), "{\"version\":1,\"level\":1,\"level\":3}").unwrap();
    let said = user.cfg(&["check", "evil.json", "--json"]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.err.contains("evil.json: seedCfg: duplicate field `level`"), "{said:?}");
}

#[test]
fn the_schema_accepts_what_is_accepted_by_others_judgement_too() {
    let cache = Cache::open().unwrap();
    let tests = repository::path().join("lib/tests/seed-cfg");
    let read = |path: &Path| serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap();
    let (cases, normal) = (read(&tests.join("cases.json")), read(&tests.join("normal.json")));

    let mut documents: Vec<Value> = normal.as_object().unwrap().values().cloned().collect();
    let mut expected = vec![true; documents.len()];
    for case in cases["cases"].as_array().unwrap() {
        let mut document = cases["base"].clone();
        for edit in case["set"].as_array().unwrap() {
            let path = edit["path"].as_array().unwrap().iter();
            let place = path.fold(&mut document, |place, name| &mut place[name.as_str().unwrap()]);
            *place = edit["value"].clone();
        }
        documents.push(document);
        expected.push(case["refused"].is_null());
    }
    let schema = repository::path().join("doc/seed-cfg.schema.json");
    let valid = validators::valid(&cache, &schema, &documents).unwrap();

    // What several values have to be together, no schema says: so it may accept what is refused, never the reverse.
    let wrong: Vec<_> = (0..documents.len()).filter(|index| expected[*index] && !valid[*index]).collect();
    assert!(wrong.is_empty(), "{:?}", wrong.iter().map(|index| &documents[*index]).collect::<Vec<_>>());
    let refused = (0..documents.len()).filter(|index| !expected[*index] && !valid[*index]).count();
    assert!(refused > 100, "only {refused} are refused");
}
