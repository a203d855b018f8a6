//! Real builds: offline, sandboxed, and kept.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix_seed_checks::machine::{files, process};

use super::{Runner, Said, say};
use crate::publish::UNVERIFIED;
use crate::seed::Seed;

/// A flake whose library has to be compiled anew, in a folder of the runner's own.
fn flake(seed: &Seed, runner: &Runner) {
    seed.edit("libgreet/greet.c", "snprintf", " snprintf");
    let folder = runner.path("flake");
    files::copy_tree(seed.source(), &folder).unwrap();
    let user = runner.user.unwrap_or(0).to_string();
    process::output(Command::new("chown").args(["--recursive", &user]).arg(&folder)).unwrap();
}

/// A store that holds a result with its closure, and nothing else.
fn assert_kept(seed: &Seed, out: &Path) {
    let store = out.to_str().unwrap();
    let result = fs::read_link(out.join("result")).unwrap();
    assert!(out.join(&result).join("bin/greet").is_file(), "{}", result.display());
    let result = Path::new("/").join(result);
    let nix = |arguments: &[&str]| {
        process::output(seed.workbench.nix.command("nix").args(arguments).args(["--store", store])).unwrap()
    };
    nix(&["store", "verify", "--no-trust", "--all"]);
    let closure = nix(&["path-info", "--recursive", result.to_str().unwrap()]);
    let all = nix(&["path-info", "--all"]);
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(ToOwned::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&closure), sorted(&all));
    assert!(closure.contains("glibc") && !closure.contains("gcc"), "{closure}");
}

const BUILD: [&str; 3] = ["nix", "build", "path:flake"];
const APART: [&str; 4] = ["--no-network", "--require-sandbox", "--out", "out"];

#[test]
fn root_builds_offline_where_nix_may_not_be_written() {
    let (seed, runner) = (Seed::of_example("c"), Runner::root());
    flake(&seed, &runner);
    fs::create_dir(runner.path("seed")).unwrap();
    // The seed lies in the store that is covered then.
    let script = r#"mount --bind "$0" seed && mount -t tmpfs -o ro tmpfs /nix && "$@" && test -z "$(ls -A /nix)""#;
    let mut command = runner.command(Path::new("unshare"));
    command.args(["--mount", "sh", "-c", script]).arg(&seed.layout).arg(&runner.program);
    command.args(["run", UNVERIFIED]).args(APART).arg("./seed").arg("--").args(BUILD);
    let said = say(&mut command);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.err.contains("leads nowhere"), "{said:?}");
    assert_kept(&seed, &runner.path("out"));
    assert!(runner.left().is_empty());
}

#[test]
fn anybody_builds_offline() {
    let (seed, runner) = (Seed::of_example("c"), Runner::nobody());
    flake(&seed, &runner);
    for _ in 0..2 {
        let said = say(&mut runner.run(&APART, &seed.layout, &BUILD));
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.err.contains("leads nowhere"), "{said:?}");
        assert_kept(&seed, &runner.path("out"));
    }
    // Nothing is kept that nobody asked for.
    fs::remove_file(runner.path("result")).unwrap();
    let said = say(&mut runner.run(&["--no-network"], &seed.layout, &BUILD));
    assert!(said.err.contains("--out DIR"), "{said:?}");
    assert!(runner.left().is_empty());
}

/// What `script` does where this machine's store is one made for the test, the seed is up in it, and `$@` a run's options.
fn on_a_machine_with_a_store(seed: &Seed, runner: &Runner, script: &str) -> Said {
    flake(seed, runner);
    for folder in ["seed", "nix"] {
        fs::create_dir(runner.path(folder)).unwrap();
    }
    let before = r#"
        set -e
        mount --bind "$0" seed
        mount --bind nix /nix
        eval "$(./nix-seed up --insecure-skip-verify --unpack --root / ./seed)"
    "#;
    let mut command = runner.command(Path::new("unshare"));
    command.args(["--mount", "sh", "-c", &format!("{before}{script}")]).arg(&seed.layout);
    say(command.args(["run", UNVERIFIED, "--no-network", "--out", "out", "./seed", "--"]).args(BUILD))
}

#[test]
fn a_result_is_valid_in_a_store_without_a_daemon() {
    let (seed, runner) = (Seed::of_example("c"), Runner::root());
    let script = r#"
        ./nix-seed "$@"
        nix store verify --no-trust ./result
        nix store gc >&2
        ./result/bin/greet
        test "$(readlink result)" = "/$(readlink out/result)"
    "#;
    let said = on_a_machine_with_a_store(&seed, &runner, script);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "Hello, nobody!\n"), "{said:?}");
    assert_kept(&seed, &runner.path("out"));
}
