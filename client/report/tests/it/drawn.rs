//! What a person sees.

use nix_seed_report::{Detail, Report};
use serde_json::json;

use crate::lines::{job, line, report, span, text, with};
use crate::xml;

#[test]
fn a_job_is_one_picture_with_a_bar_for_each_phase() {
    let drawn = text(&report(&job()), 80, true, Detail::Phases);
    assert_drawn(&drawn, include_str!("drawn/job.txt"));
    let drawn = text(&report(&job()), 100, false, Detail::All);
    assert_drawn(&drawn, include_str!("drawn/all.txt"));
}

/// Compares, and shows both.
fn assert_drawn(drawn: &str, expected: &str) {
    assert!(drawn == expected, "drawn:\n{drawn}\nexpected:\n{expected}");
}

#[test]
fn the_order_of_lines_and_what_is_there_twice_change_nothing() {
    let lines = job();
    let expected = report(&lines);
    let reversed: Vec<_> = lines.iter().rev().cloned().collect();
    assert_eq!(report(&reversed), expected);
    let twice = report(&[&lines[..], &lines[..]].concat());
    assert_eq!((&twice.traces, twice.left.twice), (&expected.traces, 16));
    assert!(text(&twice, 80, true, Detail::Phases).contains("16 spans were there more than once"));
}

#[test]
fn a_script_gets_what_a_person_sees() {
    let json = report(&job()).json();
    let trace = &json["traces"][0];
    assert_eq!((&trace["title"], &trace["busy"]), (&json!("job build, run 4711, owner/app"), &json!(1.0)));
    let [up, run] = &trace["commands"].as_array().unwrap()[..] else { panic!("{trace}") };
    assert_eq!((&up["timeToReady"], &up["exitCode"], &up["requests"]["count"]), (&json!(0.59), &json!(0), &json!(2)));
    assert_eq!((&run["timeToBuild"], &run["exitCode"], &run["timeToReady"]), (&json!(0.1), &json!(7), &json!(null)));
    let bring = up["phases"].as_array().unwrap().iter().find(|phase| phase["name"] == "bring").unwrap();
    let jobs = bring["phases"].as_array().unwrap().iter().find(|phase| phase["name"] == "job").unwrap();
    assert_eq!((&jobs["count"], &jobs["seconds"], &jobs["sum"]), (&json!(2), &json!(0.4), &json!(0.605)));
}

#[test]
fn jobs_are_pictures_of_their_own() {
    let spans = |trace, id| [span(trace, id, 0, "nix-seed down", id * 10, id * 10 + 5)];
    let report = report(&[line(&[], &spans(2, 5)), line(&[], &spans(1, 7))]);
    let titles: Vec<_> = report.traces.iter().map(|trace| trace.title()).collect();
    assert_eq!(titles, [format!("trace {:032x}", 2), format!("trace {:032x}", 1)]);
}

#[test]
fn what_failed_is_said() {
    let mut up = with(span(1, 1, 0, "nix-seed up", 0, 40), &[("process.exit.code", json!(3))]);
    let mut request = span(1, 3, 1, "request", 5, 9);
    for failed in [&mut up, &mut request] {
        failed["status"] = json!({ "code": 2 });
    }
    let drawn = text(&report(&[line(&[], &[up, request, span(1, 4, 1, "request", 9, 30)])]), 80, true, Detail::Phases);
    assert!(drawn.contains("request x2, 1 failed") && drawn.contains("failed, exit code 3"), "{drawn}");
}

#[test]
fn a_summary_has_a_table_and_the_picture() {
    let markdown = report(&job()).markdown(Detail::Phases);
    let expected = "| nix-seed up | 0.600 s | 0.590 s |  | 2 | 48.00 MB |";
    assert!(markdown.lines().any(|line| line == expected), "{markdown}");
    assert!(markdown.contains("\n```text\njob build, run 4711, owner/app: 1.000 s in 2 commands\n"), "{markdown}");
    assert!(markdown.ends_with("\n```\n"));
}

#[test]
fn a_picture_is_well_formed_and_says_in_words_what_it_shows() {
    let svg = report(&job()).svg(Detail::Phases);
    let elements = xml::elements(&svg);
    assert_eq!(elements[0], "svg");
    for name in ["title", "desc", "style"] {
        assert!(elements.iter().any(|element| element == name));
    }
    assert!(svg.contains("<title id=\"nix-seed-title\">Where the time went: job build, run 4711, owner/app: 1.000 s"));
    for said in ["resolve: 0.050 s, 5 %", "ready after 0.590 s", "build (nix): 0.290 s, 29 %"] {
        assert!(svg.contains(said), "{said}: {svg}");
    }
    assert!(!svg.contains("script") && !svg.contains("href"));
    assert_eq!(svg, report(&job()).svg(Detail::Phases));
}

#[test]
fn a_reader_is_enough_for_another_command() {
    let report = Report::read(job().join("\n").as_bytes()).unwrap();
    assert_eq!(report.traces[0].commands.len(), 2);
}
