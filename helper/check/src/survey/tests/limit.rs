//! Where too much goes wrong for all of it to be taken apart.

use super::*;

#[test]
fn what_is_not_tried_any_more_is_counted_and_taken_for_read() {
    let files = numbered(1000);
    let (report, fake) = survey_of(&names(&files), parses(false, |_| true));
    // Each batch behind it gets its one evaluation.
    assert_eq!(fake.asked.len(), EVALUATIONS_MAX);
    assert!(report.untried > 0 && report.invalid > 0);
    assert_eq!(report.untried + report.invalid, 1000);
    assert_eq!(report.edits, 1000 + 1 + 2 + 1 + report.invalid);
    assert_eq!(listed(&report, Verdict::ReadByEvaluation).len(), 1000);
}

#[test]
fn what_is_known_to_be_missing_is_told_though_nothing_more_is_tried() {
    let mut names = numbered(1000);
    names.push("z/last.c".into());
    let (report, _) = survey_of(&self::names(&names), |edits| {
        let replaced = edits.iter().filter(|edit| edit.kind == Kind::Replace).count();
        let last = has(edits, Kind::Delete, "z/last.c");
        match replaced {
            // Takes all evaluations.
            1.. => Evaluated::Fails(String::new()),
            0 => lacks(if last { &["jq"] } else { &[] }),
        }
    });
    assert!(report.complete, "nothing is deleted that may be read");
    let (report, fake) = survey_of(&self::names(&names), |edits| match () {
        () if edits.iter().any(|edit| edit.kind == Kind::Append && edit.path.starts_with("src")) => {
            Evaluated::Fails(String::new())
        }
        () if has(edits, Kind::Delete, "z/last.c") => lacks(&["jq"]),
        () => lacks(&[]),
    });
    assert!(!report.complete);
    assert!(findings(&report)[0].ends_with("deleted z/last.c: jq"), "{:?}", findings(&report));
    assert_eq!(fake.asked.len(), EVALUATIONS_MAX + 4);
}
