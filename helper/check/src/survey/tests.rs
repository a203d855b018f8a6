//! Surveys of a flake that is a list of files, whose evaluation is a function of the edits.

use std::collections::BTreeSet;

use super::*;
use crate::How;

mod limit;
mod random;
mod read;

/// What a set of edits comes to.
type Rule = Box<dyn Fn(&[Edit]) -> Evaluated>;

struct Fake {
    rule: Rule,
    /// All edits that were tried, an evaluation after the other.
    asked: Vec<Vec<Edit>>,
}

impl Evaluator for Fake {
    fn evaluate(&mut self, edits: &[Edit]) -> Result<Evaluated> {
        self.asked.push(edits.to_vec());
        Ok((self.rule)(edits))
    }

    /// Locks are what is called so, and values are what is called data, two in each.
    fn can(&self, edit: &Edit) -> bool {
        match edit.kind {
            Kind::Relock => edit.path.ends_with("lock"),
            Kind::Value(position) => position < 2 && edit.path.ends_with("data"),
            _ => true,
        }
    }
}

/// A flake's files; what ends in `.nix` is code, and the folders are those of the files.
fn survey_of(names: &[&str], rule: impl Fn(&[Edit]) -> Evaluated + 'static) -> (Report, Fake) {
    let files: Vec<_> = names.iter().map(PathBuf::from).collect();
    let folders: BTreeSet<_> = files.iter().flat_map(|file| file.ancestors().skip(1)).map(Into::into).collect();
    let folders: Vec<PathBuf> = folders.into_iter().collect();
    let code = files.iter().filter(|file| file.extension() == Some("nix".as_ref())).cloned().collect();
    let mut fake = Fake { rule: Box::new(rule), asked: Vec::new() };
    let files = Files { files: &files, folders: &folders, code: &code, folder: Path::new("") };
    (survey(files, &mut fake, &mut |_| {}).unwrap(), fake)
}

fn missing(name: &str, is_new: bool) -> Missing {
    let how = if is_new { How::Fetch } else { How::Build };
    Missing { output: "#a".into(), chain: vec![name.into()], derivation: name.into(), path: None, how, is_new }
}

fn lacks(names: &[&str]) -> Evaluated {
    Evaluated::Follows(names.iter().map(|name| missing(name, name.starts_with("new"))).collect())
}

fn has(edits: &[Edit], kind: Kind, path: &str) -> bool {
    edits.iter().any(|edit| edit.kind == kind && edit.path == Path::new(path))
}

/// The findings: `edit, edit: missing missing`.
fn findings(report: &Report) -> Vec<String> {
    let names =
        |finding: &Finding| finding.missing.iter().map(|missing| &*missing.derivation).collect::<Vec<_>>().join(" ");
    report.incomplete.iter().map(|finding| format!("{}: {}", finding.edits.join(", "), names(finding))).collect()
}

/// The files of a verdict.
fn listed(report: &Report, verdict: Verdict) -> Vec<&str> {
    report.paths.iter().filter(|file| file.verdict == verdict).map(|file| &*file.path).collect()
}

/// A rule of files that cannot be replaced, which Nix names where it is `told`.
fn parses(told: bool, is_parsed: impl Fn(&Path) -> bool + 'static) -> impl Fn(&[Edit]) -> Evaluated {
    move |edits| {
        let bad = edits.iter().find(|edit| edit.kind == Kind::Replace && is_parsed(&edit.path));
        let log = |edit: &Edit| {
            if told { format!("error: in '/nix/store/0-source/{}':", edit.path.display()) } else { String::new() }
        };
        bad.map_or_else(|| lacks(&[]), |edit| Evaluated::Fails(log(edit)))
    }
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("src/{at}.c")).collect()
}

fn names(files: &[String]) -> Vec<&str> {
    files.iter().map(|file| &**file).collect()
}

const FLAKE: [&str; 4] = ["flake.lock", "flake.nix", "src/a.c", "src/b.c"];
const LOCKS: [&str; 2] = ["flake.lock", "flake.nix"];

#[test]
fn where_nothing_is_wrong_each_batch_is_one_evaluation() {
    let (report, fake) = survey_of(&FLAKE, |_| lacks(&[]));
    // Append, add, replace, rename and delete; nothing that evaluation reads locks anything.
    assert_eq!(fake.asked.len(), 5);
    assert!(report.complete && report.incomplete.is_empty());
    assert_eq!((report.files, report.edits, report.invalid, report.untried), (4, 5 + 3 + 2 + 2 + 2, 0, 0));
    let (_, fake) = survey_of(&["a/lock", "flake.nix"], |edits| {
        if has(edits, Kind::Replace, "a/lock") { Evaluated::Fails(String::new()) } else { lacks(&[]) }
    });
    assert!(has(fake.asked.last().unwrap(), Kind::Relock, "a/lock"));
}

#[test]
fn where_it_does_not_evaluate_with_all_values_a_few_files_of_a_name_stand_for_all() {
    let names = ["a/data", "b/data", "c/data", "d/data", "flake.nix"];
    let (report, _) = survey_of(&names, |edits| match edits {
        edits if edits.iter().any(|edit| edit.kind == Kind::Replace) => Evaluated::Fails(String::new()),
        edits if has(edits, Kind::Value(0), "a/data") => Evaluated::Fails(String::new()),
        edits if has(edits, Kind::Value(1), "b/data") => lacks(&["jq"]),
        _ => lacks(&[]),
    });
    let edits: Vec<_> = report.incomplete.iter().map(|finding| &*finding.edits[0]).collect();
    assert_eq!((edits, report.untried), (vec!["another value in b/data"], 2));
}

#[test]
fn values_are_all_tried_where_the_flake_evaluates_with_them() {
    let (report, _) = survey_of(&["a/data", "b/data", "c/data", "d/data", "flake.nix"], |edits| match edits {
        edits if edits.iter().any(|edit| edit.kind == Kind::Replace) => Evaluated::Fails(String::new()),
        edits if has(edits, Kind::Value(1), "d/data") => lacks(&["zlib"]),
        _ => lacks(&[]),
    });
    let edits: Vec<_> = report.incomplete.iter().map(|finding| &*finding.edits[0]).collect();
    assert_eq!((edits, report.untried), (vec!["another value in d/data"], 0));
}

#[test]
fn an_edit_that_takes_an_output_away_hides_no_other() {
    let names = ["flake.nix", "p1/main.c", "p2/main.c", "vendor/zlib.h"];
    let (report, _) = survey_of(&names, |edits| {
        let is_gone = edits.iter().any(|edit| edit.kind == Kind::Delete && edit.path.ends_with("main.c"));
        let moves = has(edits, Kind::Delete, "vendor/zlib.h");
        match (is_gone, moves) {
            (true, _) => Evaluated::Fewer,
            (false, true) => lacks(&["jq"]),
            (false, false) => lacks(&[]),
        }
    });
    assert!(!report.complete);
    assert_eq!(report.incomplete[0].edits, ["deleted vendor/zlib.h"]);
}

#[test]
fn a_flake_is_surveyed_though_it_has_no_files_and_another_folder() {
    let mut fake = Fake { rule: Box::new(|_| lacks(&[])), asked: Vec::new() };
    let code = BTreeSet::new();
    let files = Files { files: &[], folders: &[], code: &code, folder: Path::new("sub") };
    let report = survey(files, &mut fake, &mut |_| {}).unwrap();
    assert_eq!(listed(&report, Verdict::ChangesDependencies), ["sub/flake.lock", "sub/flake.nix"]);
    assert!(report.complete && fake.asked.len() == 2, "another commit, and a dirty checkout");
}

#[test]
fn code_and_the_lock_file_are_never_replaced_renamed_or_deleted() {
    let (_, fake) = survey_of(&["flake.lock", "flake.nix", "lib/a.nix", "src/a.c"], |_| lacks(&[]));
    let edited: BTreeSet<_> = fake
        .asked
        .iter()
        .flatten()
        .filter(|edit| matches!(edit.kind, Kind::Replace | Kind::Rename | Kind::Delete))
        .map(|edit| &*edit.path)
        .collect();
    assert_eq!(edited.into_iter().collect::<Vec<_>>(), [Path::new("src/a.c")]);
}

#[test]
fn a_file_whose_edit_moves_something_new_changes_dependencies() {
    let rule = |edits: &[Edit]| lacks(if has(edits, Kind::Append, "src/a.c") { &["new"] } else { &[] });
    let (report, _) = survey_of(&FLAKE, rule);
    assert!(report.complete);
    assert_eq!(listed(&report, Verdict::ChangesDependencies), ["flake.lock", "flake.nix", "src/a.c"]);
}

#[test]
fn what_locks_dependencies_is_found_by_other_hashes_in_it() {
    let (report, _) = survey_of(&["cargo/lock", "flake.nix"], |edits| match () {
        () if has(edits, Kind::Replace, "cargo/lock") => Evaluated::Fails(String::new()),
        () if has(edits, Kind::Relock, "cargo/lock") => lacks(&["new"]),
        () => lacks(&[]),
    });
    assert!(report.complete);
    assert_eq!(listed(&report, Verdict::ChangesDependencies), ["cargo/lock", "flake.lock", "flake.nix"]);
    assert_eq!(report.invalid, 1);
}

#[test]
fn an_edit_after_which_something_old_is_missing_is_found_in_a_few_evaluations() {
    let files = numbered(1000);
    let rule = |edits: &[Edit]| lacks(if has(edits, Kind::Append, "src/617.c") { &["jq"] } else { &[] });
    let (report, fake) = survey_of(&names(&files), rule);
    assert_eq!(findings(&report), ["appended to src/617.c: jq"]);
    assert!(!report.complete && listed(&report, Verdict::ChangesDependencies) == LOCKS);
    assert!(fake.asked.len() <= 5 + 2 * 10, "{}", fake.asked.len());
}

#[test]
fn what_all_edits_lack_is_one_finding_after_a_few_evaluations() {
    let files = numbered(1000);
    let is_edit = |edit: &Edit| !edit.path.as_os_str().is_empty() && edit.kind != Kind::Add;
    let rule = move |edits: &[Edit]| lacks(if edits.iter().any(is_edit) { &["jq"] } else { &[] });
    let (report, fake) = survey_of(&names(&files), rule);
    assert_eq!(findings(&report), ["appended to src/0.c: jq"]);
    assert!(fake.asked.len() <= 5 + 2 * 10, "{}", fake.asked.len());
}

#[test]
fn an_edit_that_lacks_something_old_and_something_new_tells_both() {
    let rule = |edits: &[Edit]| lacks(if has(edits, Kind::Append, "src/a.c") { &["jq", "new"] } else { &[] });
    let (report, _) = survey_of(&FLAKE, rule);
    assert_eq!(findings(&report), ["appended to src/a.c: jq"]);
    assert_eq!(listed(&report, Verdict::ChangesDependencies), ["flake.lock", "flake.nix", "src/a.c"]);
}

#[test]
fn a_file_added_to_a_folder_can_lack_something_and_lists_no_file() {
    let rule = |edits: &[Edit]| lacks(if has(edits, Kind::Add, "src") { &["jq", "new"] } else { &[] });
    let (report, _) = survey_of(&FLAKE, rule);
    assert_eq!(findings(&report), ["a file added in src: jq"]);
    assert_eq!(listed(&report, Verdict::ChangesDependencies), LOCKS);
}

#[test]
fn a_commit_determines_no_dependency() {
    for (kind, edit) in [(Kind::Dirty, "a dirty checkout"), (Kind::Commit, "another commit")] {
        let rule = move |edits: &[Edit]| lacks(if has(edits, kind, "") { &["new"] } else { &[] });
        let (report, _) = survey_of(&FLAKE, rule);
        assert_eq!(findings(&report), [format!("{edit}: new")]);
        assert!(!report.complete);
    }
}

#[test]
fn edits_that_only_go_wrong_together_are_told_together() {
    let both = |edits: &[Edit]| ["src/1.c", "src/2.c"].iter().all(|path| has(edits, Kind::Delete, path));
    let files = numbered(4);
    let (report, _) = survey_of(&names(&files), move |edits| lacks(if both(edits) { &["jq"] } else { &[] }));
    assert_eq!(findings(&report), ["deleted src/0.c, deleted src/1.c, deleted src/2.c, deleted src/3.c: jq"]);
    let (report, _) = survey_of(&names(&files), move |edits| lacks(if both(edits) { &["new"] } else { &[] }));
    assert!(report.complete);
    assert_eq!(listed(&report, Verdict::ChangesDependencies).len(), 2 + 4);
    let fails = move |edits: &[Edit]| if both(edits) { Evaluated::Fails(String::new()) } else { lacks(&[]) };
    let (report, _) = survey_of(&names(&files), fails);
    assert!(report.complete && report.invalid == 0);
}

#[test]
fn what_only_goes_wrong_together_is_taken_apart_once() {
    let both = |edits: &[Edit], kind| ["src/1.c", "src/2.c"].iter().all(|path| has(edits, kind, path));
    let (report, fake) = survey_of(&names(&numbered(4)), move |edits| {
        lacks(if both(edits, Kind::Rename) || both(edits, Kind::Delete) { &["jq"] } else { &[] })
    });
    assert_eq!(findings(&report).len(), 1);
    assert_eq!(fake.asked.iter().filter(|edits| edits[0].kind == Kind::Delete).count(), 1);
}

#[test]
fn what_only_goes_wrong_together_is_found_beside_what_goes_wrong_alone() {
    let (report, _) = survey_of(&names(&numbered(4)), |edits| match () {
        () if !has(edits, Kind::Append, "src/1.c") => lacks(&[]),
        () if has(edits, Kind::Append, "src/2.c") => lacks(&["jq", "yq"]),
        () => lacks(&["jq"]),
    });
    assert_eq!(findings(&report).len(), 2);
    assert_eq!(findings(&report)[0], "appended to src/1.c: jq");
    assert!(findings(&report)[1].ends_with("a dirty checkout: yq"), "{:?}", findings(&report));
}

#[test]
fn an_error_of_the_evaluator_ends_the_survey() {
    struct Broken;
    impl Evaluator for Broken {
        fn evaluate(&mut self, _: &[Edit]) -> Result<Evaluated> {
            Err(crate::Error::Unsandboxed)
        }
        fn can(&self, _: &Edit) -> bool {
            true
        }
    }
    let code = BTreeSet::new();
    let files = Files { files: &[], folders: &[], code: &code, folder: Path::new("") };
    assert!(survey(files, &mut Broken, &mut |_| {}).is_err());
}

#[test]
fn progress_says_what_became_of_each_batch() {
    let rule = |edits: &[Edit]| lacks(if has(edits, Kind::Append, "a.c") { &["jq"] } else { &[] });
    let mut fake = Fake { rule: Box::new(rule), asked: Vec::new() };
    let (files, folders, code) = ([PathBuf::from("a.c")], [PathBuf::new()], BTreeSet::new());
    let mut said = Vec::new();
    let files = Files { files: &files, folders: &folders, code: &code, folder: Path::new("") };
    survey(files, &mut fake, &mut |batch| said.push(batch.to_owned())).unwrap();
    assert_eq!(said[0], "appended to each file, in a dirty checkout: 2 edits, 1 that want something new or missing");
    assert_eq!(said[1], "a file added in each folder, in another commit: 2 edits");
}
