//! From spans to a report.

use std::collections::BTreeMap;
use std::io::BufRead;

use crate::Result;
use crate::intervals::{length, union};
use crate::model::{Left, Report, Trace};
use crate::phases::command;
use crate::read::{Job, Span, Spans};
use crate::tree::Tree;

/// The most traces of a report, and the most commands of a trace.
const TRACES_MAX: usize = 64;
const COMMANDS_MAX: usize = 64;

impl Report {
    /// The report of one file's lines.
    pub fn read(from: impl BufRead) -> Result<Self> {
        let mut spans = Spans::default();
        spans.read(from)?;
        Ok(Self::of(spans))
    }

    /// The report of all that was read.
    pub fn of(Spans { spans, cut }: Spans) -> Self {
        let mut traces: BTreeMap<u128, Vec<Span>> = BTreeMap::new();
        for span in spans {
            traces.entry(span.trace).or_default().push(span);
        }
        let mut traces: Vec<_> = traces.into_iter().map(|(id, spans)| (id, Tree::new(spans))).collect();
        let began = |tree: &Tree| tree.spans.first().map_or(0, |first| first.start);
        traces.sort_by_key(|(id, tree)| (began(tree), *id));
        let twice = traces.iter().map(|(_, tree)| tree.twice).sum();
        let mut left = Left { many: traces.len().saturating_sub(TRACES_MAX), twice, cut };
        let traces = traces.iter().take(TRACES_MAX).map(|(id, tree)| trace(*id, tree, &mut left.many)).collect();
        Self { traces, left }
    }
}

fn trace(id: u128, tree: &Tree, many: &mut usize) -> Trace {
    *many += tree.commands().count().saturating_sub(COMMANDS_MAX);
    let commands: Vec<_> = tree.commands().take(COMMANDS_MAX).map(|top| command(tree, top, many)).collect();
    let when = union(commands.iter().flat_map(|command| command.phase.when.iter().copied()).collect());
    let began = when.first().map_or(0, |first| first.0);
    let mut job = Job::new();
    for (name, value) in tree.spans.iter().flat_map(|span| span.job.iter()) {
        if !job.contains_key(name) {
            job.insert(name.clone(), value.clone());
        }
    }
    Trace { id, job, began, took: when.last().map_or(0, |last| last.1) - began, busy: length(&when), commands }
}

impl Trace {
    /// What a person calls it: the job, where a CI says which, else the trace.
    pub fn title(&self) -> String {
        let said = |name: &str| self.job.get(name).map(String::as_str);
        let repository = match (said("vcs.owner.name"), said("vcs.repository.name")) {
            (Some(owner), Some(name)) => Some(format!("{owner}/{name}")),
            (_, name) => name.map(str::to_owned),
        };
        let parts = [
            said("cicd.pipeline.task.name").map(|task| format!("job {task}")),
            said("cicd.pipeline.run.id").map(|run| format!("run {run}")),
            repository,
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.is_empty() { format!("trace {:032x}", self.id) } else { parts.join(", ") }
    }
}
