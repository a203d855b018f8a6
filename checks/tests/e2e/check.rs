//! `nix-seed check`: whether a seed is complete, and whether it suits a commit.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix_seed_checks::client;
use nix_seed_checks::machine::files;
use serde_json::Value;
use tempfile::TempDir;

use crate::seed::Seed;

/// Somebody who checks: with a home, a cache in it, and the program.
struct Checker {
    seed: Seed,
    home: TempDir,
    program: PathBuf,
}

/// What a check has said.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Checker {
    fn of_example(name: &str) -> Self {
        Self { seed: Seed::of_example(name), home: tempfile::tempdir().unwrap(), program: client::program().unwrap() }
    }

    fn flake(&self) -> String {
        format!("path:{}#seed", self.seed.source().display())
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>, path: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", path).env("HOME", self.home.path()).current_dir(self.seed.source());
        command.env("NIX_SEED_CACHE", self.home.path().join("cache")).stdin(Stdio::null());
        command
    }

    /// The whole check of the flake, on a machine without Nix.
    fn check(&self, options: &[&str]) -> Said {
        let mut command = self.command(&self.program, "/usr/sbin:/usr/bin:/sbin:/bin");
        // Nix of the package set is Debian's, which shows builders a shell that is not part of a seed.
        command.env("NIX_CONFIG", "sandbox-paths =");
        say(command.arg("check").args(options).arg(&self.seed.layout).arg(self.flake()))
    }

    /// The quick check of the flake, on a machine with Nix.
    fn quick(&self, options: &[&str]) -> Said {
        let nix = &self.seed.workbench.nix;
        let folder = nix.program().parent().unwrap().display().to_string();
        let mut command = self.command(&self.program, &format!("{folder}:/usr/bin:/bin"));
        command.envs(nix.environment().iter().map(|(name, value)| (name, value)));
        say(command.args(["check", "--quick"]).args(options).arg(&self.seed.layout).arg(self.flake()))
    }
}

fn say(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

const ZLIB: [&str; 3] =
    ["flake.nix", "buildInputs = [ packages.libgreet ];", "buildInputs = [ packages.libgreet pkgs.zlib ];"];

#[test]
fn c_is_complete_and_suits_until_its_dependencies_change() {
    let checker = Checker::of_example("c");
    let said = checker.check(&[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.starts_with("complete: "), "{said:?}");
    let said = checker.quick(&[]);
    assert_eq!((said.code, &*said.out), (Some(0), "the seed suits\n"), "{said:?}");
    // Sources are no dependencies.
    checker.seed.edit("libgreet/greet.c", "snprintf", " snprintf");
    let said = checker.quick(&[]);
    assert_eq!((said.code, &*said.out), (Some(0), "the seed suits\n"), "{said:?}");

    let [file, from, to] = ZLIB;
    checker.seed.edit(file, from, to);
    let said = checker.quick(&[]);
    assert_eq!(said.code, Some(6), "{said:?}");
    assert!(said.out.starts_with("the seed does not suit"), "{said:?}");
    let missing = checker.quick(&["--json"]).json()["missing"].clone();
    let zlib = missing.as_array().unwrap().iter().find(|missing| missing["path"].as_str().unwrap().contains("zlib"));
    let chain = zlib.unwrap_or_else(|| panic!("{missing}"))["chain"].as_array().unwrap();
    assert_eq!(chain[0], "packages.x86_64-linux.default", "{missing}");
    // The check itself finds it missing as well, before any edit.
    let said = checker.check(&[]);
    assert_eq!(said.code, Some(6), "{said:?}");
    assert!(said.out.contains("Before any edit, the seed lacks:") && said.out.contains("zlib"), "{said:?}");

    checker.seed.edit(file, to, from);
    let said = checker.quick(&[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    // An input of another day: neither Nix nor its source is asked for.
    let lock = checker.seed.source().join("flake.lock");
    let mut json: Value = serde_json::from_slice(&fs::read(&lock).unwrap()).unwrap();
    json["nodes"]["nixpkgs"]["locked"]["narHash"] = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".into();
    fs::write(&lock, json.to_string()).unwrap();
    let said = checker.quick(&[]);
    assert_eq!(said.code, Some(6), "{said:?}");
    assert!(said.out.contains("needed by the flake's inputs → nixpkgs\n"), "{said:?}");
}

#[test]
fn paths_go_into_a_workflow() {
    let checker = Checker::of_example("crane");
    let said = checker.check(&["--paths=workflow"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.starts_with("paths:\n  - \"flake.lock\"\n  - \"flake.nix\"\n"), "{said:?}");
    assert!(said.out.lines().skip(1).all(|line| line.starts_with("  - \"")), "{said:?}");
    let json = checker.check(&["--paths=json"]).json();
    assert_eq!(json.as_array().unwrap().len(), said.out.lines().count() - 1);
    let whole = checker.check(&["--json"]).json();
    assert_eq!((&whole["complete"], &whole["paths"][0]["path"]), (&true.into(), &json[0]));
}

#[test]
fn crane_is_complete_and_could_be_fresher_when_its_dependencies_change() {
    let checker = Checker::of_example("crane");
    let said = checker.check(&[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(checker.quick(&[]).code, Some(0));
    checker.seed.edit("project.lock", "0.3.1", "0.4.0");
    let said = checker.quick(&[]);
    assert_eq!(said.code, Some(7), "{said:?}");
    assert!(said.out.starts_with("the seed suits, but could be fresher"), "{said:?}");
    assert!(said.out.contains("tally-deps") && said.out.contains("dummy-source"), "{said:?}");
    let json = checker.quick(&["--json"]).json();
    assert_eq!((&json["verdict"], &json["missing"]), (&"could-be-fresher".into(), &Value::Array(vec![])));
}

#[test]
fn crane_is_not_complete_in_direct_mode() {
    let mut checker = Checker::of_example("crane");
    checker.seed.edit(
        "flake.nix",
        "mkSeed { inherit pkgs self; }",
        "mkSeed { inherit pkgs self; closure = \"direct\"; }",
    );
    checker.seed.layout = checker.seed.workbench.build(checker.seed.source(), "seed").unwrap();
    assert_eq!(checker.quick(&[]).code, Some(0));
    let said = checker.check(&[]);
    assert_eq!(said.code, Some(6), "{said:?}");
    assert!(said.out.contains("not complete"), "{said:?}");
    for expected in ["-jq-", "└ dummy-source", "name dummy-source in mkSeed's `own`"] {
        assert!(said.out.contains(expected), "no {expected:?} in {}", said.out);
    }
    assert!(said.err.contains("the seed is not complete"), "{said:?}");
}

fn suits_the_flake_that_it_was_made_of(name: &str) {
    let said = Checker::of_example(name).quick(&[]);
    assert_eq!((said.code, &*said.out), (Some(0), "the seed suits\n"), "{name}: {said:?}");
}

#[test]
fn a_seed_suits_its_flake_of_many_packages() {
    suits_the_flake_that_it_was_made_of("monorepo");
}

#[test]
fn a_seed_suits_its_flake_of_hidden_derivations() {
    suits_the_flake_that_it_was_made_of("generator");
    suits_the_flake_that_it_was_made_of("vendored");
}

#[test]
fn a_seed_suits_its_flake_of_shells() {
    suits_the_flake_that_it_was_made_of("shells");
}

#[test]
fn a_seed_suits_its_flake_of_outputs_of_all_shapes() {
    suits_the_flake_that_it_was_made_of("shapes");
    suits_the_flake_that_it_was_made_of("reads");
}

/// In a mount namespace whose /nix is an empty folder.
const BARE: &str = r#"
    mount --bind "$1" seed
    mount --bind nix /nix
    mount -t tmpfs tmpfs /var/lib
    eval "$("$0" up --insecure-skip-verify ./seed)"
    "$0" check --quick path:flake#seed
    sed --in-place 's/packages.libgreet ];/packages.libgreet pkgs.zlib ];/' flake/flake.nix
    "$0" check --quick path:flake#seed || test $? = 6
"#;

#[test]
fn a_seed_that_is_up_or_run_is_at_hand() {
    let checker = Checker::of_example("c");
    for folder in ["seed", "nix"] {
        fs::create_dir(checker.home.path().join(folder)).unwrap();
    }
    files::copy_tree(checker.seed.source(), &checker.home.path().join("flake")).unwrap();
    let path = "/usr/sbin:/usr/bin:/sbin:/bin";
    let mut command = checker.command("unshare", path);
    command.env("NIX_CONFIG", "sandbox-paths =").current_dir(checker.home.path());
    command.args(["--mount", "sh", "-euc", BARE]).arg(&checker.program).arg(&checker.seed.layout);
    let said = say(&mut command);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.starts_with("the seed suits\nthe seed does not suit"), "{said:?}");
    assert!(said.err.contains("the seed at /nix: sha256:"), "{said:?}");

    let mut command = checker.command(&checker.program, path);
    command.env("NIX_CONFIG", "sandbox-paths =").args(["run", "--no-network"]).arg(&checker.seed.layout).arg("--");
    let said = say(command.arg(&checker.program).args(["check", "--quick", &checker.flake()]));
    assert_eq!((said.code, &*said.out), (Some(0), "the seed suits\n"), "{said:?}");
    assert!(said.err.contains("the seed at /nix: sha256:"), "{said:?}");
}
