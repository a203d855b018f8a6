use crate::document::{blocks, repository, rows, section};
use nix_seed_image::Error;
use nix_seed_image::recording::{FRAMES_MAX, RECORDING_MAX, Recording, TOUCHED_MAX};
use nix_seed_store::StorePath;
use proptest::prelude::*;

use super::{path, recording};

/// None where the repository is not whole.
fn text() -> Option<String> {
    let root = repository();
    root.join("flake.nix").exists().then(|| std::fs::read_to_string(root.join("doc/recording.md")).unwrap())
}

fn refusal(text: &str) -> String {
    let error = Recording::parse(text.as_bytes()).unwrap_err();
    assert!(matches!(error, Error::Recording { .. }), "{error}");
    error.to_string()
}

fn items(items: &str) -> String {
    format!(r#"{{"version":1,"touched":[{items}]}}"#)
}

#[test]
fn the_example_of_the_text_is_what_is_read_and_written() {
    let Some(text) = text() else { return };
    let example = format!("{}\n", blocks(section(&text, "## The"))[0].trim_end());
    let [nix, libc] = ["1b2jv8x6nsrkfi8yl7cwk5hmzq0ppg3d-nix-2.26.3", "hw81ncbym5gvr3kqzxpd7f9is42lalj0-glibc-2.41"]
        .map(|name| StorePath::from_base_name(name).unwrap());
    let expected = recording(&[(&nix, &[(0, 2), (5, 6)]), (&libc, &[(0, 1)]), (&nix, &[(2, 4)])]);
    assert_eq!(Recording::parse(example.as_bytes()).unwrap(), expected);
    assert_eq!(String::from_utf8(expected.to_json()).unwrap(), example);
}

#[test]
fn limits_are_those_of_the_text() {
    let Some(text) = text() else { return };
    let table = rows(section(&text, "## The"));
    let limit = |what: &str| table.iter().find(|row| row[0].starts_with(what)).unwrap()[1].parse::<u64>().unwrap();
    assert_eq!((limit("bytes"), limit("items"), limit("frames")), (RECORDING_MAX, TOUCHED_MAX as u64, FRAMES_MAX));
}

#[test]
fn what_is_longer_than_its_limits_is_refused() {
    let mut long = items("").into_bytes();
    long.resize(RECORDING_MAX as usize, b' ');
    Recording::parse(&long).unwrap();
    long.push(b' ');
    assert!(Recording::parse(&long).unwrap_err().to_string().contains("longer than 4 MiB"));

    // 65 bytes each at most: as many as are allowed, and one more, fit into the bytes that are.
    let item = |name| format!(r#"{{"path":"{}","frames":[]}}"#, path('1', name).base_name());
    let many = |count| items(&vec![item("x"); count].join(","));
    Recording::parse(many(TOUCHED_MAX).as_bytes()).unwrap();
    assert!(refusal(&many(TOUCHED_MAX + 1)).contains("it has 65537 items, at most 65536 are allowed"));

    let frames = |last: u64| {
        let item = |frames| format!(r#"{{"path":"{}","frames":{frames}}}"#, path('1', "x").base_name());
        items(&format!("{},{}", item(format!("[[1,{FRAMES_MAX}]]")), item(format!("[[0,{last}]]"))))
    };
    Recording::parse(frames(1).as_bytes()).unwrap();
    assert!(refusal(&frames(2)).contains("it names 8388609 frames, at most 8388608 are allowed"));
    assert!(refusal(&frames(u32::MAX.into())).contains("frames, at most"));
}

#[test]
fn fields_that_are_not_known_are_ignored() {
    let given = r#"{"made":{"by":"me"},"touched":[{"why":1,"path":"11111111111111111111111111111111-x","frames":[[0,1]]}],"version":1}"#;
    let path = path('1', "x");
    assert_eq!(Recording::parse(given.as_bytes()).unwrap(), recording(&[(&path, &[(0, 1)])]));
}

#[test]
fn another_version_is_refused_whatever_else_it_has() {
    for given in [r#"{"version":2}"#, r#"{"version":2,"touched":{"a":1}}"#, r#"{"version":0,"touched":[]}"#] {
        assert!(refusal(given).contains("this program reads version 1"), "{given}");
    }
}

#[test]
fn what_is_no_recording_is_refused() {
    for (given, why) in [
        ("", "EOF"),
        ("[]", "invalid"),
        ("{}", "missing field `version`"),
        (r#"{"version":"1"}"#, "invalid type"),
        (r#"{"version":1}"#, "missing field `touched`"),
        (r#"{"version":1,"version":1,"touched":[]}"#, "duplicate field `version`"),
        (r#"{"version":1,"touched":[]} x"#, "trailing characters"),
    ] {
        assert!(refusal(given).contains(why), "{given}: {}", refusal(given));
    }
    for (item, why) in [
        (r#"{"path":"11111111111111111111111111111111-x"}"#, "missing field `frames`"),
        (r#"{"path":"x","frames":[]}"#, "is not a store path"),
        (r#"{"path":"/nix/store/11111111111111111111111111111111-x","frames":[]}"#, "is not a store path"),
        (r#"{"path":"11111111111111111111111111111111-../x","frames":[]}"#, "is not a store path"),
    ] {
        assert!(refusal(&items(item)).contains(why), "{item}: {}", refusal(&items(item)));
    }
    for (range, why) in [
        ("[1,1]", "the frames [1,1] of"),
        ("[2,1]", "the frames [2,1] of"),
        ("[1]", "invalid length"),
        ("[0,1,2]", "trailing characters"),
        ("[-1,2]", "invalid value"),
        ("[0,4294967296]", "invalid value"),
        ("[0,1.5]", "invalid type"),
        ("0", "invalid type"),
    ] {
        let item = format!(r#"{{"path":"11111111111111111111111111111111-x","frames":[{range}]}}"#);
        assert!(refusal(&items(&item)).contains(why), "{item}: {}", refusal(&items(&item)));
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        touched in prop::collection::vec(("[0-9a]", "[a-zA-Z0-9+._?=-]{1,9}", prop::collection::vec((0u32..99, 1u32..99), 0..4)), 0..9)
    ) {
        let paths: Vec<_> = touched.iter().map(|(digit, name, _)| path(digit.chars().next().unwrap(), name)).collect();
        let frames: Vec<Vec<_>> = touched.iter().map(|(.., frames)| frames.iter().map(|(start, length)| (*start, start + length)).collect()).collect();
        let touched: Vec<_> = paths.iter().zip(&frames).map(|(path, frames)| (path, &frames[..])).collect();
        let expected = recording(&touched);
        let written = expected.to_json();
        let read = Recording::parse(&written).unwrap();
        prop_assert_eq!(&read, &expected);
        prop_assert_eq!(read.to_json(), written);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, text in r#"[{}\[\]":,0-9a-z]{0,60}"#) {
        let _ = Recording::parse(&bytes);
        let _ = Recording::parse(text.as_bytes());
        let _ = Recording::parse(items(&text).as_bytes());
    }
}
