//! What Nix says of where an evaluation failed: the contexts that mkSeed adds, word for word.
//!
//! Nix code cannot read these, so Nix itself is asked, over a package set of which nothing is built.

use std::process::Stdio;

use nix_seed_checks::machine::repository;
use nix_seed_checks::seed::flake::Workbench;

/// What Nix says of the seed's derivation, for a flake with these outputs and further arguments.
fn evaluate(flake: &str, arguments: &str) -> String {
    let workbench = Workbench::open().unwrap();
    let root = repository::path();
    let expression = format!(
        r#"let
          root = {root};
          pkgs = import (root + "/nix/tests/package-set.nix");
          app = pkgs.make "app" {{ }};
          self = {{ _type = "flake"; outPath = "${{root + "/nix/tests"}}"; }} // {flake};
        in (import (root + "/nix/mk-seed.nix") {{ lib = import (root + "/lib"); }} ({{ inherit pkgs self; }} // {{ {arguments} }})).drvPath"#,
        root = root.display(),
    );
    let mut command = workbench.nix.command("nix");
    command.args(["eval", "--impure", "--show-trace", "--expr", &expression]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success(), "{expression} evaluates");
    String::from_utf8(output.stderr).unwrap()
}

fn assert_says(flake: &str, arguments: &str, context: &str, error: &str) {
    let said = evaluate(flake, arguments);
    assert!(said.contains(&format!("… {context}\n")), "{context:?} is not in:\n{said}");
    assert!(said.contains(&format!("error: {error}\n")), "{error:?} is not in:\n{said}");
}

/// Nix indents what it says.
fn assert_ends(said: &str, error: &str) {
    let lines = |text: &str| text.trim().lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
    let (said, error) = (lines(said), lines(&format!("error: {error}")));
    assert!(said.ends_with(&error), "{error:?} is not the end of {said:#?}");
}

const ADD: &str = "cannot add a string to an integer";

#[test]
fn an_output_that_does_not_evaluate() {
    assert_says(
        r#"{ packages.x86_64-linux = { default = app; broken = pkgs.make "x" { value = 1 + "a"; }; }; }"#,
        "",
        "while nix-seed evaluated packages.x86_64-linux.broken (or add it to exclude: mkSeed { …; exclude = [ \"seed\" \"packages.broken\" ]; })",
        ADD,
    );
}

#[test]
fn a_default_package_whose_name_does_not_evaluate() {
    assert_says(
        r#"{ packages.x86_64-linux.default = app // { pname = 1 + "a"; }; }"#,
        "",
        "while nix-seed named the seed after packages.x86_64-linux.default (give mkSeed a `name`, or add \"packages.default\" to exclude)",
        ADD,
    );
}

#[test]
fn a_kind_of_outputs_that_does_not_evaluate() {
    assert_says(
        r#"{ packages.x86_64-linux.default = app; checks = 1 + "a"; }"#,
        "",
        "while nix-seed listed the flake's checks.x86_64-linux",
        ADD,
    );
}

#[test]
fn a_filter_that_does_not_evaluate() {
    assert_says(
        "{ checks.x86_64-linux.test = app; }",
        r#"filter = path: output: 1 + "a";"#,
        "while mkSeed's `filter` looked at checks.x86_64-linux.test",
        ADD,
    );
}

#[test]
fn an_input_that_does_not_evaluate() {
    assert_says(
        r#"{ packages.x86_64-linux.default = app; inputs = 1 + "a"; }"#,
        "",
        "while nix-seed looked for the inputs of a flake input",
        ADD,
    );
}

#[test]
fn a_lock_file_without_hashes() {
    let said = evaluate(
        r#"{ packages.x86_64-linux.default = app;
             outPath = "${builtins.path { name = "flake"; path = root + "/nix/tests/flake-unlocked"; }}"; }"#,
        "",
    );
    assert_ends(
        &said,
        "nix-seed: flake.lock has no narHash for the input `nixpkgs`, so that Nix would have to fetch it in the seed, offline.
         Lock it again with Nix 2.18 or newer: nix flake update nixpkgs",
    );
}

#[test]
fn a_system_without_images() {
    let said = evaluate(
        "{ packages.riscv64-linux.default = app; }",
        r#"pkgs = pkgs // { stdenv = pkgs.stdenv // { hostPlatform = { system = "x86_64-freebsd"; isLinux = false; }; }; };"#,
    );
    assert_ends(
        &said,
        r#"nix-seed: there are no images for the system "x86_64-freebsd".
         Expected: linux or darwin on aarch64, i686, powerpc64le, riscv64, s390x, x86_64.
         For example: pkgs = inputs.nixpkgs.legacyPackages.x86_64-linux;"#,
    );
}
