//! Derivations whose results' paths nobody knows beforehand.

use super::*;

#[test]
fn a_result_that_is_needed_and_content_addressed_is_refused() {
    let plan = plan_of(
        "output app: deps
         own deps: zlib
         floating zlib:",
    );
    assert_eq!(plan.refused(), ["#app > deps: content-addressed zlib.drv"]);
    assert!(plan.needed().is_empty());
}

#[test]
fn a_result_that_is_needed_and_impure_is_refused() {
    let plan = plan_of(
        "run start: clock
         impure clock:",
    );
    assert_eq!(plan.refused(), ["#start: impure clock.drv"]);
}

#[test]
fn an_output_that_is_content_addressed_or_impure_is_refused() {
    let plan = plan_of(
        "floating output a: gcc
         impure output b: gcc",
    );
    assert_eq!(plan.refused(), ["#a: content-addressed a.drv", "#b: impure b.drv"]);
}

#[test]
fn an_own_derivation_that_is_content_addressed_is_refused_by_what_leads_to_it() {
    let plan = plan_of(
        "output app: deps
         own deps: script
         own floating script: bash",
    );
    assert_eq!(plan.refused(), ["#app > deps: content-addressed script.drv"]);
}

#[test]
fn what_is_dynamic_is_refused_where_it_is_needed() {
    let plan = plan_of(
        "output app: deps
         own deps: generated gcc
         gcc: below
         dynamic generated:
         dynamic below:",
    );
    assert_eq!(plan.refused(), ["#app > deps: dynamic generated.drv"]);
}

#[test]
fn below_what_is_taken_as_a_result_nothing_is_refused() {
    let plan = plan_of(
        "output app: gcc crates
         gcc: zlib clock
         floating zlib:
         impure clock:
         fixed crates: clock",
    );
    assert!(plan.refused().is_empty());
    assert_eq!(plan.needed(), ["crates", "gcc"]);
}

#[test]
fn each_output_hears_of_it_once() {
    let plan = plan_of(
        "output a: zlib.out zlib.dev lib
         own lib: zlib
         output b: zlib
         floating zlib[out,dev]:",
    );
    assert_eq!(plan.refused(), ["#a: content-addressed zlib.drv", "#b: content-addressed zlib.drv"]);
}

#[test]
fn all_that_is_refused_is_named() {
    let plan = plan_of(
        "output a: zlib clock
         floating zlib:
         impure clock:",
    );
    assert_eq!(plan.refused(), ["#a: impure clock.drv", "#a: content-addressed zlib.drv"]);
}
