use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

/// The most spans that are kept: a seed of 100 GB makes fewer.
const SPANS_MAX: usize = 50_000;

/// Spans that have ended, kept until the command ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl Kept {
    /// All that have ended, the first one first.
    pub(super) fn take(&self) -> Vec<SpanData> {
        let mut spans = std::mem::take(&mut *self.lock());
        spans.sort_by_key(|span| span.start_time);
        spans
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SpanData>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SpanProcessor for Kept {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        let mut spans = self.lock();
        // The root ends last, and is what the others hang on.
        let is_root = span.parent_span_is_remote || span.parent_span_id == opentelemetry::trace::SpanId::INVALID;
        if is_root || spans.len() < SPANS_MAX {
            spans.push(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
