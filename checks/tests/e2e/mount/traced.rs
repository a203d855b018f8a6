//! What a mounted start tells of where its time went.

use std::collections::BTreeSet;

use nix_seed_checks::telemetry::{Form, Reader, Span};

use crate::up::Scene;

#[test]
fn a_mounted_start_is_one_trace_with_what_its_threads_fetch() {
    let scene = Scene::open();
    let machine = scene.machine();
    let file = scene.publisher.home().join("trace");
    let arguments = ["up", "--mount", "--complete", "--trace", file.to_str().unwrap(), &scene.location];
    let up = machine.say(&arguments);
    assert_eq!(up.code, Some(0), "{}", up.err);
    let reader = Reader::open(&scene.publisher.journey.workbench.cache).unwrap();
    let spans = reader.read(Form::Json, std::fs::read_to_string(&file).unwrap().trim_end().as_bytes()).unwrap();

    let traces: BTreeSet<_> = spans.iter().map(|span| &span.trace).collect();
    assert_eq!(traces.len(), 1, "{spans:?}");
    let roots: Vec<_> = spans.iter().filter(|span| span.parent.is_empty()).collect();
    assert!(roots.len() == 1 && roots[0].name == "nix-seed up", "{roots:?}");
    let names: BTreeSet<_> = spans.iter().map(|span| &*span.name).collect();
    for name in ["resolve", "metadata", "mount", "complete", "register", "ready", "request"] {
        assert!(names.contains(name), "{name} of {names:?}");
    }
    // Frames are asked for by ranges; other threads do so than the one that mounts.
    let by_range = |span: &&Span| span.attributes.contains_key("http.request.header.range");
    assert!(spans.iter().filter(by_range).any(|request| request.parent == roots[0].id));
}
