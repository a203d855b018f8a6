//! Where the time of a command goes: spans, to a file and to a collector (doc/tracing.md).
//!
//! The crates below make `tracing` spans and know nothing of this. Here they become OpenTelemetry's, are kept until the
//! command ends, and leave the process at once: a command is short, a file gets one line, and no thread runs beside `run`,
//! which hands signals on.

mod file;
mod job;
mod kept;
mod milestones;
mod otlp;
mod parent;
mod settings;

use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use serde_json::json;
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::error::Error;
use crate::{events, print};

use self::file::TraceFile;
use self::job::Job;
use self::kept::{Kept, OneTrace};
use self::settings::Settings;

pub(crate) use self::milestones::{build, handed_on, ready, traceparent};

const NAME: &str = "nix-seed";

/// The command that this process does: when it began, and who keeps its spans.
struct Command {
    began: Instant,
    tracer: Option<SdkTracer>,
    /// Whether nobody but this command knows of its trace.
    is_alone: bool,
}

static COMMAND: OnceLock<Command> = OnceLock::new();

/// A command's trace, until it ends.
pub(crate) struct Telemetry {
    root: Span,
    exports: Option<Exports>,
}

/// What becomes of the spans.
struct Exports {
    provider: SdkTracerProvider,
    kept: Kept,
    resource: Resource,
    file: Option<TraceFile>,
    settings: Settings,
}

impl Telemetry {
    /// Begins the trace of the command `name`. Without a file and a collector nothing is kept.
    pub(crate) fn start(began: Instant, name: &str, file: Option<&Path>) -> Result<Self, Error> {
        let file = file.map(TraceFile::open).transpose()?;
        let mut settings = Settings::of_process();
        let parent = parent::of_process();
        if parent.as_ref().is_some_and(|parent| !parent.span().span_context().is_sampled()) {
            // Whoever began the trace has decided that nobody gets it.
            settings.collector = None;
        }
        for warning in &settings.warnings {
            print::warning(warning);
        }
        let job = Job::of_process();
        let is_alone = parent.is_none() && job.is_none();
        let exports = (file.is_some() || settings.collector.is_some())
            .then(|| Exports::new(file, settings, parent.as_ref(), job.as_ref()));
        let tracer = exports.as_ref().map(|exports| exports.provider.tracer(NAME));
        let layer = tracer.clone().map(|tracer| {
            let layer = tracing_opentelemetry::layer().with_tracer(tracer);
            let layer =
                layer.with_location(false).with_threads(false).with_target(false).with_tracked_inactivity(false);
            // What ended a span is for whoever made it to say: a request that failed is asked again.
            layer.with_error_events_to_status(false).with_filter(LevelFilter::DEBUG)
        });
        tracing_subscriber::registry().with(layer).with(events::Tell.with_filter(LevelFilter::WARN)).init();
        let _ = COMMAND.set(Command { began, tracer, is_alone });
        // Whole numbers are signed in all spans: the layer makes text of others.
        let root = tracing::info_span!(
            "command",
            otel.name = format!("{NAME} {name}"),
            otel.status_code = Empty,
            process.exit.code = Empty,
            seed.retries = Empty,
            seed.digest = Empty,
            seed.time_to_ready = Empty,
            seed.time_to_build = Empty,
        );
        if let Some(parent) = parent {
            let _ = root.set_parent(parent);
        }
        Ok(Self { root, exports })
    }

    /// Does the command's `work` as its root span.
    pub(crate) fn trace<T>(&self, work: impl FnOnce() -> T) -> T {
        self.root.in_scope(work)
    }

    /// Ends the trace and exports it. What goes wrong with that is a warning: the command has done its work.
    pub(crate) fn end(self, code: u8, has_failed: bool) {
        let Self { root, exports } = self;
        root.record("process.exit.code", i64::from(code));
        root.record("seed.retries", events::retries() as i64);
        if has_failed {
            root.record("otel.status_code", "ERROR");
        }
        drop(root);
        if let Some(exports) = exports {
            exports.send();
        }
        if !has_failed {
            print::event(&json!({ "event": "done", "code": code, "seconds": seconds(), "retries": events::retries() }));
        }
    }
}

impl Exports {
    fn new(file: Option<TraceFile>, settings: Settings, parent: Option<&Context>, job: Option<&Job>) -> Self {
        let trace = match (parent, job) {
            (Some(parent), _) => OneTrace(parent.span().span_context().trace_id()),
            (None, Some(job)) => OneTrace(job.trace),
            (None, None) => OneTrace::new(),
        };
        // The job is no parent to a sampler: nobody has decided for it, and by the trace's number all its commands decide alike.
        let kept = Kept::below(job.filter(|_| parent.is_none()).map(|job| job.span));
        let mut resource = Resource::builder();
        if let Some(service) = &settings.service {
            resource = resource.with_service_name(service.clone());
        }
        resource = resource.with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        if let Some(job) = job {
            // What OTEL_RESOURCE_ATTRIBUTES says goes before what the CI does.
            let said = Resource::builder().build();
            let unsaid = job.attributes.iter().filter(|pair| said.get(&pair.key).is_none()).cloned();
            resource = resource.with_attributes(unsaid);
        }
        let resource = resource.build();
        let provider = SdkTracerProvider::builder().with_span_processor(kept.clone()).with_id_generator(trace);
        let mut provider = provider.with_resource(resource.clone());
        if file.is_some() {
            // Whoever names a file wants the trace, whatever others decided of theirs.
            provider = provider.with_sampler(Sampler::AlwaysOn);
        }
        Self { provider: provider.build(), kept, resource, file, settings }
    }

    fn send(self) {
        let spans = self.kept.take();
        // The provider has nothing left to do; its own end would say so in vain.
        let _ = self.provider.shutdown();
        if let Some(file) = self.file
            && let Err(error) = file.write(spans.clone(), &self.resource)
        {
            print::warning(&error.to_string());
        }
        if let Some(collector) = &self.settings.collector
            && !spans.is_empty()
            && let Err(why) = otlp::send(collector, spans, &self.resource)
        {
            print::warning(&format!("the trace was not sent to {}: {why}", collector.host));
        }
    }
}

/// Tells of warnings, and keeps nothing.
pub(crate) fn none() {
    tracing_subscriber::registry().with(events::Tell).init();
}

/// Since the command began.
fn seconds() -> f64 {
    COMMAND.get().map_or(0.0, |command| command.began.elapsed().as_secs_f64())
}
