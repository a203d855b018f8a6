//! What a picture has, row by row, whatever it is drawn with.

use crate::intervals::Interval;
use crate::model::{Command, Phase, Report, Trace};
use crate::units::{bytes, counted, share, time};
use crate::{Detail, axis::Axis};

/// The most rows of a trace.
const ROWS_MAX: usize = 400;

/// What threads do in turns, as each path has it.
const IN_TURN: [&str; 3] = ["fetch", "verify", "unpack"];

/// A row.
pub(crate) enum Row<'a> {
    /// When something was, and for how long.
    Bar(Bar<'a>),
    /// What else there is to say of the row above, or of its command.
    Note { depth: usize, text: String },
}

pub(crate) struct Bar<'a> {
    /// 0 is a command.
    pub(crate) depth: usize,
    pub(crate) label: String,
    pub(crate) when: &'a [Interval],
    pub(crate) time: String,
    pub(crate) share: String,
    pub(crate) has_failed: bool,
}

/// The rows of a trace.
pub(crate) fn rows(trace: &Trace, detail: Detail) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for command in &trace.commands {
        rows.push(bar(&command.phase, 0, trace.busy));
        add(&command.phase.below, 1, detail, trace.busy, &mut rows);
        let text = said(command);
        if !text.is_empty() {
            rows.push(Row::Note { depth: 1, text });
        }
    }
    if rows.len() > ROWS_MAX {
        let text = format!("{} are left out", counted((rows.len() - ROWS_MAX) as u64, "row", "rows"));
        rows.truncate(ROWS_MAX);
        rows.push(Row::Note { depth: 0, text });
    }
    rows
}

fn add<'a>(phases: &'a [Phase], depth: usize, detail: Detail, busy: u64, rows: &mut Vec<Row<'a>>) {
    for phase in phases.iter().filter(|phase| phase.busy.is_none()) {
        rows.push(bar(phase, depth, busy));
        if detail == Detail::All {
            add(&phase.below, depth + 1, detail, busy, rows);
        }
        if let Some(text) = threads(phase, detail) {
            rows.push(Row::Note { depth: depth + 1, text });
        }
    }
}

fn bar(phase: &Phase, depth: usize, busy: u64) -> Row<'_> {
    let mut label = match (&*phase.name, &phase.program) {
        // What nobody would guess.
        ("service", _) => "sign (service)".to_owned(),
        (name, Some(program)) => format!("{name} ({program})"),
        (name, None) => name.to_owned(),
    };
    if phase.count > 1 {
        label.push_str(&format!(" x{}", phase.count));
    }
    match phase.failed {
        0 => {}
        _ if phase.count == 1 => label.push_str(" failed"),
        failed => label.push_str(&format!(", {failed} failed")),
    }
    Row::Bar(Bar {
        depth,
        label,
        when: &phase.when,
        time: time(phase.took),
        share: share(phase.took, busy),
        has_failed: phase.failed > 0,
    })
}

/// What threads did all at once in a phase: the shares of what has no time of its own.
fn threads(phase: &Phase, detail: Detail) -> Option<String> {
    let mut parts: Vec<_> = phase.below.iter().filter_map(|part| Some((&part.name, part.busy?))).collect();
    parts.sort_by_key(|(name, _)| IN_TURN.iter().position(|known| known == name));
    let whole = parts.iter().map(|(_, busy)| *busy).fold(0, u64::saturating_add);
    let part = |(name, busy): &(&String, u64)| match detail {
        Detail::Phases => format!("{name} {}", share(*busy, whole)),
        Detail::All => format!("{name} {} ({})", share(*busy, whole), time(*busy)),
    };
    let texts: Vec<_> = parts.iter().map(part).collect();
    (!texts.is_empty()).then(|| format!("threads: {}", texts.join(", ")))
}

/// What a command says of itself.
fn said(command: &Command) -> String {
    let mut parts = Vec::new();
    if command.phase.failed > 0 || command.exit_code.is_some_and(|code| code != 0) {
        let code = command.exit_code.map_or_else(String::new, |code| format!(", exit code {code}"));
        let ended = if command.phase.failed > 0 { "failed" } else { "ended" };
        parts.push(format!("{ended}{code}"));
    }
    parts.extend(command.ready.map(|ready| format!("ready after {}", time(ready))));
    parts.extend(command.build.map(|build| format!("build began after {}", time(build))));
    let requests = command.requests;
    if requests.count > 0 {
        let mut text = counted(requests.count, "request", "requests");
        text.push_str(&format!(" of {} in all", time(requests.sum)));
        if requests.received > 0 {
            text.push_str(&format!(", {}", bytes(requests.received)));
        }
        parts.push(text);
    }
    if requests.retries > 0 {
        parts.push(counted(requests.retries, "retry", "retries"));
    }
    parts.join("; ")
}

/// The title of a trace, and what it took.
pub(crate) fn heading(trace: &Trace) -> String {
    let count = counted(trace.commands.len() as u64, "command", "commands");
    format!("{}: {} in {count}", trace.title(), time(trace.busy))
}

/// What is below the picture of a trace.
pub(crate) fn pause(axis: &Axis) -> Option<String> {
    let left_out = axis.left_out();
    (left_out > 0).then(|| format!("left out between commands: {}", time(left_out)))
}

/// What is below all pictures.
pub(crate) fn left(report: &Report) -> Vec<String> {
    let left = report.left;
    let says = |count: usize, one: &str, many: &str, what: &str| {
        (count > 0).then(|| format!("{} {what}", counted(count as u64, one, many)))
    };
    [
        says(left.many, "trace, command or phase", "traces, commands or phases", "are too many to show"),
        says(left.twice, "span", "spans", "were there more than once, and count once"),
        says(left.cut, "line", "lines", "of a trace ended too early, and were left out"),
    ]
    .into_iter()
    .flatten()
    .collect()
}
