//! What a script reads on standard error, and what a person sees on a terminal.

use serde_json::Value;

use crate::common::{Machine, told};

/// Standard error of a run with `--json`, an object a line.
fn events(machine: &Machine, arguments: &[&str]) -> (Option<i32>, Vec<Value>, String) {
    let output = machine.run(&[arguments, &["--json"]].concat());
    let stderr = told(&output);
    let events = stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code(), events, String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_script_gets_objects_and_nothing_else() {
    let machine = Machine::new(12);
    machine.seed("seed");
    let (code, events, stdout) = events(&machine, &["up", "./seed", "--root", "root"]);
    assert_eq!(code, Some(0));
    assert!(serde_json::from_str::<Value>(&stdout).is_ok_and(|document| document["up"]["paths"] == 12));
    let of = |kind: &str| events.iter().find(|event| event["event"] == kind).unwrap();
    let progress = of("progress");
    assert_eq!((&progress["paths"], &progress["pathsWanted"]), (&12.into(), &12.into()));
    assert_eq!(progress["bytes"], progress["bytesWanted"]);
    assert!(of("ready")["seconds"].as_f64().unwrap() > 0.0);
    assert!(of("ready")["digest"].as_str().unwrap().starts_with("sha256:"));
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["code"], &last["retries"]), (&"done".into(), &0.into(), &0.into()));
}

#[test]
fn a_script_gets_an_error_as_an_object() {
    let machine = Machine::new(3);
    let (code, events, stdout) = events(&machine, &["up", "./nothing"]);
    assert_eq!((code, stdout.as_str()), (Some(3), ""));
    let [error] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&error["event"], &error["code"]), (&"error".into(), &3.into()));
    assert!(error["text"].as_str().unwrap().contains("./nothing"));
}
