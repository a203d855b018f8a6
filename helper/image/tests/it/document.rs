//! `doc/format.md`, taken apart.

use std::path::{Path, PathBuf};

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The specification. None where the repository is not whole: a build of the helper has nothing but the helper's sources.
pub(crate) fn document() -> Option<String> {
    let root = repository();
    root.join("flake.nix").exists().then(|| std::fs::read_to_string(root.join("doc/format.md")).unwrap())
}

/// The text below a heading, up to the next one.
pub(crate) fn section<'d>(document: &'d str, heading: &str) -> &'d str {
    let (_, rest) = document.split_once(&format!("\n{heading} ")).unwrap();
    rest.split_once("\n#").map_or(rest, |(section, _)| section)
}

/// The fenced blocks of a text.
pub(crate) fn blocks(text: &str) -> Vec<&str> {
    text.split("\n```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap().1).collect()
}

/// The cells of a text's tables, without their headings.
pub(crate) fn rows(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with("| "));
    rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// The lines of a hex dump, `offset  bytes  ; meaning`, as offsets and bytes.
pub(crate) fn hex(block: &str) -> Vec<(usize, Vec<u8>)> {
    let lines = block.lines().map(|line| line.split(';').next().unwrap()).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (offset, digits) = line.split_once(' ').unwrap();
            let digits: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(16)).collect();
            let bytes = digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect();
            (usize::from_str_radix(offset, 16).unwrap(), bytes)
        })
        .collect()
}
