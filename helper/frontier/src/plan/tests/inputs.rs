//! What of an output's inputs is taken, and how.

use super::*;

#[test]
fn an_outputs_inputs_are_taken_and_its_own_result_is_not() {
    let plan = plan_of("output app: gcc bash @patch");
    assert_eq!(plan.needed(), ["@patch", "bash", "gcc"]);
    assert!(plan.results().is_empty() && plan.own().is_empty());
}

#[test]
fn what_is_somebody_elses_is_taken_as_a_result() {
    let plan = plan_of(
        "output app: gcc
         gcc: glibc @gcc-src",
    );
    assert_eq!(plan.needed(), ["gcc"]);
}

#[test]
fn an_own_derivations_inputs_are_taken() {
    let plan = plan_of(
        "output app: deps gcc
         own deps: script cargo @patch
         own script: bash",
    );
    assert_eq!(plan.needed(), ["@patch", "bash", "cargo", "gcc"]);
    assert_eq!(plan.own(), ["deps.drv", "script.drv"]);
}

#[test]
fn a_fixed_output_derivation_is_a_leaf() {
    let plan = plan_of(
        "output app: crates
         fixed crates: curl @own-lock @list",
    );
    assert_eq!(plan.needed(), ["crates"]);
}

#[test]
fn of_an_output_that_is_fixed_the_result_is_taken() {
    let plan = plan_of(
        "output crates: curl
         fixed output model[out,index]: curl",
    );
    assert_eq!(plan.needed_by("#model"), ["model", "model.index"]);
}

#[test]
fn an_output_that_is_fixed_is_taken_by_others() {
    let plan = plan_of(
        "fixed output crates:
         output app: crates",
    );
    assert_eq!(plan.needed_by("#app"), ["crates"]);
}

#[test]
fn only_outputs_that_are_used_are_taken() {
    let plan = plan_of(
        "output app: zlib.dev zlib.static
         zlib[out,dev,static]:",
    );
    assert_eq!(plan.needed(), ["zlib.dev", "zlib.static"]);
}

#[test]
fn the_flakes_sources_its_inputs_and_drv_files_are_not_taken() {
    let plan = plan_of(
        "output app: lib @own-src @skip-nixpkgs @hello.drv @patch
         own lib: @own-lib @skip-nixpkgs @other.drv @theirs",
    );
    assert_eq!(plan.needed(), ["@patch", "@theirs"]);
}

#[test]
fn what_is_needed_twice_is_taken_once() {
    let plan = plan_of(
        "output app: gcc lib tool @patch
         own lib: gcc tool.dev @patch
         tool[out,dev]:",
    );
    assert_eq!(plan.needed(), ["@patch", "gcc", "tool", "tool.dev"]);
}

#[test]
fn an_app_needs_what_its_program_names() {
    let plan = plan_of(
        "run start: bash tool.bin script @page @own-page @skip-nixpkgs
         tool[out,bin]: gcc
         own script: python",
    );
    assert_eq!(plan.needed(), ["@page", "bash", "python", "tool.bin"]);
    assert_eq!(plan.results(), ["script"]);
}

#[test]
fn an_app_does_not_take_an_output() {
    let plan = plan_of(
        "output app: gcc
         run start: app",
    );
    assert!(plan.needed_by("#start").is_empty());
    assert_eq!(plan.needed(), ["gcc"]);
}
