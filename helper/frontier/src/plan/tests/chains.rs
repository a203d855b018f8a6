//! What leads to a root.

use super::*;

#[test]
fn a_chain_is_an_output_then_own_derivations() {
    let plan = plan_of(
        "output app: deps gcc
         own deps: script
         own script: bash @patch",
    );
    assert_eq!(plan.chain("gcc"), "#app");
    assert_eq!(plan.chain("bash"), "#app > deps > script");
    assert_eq!(plan.chain("@patch"), "#app > deps > script");
}

#[test]
fn the_chain_to_an_own_derivations_result_ends_before_it() {
    let plan = plan_of(
        "output app: deps
         own deps: script
         own script:",
    );
    assert_eq!(plan.chain("deps"), "#app");
    assert_eq!(plan.chain("script"), "#app > deps");
}

#[test]
fn the_chain_is_the_shortest() {
    for needs in ["b c", "c b"] {
        let plan = plan_of(&format!(
            "output app: a
             own a: {needs}
             own b: d
             own d: gcc
             own c: gcc"
        ));
        assert_eq!(plan.chain("gcc"), "#app > a > c", "{needs}");
    }
}

#[test]
fn what_two_outputs_need_has_the_chain_of_the_first() {
    let plan = plan_of(
        "output a: deps
         output b: deps gcc
         own deps: gcc",
    );
    assert_eq!(plan.chain("gcc"), "#a > deps");
}

#[test]
fn an_apps_chain_begins_with_it() {
    let plan = plan_of(
        "run start: script bash @page
         own script: python",
    );
    assert_eq!(plan.chain("bash"), "#start");
    assert_eq!(plan.chain("@page"), "#start");
    assert_eq!(plan.chain("python"), "#start > script");
}
