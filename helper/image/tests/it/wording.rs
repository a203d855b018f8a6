//! The messages that `doc/format.md` lists are those that the code gives.

use crate::document::{document, repository, rows, section};

/// The code of this crate and of the store model without comments and tests, with `…` for whatever a message fills in.
fn sources() -> String {
    let mut text = String::new();
    let image = ["", "index", "layer", "metadata"].map(|folder| format!("helper/image/src/{folder}"));
    for folder in image.into_iter().chain(["helper/store/src".into()]) {
        for file in std::fs::read_dir(repository().join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                let source = std::fs::read_to_string(path).unwrap();
                let code = source.split("#[cfg(test)]").next().unwrap();
                text.extend(code.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("//")));
            }
        }
    }
    let mut pieces = text.split('{');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        // What a message fills in has no space; a block of code begins with one, or with a new line.
        let filled = piece.split_once('}').filter(|(name, _)| !name.contains(char::is_whitespace));
        plain += filled.map_or("{", |_| "…");
        plain += filled.map_or(piece, |(_, rest)| rest);
    }
    plain.replace("\\\"", "\"")
}

#[test]
fn refusals_have_the_specified_words() {
    let Some(document) = document() else { return };
    let sources = sources();
    let refusals: Vec<_> = ["### 9.1", "### 9.2", "### 9.3", "### 9.4"]
        .iter()
        .flat_map(|heading| rows(section(&document, heading)).into_iter().skip(1))
        .map(|row| row[0].trim_matches('`').to_owned())
        .collect();
    assert!(refusals.len() > 50);
    for refusal in refusals {
        assert!(sources.contains(&refusal), "no message says: {refusal}");
    }
}
