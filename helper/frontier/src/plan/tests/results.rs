//! The results of the flake's own derivations.

use super::*;

#[test]
fn an_own_derivations_result_is_taken_apart() {
    let plan = plan_of(
        "output app: deps.vendor
         own deps[out,vendor]: cargo",
    );
    assert_eq!(plan.results(), ["deps.vendor"]);
    assert_eq!(plan.needed_by("#app"), ["cargo"]);
}

#[test]
fn an_output_is_no_result() {
    let plan = plan_of(
        "own output lib: gcc
         own output app: lib",
    );
    assert!(plan.results().is_empty() && plan.own().is_empty());
    assert!(plan.needed_by("#app").is_empty());
    assert_eq!(plan.needed_by("#lib"), ["gcc"]);
}

#[test]
fn an_own_derivation_that_needs_an_own_output_is_not_taken() {
    let plan = plan_of(
        "output image: layer
         own layer: app gzip
         own output app: gcc",
    );
    assert!(plan.results().is_empty());
    assert_eq!(plan.needed_by("#image"), ["gzip"]);
    assert_eq!(plan.own(), ["layer.drv"]);
}

#[test]
fn an_output_is_needed_through_others_too() {
    let plan = plan_of(
        "output image: layer
         own layer: between
         own between: app
         own output app: gcc",
    );
    assert!(plan.results().is_empty());
    assert_eq!(plan.needed(), ["gcc"]);
}

#[test]
fn what_an_output_needs_is_taken_though_it_is_below_another_one() {
    let plan = plan_of(
        "output image: layer
         own layer: app
         own output app: deps
         own deps: gcc",
    );
    assert_eq!(plan.results(), ["deps"]);
}

#[test]
fn an_output_that_has_none_of_the_flakes_files_leaves_no_result_out() {
    let plan = plan_of(
        "output rust: llvm
         output app: deps
         own deps: rust",
    );
    assert_eq!(plan.results(), ["deps"]);
}

#[test]
fn what_needs_such_an_output_is_taken_with_what_it_is_made_from() {
    let plan = plan_of(
        "output hello: gcc
         run start: script
         script: hello bash",
    );
    assert_eq!(plan.results(), ["script"]);
    assert_eq!(plan.needed_by("#start"), ["bash"]);
    assert_eq!(plan.own(), ["script.drv"]);
}

#[test]
fn what_many_need_is_part_of_a_package_set() {
    let tools: Vec<_> = (0..40).map(|i| format!("tool-{i}")).collect();
    let tools_of = |count: usize| tools[..count].iter().map(|tool| format!("{tool}: gcc src\n")).collect::<String>();
    let graph =
        |count: usize| format!("output gcc: bootstrap\noutput app: {}\n{}", tools[..count].join(" "), tools_of(count));
    assert_eq!(plan_of(&graph(32)).results().len(), 32);
    let plan = plan_of(&graph(33));
    assert!(plan.results().is_empty() && plan.own().is_empty());
    assert_eq!(plan.needed_by("#app").len(), 33);
}

#[test]
fn an_output_that_is_fixed_leaves_no_result_out() {
    let plan = plan_of(
        "fixed output crates:
         output app: deps
         own deps: crates",
    );
    assert_eq!(plan.results(), ["deps"]);
}

#[test]
fn of_an_own_derivation_each_output_that_something_uses_is_a_result() {
    let plan = plan_of(
        "output a: lib
         output b: lib.dev
         own lib[out,dev,doc]: gcc",
    );
    assert_eq!(plan.results(), ["lib", "lib.dev"]);
    assert_eq!(plan.needed_by("#b"), ["gcc"]);
}
