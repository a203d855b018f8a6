//! What a plan is for: after an edit of the flake's sources, its outputs are built from what the seed holds.
//!
//! [`failures_after_an_edit`] is that build, without anything of the planner: what is own, or an output, is built as soon as all that it needs
//! is there. What is somebody else's is not, though where its inputs happen to be roots, too, it could be. But for this, no root can be spared.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use super::*;

/// What the edit changes: the result from before it is of no use.
fn is_changed(line: &Line) -> bool {
    (line.is("own") || line.is("output")) && !line.is("fixed")
}

/// What is built again besides, since it needs an output that an edit of `flake.nix` may change.
fn near(lines: &[Line]) -> HashSet<&str> {
    let mut near = HashSet::new();
    let foreign: HashSet<_> =
        lines.iter().filter(|line| line.is("output") && !line.is("own")).map(|line| &*line.name).collect();
    for line in lines.iter().filter(|line| !(is_changed(line) || line.is("fixed") || line.is("run"))) {
        let needs: HashSet<_> = line.needs.iter().map(|need| need.split('.').next().unwrap_or_default()).collect();
        let is_fixed = |name: &str| lines.iter().any(|line| line.name == name && line.is("fixed"));
        if needs.iter().any(|name| near.contains(name) || foreign.contains(name) && !is_fixed(name)) {
            near.insert(&*line.name);
        }
    }
    near
}

fn results_of(line: &Line) -> Vec<String> {
    line.outputs.iter().map(|output| result(&line.name, output)).collect()
}

/// The outputs that cannot be built after an edit from these roots.
fn failures_after_an_edit<'a>(lines: &'a [Line], roots: &[String]) -> Vec<&'a str> {
    let near = near(lines);
    let mut store: HashSet<_> = roots.iter().cloned().collect();
    for line in lines.iter().filter(|line| is_changed(line)) {
        store.retain(|root| !results_of(line).contains(root));
    }
    // The evaluation brings the flake's sources and `.drv` files; its inputs are there for it.
    let is_given = |need: &str| ["@own-", "@skip-", "@drv-"].iter().any(|given| need.starts_with(given));
    let has = |store: &HashSet<String>, need: &String| is_given(need) || store.contains(need);
    let mut size = None;
    while size != Some(store.len()) {
        size = Some(store.len());
        for line in lines.iter().filter(|line| is_changed(line) || near.contains(&*line.name)) {
            if line.needs.iter().all(|need| has(&store, need)) {
                store.extend(results_of(line));
            }
        }
    }
    let fails = |line: &&Line| match () {
        () if line.is("run") => !line.needs.iter().all(|need| has(&store, need)),
        () => line.is("output") && !results_of(line).iter().all(|result| store.contains(result)),
    };
    lines.iter().filter(fails).map(|line| &*line.name).collect()
}

const SOURCES: [&str; 5] = ["@patch", "@theirs", "@own-src", "@skip-input", "@drv-x.drv"];

/// A derivation or an app, with needs among the lines before it.
#[derive(Debug, Clone)]
struct Draft {
    kind: u8,
    is_own: bool,
    /// Which line, and which of its two outputs.
    needs: Vec<(Index, u8)>,
    sources: Vec<&'static str>,
}

fn draft() -> impl Strategy<Value = Draft> {
    let needs = prop::collection::vec((any::<Index>(), 1..4u8), 0..4);
    let sources = subsequence(SOURCES.to_vec(), 0..=2);
    (0..10u8, prop::bool::weighted(0.2), needs, sources).prop_map(|(kind, is_own, needs, sources)| Draft {
        kind,
        is_own,
        needs,
        sources,
    })
}

/// Random lines; who depends on the flake's source is own.
fn lines() -> impl Strategy<Value = Vec<Line>> {
    prop::collection::vec(draft(), 1..16).prop_map(|drafts| {
        let mut lines: Vec<Line> = Vec::new();
        for draft in &drafts {
            let line = finish(draft, &lines);
            lines.push(line);
        }
        lines
    })
}

fn finish(draft: &Draft, before: &[Line]) -> Line {
    let name = format!("d{}", before.len());
    let before: Vec<_> = before.iter().filter(|line| !line.is("run")).collect();
    let mut needs: BTreeSet<String> = draft.sources.iter().map(ToString::to_string).collect();
    let mut is_own = draft.is_own || needs.contains("@own-src");
    for (index, outputs) in draft.needs.iter().filter(|_| !before.is_empty()) {
        let needed = index.get(&before);
        is_own |= needed.is("own");
        let both = results_of(needed);
        needs.extend(both.into_iter().enumerate().filter(|(at, _)| outputs & (1 << at) != 0).map(|(_, need)| need));
    }
    let words = match draft.kind {
        0 => vec!["run"],
        1 => vec!["fixed"],
        2 => vec!["fixed", "output"],
        3..=5 => vec!["output"],
        _ => vec![],
    };
    let own = (is_own && draft.kind > 2).then_some("own");
    let is = words.into_iter().chain(own).map(Into::into).collect();
    Line { name, is, outputs: vec!["out".into(), "dev".into()], needs: needs.into_iter().collect() }
}

fn roots(plan: &Plan) -> BTreeSet<String> {
    plan.needed().into_iter().chain(plan.results()).collect()
}

proptest! {
    #[test]
    fn after_an_edit_every_output_is_built_without_the_results(lines in lines()) {
        prop_assert_eq!(failures_after_an_edit(&lines, &plan_lines(&lines).needed()), Vec::<&str>::new());
    }

    #[test]
    fn no_root_but_the_results_can_be_spared(lines in lines()) {
        let needed = plan_lines(&lines).needed();
        for spared in 0..needed.len() {
            let mut rest = needed.clone();
            let spared = rest.remove(spared);
            prop_assert!(!failures_after_an_edit(&lines, &rest).is_empty(), "without {}", spared);
        }
    }

    #[test]
    fn each_output_is_built_from_what_it_and_the_outputs_below_it_need(lines in lines()) {
        let plan = plan_lines(&lines);
        for wanted in lines.iter().filter(|line| line.is("output") || line.is("run")) {
            let below = below(&lines, wanted);
            let is_below = |line: &&Line| below.contains(&line.name) && (line.is("output") || line.is("run"));
            let there: Vec<_> =
                lines.iter().filter(is_below).flat_map(|line| plan.needed_by(&format!("#{}", line.name))).collect();
            prop_assert!(!failures_after_an_edit(&lines, &there).contains(&&*wanted.name), "{}", wanted.name);
        }
    }

    #[test]
    fn an_output_that_nothing_needs_removes_no_root_when_it_is_added(before in lines(), draft in draft()) {
        let mut line = finish(&draft, &before);
        if !line.is("run") {
            line.is.insert("output".into());
        }
        let after: Vec<_> = before.iter().cloned().chain([line]).collect();
        let (before, after) = (plan_lines(&before), plan_lines(&after));
        prop_assert!(roots(&before).is_subset(&roots(&after)));
        prop_assert!(before.needed().iter().all(|root| after.needed().contains(root)));
    }

    #[test]
    fn the_order_of_inputs_and_outputs_does_not_matter(
        (lines, other) in lines().prop_flat_map(|lines| {
            let needs: Vec<_> = lines.iter().map(|line| Just(line.needs.clone()).prop_shuffle()).collect();
            let reordered = (Just(lines.clone()), needs).prop_map(|(mut lines, needs)| {
                lines.iter_mut().zip(needs).for_each(|(line, needs)| line.needs = needs);
                lines
            });
            (Just(lines), reordered.prop_shuffle())
        })
    ) {
        let (one, other) = (plan_lines(&lines), plan_lines(&other));
        prop_assert_eq!(one.needed(), other.needed());
        prop_assert_eq!(one.results(), other.results());
        prop_assert_eq!(&one.own, &other.own);
    }
}

/// All that a line needs, itself included, by name.
fn below<'a>(lines: &'a [Line], line: &'a Line) -> HashSet<&'a String> {
    let needs = |line: &Line, name: &str| line.needs.iter().any(|need| need.split('.').next() == Some(name));
    let mut below = HashSet::from([&line.name]);
    // What a line needs stands before it.
    for candidate in lines.iter().rev() {
        if lines.iter().any(|line| below.contains(&line.name) && needs(line, &candidate.name)) {
            below.insert(&candidate.name);
        }
    }
    below
}
