use super::*;

fn missing() -> Missing {
    Missing {
        output: "packages.x86_64-linux.default".into(),
        chain: ["tally-2.1.0", "tally-deps-0", "dummy-source", "jq-1.7"].map(Into::into).into(),
        derivation: "/nix/store/0-jq-1.7.drv".into(),
        path: Some("/nix/store/1-jq-1.7".into()),
        how: How::Build,
        is_new: false,
    }
}

fn file(path: &str, verdict: Verdict) -> FileReport {
    FileReport { path: path.into(), verdict }
}

#[test]
fn what_is_missing_is_explained_by_the_way_to_it() {
    let expected = "  /nix/store/1-jq-1.7 would be built, though it is not the flake's own
    wanted by packages.x86_64-linux.default
    └ tally-2.1.0
      └ tally-deps-0
        └ dummy-source
          └ jq-1.7";
    assert_eq!(missing().explain(), expected);
    let fetched = Missing { how: How::Fetch, path: None, chain: vec!["a".into()], ..missing() };
    let expected = "  /nix/store/0-jq-1.7.drv would be fetched\n    wanted by packages.x86_64-linux.default\n    └ a";
    assert_eq!(fetched.explain(), expected);
}

#[test]
fn what_is_missing_is_mended_where_it_is_wanted() {
    let near = "with closure = \"direct\", leave that out; else name dummy-source in mkSeed's `own` (own = [ \"dummy-source\" ];), or make it an output of the flake";
    assert_eq!(missing().mend(), near);
    let direct = "build the seed again from this commit; where it is missing still, add it to mkSeed's `contents`";
    for chain in [vec![], vec!["a".into()], vec!["a".into(), "b".into()]] {
        assert_eq!(Missing { chain, ..missing() }.mend(), direct);
    }
}

#[test]
fn a_complete_seed_is_a_few_lines() {
    let report = Report {
        complete: true,
        files: 3,
        edits: 20,
        invalid: 2,
        outputs: 4,
        derivations: 100,
        evaluations: 9,
        paths: vec![
            file("flake.nix", Verdict::ChangesDependencies),
            file("**/package.toml", Verdict::ReadByEvaluation),
        ],
        ..Report::default()
    };
    let expected = "complete: 18 edits of 3 files, 4 outputs of 100 derivations, 9 evaluations
  2 more edits were tried that the flake does not evaluate with
a new seed is wanted when these change:
  flake.nix                                changes dependencies
  **/package.toml                          read by evaluation
";
    assert_eq!(report.text(), expected);
    let untried = Report { invalid: 0, untried: 7, paths: vec![], ..report };
    let expected = "complete as far as it was tried: 20 edits of 3 files, 4 outputs of 100 derivations, 9 evaluations
  7 edits were not tried alone: too many others went wrong
a new seed is wanted when these change:
";
    assert_eq!(untried.text(), expected);
}

#[test]
fn an_incomplete_seed_says_after_which_edits_what_is_missing_and_how_to_mend_it() {
    let edits: Vec<_> = (0..7).map(|at| format!("replaced {at}")).collect();
    let report = Report {
        before: vec![missing()],
        incomplete: vec![
            Finding { edits: edits[..2].to_vec(), missing: vec![missing()] },
            Finding { edits, missing: vec![] },
        ],
        ..Report::default()
    };
    let (explained, mend) = (missing().explain(), missing().mend());
    let lacks = format!("{explained}\n    to mend it: {mend}\n\n");
    let expected = format!(
        "Before any edit, the seed lacks:\n{lacks}After an edit (replaced 0, replaced 1), the seed lacks:\n{lacks}\
         After an edit (replaced 0, replaced 1, replaced 2, replaced 3, replaced 4, … 2 more), the seed lacks:\n\n\
         not complete: 0 edits of 0 files, 0 outputs of 0 derivations, 0 evaluations\n\
         a new seed is wanted when these change:\n"
    );
    assert_eq!(report.text(), expected);
}

#[test]
fn a_name_is_no_line_of_its_own() {
    let report = Report {
        incomplete: vec![Finding {
            edits: vec!["appended to a\ncomplete: b".into()],
            missing: vec![Missing { output: "packages.\"\u{1b}[2J\"".into(), ..missing() }],
        }],
        paths: vec![file("c\r\nd", Verdict::ReadByEvaluation)],
        ..Report::default()
    };
    let text = report.text();
    for line in ["(appended to a\\u{a}complete: b)", "wanted by packages.\"\\u{1b}[2J\"", "  c\\u{d}\\u{a}d "] {
        assert!(text.contains(line), "{line:?} is not in:\n{text}");
    }
    assert!(!text.contains(['\r', '\u{1b}']));
}

#[test]
fn a_workflow_quotes_names_and_takes_each_for_itself() {
    let names = [
        "flake.nix",
        "**/package.toml",
        "a \"b\": #c",
        "[id]*?+!.json",
        "d\ne\u{7f}\u{202e}",
        "größe \u{1f980}",
        "\u{fffd}.c",
    ];
    let paths = names.map(|name| file(name, Verdict::ReadByEvaluation)).into();
    let expected = r#"paths:
  - "flake.nix"
  - "**/package.toml"
  - "a \"b\": #c"
  - "\\[id\\]\\*\\?\\+\\!.json"
  - "d\ne\u007f\u202e"
  - "größe 🦀"
  - "*.c"
"#;
    assert_eq!(Report { paths, ..Report::default() }.workflow(), expected);
}

#[test]
fn scripts_get_words_that_do_not_change() {
    let json = serde_json::to_value(file("a", Verdict::ChangesDependencies)).unwrap();
    assert_eq!(json, serde_json::json!({ "path": "a", "verdict": "changes-dependencies" }));
    let json = serde_json::to_value(missing()).unwrap();
    assert_eq!((&json["how"], &json["isNew"]), (&"build".into(), &false.into()));
    let json = serde_json::to_value(Report::default()).unwrap();
    let names = [
        "before",
        "complete",
        "derivations",
        "edits",
        "evaluations",
        "files",
        "incomplete",
        "invalid",
        "outputs",
        "paths",
        "untried",
    ];
    assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), names);
}
