//! A report for scripts: times in seconds, moments as nanoseconds since 1970.

use serde_json::{Value, json};

use crate::model::{Command, Phase, Report, Trace};
use crate::units::seconds;

impl Report {
    /// The report as one object.
    pub fn json(&self) -> Value {
        let traces: Vec<_> = self.traces.iter().map(trace).collect();
        let left = json!({ "many": self.left.many, "twice": self.left.twice, "cut": self.left.cut });
        json!({ "traces": traces, "left": left })
    }
}

fn trace(trace: &Trace) -> Value {
    let commands: Vec<_> = trace.commands.iter().map(command).collect();
    json!({
        "trace": format!("{:032x}", trace.id),
        "title": trace.title(),
        "job": trace.job,
        "began": moment(trace.began),
        "seconds": seconds(trace.took),
        "busy": seconds(trace.busy),
        "commands": commands,
    })
}

fn command(command: &Command) -> Value {
    let requests = &command.requests;
    json!({
        "name": command.phase.name,
        "began": moment(command.phase.began()),
        "seconds": seconds(command.phase.took),
        "failed": command.phase.failed > 0,
        "exitCode": command.exit_code,
        "timeToReady": command.ready.map(seconds),
        "timeToBuild": command.build.map(seconds),
        "requests": {
            "count": requests.count,
            "sum": seconds(requests.sum),
            "received": requests.received,
            "retries": requests.retries,
        },
        "phases": phases(&command.phase.below),
    })
}

fn phases(phases: &[Phase]) -> Vec<Value> {
    phases.iter().map(phase).collect()
}

fn phase(phase: &Phase) -> Value {
    json!({
        "name": phase.name,
        "program": phase.program,
        "count": phase.count,
        "failed": phase.failed,
        "began": moment(phase.began()),
        "seconds": seconds(phase.took),
        "sum": seconds(phase.sum),
        "busy": phase.busy.map(seconds),
        "phases": phases(&phase.below),
    })
}

/// A text, as OTLP has it: numbers of JSON are not as exact to everybody.
fn moment(nanoseconds: u64) -> String {
    nanoseconds.to_string()
}
