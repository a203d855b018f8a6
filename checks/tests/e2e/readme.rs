//! README's commands are the ones that work. A block of commands that no test runs is a failure.

use std::path::Path;
use std::process::Command;

use nix_seed_checks::client;
use nix_seed_checks::machine::{process, repository};
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::seed::flake::Workbench;
use nix_seed_checks::seed::podman::Podman;

/// README's blocks of one language, in order.
pub(crate) fn blocks(language: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(repository::path().join("README.md")).unwrap();
    let fence = format!("```{language}\n");
    readme.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// Those of commands: the quickstart, podman, to a registry, from there, checks of a seed, the two commands, by hand.
fn commands() -> [String; 7] {
    <[String; 7]>::try_from(blocks("sh")).expect("README has other blocks of commands than those tested here")
}

/// Runs commands as a person types them, who has Nix and podman.
fn shell(folder: &Path, commands: &str, workbench: &Workbench) -> String {
    let podman = Podman::open(&workbench.cache).unwrap();
    let nix = workbench.nix.program();
    let path = [nix.parent().unwrap().to_owned()].into_iter().chain(std::env::split_paths(env!("PATH")));
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", commands]).current_dir(folder).env("PATH", std::env::join_paths(path).unwrap());
    shell.envs(podman.environment().iter().map(|(name, value)| (name, value)));
    shell.envs(workbench.nix.environment().iter().map(|(name, value)| (name, value)));
    process::output(&mut shell).unwrap()
}

#[test]
fn the_quickstart_is_the_example() {
    let example = std::fs::read_to_string(repository::path().join("examples/hello/flake.nix")).unwrap();
    assert_eq!(blocks("nix"), [example]);
}

#[test]
fn the_quickstarts_workflows_are_those_that_init_writes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("flake.nix"), "{ outputs = _: { }; }\n").unwrap();
    let mut init = Command::new(client::program().unwrap());
    process::output(init.args(["init", "--ci", "github", "--branch", "master"]).current_dir(folder.path())).unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(".github/workflows").join(name)).unwrap();
    assert_eq!(blocks("yaml"), ["seed.yaml", "build.yaml"].map(read));
}

#[test]
fn the_quickstart_works() {
    let [quickstart, podman, ..] = commands();
    let workbench = Workbench::open().unwrap();
    let folder = tempfile::tempdir().unwrap();
    workbench.copy("examples/hello", folder.path()).unwrap();
    shell(folder.path(), &quickstart, &workbench);
    let said = shell(folder.path(), &podman, &workbench);
    assert!(said.contains("Hello, world!"), "{said}");
}

/// A machine without a Nix, whose /nix is an empty folder, and whose /var/lib is its own.
const RUNNER: &str = r#"mount --bind "$HOME/nix" /nix; mount --bind "$HOME/var-lib" /var/lib; "#;

#[test]
fn the_seed_moves_as_described() {
    let [quickstart, _, push, start, ..] = commands();
    let workbench = Workbench::open().unwrap();
    let registry = DockerRegistry::start(&workbench.cache, Auth::Everybody).unwrap();
    let home = tempfile::tempdir().unwrap();
    let flake = home.path().join("flake");
    workbench.copy("examples/hello", &flake).unwrap();
    shell(&flake, &quickstart, &workbench);
    for folder in ["nix", "var-lib"] {
        std::fs::create_dir(home.path().join(folder)).unwrap();
    }

    let bin = client::program().unwrap().parent().unwrap().display().to_string();
    let typed = |commands: &str| {
        assert!(commands.contains("registry.example/me"));
        format!("set -eu; PATH={bin}:$PATH; {}", commands.replace("registry.example", &registry.address().to_string()))
    };
    let digest = shell(&flake, &typed(&push), &workbench);
    assert!(digest.starts_with("sha256:"), "{digest}");
    let mut runner = Command::new("unshare");
    runner.args(["--mount", "sh", "-c", &format!("{RUNNER}{}", typed(&start))]).current_dir(&flake).env_clear();
    runner.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", home.path());
    // The package set's Nix is Debian's, which shows builders a shell that is not part of a seed.
    runner.env("NIX_CONFIG", "sandbox-paths =");
    let said = process::output(&mut runner).unwrap();
    assert!(said.starts_with("Hello, world!"), "{said}");
    // What was built over the mount went with it.
    for folder in ["nix", "var-lib"] {
        assert_eq!(std::fs::read_dir(home.path().join(folder)).unwrap().count(), 0, "{folder}");
    }
}

#[test]
fn a_seed_is_checked_as_described() {
    let [quickstart, _, _, _, check, ..] = commands();
    let workbench = Workbench::open().unwrap();
    let folder = tempfile::tempdir().unwrap();
    workbench.copy("examples/hello", folder.path()).unwrap();
    let bin = client::program().unwrap().parent().unwrap().display().to_string();
    let build = quickstart.lines().next().unwrap();
    let said = shell(folder.path(), &format!("{build}\nPATH={bin}:$PATH\n{check}"), &workbench);
    assert!(said.starts_with("complete: ") && said.contains("\npaths:\n  - \"flake.lock\""), "{said}");
    assert!(said.contains("\nthe seed suits\n"), "{said}");
}

#[test]
fn the_two_commands_are_there_and_the_demo_works() {
    let [_, _, _, _, _, both, _] = commands();
    assert_eq!(both, "checks/demo\nchecks/all\n");
    let ci = std::fs::read_to_string(repository::path().join(".ci/run")).unwrap();
    assert!(ci.contains("checks/all"), "{ci}");
    assert!(repository::path().join("checks/all").is_file());
    let said = process::output(Command::new("checks/demo").current_dir(repository::path())).unwrap();
    let summary = said.split("== Summary").nth(1).unwrap();
    for row in ["seed ", "closure ", "image ", "layers ", "time to first build ", "what was built "] {
        assert!(summary.lines().any(|line| line.starts_with(row)), "no {row:?} in {summary}");
    }
    assert!(summary.contains("libgreet-1.0.0, greet-1.0.0"), "{summary}");
}

#[test]
fn the_package_set_is_used_by_hand_as_described() {
    let [.., by_hand] = commands();
    let workbench = Workbench::open().unwrap();
    // The result goes elsewhere, so that the work tree stays as it is.
    let folder = tempfile::tempdir().unwrap();
    let result = folder.path().join("result").display().to_string();
    assert!(by_hand.contains("--out-link result") && by_hand.contains("--verify result"));
    let commands =
        by_hand.replace("link result", &format!("link {result}")).replace("verify result", &format!("verify {result}"));
    let said = shell(repository::path(), &commands, &workbench);
    assert!(said.contains("every digest, frame and NAR hash holds"), "{said}");
}
