//! OpenTelemetry as others have it: a collector, and a reader of what it passes on.
//!
//! Both come from the Python package index: Rotel, a collector whose package is one program; and the messages of the
//! protocol as the OpenTelemetry project generates them for Python, read by Google's protobuf. Neither shares code with what
//! is under test but the protocol's definition.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{fs, io};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::machine::cache::Cache;
use crate::machine::{process, python};
use crate::registry::service::Service;

const COLLECTOR: &str = "rotel==0.0.1a15";
const READER: [&str; 2] = ["opentelemetry-proto==1.45.2", "protobuf==7.36.2"];
/// How often another port is tried, since somebody else may take one that was free.
const TRIES: u32 = 8;

/// Reads a request, compressed or not, as JSON by the rules of OTLP or as protobuf, and writes its spans, an object each.
const READ: &str = r#"
import base64, gzip, json, sys
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest as Request
data = sys.stdin.buffer.read()
if data.startswith(b"\x1f\x8b"):
    data = gzip.decompress(data)
if sys.argv[1] == "json":
    document = json.loads(data)
    # OTLP writes identifiers as hexadecimal digits, protobuf's JSON as base64.
    for resource in document["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for key in "traceId", "spanId", "parentSpanId":
                    span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    request = json_format.ParseDict(document, Request())
else:
    request = Request.FromString(data)
def values(attributes):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in attributes}
spans = [
    {
        "service": values(resource.resource.attributes).get("service.name"),
        "trace": span.trace_id.hex(), "id": span.span_id.hex(), "parent": span.parent_span_id.hex(),
        "name": span.name, "kind": span.kind, "start": span.start_time_unix_nano, "end": span.end_time_unix_nano,
        "attributes": values(span.attributes), "events": [event.name for event in span.events],
        "failed": span.status.code == 2,
    }
    for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans
]
json.dump(spans, sys.stdout)
"#;

/// A span, as the reader found it.
#[derive(Debug, Clone, Deserialize)]
pub struct Span {
    pub service: String,
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub name: String,
    pub kind: u32,
    pub start: u64,
    pub end: u64,
    pub attributes: serde_json::Map<String, Value>,
    pub events: Vec<String>,
    pub failed: bool,
}

/// How a request is written.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    Json,
    Protobuf,
}

/// Python with the protocol's messages.
pub struct Reader {
    folder: PathBuf,
}

impl Reader {
    pub fn open(cache: &Cache) -> Result<Self> {
        let folder = python::prepared(cache, &READER[0].replace("==", "-"), |folder| python::install(&READER, folder))?;
        Ok(Self { folder })
    }

    /// The spans of one request.
    pub fn read(&self, form: Form, request: &[u8]) -> Result<Vec<Span>> {
        let form = match form {
            Form::Json => "json",
            Form::Protobuf => "protobuf",
        };
        let mut python = Command::new("python3");
        python.args(["-c", READ, form]).env("PYTHONPATH", &self.folder);
        let mut child = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot run python3")?;
        child.stdin.take().context("no input")?.write_all(request)?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "the request is not read");
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// A collector that passes on what it gets to us.
pub struct Collector {
    _service: Service,
    _folder: TempDir,
    address: SocketAddr,
    next: TcpListener,
}

impl Collector {
    pub fn start(cache: &Cache) -> Result<Self> {
        let program = python::prepared(cache, &COLLECTOR.replace("==", "-"), |folder| {
            let scratch = cache.scratch()?;
            process::output(python::pip("download").args(["--no-deps", "--dest"]).arg(scratch.path()).arg(COLLECTOR))?;
            let wheel = fs::read_dir(scratch.path())?.next().context("nothing was downloaded")??.path();
            process::output(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(wheel).arg(folder))?;
            let program = folder.join("rotel/rotel-agent");
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
                .with_context(|| format!("there is no {}", program.display()))
        })?;
        let next = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let endpoint = format!("http://{}", next.local_addr()?);
        let folder = tempfile::tempdir()?;
        let mut tries = 0;
        loop {
            let [http, grpc] = [free_port()?, free_port()?];
            let mut command = Command::new(program.join("rotel/rotel-agent"));
            command.arg("start").args(["--exporter", "otlp", "--otlp-exporter-protocol", "http"]);
            command.args(["--otlp-exporter-endpoint", &endpoint]);
            command.args(["--otlp-http-endpoint", &http.to_string(), "--otlp-grpc-endpoint", &grpc.to_string()]);
            for (option, name) in [("--pid-file", "pid"), ("--log-file", "log")] {
                command.arg(option).arg(folder.path().join(name));
            }
            match Service::start(command, |line| line.contains("Starting Rotel").then_some(())) {
                Ok((service, ())) => {
                    wait_for(http)?;
                    return Ok(Self { _service: service, _folder: folder, address: http, next });
                }
                Err(error) if tries == TRIES => return Err(error),
                Err(_) => tries += 1,
            }
        }
    }

    /// Where it takes OTLP over HTTP.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request that it passes on, as protobuf and compressed.
    pub fn passed_on(&self) -> Result<Vec<u8>> {
        let (stream, _) = self.next.accept()?;
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            ensure!(stream.read_line(&mut head)? > 0, "half a request");
        }
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")).context("no length")?;
        let mut body = vec![0; length.parse()?];
        stream.read_exact(&mut body)?;
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
        Ok(body)
    }
}

fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// It says that it starts before it listens.
fn wait_for(address: SocketAddr) -> Result<()> {
    let start = std::time::Instant::now();
    while std::net::TcpStream::connect(address).is_err() {
        ensure!(start.elapsed().as_secs() < 60, "the collector does not listen on {address}");
        std::thread::yield_now();
    }
    Ok(())
}
