//! The trace that a command is part of, and its place in it: W3C's "Trace Context", in environment variables.

use std::collections::HashMap;

use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// The span that this process was started in; none where the variable is not there or malformed, as the specification
/// wants it.
pub(super) fn of_process() -> Option<Context> {
    of(&|name| std::env::var(name).ok())
}

fn of(get: &dyn Fn(&str) -> Option<String>) -> Option<Context> {
    let names = [("traceparent", "TRACEPARENT"), ("tracestate", "TRACESTATE")];
    let carrier: HashMap<String, String> =
        names.iter().filter_map(|(key, variable)| Some(((*key).to_owned(), get(variable)?))).collect();
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    parent.span().span_context().is_valid().then_some(parent)
}

/// What `TRACEPARENT` is for whoever works as a part of `context`.
pub(super) fn traceparent(context: &Context) -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(context, &mut carrier);
    carrier.remove("traceparent")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_parent_is_passed_on_as_it_came() {
        let parent = of(&|name| (name == "TRACEPARENT").then(|| PARENT.to_owned())).unwrap();
        assert!(parent.span().span_context().is_remote());
        assert_eq!(traceparent(&parent).unwrap(), PARENT);
    }

    #[test]
    fn a_malformed_parent_is_none() {
        for text in ["", "x", &PARENT[..50], &PARENT.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32))] {
            assert!(of(&|name| (name == "TRACEPARENT").then(|| text.to_owned())).is_none(), "{text}");
        }
        assert!(traceparent(&Context::new()).is_none());
    }
}
