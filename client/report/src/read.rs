//! From lines to spans, within limits.

use std::collections::BTreeMap;
use std::io::{BufRead, Read};
use std::sync::Arc;

use crate::otlp::{Attribute, Line, Scalar, Span as Raw};
use crate::{Error, Result};

/// The most bytes of a line: a command keeps at most 50,000 spans of about a kilobyte.
pub const LINE_MAX: usize = 128 << 20;
/// The most spans of one report: what a job of several large commands has.
pub const SPANS_MAX: usize = 250_000;

/// What is kept of a name, in characters: more has no place in a line.
const NAME_MAX: usize = 120;
/// The same of what a message quotes.
const QUOTE_MAX: usize = 160;

/// What a CI says of a job, by the names of OpenTelemetry's conventions.
pub(crate) type Job = BTreeMap<String, String>;

/// A span: what something took. Spans have an order, so that one that is there twice is the same one in whatever order it came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) trace: u128,
    /// In nanoseconds since 1970.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) id: u64,
    pub(crate) parent: Option<u64>,
    pub(crate) name: String,
    pub(crate) has_failed: bool,
    pub(crate) facts: Facts,
    pub(crate) job: Arc<Job>,
}

/// What is asked of a span's attributes. Times are in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Facts {
    pub(crate) ready: Option<u64>,
    pub(crate) build: Option<u64>,
    /// What the threads spent with it together, of a span that has no time of its own.
    pub(crate) busy: Option<u64>,
    pub(crate) exit_code: Option<u64>,
    pub(crate) retries: Option<u64>,
    pub(crate) received: Option<u64>,
    pub(crate) program: Option<String>,
}

/// Spans that were read, of one file or of several.
#[derive(Debug, Default)]
pub struct Spans {
    pub(crate) spans: Vec<Span>,
    /// Lines that end too early, as those of a command that was killed while it wrote.
    pub(crate) cut: usize,
}

impl Spans {
    /// Reads lines, an object each, as `--trace FILE` adds them, and as a collector's file exporter does. An empty line counts for
    /// nothing, and one that ends too early is counted and left out.
    pub fn read(&mut self, mut from: impl BufRead) -> Result<()> {
        let before = self.spans.len();
        let mut bytes = Vec::new();
        for line in 1.. {
            bytes.clear();
            let limit = LINE_MAX as u64 + 1;
            if from.by_ref().take(limit).read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
            if bytes.len() > LINE_MAX {
                return Err(Error::Long { line });
            }
            let text = bytes.trim_ascii();
            if !text.is_empty() {
                self.line(text).map_err(|fault| match fault {
                    Fault::Many => Error::Many,
                    Fault::Line(why) => Error::Line { line, why },
                })?;
            }
        }
        if self.spans.len() == before { Err(Error::Empty) } else { Ok(()) }
    }

    fn line(&mut self, text: &[u8]) -> Result<(), Fault> {
        let read: Line<'_> = match serde_json::from_slice(text) {
            Ok(read) => read,
            Err(error) if error.is_eof() && text.starts_with(b"{") => {
                self.cut += 1;
                return Ok(());
            }
            Err(error) => return Err(Fault::Line(quoted(&error.to_string()))),
        };
        let Line { resource_spans, resource_logs, resource_metrics, resource_profiles } = read;
        let is_other = resource_logs.is_some() || resource_metrics.is_some() || resource_profiles.is_some();
        if resource_spans.is_none() && !is_other {
            return Err(Fault::Line("it has no resourceSpans".into()));
        }
        for of_resource in resource_spans.into_iter().flatten() {
            let attributes = of_resource.resource.and_then(|resource| resource.attributes).unwrap_or_default();
            let job = Arc::new(job(attributes));
            let scopes = of_resource.scope_spans.into_iter().flatten();
            for raw in scopes.flat_map(|scope| scope.spans.into_iter().flatten()) {
                if self.spans.len() == SPANS_MAX {
                    return Err(Fault::Many);
                }
                self.spans.push(span(raw, &job).map_err(Fault::Line)?);
            }
        }
        Ok(())
    }
}

/// Why a line is not read.
enum Fault {
    Many,
    Line(String),
}

fn span(raw: Raw<'_>, job: &Arc<Job>) -> Result<Span, String> {
    let trace = number(&raw.trace_id, 32).filter(|number| *number != 0);
    let trace = trace.ok_or_else(|| format!("traceId {:?} is not 32 hexadecimal digits", quoted(&raw.trace_id)))?;
    let id = |name: &str, text: &str| {
        let number = number(text, 16).and_then(|number| u64::try_from(number).ok());
        number.ok_or_else(|| format!("{name} {:?} is not 16 hexadecimal digits", quoted(text)))
    };
    // Zero stands for none, as an empty text does.
    let parent = raw.parent_span_id.filter(|text| !text.is_empty());
    let parent = parent.map(|text| id("parentSpanId", &text)).transpose()?.filter(|parent| *parent != 0);
    let time = |name: &str, value: Option<Scalar>| {
        let value = value.as_ref().map_or(Some(0), Scalar::whole);
        value.ok_or_else(|| format!("{name} is no whole number of nanoseconds"))
    };
    let start = time("startTimeUnixNano", raw.start_time_unix_nano)?;
    // What ends before it begins is what a clock made that was set meanwhile.
    let end = time("endTimeUnixNano", raw.end_time_unix_nano)?.max(start);
    let code = raw.status.and_then(|status| status.code);
    let has_failed = match &code {
        Some(Scalar::Text(name)) => name == "STATUS_CODE_ERROR" || name == "2",
        Some(code) => code.whole() == Some(2),
        None => false,
    };
    Ok(Span {
        trace,
        start,
        end,
        id: id("spanId", &raw.span_id)?,
        parent,
        name: raw.name.as_deref().filter(|name| !name.trim().is_empty()).map_or_else(|| "(no name)".to_owned(), short),
        has_failed,
        facts: facts(raw.attributes.unwrap_or_default()),
        job: Arc::clone(job),
    })
}

fn number(text: &str, digits: usize) -> Option<u128> {
    let is_hex = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

fn facts(attributes: Vec<Attribute<'_>>) -> Facts {
    let mut facts = Facts::default();
    for attribute in attributes {
        let Some(value) = attribute.value.and_then(|value| value.scalar()) else { continue };
        match &*attribute.key {
            "seed.time_to_ready" => facts.ready = value.nanoseconds(),
            "seed.time_to_build" => facts.build = value.nanoseconds(),
            "seed.busy" => facts.busy = value.nanoseconds(),
            "process.exit.code" => facts.exit_code = value.whole(),
            "seed.retries" => facts.retries = value.whole(),
            "http.response.body.size" => facts.received = value.whole(),
            "process.executable.name" => facts.program = value.text().as_deref().map(short),
            _ => {}
        }
    }
    facts
}

/// What is said of the job; the names are ours to choose from, so what others add to a resource takes no room.
fn job(attributes: Vec<Attribute<'_>>) -> Job {
    const KNOWN: [&str; 8] = [
        "cicd.pipeline.name",
        "cicd.pipeline.run.id",
        "cicd.pipeline.run.url.full",
        "cicd.pipeline.task.name",
        "vcs.owner.name",
        "vcs.ref.head.name",
        "vcs.ref.head.revision",
        "vcs.repository.name",
    ];
    let known = attributes.into_iter().filter(|attribute| KNOWN.contains(&&*attribute.key));
    let pair = |Attribute { key, value }: Attribute<'_>| Some((key.into_owned(), short(&value?.scalar()?.text()?)));
    known.filter_map(pair).filter(|(_, value)| !value.is_empty()).collect()
}

fn short(text: &str) -> String {
    cut(text, NAME_MAX)
}

fn quoted(text: &str) -> String {
    cut(text, QUOTE_MAX)
}

/// At most so many characters, the last of which says that there are more.
fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(max - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: &str = r#""traceId":"0AF7651916CD43DD8448EB211C80319C","spanId":"b7ad6b7169203331""#;

    fn read(text: &str) -> Result<Spans> {
        let mut spans = Spans::default();
        spans.read(text.as_bytes()).map(|()| spans)
    }

    fn line(span: &str) -> String {
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{IDS},{span}}}]}}]}}]}}"#)
    }

    #[test]
    fn numbers_are_read_as_texts_and_as_numbers() {
        for times in [
            r#""startTimeUnixNano":"1000","endTimeUnixNano":"3000""#,
            r#""startTimeUnixNano":1000,"endTimeUnixNano":3e3"#,
        ] {
            let spans = read(&line(times)).unwrap().spans;
            assert_eq!((spans[0].start, spans[0].end), (1000, 3000));
            assert_eq!(spans[0].trace, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        }
    }

    #[test]
    fn what_a_collector_adds_to_the_file_is_no_matter() {
        let text = format!(
            "{{\"resourceMetrics\":[{{}}]}}\n\n{{\"resourceLogs\":[]}}\r\n{}\n",
            line(r#""kind":3,"events":[{"name":"x"}],"links":[],"flags":257"#)
        );
        assert_eq!(read(&text).unwrap().spans.len(), 1);
    }

    #[test]
    fn a_line_that_ends_too_early_is_counted_and_what_is_none_is_named() {
        let whole = line(r#""name":"x""#);
        let spans = read(&format!("{}\n{whole}\n", &whole[..whole.len() - 9])).unwrap();
        assert_eq!((spans.spans.len(), spans.cut), (1, 1));
        for (text, expected) in [
            (format!("{whole}\nhello\n"), "line 2 is no trace in OTLP's JSON: expected value"),
            ("{}".into(), "line 1 is no trace in OTLP's JSON: it has no resourceSpans"),
            ("[1]".into(), "line 1 is no trace"),
            (whole.replace("b7ad", "g7ad"), "spanId \"g7ad6b7169203331\" is not 16 hexadecimal digits"),
            (whole.replace("0AF7651916CD43DD8448EB211C80319C", &"0".repeat(32)), "traceId"),
            (line(r#""startTimeUnixNano":"-5""#), "startTimeUnixNano is no whole number"),
            (line(r#""endTimeUnixNano":-5"#), "endTimeUnixNano is no whole number"),
            ("[".repeat(100_000), "line 1 is no trace"),
            (String::new(), "there is no span in it"),
            ("{\"resourceMetrics\":[]}".into(), "there is no span in it"),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(expected) && error.len() < 400, "{error}");
        }
    }

    #[test]
    fn clocks_that_were_set_meanwhile_make_no_negative_time() {
        let spans = read(&line(r#""startTimeUnixNano":"5","endTimeUnixNano":"3""#)).unwrap().spans;
        assert_eq!((spans[0].start, spans[0].end), (5, 5));
        let text = r#""attributes":[{"key":"seed.time_to_ready","value":{"doubleValue":-1}},{"key":"seed.busy","value":{"doubleValue":"NaN"}},
            {"key":"seed.time_to_build","value":{"doubleValue":0.5}},{"key":"process.exit.code","value":{"intValue":"3"}},
            {"key":"x","value":{"kvlistValue":{"values":[{"key":"y"}]}}}]"#;
        let facts = read(&line(&text.replace('\n', ""))).unwrap().spans[0].facts.clone();
        assert_eq!(facts, Facts { build: Some(500_000_000), exit_code: Some(3), ..Facts::default() });
    }

    #[test]
    fn what_is_long_is_cut() {
        let spans = read(&line(&format!(r#""name":"{}""#, "ü".repeat(5000)))).unwrap().spans;
        assert_eq!(spans[0].name, format!("{}…", "ü".repeat(NAME_MAX - 1)));
    }
}
