//! A report for a terminal.

use crate::Detail;
use crate::axis::Axis;
use crate::draw::{Bar, Row, heading, left, pause, rows};
use crate::escape::plain;
use crate::intervals::Interval;
use crate::model::{Report, Trace};
use crate::units::time;

/// The columns that a picture has at least, and at most.
const WIDTH: std::ops::RangeInclusive<usize> = 40..=160;
/// The most columns of a label, with what it is set in by.
const LABEL_MAX: usize = 28;
/// The columns of a time and a share, with the spaces before them.
const TIME: usize = 11;
const SHARE: usize = 6;

/// How a report is drawn as text.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// How many columns there are.
    pub width: usize,
    /// Whether there are no characters but those of ASCII.
    pub ascii: bool,
    /// How much is drawn.
    pub detail: Detail,
}

/// What a cell of a bar is drawn with, by how much of its time is in the bar.
const SHADES: [char; 4] = ['░', '▒', '▓', '█'];
const SHADES_ASCII: [char; 4] = ['.', '-', '=', '#'];

impl Report {
    /// The report as lines of text, none longer than [`Style::width`] where that is at least 40.
    pub fn text(&self, style: &Style) -> String {
        let mut lines = Vec::new();
        for trace in &self.traces {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            lines.extend(picture(trace, style));
        }
        let left = left(self);
        if !left.is_empty() {
            lines.push(String::new());
            lines.extend(left.iter().map(|text| fit(text, width(style), style.ascii)));
        }
        lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

fn width(style: &Style) -> usize {
    style.width.clamp(*WIDTH.start(), *WIDTH.end())
}

fn picture(trace: &Trace, style: &Style) -> Vec<String> {
    let width = width(style);
    let axis = Axis::new(trace);
    let rows = rows(trace, style.detail);
    let columns = Columns::new(&rows, width, style.ascii);
    let mut lines = vec![fit(&heading(trace), width, style.ascii)];
    if !trace.job.is_empty() {
        lines.push(fit(&format!("trace {:032x}", trace.id), width, style.ascii));
    }
    lines.push(columns.ruler(&axis));
    for row in &rows {
        match row {
            Row::Bar(bar) => lines.push(columns.row(bar, &axis)),
            Row::Note { depth, text } => {
                let indent = " ".repeat(2 * depth);
                lines.extend(
                    wrap(&plain(text, style.ascii), width - indent.len()).map(|line| format!("{indent}{line}")),
                );
            }
        }
    }
    lines.extend(pause(&axis).map(|text| fit(&text, width, style.ascii)));
    lines
}

/// How the columns of a line are used.
struct Columns {
    label: usize,
    bar: usize,
    ascii: bool,
}

impl Columns {
    fn new(rows: &[Row<'_>], width: usize, ascii: bool) -> Self {
        let label = |row: &Row<'_>| match row {
            Row::Bar(bar) => 2 * bar.depth + plain(&bar.label, ascii).chars().count(),
            Row::Note { .. } => 0,
        };
        let widest = rows.iter().map(label).max().unwrap_or(0);
        let label = widest.min(LABEL_MAX).min(width / 3);
        Self { label, bar: width - label - 1 - TIME - SHARE, ascii }
    }

    fn row(&self, bar: &Bar<'_>, axis: &Axis) -> String {
        let indent = (2 * bar.depth).min(self.label - self.label / 3);
        let label = format!("{}{}", " ".repeat(indent), fit(&bar.label, self.label - indent, self.ascii));
        let cells = self.cells(bar.when, axis);
        let Bar { time, share, .. } = bar;
        let rest = " ".repeat(self.label.saturating_sub(label.chars().count()));
        format!("{label}{rest} {cells}{time:>TIME$}{share:>SHARE$}")
    }

    /// When something was: a cell for each part of the time.
    fn cells(&self, when: &[Interval], axis: &Axis) -> String {
        let mut covered = vec![0.0_f64; self.bar];
        for (start, end) in when {
            let from = axis.at(*start) * self.bar as f64;
            let to = axis.at(*end) * self.bar as f64;
            // However short, it was there.
            let first = (from as usize).min(self.bar.saturating_sub(1));
            let last = (to.ceil() as usize).clamp(first + 1, self.bar.max(first + 1));
            for (cell, covered) in covered.iter_mut().enumerate().take(last).skip(first) {
                let part = to.min(cell as f64 + 1.0) - from.max(cell as f64);
                *covered += part.max(f64::MIN_POSITIVE);
            }
        }
        let shades = if self.ascii { SHADES_ASCII } else { SHADES };
        let shade = |covered: &f64| match *covered {
            0.0 => ' ',
            covered => shades[((covered * 4.0) as usize).min(3)],
        };
        let mut cells: Vec<char> = covered.iter().map(shade).collect();
        for gap in axis.gaps() {
            let at = ((gap * self.bar as f64) as usize).min(self.bar.saturating_sub(1));
            if let Some(cell) = cells.get_mut(at).filter(|cell| **cell == ' ') {
                *cell = if self.ascii { ':' } else { '┆' };
            }
        }
        cells.into_iter().collect()
    }

    /// Moments above the bars, as far as there is room.
    fn ruler(&self, axis: &Axis) -> String {
        let mut line = vec![' '; self.label + 1];
        // The last one may stand above the times.
        let (first, end) = (line.len(), line.len() + self.bar + TIME - 2);
        for mark in axis.marks() {
            let text = if mark.since == 0 { "0 s".to_owned() } else { time(mark.since) };
            let at = first + (mark.at * self.bar as f64) as usize;
            // Two spaces keep moments apart.
            let is_free = line.len() == first || line.len() + 2 <= at;
            if is_free && at >= line.len() && at + text.chars().count() <= end {
                line.resize(at, ' ');
                line.extend(text.chars());
            }
        }
        line.into_iter().collect()
    }
}

/// `text` in at most `width` columns.
fn fit(text: &str, width: usize, ascii: bool) -> String {
    let text = plain(text, ascii);
    if text.chars().count() <= width {
        return text;
    }
    let end = if ascii { "..." } else { "…" };
    let kept = width.saturating_sub(end.chars().count());
    text.chars().take(kept).chain(end.chars()).take(width).collect()
}

/// `text` in lines of at most `width` columns, broken at spaces where there are any.
fn wrap(text: &str, width: usize) -> impl Iterator<Item = String> {
    let mut lines = vec![String::new()];
    let mut columns = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if columns > 0 && columns + 1 + length > width {
            lines.push(String::new());
            columns = 0;
        }
        if let Some(line) = lines.last_mut() {
            if columns > 0 {
                line.push(' ');
                columns += 1;
            }
            line.extend(word.chars().take(width));
            columns += length.min(width);
        }
    }
    lines.into_iter()
}
