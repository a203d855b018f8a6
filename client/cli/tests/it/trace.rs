//! Where the time goes, as a file and a collector get it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::common::{Machine, told, valid};
use crate::otlp::{Trace, file};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const UP: [&str; 4] = ["up", "./seed", "--root", "root"];
const TRACED: [&str; 6] = ["up", "./seed", "--root", "root", "--trace", "trace"];

#[test]
fn the_way_of_a_seed_is_told_from_its_beginning_to_its_end() {
    let machine = Machine::new(30);
    machine.seed("seed");
    machine.succeeds(&TRACED);
    let traces = file(&machine.path("trace"));
    let [trace] = &traces[..] else { panic!("{}", traces.len()) };
    let root = trace.root();
    assert_eq!((root.name.as_str(), root.parent.as_str(), root.has_failed), ("nix-seed up", "", false));
    let below: Vec<_> = trace.below(root).into_iter().collect();
    assert_eq!(below, ["bring", "compare", "metadata", "ready", "register", "resolve"]);
    let bring = trace.one("bring");
    assert_eq!(trace.below(bring).into_iter().collect::<Vec<_>>(), ["fetch", "job", "unpack", "verify"]);
    // One after the other.
    for pair in ["resolve", "metadata", "compare", "bring", "register", "ready"].windows(2) {
        assert!(trace.one(pair[0]).time.1 <= trace.one(pair[1]).time.0, "{pair:?}");
    }
    let jobs = trace.all("job");
    let sum = |name| jobs.iter().map(|job| job.number(name)).sum::<u64>();
    assert_eq!(sum("seed.paths"), 30);
    assert_eq!(sum("seed.bytes"), bring.number("seed.bytes"));
    for phase in ["fetch", "verify", "unpack"] {
        let threads: f64 = jobs.iter().map(|job| job.seconds(&format!("seed.{phase}"))).sum();
        let busy = trace.one(phase).seconds("seed.busy");
        assert!(busy > 0.0 && (busy - threads).abs() < 1e-6, "{phase}: {busy} {threads}");
    }
    for job in jobs {
        let parts: f64 = ["seed.fetch", "seed.verify", "seed.unpack"].map(|part| job.seconds(part)).iter().sum();
        assert!(parts <= (job.time.1 - job.time.0) as f64 / 1e9 + 1e-6);
    }
    assert_eq!(trace.one("register").number("seed.paths"), 30);
    assert_eq!((root.number("process.exit.code"), root.number("seed.retries")), (0, 0));
    let ready = root.seconds("seed.time_to_ready");
    assert!(ready > 0.0 && ready <= (root.time.1 - root.time.0) as f64 / 1e9 + 0.1, "{ready}");
    assert_eq!(trace.service["service.name"], "nix-seed");
}

#[test]
fn commands_are_joined_to_the_trace_that_they_are_part_of() {
    let machine = Machine::new(5);
    machine.seed("seed");
    let exports = |output: &str| {
        let line = output.lines().find_map(|line| line.strip_prefix("export TRACEPARENT='"));
        line.map(|line| line.trim_end_matches('\'').to_owned())
    };
    // Nobody keeps a trace, so there is nothing to continue.
    assert_eq!(exports(&machine.succeeds(&UP)), None);
    machine.succeeds(&["down", "--root", "root"]);

    let parent = exports(&machine.succeeds(&TRACED)).unwrap();
    let command = |parent: &str| {
        let mut command = machine.command(&["down", "--root", "root", "--trace", "trace"]);
        command.env("TRACEPARENT", parent);
        command
    };
    assert!(command(&parent).output().unwrap().status.success());
    let traces = file(&machine.path("trace"));
    let [up, down] = &traces[..] else { panic!("{}", traces.len()) };
    assert_eq!((&down.root().trace, &down.root().parent), (&up.root().trace, &up.root().id));
    assert_eq!(down.root().name, "nix-seed down");

    // Whoever has a trace keeps it, also where it says that nobody else gets it.
    for parent in [PARENT, &PARENT.replace("-01", "-00")] {
        std::fs::remove_file(machine.path("trace")).unwrap();
        let mut up = machine.command(&TRACED);
        let output = up.env("TRACEPARENT", parent).output().unwrap();
        assert_eq!(exports(&String::from_utf8(output.stdout).unwrap()), None);
        let traces = file(&machine.path("trace"));
        let root = traces[0].root();
        assert_eq!(format!("00-{}-{}-01", root.trace, root.parent), PARENT);
    }
}

#[test]
fn a_command_that_fails_leaves_its_trace_too() {
    let machine = Machine::new(3);
    let output = machine.run(&["up", "./nothing", "--trace", "trace"]);
    assert_eq!(output.status.code(), Some(3));
    let traces = file(&machine.path("trace"));
    let root = traces[0].root();
    assert!(root.has_failed && root.number("process.exit.code") == 3);
}

#[test]
fn a_trace_that_cannot_be_written_is_refused_before_the_work() {
    let machine = Machine::new(3);
    machine.seed("seed");
    let message = machine.fails(1, &["up", "./seed", "--root", "root", "--trace", "nowhere/trace"]);
    assert!(message.contains("nowhere/trace"), "{message}");
    assert!(!machine.path("root").exists());
}

/// A collector for one request, which `answer` answers; gives the request's head and body.
pub(crate) fn collector(answer: &'static str) -> (SocketAddr, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (sender, receiver) = channel();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        // More than one where a failure is to be mended.
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if stream.read_line(&mut head).unwrap() == 0 {
                    return;
                }
            }
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap()];
            stream.read_exact(&mut body).unwrap();
            let _ = sender.send((head, body));
            let _ = stream.get_mut().write_all(answer.as_bytes());
        }
    });
    (address, receiver)
}

pub(crate) const FINE: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

fn traced(machine: &Machine, endpoint: &str) -> Command {
    let mut command = machine.command(&UP);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    command.env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cret,x-team=seeds");
    command.env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json").env("OTEL_EXPORTER_OTLP_TIMEOUT", "400");
    command
}

#[test]
fn a_collector_gets_the_trace() {
    let machine = Machine::new(5);
    machine.seed("seed");
    let (address, received) = collector(FINE);
    let mut up = traced(&machine, &format!("http://{address}/prefix"));
    up.env("OTEL_EXPORTER_OTLP_TIMEOUT", "60000").env("OTEL_SERVICE_NAME", "builder");
    up.env("OTEL_RESOURCE_ATTRIBUTES", "ci.job=7,service.name=other");
    let output = up.output().unwrap();
    assert!(output.status.success());
    let stderr = told(&output);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    let (head, body) = received.recv().unwrap();
    let lower = head.to_ascii_lowercase();
    assert!(lower.starts_with("post /prefix/v1/traces http/1.1\r\n"), "{head}");
    for header in ["authorization: bearer s3cret\r\n", "x-team: seeds\r\n", "content-type: application/json\r\n"] {
        assert!(lower.contains(header), "{head}");
    }
    let trace = Trace::read(&body);
    assert_eq!(trace.root().name, "nix-seed up");
    assert_eq!((&trace.service["service.name"], &trace.service["ci.job"]), (&"builder".into(), &"7".into()));
    assert_eq!(trace.all("job").iter().map(|job| job.number("seed.paths")).sum::<u64>(), 5);
}

#[test]
fn a_trace_that_nobody_wants_is_not_sent() {
    let machine = Machine::new(3);
    machine.seed("seed");
    let (address, received) = collector(FINE);
    for (name, value) in [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_TRACES_SAMPLER", "always_off"),
        ("TRACEPARENT", &PARENT.replace("-01", "-00")),
    ] {
        let output = traced(&machine, &format!("http://{address}")).env(name, value).output().unwrap();
        assert!(output.status.success());
        assert!(received.try_recv().is_err(), "{name}");
    }
}

const TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TIMEOUT";

/// The command does its work, says what is wrong with the collector, and nothing that is secret.
fn only_warns(machine: &Machine, endpoint: &str, what: &str) {
    let start = Instant::now();
    let mut command = traced(machine, endpoint);
    // A busy machine may take its time to answer.
    if what != TIMEOUT {
        command.env(TIMEOUT, "15000");
    }
    let output = command.output().unwrap();
    // Whatever the collector does, it is a fraction of a second; the rest is what a busy machine takes.
    assert!(start.elapsed() < Duration::from_secs(20), "{endpoint}: {:?}", start.elapsed());
    let stderr = told(&output);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(valid(&machine.path("root")).len(), 3);
    let warnings: Vec<_> = stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
    let [warning] = warnings[..] else { panic!("{endpoint}: {stderr}") };
    assert!(warning.contains(what), "{warning}");
    assert!(!stderr.contains("s3cret"), "{stderr}");
}

#[test]
fn a_collector_that_is_down_only_warns() {
    let machine = Machine::new(3);
    machine.seed("seed");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    only_warns(&machine, &format!("http://{nobody}"), "Connection refused");
    only_warns(&machine, "http://collector.invalid", "collector.invalid");
}

#[test]
fn a_collector_that_never_answers_only_warns() {
    let machine = Machine::new(3);
    machine.seed("seed");
    // The kernel accepts the connection, and nobody reads.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    only_warns(&machine, &format!("http://{}", silent.local_addr().unwrap()), TIMEOUT);
}

#[test]
fn a_collector_that_refuses_only_warns() {
    let machine = Machine::new(3);
    machine.seed("seed");
    for (answer, what) in [
        ("HTTP/1.1 500 Oh\r\nContent-Length: 6\r\nConnection: close\r\n\r\ns3cret", "it answers 500"),
        ("HTTP/1.1 503 Later\r\nRetry-After: 600\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "it answers 503"),
        ("HTTP/1.1 401 Who\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "it answers 401"),
        ("220 mail.example ESMTP s3cret\r\n", "as OTEL_EXPORTER_OTLP_ENDPOINT says"),
    ] {
        only_warns(&machine, &format!("http://{}", collector(answer).0), what);
    }
}

#[test]
fn a_collector_elsewhere_does_not_get_the_headers() {
    let machine = Machine::new(3);
    machine.seed("seed");
    let (elsewhere, received) = collector(FINE);
    let answer = format!(
        "HTTP/1.1 307 There\r\nLocation: http://{elsewhere}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    only_warns(&machine, &format!("http://{}", collector(answer.leak()).0), "it answers 307");
    assert!(received.try_recv().is_err());
}

#[test]
fn a_wrong_endpoint_is_named_by_its_variable() {
    let machine = Machine::new(3);
    machine.seed("seed");
    for endpoint in ["s3cret", "ftp://s3cret", "http://"] {
        only_warns(&machine, endpoint, "OTEL_EXPORTER_OTLP_ENDPOINT is no URL");
    }
}
