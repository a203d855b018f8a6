use std::fs;

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Exactly as long as has to be: [`TEXT_MIN`].
const SHORTEST: &str = "0123456789 abcdefghijklmnopqrstu";
const SCRIPT: &str = "#!/bin/sh\nset -eu\necho \"\tall of it: ö\\n\"\n";

/// What knows these files, and these words.
fn texts(files: &[(&str, &[u8])], marks: &[&str]) -> (tempfile::TempDir, Texts) {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(dir.path().join(name), content).unwrap();
    }
    let marks: Vec<_> = marks.iter().map(ToString::to_string).collect();
    let texts = Texts::new(&marks, &Tree::list(dir.path()).unwrap()).unwrap();
    (dir, texts)
}

fn file_is_in(content: &[u8], text: impl AsRef<[u8]>) -> bool {
    let (_dir, texts) = texts(&[("file", content)], &[]);
    texts.are_in(text.as_ref()).unwrap()
}

fn mark_is_in(mark: &str, text: &str) -> bool {
    texts(&[], &[mark]).1.are_in(text.as_bytes()).unwrap()
}

#[test]
fn a_whole_file_is_found() {
    assert!(file_is_in(SCRIPT.as_bytes(), SCRIPT));
    assert!(file_is_in(SHORTEST.as_bytes(), SHORTEST));
}

#[test]
fn white_space_around_a_file_does_not_matter() {
    assert!(file_is_in(SCRIPT.as_bytes(), SCRIPT.trim()));
    assert!(file_is_in(format!("\n\n  {SCRIPT}\n\n").as_bytes(), SCRIPT));
}

#[test]
fn a_file_is_found_inside_of_a_longer_text() {
    assert!(file_is_in(SCRIPT.as_bytes(), format!("export A=1\n{SCRIPT}exit 0\n")));
    // Its beginning stands there twice, and the second one overlaps the first.
    let dashes = format!("{}\nend", "-".repeat(40));
    assert!(file_is_in(dashes.as_bytes(), format!("{}{dashes}", "-".repeat(30))));
}

#[test]
fn a_part_of_a_file_is_not_found() {
    let script = SCRIPT.trim();
    assert!(!file_is_in(SCRIPT.as_bytes(), &script[..script.len() - 1]));
    assert!(!file_is_in(SCRIPT.as_bytes(), &script[1..]));
    assert!(!file_is_in(SCRIPT.as_bytes(), script.replace("all", "ALL")));
    assert!(!file_is_in(SCRIPT.as_bytes(), ""));
}

#[test]
fn a_short_file_is_not_looked_for() {
    let short = &SHORTEST[1..];
    assert!(!file_is_in(short.as_bytes(), short));
    assert!(!file_is_in(format!("  {short}  ").as_bytes(), format!("  {short}  ")));
    assert!(!file_is_in(b"", "anything"));
}

#[test]
fn a_file_that_nobody_reads_into_a_string_is_not_looked_for() {
    let binary = format!("{SHORTEST}\0{SHORTEST}");
    assert!(!file_is_in(binary.as_bytes(), &binary));
    let length = usize::try_from(TEXT_MAX).unwrap();
    for (length, is_found) in [(length, true), (length + 1, false)] {
        let long = "0123456789abcdef\n".repeat(length.div_ceil(17));
        let long = &long.as_bytes()[..length];
        assert_eq!(file_is_in(long, long), is_found, "{length}");
    }
}

#[test]
fn a_file_is_found_though_it_is_not_utf8() {
    let latin1 = [b"\xe9".as_slice(), SCRIPT.as_bytes()].concat();
    assert!(file_is_in(&latin1, [b"a", &*latin1].concat()));
}

#[test]
fn a_file_is_found_in_structured_attributes() {
    for attributes in [json!({ "script": SCRIPT }), json!({ "a": [1, null, { "b": ["x", format!("x{SCRIPT}y")] }] })] {
        let text = attributes.to_string();
        assert!(!text.contains(SCRIPT), "it is escaped");
        assert!(file_is_in(SCRIPT.as_bytes(), text));
    }
    assert!(!file_is_in(SCRIPT.as_bytes(), json!({ "a": [SCRIPT.trim().replace("all", "ALL")] }).to_string()));
}

#[test]
fn what_only_looks_like_json_is_a_text() {
    assert!(file_is_in(SCRIPT.as_bytes(), format!("{{ {SCRIPT} }}")));
    assert!(!file_is_in(SCRIPT.as_bytes(), "{ echo; }"));
}

#[test]
fn files_that_begin_alike_are_told_apart() {
    let license = "// Some license, in more than 32 bytes.\n";
    let (one, two, three) = (format!("{license}one"), format!("{license}two"), format!("{license}three"));
    let (_dir, texts) = texts(&[("a", one.as_bytes()), ("b", two.as_bytes())], &[]);
    assert!(texts.are_in(one.as_bytes()).unwrap());
    assert!(texts.are_in(two.as_bytes()).unwrap());
    assert!(!texts.are_in(three.as_bytes()).unwrap());
    assert!(texts.are_in(format!("{three}{two}").as_bytes()).unwrap());
}

#[test]
fn a_mark_is_found_as_a_word() {
    for text in ["4f1c0de", "v-4f1c0de.tar", "1.0+4f1c0de", "a 4f1c0de\n", "x4f1c0de 4f1c0de"] {
        assert!(mark_is_in("4f1c0de", text), "{text}");
    }
    assert!(mark_is_in("sha256-AAAA/w=", &json!({ "hash": "sha256-AAAA/w=" }).to_string()));
}

#[test]
fn a_mark_in_a_longer_word_is_not_found() {
    for text in ["4f1c0de5", "04f1c0de", "4F1C0DE", "4f1c0d"] {
        assert!(!mark_is_in("4f1c0de", text), "{text}");
    }
}

#[test]
fn a_word_that_is_everywhere_is_no_mark() {
    // What `lastModified` is where files have no date.
    for mark in ["", "0", "1"] {
        assert!(!mark_is_in(mark, "1 0"), "{mark:?}");
    }
}

#[test]
fn where_nothing_is_looked_for_nothing_is_found() {
    let (_dir, texts) = texts(&[], &[]);
    assert!(!texts.are_in(SCRIPT.as_bytes()).unwrap());
}

#[test]
fn marks_do_not_shift_files() {
    let (_dir, texts) = texts(&[("a", SCRIPT.as_bytes()), ("b", SHORTEST.as_bytes())], &["", "4f1c0de", "20261129"]);
    for (text, is_found) in [(SHORTEST, true), (SCRIPT, true), ("20261129", true), ("202611290", false)] {
        assert_eq!(texts.are_in(text.as_bytes()).unwrap(), is_found, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_that_is_long_enough_is_found_anywhere(
        text in "[^\0]{32,80}", before in ".{0,40}", after in ".{0,40}", is_structured: bool,
    ) {
        prop_assume!(text.as_bytes().trim_ascii().len() >= TEXT_MIN);
        let whole = format!("{before}{text}{after}");
        let whole = if is_structured { json!({ "a": { "b": [whole] } }).to_string() } else { whole };
        prop_assert!(file_is_in(text.as_bytes(), whole));
    }
}
