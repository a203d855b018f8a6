//! Whatever spans there are: nothing panics, nothing steers, and the order of lines is no matter.

use nix_seed_report::{Detail, Report};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::hostile::drawn;
use crate::lines::{line, report, span, with};

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("nix-seed up".to_owned()),
        Just("request".to_owned()),
        Just("bring".to_owned()),
        "\\PC{0,40}",
        "[\u{0}-\u{7f}]{0,12}",
        any::<String>(),
    ]
}

/// A span among few numbers, so that parents are missing, there twice, and form rings.
fn spans() -> impl Strategy<Value = Vec<Value>> {
    let time = prop_oneof![0..1000_u64, Just(0), Just(17_000_000_000_u64 / 2)];
    let one = (1..3_u128, 1..12_u64, 0..12_u64, name(), time.clone(), time, any::<bool>(), any::<f64>(), any::<u64>());
    let one = one.prop_map(|(trace, id, parent, name, from, to, has_failed, number, count)| {
        let number = if number.is_finite() { json!(number) } else { json!("Infinity") };
        let facts = [
            ("seed.time_to_ready", number.clone()),
            ("seed.busy", if count % 3 == 0 { number } else { json!("") }),
            ("http.response.body.size", json!(count)),
            ("process.exit.code", json!(count % 4)),
        ];
        let mut span = with(span(trace, id, parent, &name, from, to), &facts);
        span["status"] = json!({ "code": if has_failed { 2 } else { 0 } });
        span
    });
    vec(one, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_spans_are_drawn(spans in spans(), task in any::<String>(), at in 0..30_usize) {
        let job = [("cicd.pipeline.task.name", &*task)];
        let whole = report(&[line(&job, &spans)]);
        drawn(&whole);
        let (some, others) = spans.split_at(at.min(spans.len() - 1));
        let mut lines = vec![line(&job, others)];
        if !some.is_empty() {
            lines.push(line(&job, some));
        }
        let parts = report(&lines);
        prop_assert_eq!(&parts, &whole);
        prop_assert_eq!(parts.svg(Detail::All), whole.svg(Detail::All));
        let spans_drawn: u64 = whole.traces.iter().flat_map(|trace| &trace.commands).map(|command| command.phase.count).sum();
        prop_assert!(spans_drawn >= 1);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200), at in 0..1000_usize, byte in any::<u8>()) {
        let _ = Report::read(&bytes[..]);
        let mut line = crate::lines::job().join("\n").into_bytes();
        let at = at % line.len();
        line[at] = byte;
        if let Ok(report) = Report::read(&line[..]) {
            drawn(&report);
        }
    }
}
