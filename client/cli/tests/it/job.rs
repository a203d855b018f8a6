//! The commands of a CI's job are one trace, though nobody passes anything on.

use std::process::Command;

use crate::common::Machine;
use crate::otlp::{Trace, file};
use crate::trace::{FINE, collector};

const GITHUB: [(&str, &str); 8] = [
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_SERVER_URL", "https://github.com"),
    ("GITHUB_REPOSITORY", "owner/app"),
    ("GITHUB_RUN_ID", "4711"),
    ("GITHUB_RUN_ATTEMPT", "1"),
    ("GITHUB_JOB", "build"),
    ("RUNNER_NAME", "GitHub Actions 7"),
    ("RUNNER_TRACKING_ID", "github_1f3d9475-6c94-40ee-a160-8b3fd282c3a1"),
];
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn command(machine: &Machine, arguments: &[&str], more: &[(&str, &str)]) -> Command {
    let mut command = machine.command(&[arguments, &["--root", "root", "--trace", "trace"]].concat());
    command.envs(GITHUB).envs(more.iter().copied());
    command
}

#[test]
fn the_commands_of_a_job_share_a_trace_and_those_of_two_do_not() {
    let machine = Machine::new(3);
    machine.seed("seed");
    let matrix = [("RUNNER_TRACKING_ID", "github_00000000-6c94-40ee-a160-8b3fd282c3a1")];
    for (arguments, more) in [(&["up", "./seed"][..], &[][..]), (&["down"], &[]), (&["up", "./seed"], &matrix)] {
        let output = command(&machine, arguments, more).output().unwrap();
        assert!(output.status.success());
        // Whoever comes later knows by himself.
        assert!(!String::from_utf8(output.stdout).unwrap().contains("TRACEPARENT"));
    }
    let traces = file(&machine.path("trace"));
    let [up, down, other] = &traces[..] else { panic!("{}", traces.len()) };
    let of = |trace: &Trace| (trace.root().trace.clone(), trace.root().parent.clone());
    assert_eq!(of(up), of(down));
    assert!(of(other).0 != of(up).0 && of(other).1 != of(up).1 && up.root().parent.len() == 16);
    for (name, value) in
        [("cicd.pipeline.run.id", "4711"), ("cicd.pipeline.task.name", "build"), ("vcs.repository.name", "app")]
    {
        assert_eq!(up.service[name], value);
    }
}

#[test]
fn who_passes_a_trace_on_goes_before_the_ci_and_so_does_what_is_said_of_the_service() {
    let machine = Machine::new(3);
    machine.seed("seed");
    let more = [("TRACEPARENT", PARENT), ("OTEL_RESOURCE_ATTRIBUTES", "cicd.pipeline.task.name=mine,x=y")];
    assert!(command(&machine, &["up", "./seed"], &more).output().unwrap().status.success());
    let traces = file(&machine.path("trace"));
    let root = traces[0].root();
    assert_eq!(format!("00-{}-{}-01", root.trace, root.parent), PARENT);
    let said = ["cicd.pipeline.task.name", "x", "cicd.pipeline.run.id"].map(|name| traces[0].service[name].clone());
    assert_eq!(said, ["mine", "y", "4711"]);
}

#[test]
fn a_sampler_decides_for_a_job_as_for_whom_nobody_has_decided() {
    let machine = Machine::new(3);
    machine.seed("seed");
    let (address, received) = collector(FINE);
    let endpoint = format!("http://{address}");
    let sampler = [("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"), ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")];
    for (ratio, parent, is_sent) in [("0", None, false), ("1", None, true), ("0", Some(PARENT), true)] {
        let mut up = machine.command(&["up", "./seed", "--root", "root"]);
        up.envs(GITHUB)
            .envs(sampler)
            .env("OTEL_TRACES_SAMPLER_ARG", ratio)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint);
        up.env("OTEL_EXPORTER_OTLP_TIMEOUT", "60000").envs(parent.map(|parent| ("TRACEPARENT", parent)));
        assert!(up.output().unwrap().status.success());
        assert_eq!(received.try_recv().is_ok(), is_sent, "{ratio} {parent:?}");
    }
}
