//! A report for the summary of a CI job, which shows neither pictures nor scripts.

use crate::Detail;
use crate::draw::heading;
use crate::escape::markdown;
use crate::model::{Command, Report};
use crate::text::Style;
use crate::units::{bytes, time};

/// The columns of a picture, as many as a summary shows.
const WIDTH: usize = 96;

impl Report {
    /// The report as Markdown: a table of the commands, and the picture as text.
    pub fn markdown(&self, detail: Detail) -> String {
        let mut text = String::from("### Where the time went\n");
        for trace in &self.traces {
            text.push_str(&format!("\n{}\n\n", markdown(&heading(trace))));
            text.push_str("| command | took | seed ready after | build began after | requests | fetched |\n");
            text.push_str("|---|--:|--:|--:|--:|--:|\n");
            text.extend(trace.commands.iter().map(row));
        }
        let picture = self.text(&Style { width: WIDTH, ascii: false, detail });
        // Whatever names hold, none ends the block.
        let fence = "`".repeat(longest(&picture).max(2) + 1);
        text.push_str(&format!("\n{fence}text\n{picture}{fence}\n"));
        text
    }
}

fn row(command: &Command) -> String {
    let Command { phase, ready, build, requests, .. } = command;
    let or_nothing = |value: Option<u64>| value.map_or_else(String::new, time);
    let number = |number: u64, text: String| if number == 0 { String::new() } else { text };
    let cells = [
        markdown(&phase.name),
        time(phase.took),
        or_nothing(*ready),
        or_nothing(*build),
        number(requests.count, requests.count.to_string()),
        number(requests.received, bytes(requests.received)),
    ];
    format!("| {} |\n", cells.join(" | "))
}

/// The longest row of backticks.
fn longest(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
