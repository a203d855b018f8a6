//! OTLP's JSON, read by what knows only its specification: any field that it does not name is an error.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Request {
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ResourceSpans {
    resource: Resource,
    scope_spans: Vec<ScopeSpans>,
    #[serde(default, rename = "schemaUrl")]
    _schema_url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Resource {
    attributes: Vec<Attribute>,
    #[serde(default, rename = "droppedAttributesCount")]
    _dropped: u32,
    #[serde(default, rename = "entityRefs")]
    _entities: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ScopeSpans {
    spans: Vec<Raw>,
    #[serde(rename = "scope")]
    _scope: Value,
    #[serde(default, rename = "schemaUrl")]
    _schema_url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Raw {
    trace_id: String,
    span_id: String,
    #[serde(default)]
    parent_span_id: String,
    #[serde(default, rename = "traceState")]
    _trace_state: String,
    #[serde(default, rename = "flags")]
    _flags: u32,
    name: String,
    kind: u32,
    /// 64-bit numbers are strings.
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    #[serde(default)]
    attributes: Vec<Attribute>,
    #[serde(default)]
    dropped_attributes_count: u32,
    #[serde(default, rename = "events")]
    _events: Vec<Value>,
    #[serde(default, rename = "droppedEventsCount")]
    _dropped_events: u32,
    #[serde(default, rename = "links")]
    _links: Vec<Value>,
    #[serde(default, rename = "droppedLinksCount")]
    _dropped_links: u32,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Status {
    #[serde(default)]
    code: u32,
    #[serde(default, rename = "message")]
    _message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attribute {
    key: String,
    value: BTreeMap<String, Value>,
}

/// A span, for tests.
pub(crate) struct Span {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) name: String,
    pub(crate) time: (u64, u64),
    pub(crate) attributes: BTreeMap<String, Value>,
    pub(crate) has_failed: bool,
}

impl Span {
    fn new(raw: Raw) -> Self {
        assert!(raw.dropped_attributes_count == 0 && (1..=5).contains(&raw.kind));
        let time = |text: &str| text.parse().unwrap();
        Self {
            trace: raw.trace_id,
            id: raw.span_id,
            parent: raw.parent_span_id,
            name: raw.name,
            time: (time(&raw.start_time_unix_nano), time(&raw.end_time_unix_nano)),
            attributes: attributes(raw.attributes),
            has_failed: raw.status.code == 2,
        }
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.attributes[name].as_u64().unwrap()
    }

    pub(crate) fn seconds(&self, name: &str) -> f64 {
        self.attributes[name].as_f64().unwrap()
    }
}

/// The values by their types; whole numbers are strings.
fn attributes(attributes: Vec<Attribute>) -> BTreeMap<String, Value> {
    let known = ["stringValue", "intValue", "doubleValue", "boolValue"];
    let value = |Attribute { key, value }: Attribute| {
        let (kind, value) = value.into_iter().next().unwrap();
        assert!(known.contains(&kind.as_str()), "{key}: {kind}");
        let value = if kind == "intValue" { value.as_str().unwrap().parse::<i64>().unwrap().into() } else { value };
        (key, value)
    };
    attributes.into_iter().map(value).collect()
}

/// What one command tells: its service, and its spans, which are one tree.
pub(crate) struct Trace {
    pub(crate) service: BTreeMap<String, Value>,
    pub(crate) spans: Vec<Span>,
}

impl Trace {
    /// Reads one request.
    pub(crate) fn read(json: &[u8]) -> Self {
        let request: Request = serde_json::from_slice(json).unwrap();
        let [resource] = <[ResourceSpans; 1]>::try_from(request.resource_spans).ok().unwrap();
        let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans).map(Span::new).collect();
        let trace = Self { service: attributes(resource.resource.attributes), spans };
        trace.check();
        trace
    }

    /// Every span but one has its parent here, and lies within it.
    fn check(&self) {
        let ids: BTreeSet<_> = self.spans.iter().map(|span| &span.id).collect();
        assert_eq!(ids.len(), self.spans.len());
        let mut roots = 0;
        for span in &self.spans {
            assert_eq!((span.trace.len(), span.id.len()), (32, 16));
            assert!(span.trace == self.spans[0].trace && span.time.0 <= span.time.1);
            match self.spans.iter().find(|parent| parent.id == span.parent) {
                Some(parent) => {
                    let is_within = parent.time.0 <= span.time.0 && span.time.1 <= parent.time.1;
                    assert!(is_within, "{} is not within {}", span.name, parent.name);
                }
                None => roots += 1,
            }
        }
        assert_eq!(roots, 1);
    }

    pub(crate) fn root(&self) -> &Span {
        self.spans.iter().find(|span| self.spans.iter().all(|parent| parent.id != span.parent)).unwrap()
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&Span> {
        self.spans.iter().filter(|span| span.name == name).collect()
    }

    /// The only span of this name.
    pub(crate) fn one(&self, name: &str) -> &Span {
        let all = self.all(name);
        assert_eq!(all.len(), 1, "{name}");
        all[0]
    }

    /// The names of the spans directly below another one.
    pub(crate) fn below(&self, parent: &Span) -> BTreeSet<&str> {
        self.spans.iter().filter(|span| span.parent == parent.id).map(|span| span.name.as_str()).collect()
    }
}

/// The traces in a file, a line each.
pub(crate) fn file(path: &std::path::Path) -> Vec<Trace> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| Trace::read(line.as_bytes())).collect()
}
