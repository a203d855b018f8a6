//! What was found, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use crate::bench::evaluation::{Evaluation, WITH, WITH_AGAIN, WITHOUT, WITHOUT_AGAIN};
use crate::bench::facts::Facts;
use crate::bench::goals::Goal;
use crate::bench::measure::{Measure, Row, Run};
use crate::bench::wire::{LINKS, Wire};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// When it began, in UTC.
    pub began: String,
    /// The commit of this repository, and whether files differ from it.
    pub commit: String,
    pub machine: Facts,
    pub rounds: u32,
    pub page_cache: &'static str,
    pub unpacked_to: &'static str,
    pub closure: String,
    pub measures: Vec<Measure>,
    pub evaluation: Vec<Evaluation>,
    pub wire: Vec<Wire>,
    pub goals: Vec<Goal>,
}

impl Report {
    pub fn markdown(&self) -> String {
        let mut text = format!("# Benchmarks, {}\n\n", self.began);
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "| {name} | {value} |");
        };
        line("what", "value");
        line("---", "---");
        line("commit", &self.commit);
        for (name, value) in &self.machine {
            line(name, value);
        }
        line("rounds", &format!("{}, in turn; medians, of memory the largest", self.rounds));
        line("page cache", self.page_cache);
        line("unpacked to", self.unpacked_to);
        line("closure", &self.closure);
        let mut last = "";
        for measure in &self.measures {
            if measure.name != last {
                let _ = writeln!(text, "\n## {}", measure.name);
            }
            last = measure.name;
            text += &table(measure);
        }
        text += &wires(&self.wire);
        text += &evaluations(&self.evaluation);
        if !self.goals.is_empty() {
            text += "\n## goals\n\n| goal | found | |\n|---|---|---|\n";
            for Goal { goal, found, met } in &self.goals {
                let _ = writeln!(text, "| {} | {found} | {} |", cell(goal), if *met { "met" } else { "missed" });
            }
        }
        text
    }
}

/// A row for each example.
fn evaluations(all: &[Evaluation]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n## evaluation\n\nAll outputs of an example, in milliseconds; in brackets of the processor.\n\n",
    );
    text += "| example | first since a commit, without the seed | with it | the seed adds | later, without | with it | the seed adds |\n";
    text += "|---|---|---|---|---|---|---|\n";
    for Evaluation { example, measure } in all {
        let _ = write!(text, "| {example} |");
        for (without, with) in [(WITHOUT, WITH), (WITHOUT_AGAIN, WITH_AGAIN)] {
            let of = |name, value: fn(&Run) -> f64| measure.row(name).map_or(f64::NAN, value) * 1e3;
            let (time, processor) =
                ((|run: &Run| run.seconds) as fn(&Run) -> f64, (|run: &Run| run.cpu_seconds) as fn(&Run) -> f64);
            for name in [without, with] {
                let _ = write!(text, " {:.0} ({:.0}) |", of(name, time), of(name, processor));
            }
            let adds = |value| of(with, value) - of(without, value);
            let _ = write!(text, " {:.0} ({:.0}) |", adds(time), adds(processor));
        }
        text.push('\n');
    }
    text
}

/// A row for each example.
fn wires(all: &[Wire]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n## wire\n\nFrom nothing to the end of an example's build, through a mount.\n\n");
    text += "| example | seed |";
    for (name, _) in LINKS {
        let _ = write!(text, " {name}: time | over the wire | of the seed | peak memory |");
    }
    text += "\n|---|---|";
    text += &"---|".repeat(4 * LINKS.len());
    text.push('\n');
    for Wire { example, seed, measure } in all {
        let _ = write!(text, "| {example} | {} |", size(Some(*seed)));
        for run in LINKS.iter().filter_map(|(name, _)| measure.row(name)) {
            let part = run.wire.unwrap_or_default() as f64 / *seed as f64 * 100.0;
            let _ = write!(text, " {:.2} s | {} | {part:.0} % | {} |", run.seconds, size(run.wire), memory(run));
        }
        text.push('\n');
    }
    text
}

/// What all processes had; where that is known, what ours had.
fn memory(run: &Run) -> String {
    let mebibytes = |bytes: u64| format!("{} MiB", bytes.div_ceil(1 << 20));
    let own = run.own_memory.map(|own| format!(", ours {}", mebibytes(own)));
    mebibytes(run.memory) + &own.unwrap_or_default()
}

/// The first row is the reference: what is ours.
fn table(measure: &Measure) -> String {
    let mut text = format!("\n{}\n\n", measure.title);
    text +=
        "| | time | ratio | fastest to slowest | processor | peak memory | over the wire | files made | bytes made |\n";
    text += "|---|---|---|---|---|---|---|---|---|\n";
    let reference = measure.rows.first().map_or(1.0, |row| row.median.seconds);
    for Row { subject, median, runs, .. } in &measure.rows {
        let times = runs.iter().map(|run| run.seconds);
        let (least, most) = (times.clone().fold(f64::INFINITY, f64::min), times.fold(0.0, f64::max));
        let number = |value: Option<u64>| value.map_or("–".into(), |value| value.to_string());
        let _ = writeln!(
            text,
            "| {} | {:.2} s | {:.2} | {least:.2} – {most:.2} s | {:.1} s | {} | {} | {} | {} |",
            cell(subject),
            median.seconds,
            median.seconds / reference,
            median.cpu_seconds,
            memory(median),
            size(median.wire),
            number(median.files),
            size(median.written)
        );
    }
    text
}

fn size(bytes: Option<u64>) -> String {
    match bytes {
        None => "–".into(),
        Some(bytes) if bytes < 10_000_000 => format!("{:.2} MB", bytes as f64 / 1e6),
        Some(bytes) => format!("{} MB", bytes / 1_000_000),
    }
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measure::Run;

    #[test]
    fn a_table_has_a_row_for_each_subject() {
        let run =
            Run { seconds: 2.0, cpu_seconds: 1.0, memory: 1, wire: Some(1_500_000), files: Some(7), ..Run::default() };
        let row = |subject: &str, seconds| Row {
            subject: subject.into(),
            script: String::new(),
            runs: vec![Run { seconds, ..run }],
            median: Run { seconds, ..run },
        };
        let measure = Measure { name: "cold", title: "t".into(), rows: vec![row("a", 2.0), row("b | c", 3.0)] };
        let text = table(&measure);
        assert!(
            text.contains("| b \\| c | 3.00 s | 1.50 | 3.00 – 3.00 s | 1.0 s | 1 MiB | 1.50 MB | 7 | – |"),
            "{text}"
        );
    }

    #[test]
    fn an_example_has_a_row_with_what_came_of_its_seed() {
        let row = |(subject, _): (&str, _)| Row {
            subject: subject.into(),
            script: String::new(),
            runs: Vec::new(),
            median: Run {
                seconds: 1.0,
                memory: 3 << 20,
                own_memory: Some(2 << 20),
                wire: Some(4_000_000),
                ..Run::default()
            },
        };
        let measure = Measure { name: "wire", title: String::new(), rows: LINKS.map(row).into() };
        let text = wires(&[Wire { example: "c".into(), seed: 16_000_000, measure }]);
        let cells = " 1.00 s | 4.00 MB | 25 % | 3 MiB, ours 2 MiB |".repeat(2);
        assert!(text.ends_with(&format!("\n| c | 16 MB |{cells}\n")), "{text}");
    }
}
