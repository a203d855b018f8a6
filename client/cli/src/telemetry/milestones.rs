//! What the whole is about: how long it took until a build could begin, and until it did.

use std::time::{Instant, SystemTime};

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanBuilder};
use serde_json::json;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{COMMAND, parent, seconds};
use crate::print;

/// The seed is there: a build may begin. Gives the seconds since the command began.
pub(crate) fn ready(digest: &str) -> f64 {
    let seconds = seconds();
    Span::current().record("seed.digest", digest);
    Span::current().record("seed.time_to_ready", seconds);
    print::event(&json!({ "event": "ready", "seconds": seconds, "digest": digest }));
    seconds
}

/// A command that builds began at a time, and has ended now; between `spawned` and then it was prepared for.
pub(crate) fn build(program: &str, spawned: SystemTime, began: SystemTime, code: u8) {
    let ended = SystemTime::now();
    // Nothing is said with a clock that was set meanwhile.
    let (Some(command), Ok(since), Ok(_)) = (COMMAND.get(), ended.duration_since(began), began.duration_since(spawned))
    else {
        return;
    };
    let seconds = Instant::now().duration_since(command.began).saturating_sub(since).as_secs_f64();
    Span::current().record("seed.time_to_build", seconds);
    let text = format!("{program} began {seconds:.2} s after nix-seed");
    print::tell(&text, || json!({ "event": "build", "seconds": seconds, "program": program }));
    past("prepare", spawned, began, Vec::new());
    let attributes = [
        KeyValue::new("process.executable.name", program.to_owned()),
        KeyValue::new("process.exit.code", i64::from(code)),
    ];
    past("build", began, ended, attributes.into());
}

/// A span that is over already.
fn past(name: &'static str, from: SystemTime, to: SystemTime, attributes: Vec<KeyValue>) {
    let Some(tracer) = COMMAND.get().and_then(|command| command.tracer.as_ref()) else { return };
    let span = SpanBuilder::from_name(name).with_start_time(from).with_attributes(attributes);
    span.start_with_context(tracer, &Span::current().context()).end_with_timestamp(to);
}

/// What `up` hands on as `TRACEPARENT`; none where the commands after it know by themselves which trace they are a part of.
pub(crate) fn handed_on() -> Option<String> {
    COMMAND.get().filter(|command| command.is_alone).and_then(|_| traceparent())
}

/// What `TRACEPARENT` has to be for whoever continues this command's trace; none where nobody keeps it.
pub(crate) fn traceparent() -> Option<String> {
    COMMAND.get()?.tracer.as_ref()?;
    parent::traceparent(&Span::current().context())
}
