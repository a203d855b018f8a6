//! A trace on its way to a collector, by OTLP over HTTP.

use std::fmt::{Debug, Formatter};
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use nix_seed_registry::{Options, agent};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use ureq::{Agent, RequestExt};

use super::settings::Collector;

/// The most bytes of a collector's answer that are read.
const ANSWER_MAX: u64 = 64 << 10;

/// Sends `spans`. Fails once the collector's time is over, whatever it does.
pub(super) fn send(collector: &Collector, spans: Vec<SpanData>, resource: &Resource) -> Result<(), String> {
    let agent = agent(&Options::default(), collector.is_loopback).map_err(|error| error.to_string())?;
    let state = Arc::new(Mutex::default());
    let client = Client { agent, until: Instant::now() + collector.timeout, why: Arc::clone(&state) };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(collector.protocol)
        .with_timeout(collector.timeout)
        .build();
    // Its own message may quote what is secret.
    let mut exporter = exporter.map_err(|_| {
        "OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_COMPRESSION is not as it has to be".to_owned()
    })?;
    exporter.set_resource(resource);
    let sent = futures_executor::block_on(exporter.export(spans));
    let why = state.lock().unwrap_or_else(PoisonError::into_inner).take();
    sent.map_err(|error| why.unwrap_or_else(|| error.to_string()))
}

/// HTTP with the connections that registries have: the same proxies, and the same certificates.
struct Client {
    agent: Agent,
    until: Instant,
    /// What was wrong last, in words without URLs and headers.
    why: Arc<Mutex<Option<String>>>,
}

impl Debug for Client {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

#[async_trait]
impl HttpClient for Client {
    /// Waits in place: nothing else is going on when a trace is sent.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.once(request);
        let why = match &answer {
            Ok(answer) => Some(format!("it answers {}", answer.status().as_u16())),
            Err(why) => Some(why.clone()),
        };
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = why;
        answer.map_err(Into::into)
    }
}

impl Client {
    fn once(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let left = self.until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, body.to_vec());
        let answer = request.with_agent(&self.agent).configure().timeout_global(Some(left)).build().run();
        let (parts, body) = answer.map_err(why)?.into_parts();
        let mut bytes = Vec::new();
        body.into_reader().take(ANSWER_MAX).read_to_end(&mut bytes).map_err(|error| why(error.into()))?;
        Ok(Response::from_parts(parts, bytes.into()))
    }
}

fn why(error: ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "it does not answer in time (OTEL_EXPORTER_OTLP_TIMEOUT)".into(),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            "it does not answer in time (OTEL_EXPORTER_OTLP_TIMEOUT)".into()
        }
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::HostNotFound => "there is no such host".into(),
        ureq::Error::Rustls(error) => error.to_string(),
        // What else may be wrong is named by words that hold the URL.
        _ => "no connection can be made as OTEL_EXPORTER_OTLP_ENDPOINT says".into(),
    }
}
