//! Several outputs of one flake.

use super::*;

#[test]
fn outputs_that_share_an_own_derivation_both_need_what_it_needs() {
    let plan = plan_of(
        "output app: deps gcc
         output test: deps pytest
         own deps: cargo @patch",
    );
    assert_eq!(plan.needed_by("#app"), ["@patch", "cargo", "gcc"]);
    assert_eq!(plan.needed_by("#test"), ["@patch", "cargo", "pytest"]);
    assert_eq!(plan.results(), ["deps"]);
}

#[test]
fn an_output_does_not_need_what_another_one_below_it_needs() {
    let plan = plan_of(
        "output image: app gzip
         output app: gcc",
    );
    assert_eq!(plan.needed_by("#image"), ["gzip"]);
    assert_eq!(plan.needed_by("#app"), ["gcc"]);
}

#[test]
fn the_sides_of_a_diamond_share_what_is_below() {
    let plan = plan_of(
        "output app: left right
         own left: base gcc
         own right: base clang
         own base: bash",
    );
    assert_eq!(plan.needed_by("#app"), ["bash", "clang", "gcc"]);
    assert_eq!(plan.results(), ["base", "left", "right"]);
    assert_eq!(plan.own(), ["base.drv", "left.drv", "right.drv"]);
}

#[test]
fn outputs_are_answered_in_the_order_in_which_they_are_asked_for() {
    let plan = plan_of("output b: gcc\nrun c: gcc\noutput a: gcc");
    let labels: Vec<_> = plan.outputs.iter().map(|output| &*output.label).collect();
    assert_eq!(labels, ["#b", "#c", "#a"]);
    assert_eq!(plan.needed_by("#a"), plan.needed_by("#b"));
}

#[test]
fn a_flake_without_outputs_needs_nothing() {
    assert_eq!(plan_of(""), Plan::default());
}

#[test]
fn an_output_that_is_not_in_the_graph_is_an_error() {
    let outputs = vec![Line::parse("output app:").request()];
    let request = Request { outputs, ..Request::default() };
    let why = plan(&request, &Graph::default(), &Own::default()).unwrap_err().to_string();
    assert!(why.ends_with("-app.drv is not in the graph"), "{why}");
}
