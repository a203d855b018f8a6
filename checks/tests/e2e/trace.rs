//! Where the time of a seed's way over a real registry goes, as a real collector gets it and as a file has it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use nix_seed_checks::machine::{process, repository};
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::fault::{Fault, Rule};
use nix_seed_checks::registry::proxy::Proxy;
use nix_seed_checks::registry::traffic::Kind;
use nix_seed_checks::telemetry::{Collector, Form, Reader, Span};
use serde_json::Value;

use crate::publish::{Make, Publisher, Seed, image, without_warning};

/// Seeds on their way, and who reads what is told of it.
struct Traced {
    publisher: Publisher,
    reader: Reader,
    proxy: Proxy,
    _registry: DockerRegistry,
    seed: Seed,
}

/// What a command said, and its exit code.
struct Said {
    code: Option<i32>,
    err: String,
}

impl Traced {
    fn open() -> Self {
        let publisher = Publisher::open();
        let cache = &publisher.journey.workbench.cache;
        let reader = Reader::open(cache).unwrap();
        let registry = DockerRegistry::start(cache, Auth::Everybody).unwrap();
        let proxy = Proxy::start(registry.address()).unwrap();
        let seed = publisher.seed(&Make::default());
        Self { publisher, reader, proxy, _registry: registry, seed }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.publisher.command(&[arguments, &["--json", "--platform", "linux/amd64"]].concat());
        // The job of whoever runs the tests is no job here.
        for mark in ["GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE"] {
            command.env_remove(mark);
        }
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        self.publisher.home().join(name)
    }

    /// The spans of the last line of the file `trace`.
    fn spans(&self) -> Vec<Span> {
        let text = fs::read_to_string(self.path("trace")).unwrap();
        let spans = self.reader.read(Form::Json, text.lines().last().unwrap().as_bytes()).unwrap();
        assert_tree(&spans);
        spans
    }

    fn push(&self) -> String {
        let target = image(self.proxy.address(), "team/seed:main");
        let arguments = ["push", self.seed.dir.to_str().unwrap(), &target, "--trace", "trace"];
        let said = say(&mut self.command(&arguments));
        assert_eq!(said.code, Some(0), "{}", said.err);
        target
    }
}

fn say(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    Said { code: output.status.code(), err: String::from_utf8(output.stderr).unwrap() }
}

/// Every span lies within its parent, and only one has none.
fn assert_tree(spans: &[Span]) {
    let mut roots = 0;
    for span in spans {
        match spans.iter().find(|parent| parent.id == span.parent) {
            Some(parent) => assert!(parent.start <= span.start && span.end <= parent.end, "{span:?} {parent:?}"),
            None => roots += 1,
        }
    }
    assert_eq!(roots, 1, "{spans:?}");
}

fn all<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

fn one<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let all = all(spans, name);
    assert_eq!(all.len(), 1, "{name}: {spans:?}");
    all[0]
}

fn names(spans: &[Span]) -> BTreeSet<&str> {
    spans.iter().map(|span| span.name.as_str()).collect()
}

fn sum(spans: &[&Span], name: &str) -> u64 {
    spans.iter().map(|span| span.attributes[name].as_u64().unwrap()).sum()
}

#[test]
fn a_push_and_an_up_are_told_from_end_to_end() {
    let traced = Traced::open();
    let target = traced.push();
    let push = traced.spans();
    assert!(push.iter().any(|span| span.name == "nix-seed push" && span.parent.is_empty()));
    let blobs = all(&push, "blob");
    assert_eq!(blobs.len(), 4);
    assert!(blobs.iter().all(|blob| blob.attributes["seed.how"] == "Uploaded" && blob.parent == one(&push, "push").id));
    assert_eq!((all(&push, "upload").len(), all(&push, "verify").len()), (4, 4));

    let said = say(&mut traced.command(&["up", &target, "--root", "root", "--trace", "trace"]));
    assert_eq!(said.code, Some(0), "{}", said.err);
    let up = traced.spans();
    let expected =
        ["bring", "compare", "fetch", "job", "metadata", "nix-seed up", "ready", "register", "request", "resolve"];
    assert_eq!(names(&up), expected.into_iter().chain(["unpack", "verify"]).collect());
    let jobs = all(&up, "job");
    assert_eq!(sum(&jobs, "seed.paths"), one(&up, "compare").attributes["seed.missing"].as_u64().unwrap());
    let host = traced.proxy.address();
    for request in all(&up, "request") {
        assert_eq!((request.kind, &request.attributes["server.address"]), (3, &Value::from(host.ip().to_string())));
        assert_eq!(request.attributes["server.port"], host.port());
        let status = request.attributes["http.response.status_code"].as_u64().unwrap();
        assert!((200..300).contains(&status), "{request:?}");
    }
    // Each job asks for its own.
    let of_jobs = all(&up, "request").into_iter().filter(|request| jobs.iter().any(|job| job.id == request.parent));
    assert!(of_jobs.count() >= jobs.len());
}

#[test]
fn a_retry_is_told_to_scripts_and_in_the_trace() {
    let traced = Traced::open();
    let target = traced.push();
    traced.proxy.rule(Rule::blobs(Fault::Status { status: 503, retry_after: Some(0) }).nth(2));
    let said = say(&mut traced.command(&["up", &target, "--root", "root", "--trace", "trace"]));
    assert_eq!(said.code, Some(0), "{}", said.err);
    let events: Vec<Value> = said.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let retries: Vec<_> = events.iter().filter(|event| event["event"] == "retry").collect();
    let [retry] = retries[..] else { panic!("{}", said.err) };
    assert_eq!((&retry["attempt"], &retry["repository"]), (&1.into(), &"team/seed".into()));
    assert!(retry["why"].as_str().unwrap().contains("503") && retry["delay"].as_f64().is_some());
    assert_eq!(events.last().unwrap()["retries"], 1);
    let up = traced.spans();
    let root = up.iter().find(|span| span.name == "nix-seed up").unwrap();
    assert_eq!(root.attributes["seed.retries"], 1);
    assert_eq!(up.iter().flat_map(|span| &span.events).filter(|event| *event == "trying again").count(), 1);
    assert!(all(&up, "request").iter().any(|request| request.attributes["http.response.status_code"] == 503));
}

#[test]
fn a_trace_holds_no_signature_and_no_secret() {
    let traced = Traced::open();
    let target = traced.push();
    traced.proxy.rule(Rule::new(Fault::Redirect).method("GET").kind(Kind::Blob));
    let mut up = traced.command(&["up", &target, "--root", "root", "--trace", "trace"]);
    up.env("NIX_SEED_REGISTRY_USERNAME", "somebody").env("NIX_SEED_REGISTRY_PASSWORD", "s3cret");
    up.env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=s3cret");
    let said = say(&mut up);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let text = fs::read_to_string(traced.path("trace")).unwrap();
    // What is redirected is told by its host.
    assert!(text.contains("127.0.0.2"), "{text}");
    for secret in ["signature", "s3cret", "czNjcmV0", "/storage/"] {
        assert!(!text.contains(secret) && !said.err.contains(secret), "{secret}");
    }
}

#[test]
fn a_real_collector_understands_every_form() {
    let traced = Traced::open();
    let target = traced.push();
    let collector = Collector::start(&traced.publisher.journey.workbench.cache).unwrap();
    for (root, form) in [
        ("one", &[][..]),
        ("two", &[("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]),
        ("three", &[("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"), ("OTEL_SERVICE_NAME", "of-a-job")]),
    ] {
        let mut up = traced.command(&["up", &target, "--root", root, "--trace", "trace"]);
        up.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()).envs(form.iter().copied());
        // A busy machine has all the time that it needs.
        up.env("OTEL_EXPORTER_OTLP_TIMEOUT", "60000");
        let said = say(&mut up);
        assert!(said.code == Some(0) && !without_warning(&said.err).contains("warning"), "{}", said.err);
        let mut got = traced.reader.read(Form::Protobuf, &collector.passed_on().unwrap()).unwrap();
        let mut written = traced.spans();
        for spans in [&mut got, &mut written] {
            spans.sort_by(|a, b| a.id.cmp(&b.id));
        }
        let tell = |spans: &[Span]| spans.iter().map(|span| format!("{span:?}")).collect::<Vec<_>>();
        assert_eq!(tell(&got), tell(&written));
        let service = if root == "three" { "of-a-job" } else { "nix-seed" };
        assert!(got.iter().all(|span| span.service == service));
    }
}

/// What CIs say of a job, as steps of it find it in their environment.
const JOBS: [&[(&str, &str)]; 3] = [
    &[
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "owner/app"),
        ("GITHUB_RUN_ID", "4711"),
        ("GITHUB_RUN_ATTEMPT", "2"),
        ("GITHUB_JOB", "build"),
        ("RUNNER_NAME", "GitHub Actions 7"),
        ("RUNNER_TRACKING_ID", "github_1f3d9475-6c94-40ee-a160-8b3fd282c3a1"),
    ],
    &[
        ("GITLAB_CI", "true"),
        ("CI_SERVER_URL", "https://gitlab.com"),
        ("CI_PROJECT_ID", "278964"),
        ("CI_PIPELINE_ID", "42"),
        ("CI_JOB_ID", "9001"),
    ],
    &[
        ("BUILDKITE", "true"),
        ("BUILDKITE_BUILD_ID", "0190046e-e199-453b-a302-a21a4d649d31"),
        ("BUILDKITE_JOB_ID", "0190046e-e1a9-4a33-b2a6-3d9d9f8e1f2c"),
    ],
];

/// The commands of doc/tracing.md that make `TRACEPARENT`, one for each of [`JOBS`].
fn documented() -> Vec<String> {
    let doc = fs::read_to_string(repository::path().join("doc/tracing.md")).unwrap();
    let lines = doc.lines().filter(|line| line.starts_with("printf '%s\\n' "));
    lines.map(|line| format!("id=$({line} | sha256sum); echo \"$id\"")).collect()
}

#[test]
fn the_commands_of_a_job_are_one_trace_as_the_documentation_computes_it() {
    let traced = Traced::open();
    let target = traced.push();
    let documented = documented();
    assert_eq!(documented.len(), JOBS.len());
    let mut met = BTreeSet::new();
    for (job, script) in JOBS.iter().zip(documented) {
        let mut parents = BTreeSet::new();
        for arguments in [&["up", &target, "--root", "root"][..], &["down", "--root", "root"]] {
            let mut command = traced.command(&[arguments, &["--trace", "trace"]].concat());
            let said = say(command.env_remove("TRACEPARENT").envs(job.iter().copied()));
            assert_eq!(said.code, Some(0), "{}", said.err);
            let spans = traced.spans();
            let name = format!("nix-seed {}", arguments[0]);
            let root = spans.iter().find(|span| span.name == name).unwrap();
            parents.insert(format!("{}{}", root.trace, root.parent));
        }
        let mut shell = Command::new("sh");
        let hash = process::output(shell.args(["-c", &script]).env_clear().envs(job.iter().copied())).unwrap();
        assert_eq!(parents, [hash[..48].to_owned()].into());
        met.extend(parents);
    }
    // A job of the same matrix is another one.
    let other = [("RUNNER_TRACKING_ID", "github_00000000-6c94-40ee-a160-8b3fd282c3a1")];
    let mut up = traced.command(&["up", &target, "--root", "root", "--trace", "trace"]);
    let said = say(up.env_remove("TRACEPARENT").envs(JOBS[0].iter().copied()).envs(other));
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(met.iter().all(|known| !known.starts_with(&traced.spans()[0].trace)));

    // One picture for each job, with the commands of each.
    let said = traced.publisher.say(&["report", "--json", "trace"]).json();
    let commands = |trace: &Value| trace["commands"].as_array().unwrap().len();
    let pictures: Vec<_> = said["report"]["traces"].as_array().unwrap().iter().map(commands).collect();
    // The push was no part of any.
    assert_eq!(pictures, [1, 2, 2, 2, 1], "{said}");
}

#[test]
fn a_run_tells_when_its_command_began() {
    let traced = Traced::open();
    let layout = traced.seed.dir.to_str().unwrap();
    let script = "echo $TRACEPARENT > parent; exit 7";
    let run = ["run", "--json", "--trace", "trace", layout, "--", "sh", "-c", script];
    let mut command = traced.publisher.command(&run);
    let said = say(command.env("NIX_SEED_CACHE", traced.path("cache")));
    assert_eq!(said.code, Some(7), "{}", said.err);
    let events: Vec<Value> = said.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let began = events.iter().find(|event| event["event"] == "build").unwrap();
    let spans = traced.spans();
    let root = spans.iter().find(|span| span.name == "nix-seed run").unwrap();
    assert_eq!(began["seconds"], root.attributes["seed.time_to_build"]);
    let (prepare, build) = (one(&spans, "prepare"), one(&spans, "build"));
    assert_eq!(prepare.end, build.start);
    assert_eq!(
        (&build.attributes["process.exit.code"], &build.attributes["process.executable.name"]),
        (&7.into(), &"sh".into())
    );
    let since = std::time::Duration::from_nanos(build.start - root.start).as_secs_f64();
    assert!((since - began["seconds"].as_f64().unwrap()).abs() < 0.5, "{since}");
    let parent = fs::read_to_string(traced.path("parent")).unwrap();
    assert_eq!(parent.trim(), format!("00-{}-{}-01", root.trace, root.id));

    // What is not there never began.
    let run = ["run", "--json", "--trace", "trace", layout, "--", "nonesuch"];
    let mut command = traced.publisher.command(&run);
    let said = say(command.env("NIX_SEED_CACHE", traced.path("cache")));
    assert_eq!(said.code, Some(127), "{}", said.err);
    let events: Vec<Value> = said.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(events.iter().all(|event| event["event"] != "done"), "{}", said.err);
    assert_eq!(events.last().unwrap()["event"], "error", "{}", said.err);
    assert!(!names(&traced.spans()).contains("build"));
}
