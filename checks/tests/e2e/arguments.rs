//! What mkSeed says to a user who got something wrong.

use std::fs;
use std::process::Stdio;

use nix_seed_checks::seed::flake::Workbench;

/// A flake with the given outputs besides its seed, and further arguments of mkSeed.
fn flake(outputs: &str, arguments: &str) -> String {
    format!(
        r#"{{
  inputs.nixpkgs.url = "nixpkgs";
  inputs.nix-seed = {{ url = "nix-seed"; inputs.nixpkgs.follows = "nixpkgs"; }};
  outputs = {{ self, nixpkgs, nix-seed }}:
    let pkgs = nixpkgs.legacyPackages.x86_64-linux; in
    {{
      packages.x86_64-linux = {{
        default = pkgs.runCommand "app" {{ }} "echo app > $out";
        {outputs}
        seed = nix-seed.lib.mkSeed {{ {arguments} }};
      }};
    }};
}}
"#
    )
}

/// Builds the seed of a flake; what Nix wrote, and whether it failed.
fn build(outputs: &str, arguments: &str) -> (bool, String) {
    let workbench = Workbench::open().unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("flake.nix"), flake(outputs, arguments)).unwrap();
    workbench.lock(folder.path()).unwrap();
    let mut command = workbench.nix.command("nix");
    command.args(["build", "--no-link"]).arg(format!("path:{}#seed", folder.path().display()));
    let output = command.stdin(Stdio::null()).output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

fn assert_refused(outputs: &str, arguments: &str, expected: &[&str]) {
    let (success, said) = build(outputs, arguments);
    assert!(!success, "{arguments} is accepted");
    for words in expected {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
}

const RIGHT: &str = "inherit pkgs self;";

#[test]
fn an_unknown_argument() {
    assert_refused("", &format!("{RIGHT} maxLayer = 4;"), &["maxLayer", "maxLayers", "For example: "]);
}

#[test]
fn a_missing_argument() {
    assert_refused("", "inherit self;", &["`pkgs`", "For example: "]);
    assert_refused("", "inherit pkgs;", &["`self`", "For example: "]);
}

#[test]
fn an_argument_of_the_wrong_type() {
    assert_refused("", &format!("{RIGHT} exclude = \"docs\";"), &["`exclude`", "list", "exclude = [ \"seed\""]);
    assert_refused("", &format!("{RIGHT} maxLayers = 101;"), &["`maxLayers`", "100"]);
}

#[test]
fn an_output_that_throws() {
    let broken = "broken = throw \"no such thing\";";
    assert_refused(broken, RIGHT, &["packages.x86_64-linux.broken", "add it to exclude"]);
    let (success, said) = build(broken, &format!("{RIGHT} exclude = [ \"seed\" \"broken\" ];"));
    assert!(success, "{said}");
}

#[test]
fn an_output_that_asserts() {
    let broken = "broken = assert 1 == 2; pkgs.hello;";
    assert_refused(broken, RIGHT, &["packages.x86_64-linux.broken", "add it to exclude"]);
}

#[test]
fn an_output_with_another_error_is_named() {
    let broken = "broken = pkgs.runCommand \"x\" { value = 1 + \"a\"; } \"\";";
    assert_refused(broken, RIGHT, &["packages.x86_64-linux.broken", "cannot add"]);
}

#[test]
fn a_closure_that_is_too_large_names_its_ten_largest_contributors() {
    let (success, said) = build("", &format!("{RIGHT} maxSize = 1000000;"));
    assert!(!success);
    assert!(said.contains("maxSize"), "{said}");
    // Nix shows the end of a builder's log more than once.
    let mut paths: Vec<_> =
        said.lines().filter(|line| line.contains('%')).filter_map(|line| line.split("/nix/store/").nth(1)).collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), 10, "{said}");
}
