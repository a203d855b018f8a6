//! Files that evaluation reads, and how they are found.

use super::*;

#[test]
fn files_that_evaluation_reads_are_listed_by_name_where_all_of_it_are() {
    let files = [
        "a/package.toml",
        "b/package.toml",
        "c/package.toml",
        "a/x.json",
        "b/x.json",
        "a/main.c",
        "b/main.c",
        "c/main.c",
    ];
    for told in [true, false] {
        let is_parsed = |path: &Path| !path.ends_with("main.c");
        let (report, fake) = survey_of(&files, parses(told, is_parsed));
        assert_eq!(listed(&report, Verdict::ReadByEvaluation), ["**/package.toml", "a/x.json", "b/x.json"]);
        assert!(report.complete && report.invalid == 5);
        let renamed: Vec<_> = fake.asked.iter().flatten().filter(|edit| edit.kind == Kind::Rename).collect();
        assert!(renamed.iter().all(|edit| edit.path.ends_with("main.c")), "{renamed:?}");
    }
}

#[test]
fn a_name_stands_for_its_files_only_where_all_have_one_verdict() {
    let files = ["a/p.nix", "b/p.nix", "c/p.nix", "d/p.nix"];
    let (report, _) = survey_of(&files, |_| lacks(&[]));
    assert_eq!(listed(&report, Verdict::ReadByEvaluation), ["**/p.nix"]);
    let rule = |edits: &[Edit]| lacks(if has(edits, Kind::Append, "d/p.nix") { &["new"] } else { &[] });
    let (report, _) = survey_of(&files, rule);
    assert_eq!(listed(&report, Verdict::ReadByEvaluation), ["a/p.nix", "b/p.nix", "c/p.nix"]);
    assert_eq!(listed(&report, Verdict::ChangesDependencies), ["d/p.nix", "flake.lock", "flake.nix"]);
}

#[test]
fn what_nix_names_is_tried_first() {
    let files = numbered(1000);
    let (_, fake) = survey_of(&names(&files), parses(true, |path| path == Path::new("src/617.c")));
    // The batch of replacements takes three: all, the one that is named, the others.
    assert_eq!(fake.asked.len(), 5 + 2);
    let replaced = fake.asked.iter().filter(|edits| edits[0].kind == Kind::Replace);
    assert_eq!(replaced.map(Vec::len).collect::<Vec<_>>(), [1000, 1, 999]);
}

fn is_suspect(kind: Kind, path: &str, log: &str) -> bool {
    is_named(&vec![Edit { kind, path: path.into() }], log)
}

#[test]
fn a_suspect_is_what_is_named_and_not_what_its_name_begins_with() {
    for log in ["at '/s/a/x.json'", "at /s/a/x.json:3:1", "a/x.json: no /s/a/x.json", "«/s/a/x.json»"] {
        assert!(is_suspect(Kind::Replace, "a/x.json", log), "{log}");
    }
    for log in [
        "'/s/a/x.json.bak'",
        "'/s/a/x.json-2'",
        "'/s/a/x.json5'",
        "'/s/a/x.json/b'",
        "'/s/aa/x.json'",
        "'a/x.json'",
        "",
    ] {
        assert!(!is_suspect(Kind::Replace, "a/x.json", log), "{log}");
    }
}

#[test]
fn an_added_file_is_named_by_its_own_name_and_a_commit_not_at_all() {
    assert!(is_suspect(Kind::Add, "a", "'/s/a/added-by-nix-seed'"));
    assert!(is_suspect(Kind::Add, "", "'/s/added-by-nix-seed'"));
    assert!(!is_suspect(Kind::Add, "a", "'/s/a'"));
    assert!(is_suspect(Kind::Rename, "a/b", "'/s/a/b' does not exist"));
    assert!(is_suspect(Kind::Rename, "a/b", "'/s/a/renamed-by-nix-seed-b'"));
    assert!(!is_suspect(Kind::Commit, "", "see https://example.org/ for more"));
}
