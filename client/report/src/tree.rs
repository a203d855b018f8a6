//! The spans of one trace as trees.

use std::collections::BTreeMap;

use crate::read::Span;

/// What the spans are called that stand for a command of this program.
const COMMAND: &str = "nix-seed ";

/// One trace's spans, each once, by their beginnings; their children; and which of them are commands.
pub(crate) struct Tree {
    pub(crate) spans: Vec<Span>,
    pub(crate) children: Vec<Vec<usize>>,
    pub(crate) is_command: Vec<bool>,
    /// How many were there more than once.
    pub(crate) twice: usize,
}

impl Tree {
    /// The tree of spans that are all of one trace.
    pub(crate) fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable();
        let count = spans.len();
        let mut seen = std::collections::BTreeSet::new();
        spans.retain(|span| seen.insert(span.id));
        let twice = count - spans.len();
        let mut parents = parents(&spans);
        cut_rings(&mut parents);
        let mut children = vec![Vec::new(); spans.len()];
        for (child, parent) in parents.iter().enumerate() {
            if let Some(parent) = parent {
                children[*parent].push(child);
            }
        }
        let is_command = commands(&spans, &parents);
        Self { spans, children, is_command, twice }
    }

    /// The commands, by their beginnings.
    pub(crate) fn commands(&self) -> impl Iterator<Item = usize> {
        self.is_command.iter().enumerate().filter(|(_, is_command)| **is_command).map(|(span, _)| span)
    }

    /// What is directly below a span; a command within another one is drawn by itself.
    pub(crate) fn below(&self, span: usize) -> impl Iterator<Item = usize> {
        self.children[span].iter().copied().filter(|child| !self.is_command[*child])
    }
}

fn parents(spans: &[Span]) -> Vec<Option<usize>> {
    let by_id: BTreeMap<u64, usize> = spans.iter().enumerate().map(|(number, span)| (span.id, number)).collect();
    spans.iter().map(|span| span.parent.and_then(|parent| by_id.get(&parent).copied())).collect()
}

/// Takes one link out of each ring: that of the span which begins first.
fn cut_rings(parents: &mut [Option<usize>]) {
    const NOBODY: usize = usize::MAX;
    // Who came by first, on the way up from where.
    let mut visited = vec![NOBODY; parents.len()];
    for from in 0..parents.len() {
        let mut at = from;
        while visited[at] == NOBODY {
            visited[at] = from;
            match parents[at] {
                None => break,
                Some(parent) if visited[parent] == from => {
                    let mut first = parent;
                    let mut next = parents[parent];
                    while let Some(member) = next.filter(|member| *member != parent) {
                        first = first.min(member);
                        next = parents[member];
                    }
                    parents[first] = None;
                    break;
                }
                Some(parent) => at = parent,
            }
        }
    }
}

/// Spans that are called as commands are, and, of trees that have none, what stands at their top.
fn commands(spans: &[Span], parents: &[Option<usize>]) -> Vec<bool> {
    let mut is_command: Vec<_> = spans.iter().map(|span| span.name.starts_with(COMMAND)).collect();
    let mut is_above = vec![false; spans.len()];
    for command in 0..spans.len() {
        let mut at = parents[command].filter(|_| is_command[command]);
        while let Some(parent) = at.filter(|parent| !is_above[*parent]) {
            is_above[parent] = true;
            at = parents[parent];
        }
    }
    for top in 0..spans.len() {
        is_command[top] |= parents[top].is_none() && !is_above[top];
    }
    is_command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Facts;

    fn span(id: u64, parent: u64, name: &str) -> Span {
        Span {
            trace: 1,
            start: id,
            end: id + 1,
            id,
            parent: Some(parent).filter(|parent| *parent != 0),
            name: name.into(),
            has_failed: false,
            facts: Facts::default(),
            job: Default::default(),
        }
    }

    fn commands(spans: Vec<Span>) -> Vec<u64> {
        let tree = Tree::new(spans);
        tree.commands().map(|command| tree.spans[command].id).collect()
    }

    #[test]
    fn a_ring_is_opened_where_it_begins() {
        let spans = vec![span(3, 5, "a"), span(4, 3, "b"), span(5, 4, "c"), span(9, 4, "below"), span(7, 7, "own")];
        let tree = Tree::new(spans);
        assert_eq!(tree.children, [vec![1], vec![2, 4], vec![], vec![], vec![]]);
        assert_eq!(commands(tree.spans), [3, 7]);
    }

    #[test]
    fn commands_are_found_wherever_they_hang() {
        let job = span(1, 0, "the job, of whoever else keeps traces");
        let spans = vec![job, span(2, 1, "nix-seed up"), span(3, 1, "nix-seed run"), span(4, 3, "build")];
        assert_eq!(commands(spans), [2, 3]);
        // The parent is not in the file; a command within a command; a tree without any.
        let spans = vec![span(2, 77, "nix-seed run"), span(3, 2, "build"), span(4, 3, "nix-seed up"), span(8, 0, "x")];
        assert_eq!(commands(spans), [2, 4, 8]);
    }

    #[test]
    fn a_span_that_is_there_twice_is_one() {
        let tree = Tree::new(vec![span(2, 0, "nix-seed up"), span(3, 2, "resolve"), span(2, 0, "nix-seed up")]);
        assert_eq!((tree.spans.len(), tree.twice), (2, 1));
    }
}
