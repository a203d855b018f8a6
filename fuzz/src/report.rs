//! Traces: the input is a file of lines in OTLP's JSON, as commands and collectors add them.

use nix_seed_report::{Detail, Report, Style};

#[path = "../../client/report/tests/it/xml.rs"]
mod xml;

/// What two commands of a job wrote.
pub fn honest() -> Vec<u8> {
    include_bytes!("../real/trace").to_vec()
}

/// Whatever lines mean, it is drawn in every way: no line is too long or steers, a picture is well-formed, a summary's block ends
/// where it should, and the order of the lines changes nothing.
pub fn run(data: &[u8]) -> bool {
    let Ok(report) = Report::read(data) else { return false };
    let mut lines: Vec<_> = data.split(|byte| *byte == b'\n').collect();
    lines.reverse();
    assert_eq!(Report::read(&*lines.join(&b"\n"[..])).unwrap(), report);
    for detail in [Detail::Phases, Detail::All] {
        for (width, ascii) in [(0, true), (40, true), (99, true), (99, false), (usize::MAX, false)] {
            let text = report.text(&Style { width, ascii, detail });
            for line in text.lines() {
                assert!(line.chars().count() <= width.clamp(40, 160), "{line}");
                assert!(!line.chars().any(char::is_control) && (!ascii || line.is_ascii()), "{line:?}");
                assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line}");
            }
        }
        assert_eq!(xml::elements(&report.svg(detail)).first().map(String::as_str), Some("svg"));
        let markdown = report.markdown(detail);
        let fence: String = markdown.trim_end().chars().rev().take_while(|c| *c == '`').collect();
        assert!(fence.len() > 2 && markdown.matches(&format!("\n{fence}")).count() == 2, "{markdown}");
    }
    let json = report.json();
    let traces = json["traces"].as_array().unwrap();
    assert!(!traces.is_empty() && traces.iter().all(|trace| !trace["commands"].as_array().unwrap().is_empty()));
    true
}
