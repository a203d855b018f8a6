//! A report as a picture that needs nothing else: one document without scripts, readable on light and on dark.

use std::fmt::Write;

use crate::Detail;
use crate::axis::Axis;
use crate::draw::{Bar, Row, heading, left, pause, rows};
use crate::escape::xml;
use crate::intervals::Interval;
use crate::model::{Report, Trace};
use crate::units::time;

/// Lengths, in pixels.
const WIDTH: f64 = 960.0;
const MARGIN: f64 = 16.0;
const LABELS: f64 = 210.0;
const NUMBERS: f64 = 140.0;
const ROW: f64 = 22.0;
const BAR: f64 = 14.0;
/// What is closer together than this is one.
const CLOSE: f64 = 0.25;
/// However short, it is seen.
const LEAST: f64 = 1.0;

/// How many characters have room, of a label and of a line.
const LABEL_MAX: usize = 28;
const LINE_MAX: usize = 120;

/// Colours, and those for whoever looks at dark pages.
const STYLE: &str = "\
.b{fill:#fff}.t{fill:#1f2328}.q{fill:#59636e}.l{stroke:#d1d9e0}\
.c0{fill:#8c959f}.c1{fill:#0969da}.c2{fill:#54aeff}.f{fill:#cf222e}.h{font-weight:600}\
@media(prefers-color-scheme:dark){.b{fill:#0d1117}.t{fill:#f0f6fc}.q{fill:#9198a1}.l{stroke:#3d444d}\
.c0{fill:#6e7681}.c1{fill:#58a6ff}.c2{fill:#1f6feb}.f{fill:#f85149}}";

impl Report {
    /// The report as an SVG document. Reports that are the same are the same bytes.
    pub fn svg(&self, detail: Detail) -> String {
        let mut picture = Picture { body: String::new(), said: Vec::new(), y: MARGIN };
        for trace in &self.traces {
            picture.trace(trace, detail);
        }
        for text in left(self) {
            picture.line("q", &text, 0);
        }
        let height = picture.y + MARGIN - ROW / 2.0;
        let title = match &self.traces[..] {
            [trace] => format!("Where the time went: {}", heading(trace)),
            traces => format!("Where the time of {} jobs went", traces.len()),
        };
        let said = picture.said.join("; ");
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
             role=\"img\" aria-labelledby=\"nix-seed-title nix-seed-desc\" font-family=\"ui-sans-serif,system-ui,'DejaVu Sans',sans-serif\" \
             font-size=\"13\">\n<title id=\"nix-seed-title\">{}</title>\n<desc id=\"nix-seed-desc\">{}</desc>\n<style>{STYLE}</style>\n\
             <rect class=\"b\" width=\"{WIDTH}\" height=\"{height}\"/>\n{}</svg>\n",
            xml(&title),
            xml(&said),
            picture.body
        )
    }
}

/// A picture that grows downwards.
struct Picture {
    body: String,
    /// The same in words, for whoever does not see it.
    said: Vec<String>,
    y: f64,
}

/// Where the bars are.
const FIRST: f64 = MARGIN + LABELS;
const LAST: f64 = WIDTH - MARGIN - NUMBERS;

fn x(part: f64) -> f64 {
    FIRST + part * (LAST - FIRST)
}

impl Picture {
    fn trace(&mut self, trace: &Trace, detail: Detail) {
        let axis = Axis::new(trace);
        let rows = rows(trace, detail);
        self.line("t h", &heading(trace), 0);
        self.said.push(heading(trace));
        if !trace.job.is_empty() {
            self.line("q", &format!("trace {:032x}", trace.id), 0);
        }
        self.ruler(&axis, rows.len());
        for row in &rows {
            match row {
                Row::Bar(bar) => self.row(bar, &axis),
                Row::Note { depth, text } => self.note(text, *depth),
            }
        }
        if let Some(text) = pause(&axis) {
            self.note(&text, 0);
        }
        self.y += ROW;
    }

    /// Moments above the bars, as far as there is room, and what is left out.
    fn ruler(&mut self, axis: &Axis, rows: usize) {
        let (top, bottom) = (self.y + ROW * 0.75, self.y + ROW * (rows as f64 + 1.0));
        let mut free = 0.0;
        for mark in axis.marks() {
            let at = x(mark.at);
            self.rule(at, top, bottom, "");
            let text = if mark.since == 0 { "0 s".to_owned() } else { time(mark.since) };
            // Some seven pixels a character.
            let room = 7.0 * text.len() as f64;
            if at >= free && at + room <= LAST + NUMBERS / 2.0 {
                let _ = writeln!(
                    self.body,
                    "<text class=\"q\" x=\"{at:.1}\" y=\"{:.1}\" font-size=\"11\">{}</text>",
                    self.y + 11.0,
                    xml(&text)
                );
                free = at + room;
            }
        }
        for gap in axis.gaps() {
            self.rule(x(gap), top, bottom, " stroke-dasharray=\"2 3\"");
        }
        self.y += ROW;
    }

    fn rule(&mut self, at: f64, top: f64, bottom: f64, more: &str) {
        let _ = writeln!(
            self.body,
            "<line class=\"l\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{top:.1}\" y2=\"{bottom:.1}\"{more}/>"
        );
    }

    fn row(&mut self, bar: &Bar<'_>, axis: &Axis) {
        let Bar { depth, label, when, time, share, has_failed } = bar;
        let words = format!("{label}: {time}, {share}");
        let _ = write!(self.body, "<g><title>{}</title>", xml(&words));
        self.said.push(words);
        let weight = if *depth == 0 { "t h" } else { "t" };
        self.text(weight, label, *depth, LABEL_MAX.saturating_sub(2 * depth));
        let class = match (has_failed, depth) {
            (true, _) => "f",
            (false, 0) => "c0",
            (false, 1) => "c1",
            _ => "c2",
        };
        for (from, to) in seen(when, axis) {
            let _ = write!(
                self.body,
                "<rect class=\"{class}\" x=\"{from:.2}\" y=\"{:.1}\" width=\"{:.2}\" height=\"{BAR}\" rx=\"1\"/>",
                self.y,
                to - from
            );
        }
        let y = self.y + 11.0;
        let _ = writeln!(
            self.body,
            "<text class=\"t\" x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"end\">{}</text>\
             <text class=\"q\" x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"end\">{}</text></g>",
            LAST + NUMBERS * 0.6,
            xml(time),
            WIDTH - MARGIN,
            xml(share)
        );
        self.y += ROW;
    }

    /// A line that is said in words, too.
    fn note(&mut self, text: &str, depth: usize) {
        self.said.push(text.to_owned());
        self.line("q", text, depth);
    }

    fn line(&mut self, class: &str, text: &str, depth: usize) {
        self.text(class, text, depth, LINE_MAX);
        self.body.push('\n');
        self.y += ROW;
    }

    /// At most `max` characters at this height, set in by `depth`.
    fn text(&mut self, class: &str, text: &str, depth: usize, max: usize) {
        let text: String = match text.char_indices().nth(max) {
            Some(_) => text.chars().take(max.saturating_sub(1)).chain(['…']).collect(),
            None => text.to_owned(),
        };
        let (x, y) = (MARGIN + 14.0 * depth as f64, self.y + 11.0);
        let _ = write!(self.body, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", xml(&text));
    }
}

/// When something was, in pixels; what no eye tells apart is one.
fn seen(when: &[Interval], axis: &Axis) -> Vec<(f64, f64)> {
    let mut seen: Vec<(f64, f64)> = Vec::new();
    for (start, end) in when {
        let from = x(axis.at(*start)).min(LAST - LEAST);
        let to = x(axis.at(*end)).max(from + LEAST);
        match seen.last_mut() {
            Some(last) if from - last.1 <= CLOSE => last.1 = last.1.max(to),
            _ => seen.push((from, to)),
        }
    }
    seen
}
