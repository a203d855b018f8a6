//! Traces, written by hand.

use nix_seed_report::{Detail, Report, Spans, Style};
use serde_json::{Value, json};

pub(crate) const MS: u64 = 1_000_000;
/// When traces begin, in milliseconds since 1970.
pub(crate) const BEGAN: u64 = 1_780_000_000_000;

/// A span from one millisecond to another one of its trace.
pub(crate) fn span(trace: u128, id: u64, parent: u64, name: &str, from: u64, to: u64) -> Value {
    let parent = if parent == 0 { String::new() } else { format!("{parent:016x}") };
    json!({
        "traceId": format!("{trace:032x}"), "spanId": format!("{id:016x}"), "parentSpanId": parent, "name": name, "kind": 1,
        "startTimeUnixNano": ((BEGAN + from) * MS).to_string(), "endTimeUnixNano": ((BEGAN + to) * MS).to_string(),
    })
}

/// The same with attributes.
pub(crate) fn with(mut span: Value, attributes: &[(&str, Value)]) -> Value {
    let attribute = |(key, value): &(&str, Value)| {
        let value = match value {
            Value::String(text) => json!({ "stringValue": text }),
            Value::Number(number) if number.is_u64() => json!({ "intValue": number.to_string() }),
            number => json!({ "doubleValue": number }),
        };
        json!({ "key": key, "value": value })
    };
    span["attributes"] = attributes.iter().map(attribute).collect();
    span
}

/// A line with these spans, of a job that the CI says this of.
pub(crate) fn line(job: &[(&str, &str)], spans: &[Value]) -> String {
    let attribute = |(key, value): &(&str, &str)| json!({ "key": key, "value": { "stringValue": value } });
    let attributes: Vec<_> = job.iter().map(attribute).collect();
    let resource = json!({ "attributes": attributes });
    let scopes = json!([{ "scope": { "name": "nix-seed" }, "spans": spans }]);
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": scopes }] }).to_string()
}

pub(crate) fn report(lines: &[String]) -> Report {
    let mut spans = Spans::default();
    spans.read(lines.join("\n").as_bytes()).unwrap();
    Report::of(spans)
}

pub(crate) fn text(report: &Report, width: usize, ascii: bool, detail: Detail) -> String {
    report.text(&Style { width, ascii, detail })
}

/// An `up` that unpacks, and a `run` a while later, of one job.
pub(crate) fn job() -> Vec<String> {
    let of = [
        ("cicd.pipeline.task.name", "build"),
        ("cicd.pipeline.run.id", "4711"),
        ("vcs.owner.name", "owner"),
        ("vcs.repository.name", "app"),
    ];
    let up = [
        with(
            span(7, 1, 99, "nix-seed up", 0, 600),
            &[("seed.time_to_ready", json!(0.59)), ("process.exit.code", json!(0)), ("seed.retries", json!(1))],
        ),
        span(7, 2, 1, "resolve", 5, 55),
        with(span(7, 3, 2, "request", 10, 50), &[("http.response.body.size", json!(2_000))]),
        span(7, 4, 1, "metadata", 60, 80),
        span(7, 5, 1, "bring", 90, 490),
        with(span(7, 6, 5, "fetch", 90, 490), &[("seed.busy", json!(0.06))]),
        with(span(7, 7, 5, "verify", 90, 490), &[("seed.busy", json!(0.26))]),
        with(span(7, 8, 5, "unpack", 90, 490), &[("seed.busy", json!(0.68))]),
        span(7, 9, 5, "job", 90, 300),
        span(7, 10, 5, "job", 95, 490),
        with(span(7, 11, 9, "request", 95, 200), &[("http.response.body.size", json!(48_000_000))]),
        span(7, 12, 1, "register", 490, 560),
        span(7, 13, 1, "ready", 560, 590),
    ];
    let run = [
        with(
            span(7, 21, 99, "nix-seed run", 60_000, 60_400),
            &[("seed.time_to_build", json!(0.1)), ("process.exit.code", json!(7))],
        ),
        span(7, 22, 21, "prepare", 60_080, 60_100),
        with(
            span(7, 23, 21, "build", 60_100, 60_390),
            &[("process.executable.name", json!("nix")), ("process.exit.code", json!(7))],
        ),
    ];
    vec![line(&of, &up), line(&of, &run)]
}
