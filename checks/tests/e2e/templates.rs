//! What `nix flake init` puts into an empty repository, and that it is a flake with a seed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use nix_seed_checks::machine::{process, repository};
use nix_seed_checks::seed::flake::Workbench;
use serde_json::Value;
use tempfile::TempDir;

/// Somebody who begins.
struct Newcomer {
    workbench: Workbench,
    folder: TempDir,
    /// What Nix said when it had copied the template.
    welcome: String,
}

impl Newcomer {
    /// One who has taken a template: `#attested`, or none for the default.
    fn with(template: &str) -> Self {
        let workbench = Workbench::open().unwrap();
        let folder = tempfile::tempdir().unwrap();
        process::output(Command::new("git").args(["init", "--quiet"]).current_dir(folder.path())).unwrap();
        let mut init = workbench.nix.command("nix");
        init.args(["flake", "init", "--template", &format!("{}{template}", workbench.nix_seed())]);
        let output = init.current_dir(folder.path()).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{said}");
        // Nix breaks lines where it likes.
        let welcome = said.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { workbench, folder, welcome }
    }

    fn text(&self) -> String {
        fs::read_to_string(self.folder.path().join("flake.nix")).unwrap()
    }

    /// An attribute of the flake as it lies in the repository, in which nothing but what Nix did is known to git.
    fn eval(&self, attribute: &str) -> Value {
        self.workbench.lock(self.folder.path()).unwrap();
        let add = ["add", "flake.lock"];
        process::output(Command::new("git").args(add).current_dir(self.folder.path())).unwrap();
        let mut eval = self.workbench.nix.command("nix");
        eval.args(["eval", "--json", &format!(".#{attribute}")]).current_dir(self.folder.path());
        serde_json::from_str(&process::output(&mut eval).unwrap()).unwrap()
    }
}

fn file(path: &str) -> String {
    fs::read_to_string(repository::path().join(path)).unwrap()
}

#[test]
fn the_default_is_the_quickstart_and_has_a_seed() {
    let newcomer = Newcomer::with("");
    assert_eq!(newcomer.text(), file("examples/hello/flake.nix"));
    for step in ["nix build .#seed makes the seed", "flake.lock", "push ./result", "-- --help"] {
        assert!(newcomer.welcome.contains(step), "{step:?} is not in:\n{}", newcomer.welcome);
    }
    assert_eq!(newcomer.eval("packages.x86_64-linux.seed.name"), "hello-seed");
    let derivation = newcomer.eval("packages.x86_64-linux.seed.drvPath");
    assert!(Path::new(derivation.as_str().unwrap()).exists(), "{derivation}");
}

#[test]
fn the_attested_one_says_whom_to_trust() {
    let newcomer = Newcomer::with("#attested");
    assert_eq!(newcomer.text(), file("examples/attested/flake.nix"));
    assert_eq!(newcomer.eval("seedCfg.source"), "git+https://github.com/owner/app");
    assert_eq!(newcomer.eval("packages.x86_64-linux.seed.name"), "tally-seed");
}

/// Its inputs are not to be had here: `nix flake check` evaluates it where they are.
#[test]
fn the_one_for_flake_parts_is_copied() {
    let newcomer = Newcomer::with("#flake-parts");
    assert_eq!(newcomer.text(), file("templates/flake-parts/flake.nix"));
    assert!(newcomer.welcome.contains("perSystem.seed"), "{}", newcomer.welcome);
}
