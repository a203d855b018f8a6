//! What a stranger may write into a file of traces.

use std::time::{Duration, Instant};

use nix_seed_report::{Detail, Report, Style};
use serde_json::{Value, json};

use crate::lines::{line, report, span, text, with};
use crate::xml;

/// Draws it in every way; no line is too long, and nothing steers.
pub(crate) fn drawn(report: &Report) -> String {
    for detail in [Detail::Phases, Detail::All] {
        for width in [40, 97] {
            for ascii in [true, false] {
                let text = report.text(&Style { width, ascii, detail });
                for line in text.lines() {
                    assert!(line.chars().count() <= width, "{width}: {line}");
                    assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line}");
                    assert!(!line.chars().any(char::is_control) && (!ascii || line.is_ascii()), "{line:?}");
                }
            }
        }
        xml::elements(&report.svg(detail));
        let markdown = report.markdown(detail);
        let fence: String = markdown.trim_end().chars().rev().take_while(|c| *c == '`').collect();
        assert_eq!(markdown.matches(&format!("\n{fence}")).count(), 2, "{markdown}");
        report.json().to_string();
    }
    text(report, 97, true, Detail::All)
}

#[test]
fn names_steer_nothing() {
    let names = [
        "\u{1b}[2J",
        "\n::error::x",
        "::set-output name=x::y",
        "##[error]x",
        "</title><script>x</script>",
        "````",
        "a|b",
    ];
    let spans = names.iter().zip(2..).map(|(name, id)| span(1, id, 1, name, id, id + 1));
    let spans: Vec<_> = [span(1, 1, 0, "```", 0, 20)].into_iter().chain(spans).collect();
    let job = [("cicd.pipeline.task.name", "\u{1b}]0;x\u{7}<b>"), ("vcs.repository.name", "````\n# x")];
    let drawn = drawn(&report(&[line(&job, &spans)]));
    assert!(drawn.contains("\\u{1b}[2J") && drawn.contains("</title><script>"), "{drawn}");
}

#[test]
fn a_name_of_spaces_begins_no_command_of_a_log() {
    // With nothing before them, what stands for pauses would.
    let spans: Vec<_> = (1..40).map(|id| span(1, id, 0, " ", 1000 * id, 1000 * id + 1)).collect();
    assert!(drawn(&report(&[line(&[], &spans)])).contains("(no name)"));
}

#[test]
fn rings_and_missing_parents_are_drawn_all_the_same() {
    let spans = [
        span(1, 1, 3, "a", 0, 9),
        span(1, 2, 1, "b", 1, 8),
        span(1, 3, 2, "c", 2, 7),
        span(1, 4, 4, "d", 3, 6),
        span(1, 5, 77, "e", 4, 5),
    ];
    let report = report(&[line(&[], &spans)]);
    let tops: Vec<_> = report.traces[0].commands.iter().map(|command| &*command.phase.name).collect();
    assert_eq!(tops, ["a", "d", "e"]);
    assert!(drawn(&report).contains("    c"));
}

#[test]
fn absurd_times_have_a_place_too() {
    let at = |from: Value, to: Value| {
        let mut span = span(1, 2, 0, "nix-seed up", 0, 0);
        span["startTimeUnixNano"] = from;
        span["endTimeUnixNano"] = to;
        span
    };
    let max = json!(u64::MAX.to_string());
    for (from, to) in
        [(json!("0"), max.clone()), (max.clone(), json!("0")), (json!(1e30), json!(1e300)), (json!(null), json!(null))]
    {
        let child = span(1, 3, 2, "resolve", 5, 10);
        let facts =
            [("seed.time_to_ready", json!(1e308)), ("seed.busy", json!(-1.0)), ("seed.retries", json!(u64::MAX))];
        drawn(&report(&[line(&[], &[with(at(from, to), &facts), child])]));
    }
}

/// A span as text: fifty thousand of them are written in a moment, too.
fn raw(trace: u64, id: u64, parent: u64, name: &str, from: u64, to: u64) -> String {
    format!(
        r#"{{"traceId":"{trace:032x}","spanId":"{id:016x}","parentSpanId":"{parent:016x}","name":"{name}","startTimeUnixNano":"{from}","endTimeUnixNano":"{to}"}}"#
    )
}

#[test]
fn many_spans_are_drawn_in_a_moment() {
    const MANY: u64 = 50_000;
    let names = |id: u64| raw(1, id, 1, &format!("n{id}"), id, id + 1);
    let chain = |id: u64| raw(1, id, id - 1, "x", id, 2 * MANY - id);
    let requests = |id: u64| raw(1, id, 1, "request", 3 * id, 3 * id + 1);
    let traces = |id: u64| raw(id, id, 0, "nix-seed down", id, id + 1);
    let commands = |id: u64| raw(1, id, id / 2, "nix-seed run", id, id + 1);
    let make: [&dyn Fn(u64) -> String; 5] = [&names, &chain, &requests, &traces, &commands];
    for make in make {
        let spans: Vec<_> =
            [raw(1, 1, 0, "nix-seed up", 0, 2 * MANY)].into_iter().chain((2..=MANY).map(make)).collect();
        let line = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#, spans.join(","));
        let start = Instant::now();
        let drawn = drawn(&report(&[line]));
        // Eight texts, two pictures, two summaries; without optimisation, on a busy machine.
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
        assert!(drawn.lines().count() < 300, "{}", drawn.lines().count());
    }
}
