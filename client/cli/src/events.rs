//! What the crates below find worth telling, brought to standard error: retries and warnings.

use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::print;

static RETRIES: AtomicU64 = AtomicU64::new(0);

/// How often a registry was asked again.
pub(crate) fn retries() -> u64 {
    RETRIES.load(Ordering::Relaxed)
}

/// Tells a person or a script of warnings.
pub(crate) struct Tell;

impl<S: Subscriber> Layer<S> for Tell {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() > Level::WARN {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        if event.metadata().target() == nix_seed_registry::RETRY {
            RETRIES.fetch_add(1, Ordering::Relaxed);
            print::tell(&fields.retry(), || fields.object("retry"));
        } else {
            print::warning(&fields.text());
        }
    }
}

/// What an event holds: its message, and all else by name.
#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn text(&self) -> String {
        let mut text = self.message.clone();
        for (name, value) in &self.others {
            let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            let _ = write!(text, " {name}={value}");
        }
        text
    }

    fn retry(&self) -> String {
        let field = |name| self.others.get(name);
        let number = |name| field(name).and_then(Value::as_u64).unwrap_or_default();
        let why = field("why").and_then(Value::as_str).unwrap_or_default();
        let delay = field("delay").and_then(Value::as_f64).unwrap_or_default();
        let [next, all] = [number("attempt") + 1, number("attempts")];
        format!("trying again in {delay:.1} s ({next} of {all}): {why}")
    }

    fn object(&self, event: &str) -> Value {
        let mut object = self.others.clone();
        object.insert("event".into(), event.into());
        Value::Object(object)
    }

    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.others.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" { self.message = text } else { self.put(field, text) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_retry_is_a_sentence_and_an_object() {
        let others = json!({ "attempt": 1, "attempts": 6, "delay": 0.52, "why": "ghcr.io/o/n: tag x: 503" });
        let fields = Fields { message: "trying again".into(), others: others.as_object().unwrap().clone() };
        assert_eq!(fields.retry(), "trying again in 0.5 s (2 of 6): ghcr.io/o/n: tag x: 503");
        assert_eq!(fields.object("retry")["event"], "retry");
        assert_eq!(fields.object("retry")["attempt"], 1);
    }

    #[test]
    fn a_warning_has_all_that_is_known() {
        let others = json!({ "program": "docker-credential-x", "times": 2 }).as_object().unwrap().clone();
        let fields = Fields { message: "it is not there".into(), others };
        assert_eq!(fields.text(), "it is not there program=docker-credential-x times=2");
    }
}
