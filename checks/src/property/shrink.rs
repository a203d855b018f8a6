//! Less of a case that fails, so that a person sees why.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::batch::{Closure, check};
use super::case::Case;
use super::world::World;

/// How long a case is made smaller; a round takes seconds.
const TIME: Duration = Duration::from_secs(60);
/// How many smaller cases are tried at a time: most often one of the first will do.
const ROUND: usize = 8;

/// The smallest case that is found to fail still, and what is wrong then.
pub(super) fn shrink(world: &World, mut case: Case, mut why: String) -> Result<(Case, String)> {
    let start = Instant::now();
    let mut round = 0;
    let mut open: Vec<Case> = smaller(&case);
    while !open.is_empty() && start.elapsed() < TIME {
        round += 1;
        let mut tried: Vec<_> = open.drain(..open.len().min(ROUND)).collect();
        for (number, case) in tried.iter_mut().enumerate() {
            // Nothing of one helps another.
            case.flake.salt = format!("{:x}-{round}-{number}", case.seed);
        }
        let outcome = check(world, &tried, Closure::Frontier)?;
        if let Some((number, reason)) = outcome.failures.into_iter().next() {
            case = tried.swap_remove(number);
            why = reason;
            open = smaller(&case);
        }
    }
    Ok((case, why))
}

/// The case without one thing, in all ways; what takes most away comes first.
fn smaller(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    let mut without = |change: &dyn Fn(&mut Case)| {
        let mut smaller = case.clone();
        change(&mut smaller);
        all.push(smaller);
    };
    if case.flake.outputs.len() > 1 {
        for number in 0..case.flake.outputs.len() {
            without(&|case| drop(case.flake.outputs.remove(number)));
        }
    }
    if case.edits.len() > 1 {
        for number in 0..case.edits.len() {
            without(&|case| drop(case.edits.remove(number)));
        }
    }
    let reached = case.flake.reached();
    for (number, node) in case.flake.nodes.iter().enumerate() {
        if !reached[number] {
            // It is not there, but it names files.
            if node.has_own() {
                without(&|case| {
                    case.flake.nodes[number].sources.clear();
                    case.flake.nodes[number].texts.clear();
                });
            }
            continue;
        }
        for input in 0..node.inputs.len() {
            without(&|case| _ = case.flake.nodes[number].inputs.remove(input));
        }
        for source in 0..node.sources.len() {
            without(&|case| drop(case.flake.nodes[number].sources.remove(source)));
        }
        for text in 0..node.texts.len() {
            without(&|case| drop(case.flake.nodes[number].texts.remove(text)));
        }
        if node.graph.is_some() {
            without(&|case| case.flake.nodes[number].graph = None);
        }
        if node.foreign > 0 || node.refers || node.folder {
            without(&|case| {
                let node = &mut case.flake.nodes[number];
                (node.foreign, node.refers, node.folder) = (0, false, false);
            });
        }
    }
    for name in case.flake.tree.0.keys() {
        without(&|case| drop(case.flake.tree.0.remove(name)));
    }
    all.retain(Case::is_promised);
    all
}
