//! What a command did, as groups of spans.

use std::collections::BTreeMap;

use crate::intervals::{length, union};
use crate::model::{Command, Phase, Requests};
use crate::tree::Tree;

/// The most phases below one: what is beyond took least.
const PHASES_MAX: usize = 24;
/// How deep phases lie in each other, at most.
const LEVELS_MAX: usize = 6;

/// The span of one request to a registry.
const REQUEST: &str = "request";

/// The command that the span `top` stands for. Counts in `many` what is left out.
pub(crate) fn command(tree: &Tree, top: usize, many: &mut usize) -> Command {
    let span = &tree.spans[top];
    let phase = phase(tree, span.name.clone(), &[top], LEVELS_MAX, many);
    Command {
        phase,
        exit_code: span.facts.exit_code,
        ready: span.facts.ready,
        build: span.facts.build,
        requests: requests(tree, top),
    }
}

/// Spans of one name as one phase, with what is below any of them.
fn phase(tree: &Tree, name: String, group: &[usize], levels: usize, many: &mut usize) -> Phase {
    let spans = || group.iter().map(|span| &tree.spans[*span]);
    let when = union(spans().map(|span| (span.start, span.end)).collect());
    let busy = spans().filter_map(|span| span.facts.busy).reduce(u64::saturating_add);
    let program = spans().next().filter(|_| group.len() == 1).and_then(|span| span.facts.program.clone());
    Phase {
        name,
        program,
        count: group.len() as u64,
        failed: spans().filter(|span| span.has_failed).count() as u64,
        took: length(&when),
        sum: spans().map(|span| span.end - span.start).fold(0, u64::saturating_add),
        busy,
        below: if levels == 0 { Vec::new() } else { below(tree, group, levels - 1, many) },
        when,
    }
}

fn below(tree: &Tree, group: &[usize], levels: usize, many: &mut usize) -> Vec<Phase> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for child in group.iter().flat_map(|span| tree.below(*span)) {
        groups.entry(&tree.spans[child].name).or_default().push(child);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    if groups.len() > PHASES_MAX {
        let took = |(name, group): &(&str, Vec<usize>)| {
            let when = group.iter().map(|span| (tree.spans[*span].start, tree.spans[*span].end)).collect();
            (std::cmp::Reverse(length(&union(when))), (*name).to_owned())
        };
        groups.sort_by_cached_key(took);
        *many += groups.len() - PHASES_MAX;
        groups.truncate(PHASES_MAX);
    }
    let mut phases: Vec<_> =
        groups.into_iter().map(|(name, group)| phase(tree, name.to_owned(), &group, levels, many)).collect();
    phases.sort_by(|a, b| (a.began(), &a.name).cmp(&(b.began(), &b.name)));
    phases
}

/// All requests below `top`, however deep, but those of another command.
fn requests(tree: &Tree, top: usize) -> Requests {
    let retries = tree.spans[top].facts.retries.unwrap_or_default();
    let mut requests = Requests { retries, ..Requests::default() };
    let mut left = vec![top];
    while let Some(at) = left.pop() {
        let span = &tree.spans[at];
        if span.name == REQUEST {
            requests.count += 1;
            requests.sum = requests.sum.saturating_add(span.end - span.start);
            requests.received = requests.received.saturating_add(span.facts.received.unwrap_or_default());
        }
        left.extend(tree.below(at));
    }
    requests
}
