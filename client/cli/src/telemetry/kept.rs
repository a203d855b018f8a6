use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::{Span as _, SpanId, TraceId};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, Span, SpanData, SpanProcessor};

/// The most spans that are kept: a seed of 100 GB makes fewer.
const SPANS_MAX: usize = 50_000;

/// Spans that have ended, kept until the command ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    spans: Arc<Mutex<Spans>>,
    /// The span that the command is a part of, where it has none that its sampler has to know of.
    above: Option<SpanId>,
}

#[derive(Debug, Default)]
struct Spans {
    /// The command, which begins before all others.
    root: Option<SpanId>,
    is_over: bool,
    ended: Vec<SpanData>,
}

impl Kept {
    /// Keeps the spans of a command below `above`.
    pub(super) fn below(above: Option<SpanId>) -> Self {
        Self { above, ..Self::default() }
    }

    /// All that have ended, the first one first. What a thread did by itself, as those do that fetch for whoever reads, is a part
    /// of the command.
    pub(super) fn take(&self) -> Vec<SpanData> {
        let Spans { root, ended: mut spans, .. } = std::mem::take(&mut *self.lock());
        for span in spans.iter_mut().filter(|span| span.parent_span_id == SpanId::INVALID) {
            let is_root = root == Some(span.span_context.span_id());
            if let Some(parent) = if is_root { self.above } else { root } {
                span.parent_span_id = parent;
                span.parent_span_is_remote = is_root;
            }
        }
        spans.sort_by_key(|span| span.start_time);
        spans
    }

    fn lock(&self) -> MutexGuard<'_, Spans> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SpanProcessor for Kept {
    fn on_start(&self, span: &mut Span, _: &Context) {
        self.lock().root.get_or_insert(span.span_context().span_id());
    }

    fn on_end(&self, span: SpanData) {
        let mut spans = self.lock();
        // The root ends last, and is what the others hang on. What a thread ends later is no part of the command.
        let is_root = spans.root == Some(span.span_context.span_id());
        if is_root || (!spans.is_over && spans.ended.len() < SPANS_MAX) {
            spans.ended.push(span);
        }
        spans.is_over |= is_root;
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Numbers spans, all of one trace: a process is one command.
#[derive(Debug)]
pub(super) struct OneTrace(pub(super) TraceId);

impl OneTrace {
    /// Of a trace that nobody else knows of.
    pub(super) fn new() -> Self {
        Self(RandomIdGenerator::default().new_trace_id())
    }
}

impl IdGenerator for OneTrace {
    fn new_trace_id(&self) -> TraceId {
        self.0
    }

    fn new_span_id(&self) -> SpanId {
        RandomIdGenerator::default().new_span_id()
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{TraceContextExt, Tracer, TracerProvider};
    use opentelemetry_sdk::trace::SdkTracerProvider;

    use super::*;

    #[test]
    fn what_other_threads_do_is_a_part_of_the_command() {
        let above = SpanId::from_bytes([7; 8]);
        for parent in [None, Some(above)] {
            a_part_of_the_command(parent);
        }
    }

    fn a_part_of_the_command(above: Option<SpanId>) {
        let (kept, ids) = (Kept::below(above), OneTrace::new());
        let trace = ids.0;
        let provider = SdkTracerProvider::builder().with_span_processor(kept.clone()).with_id_generator(ids).build();
        let tracer = provider.tracer("test");
        let root = Context::new().with_span(tracer.start_with_context("root", &Context::new()));
        let other = Context::new().with_span(tracer.start_with_context("other", &Context::new()));
        tracer.start_with_context("below", &other).end();
        tracer.start_with_context("child", &root).end();
        other.span().end();
        let late = tracer.start_with_context("late", &Context::new());
        root.span().end();
        drop(late);
        let spans = kept.take();
        let id = |name: &str| spans.iter().find(|span| span.name == name).unwrap().span_context.span_id();
        let parents: Vec<_> = ["root", "other", "below", "child"]
            .map(|name| spans.iter().find(|span| span.name == name).unwrap().parent_span_id)
            .into();
        assert_eq!(parents, [above.unwrap_or(SpanId::INVALID), id("root"), id("other"), id("root")]);
        let remote: Vec<_> = spans.iter().filter(|span| span.parent_span_is_remote).map(|span| &span.name).collect();
        assert_eq!(remote, if above.is_some() { vec!["root"] } else { vec![] });
        assert!(spans.iter().all(|span| span.span_context.trace_id() == trace));
        assert_eq!(spans.len(), 4, "what ends after the command is no part of it");
    }
}
