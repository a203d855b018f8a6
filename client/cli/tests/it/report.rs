//! Where the time of real commands went, drawn.

use serde_json::Value;

use crate::common::Machine;

fn traced() -> Machine {
    let machine = Machine::new(20);
    machine.seed("seed");
    machine.succeeds(&["up", "./seed", "--root", "root", "--trace", "trace"]);
    machine.succeeds(&["down", "--root", "root", "--trace", "trace"]);
    machine
}

#[test]
fn an_up_is_drawn_with_a_bar_for_each_phase() {
    let machine = traced();
    let drawn = machine.succeeds(&["report", "trace"]);
    let labels: Vec<_> = drawn.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let mut left = labels.iter();
    for phase in ["nix-seed", "resolve", "metadata", "compare", "bring", "threads:", "register", "ready", "ready"] {
        assert!(left.any(|label| *label == phase), "{phase} is not in its place:\n{drawn}");
    }
    assert!(drawn.is_ascii() && drawn.lines().all(|line| line.len() <= 100), "{drawn}");
    assert!(drawn.contains("ready after ") && drawn.contains("threads: fetch "), "{drawn}");
    // Two traces, since nobody has passed the first on.
    assert_eq!(labels.iter().filter(|label| **label == "trace").count(), 2, "{drawn}");
    let all = machine.succeeds(&["report", "--all", "trace"]);
    assert!(all.contains("\n    job") && !drawn.contains("\n    job"), "{all}");
}

#[test]
fn a_script_a_summary_and_a_page_get_the_same() {
    let machine = traced();
    let json: Value = serde_json::from_str(&machine.succeeds(&["report", "--json", "trace"])).unwrap();
    let up = &json["report"]["traces"][0]["commands"][0];
    assert_eq!((&up["name"], &up["exitCode"]), (&"nix-seed up".into(), &0.into()));
    assert!(up["timeToReady"].as_f64().unwrap() > 0.0);
    let markdown = machine.succeeds(&["report", "--markdown", "--svg", "picture.svg", "trace"]);
    assert!(markdown.contains("| nix-seed up | ") && markdown.contains("\n```text\ntrace "), "{markdown}");
    let svg = std::fs::read_to_string(machine.path("picture.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && svg.contains(">bring<"), "{svg}");
}

#[test]
fn what_is_no_trace_is_named_with_its_line() {
    let machine = traced();
    std::fs::write(machine.path("log"), "\nhello\u{1b}[2J\n").unwrap();
    let message = machine.fails(3, &["report", "trace", "log"]);
    assert!(message.contains("log: line 2 is no trace") && message.contains("--trace FILE"), "{message}");
    std::fs::write(machine.path("empty"), "").unwrap();
    assert!(machine.fails(3, &["report", "empty"]).contains("empty: there is no span in it"));
    assert!(machine.fails(1, &["report", "nothing"]).contains("nothing"));
}
