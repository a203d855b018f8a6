use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::Value;

use crate::{Error, Result, Tree};

/// How much of a file's text, without the white space around it, has to stand in a derivation for it to be taken for the file's:
/// less may be there by chance.
const TEXT_MIN: usize = 32;
/// Files above this length are not looked for: nobody reads them into a string.
const TEXT_MAX: u64 = 1 << 20;

/// A shorter word is no mark: it may stand anywhere. As short as a commit is written; where the flake's files have no date,
/// `lastModified` is 0 or 1.
const MARK_MIN: usize = 7;

/// What a derivation says that it can only have from the flake, though it names none of its files: the text of one that evaluation
/// has read, the commit, the date.
#[derive(Debug)]
pub struct Texts {
    /// Marks, then the beginnings of files.
    finder: Option<AhoCorasick>,
    marks: usize,
    files: Vec<PathBuf>,
}

impl Texts {
    /// What is looked for: `marks` as words of their own, and the text of each file of `tree`.
    pub fn new(marks: &[String], tree: &Tree) -> Result<Self> {
        let mut patterns: Vec<Vec<u8>> = Vec::new();
        patterns.extend(marks.iter().filter(|mark| mark.len() >= MARK_MIN).map(|mark| mark.clone().into_bytes()));
        let marks = patterns.len();
        let mut files = Vec::new();
        for file in tree.regular_files() {
            let path = tree.root().join(file);
            if let Some(beginning) = beginning(&path).map_err(Error::io("reading", &path))? {
                patterns.push(beginning);
                files.push(path);
            }
        }
        let finder = if patterns.is_empty() {
            None
        } else {
            let finder = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&patterns);
            Some(finder.map_err(|error| Error::Request { why: format!("too many files: {error}") })?)
        };
        Ok(Self { finder, marks, files })
    }

    /// Whether `text` holds any of it; of JSON, as which structured attributes are written, any of its strings. One of them may be
    /// JSON again, of `toJSON`.
    pub fn are_in(&self, text: &[u8]) -> Result<bool> {
        if self.are_in_plain(text)? {
            return Ok(true);
        }
        let mut open = Vec::from_iter(json(text));
        while let Some(value) = open.pop() {
            match value {
                Value::String(text) if self.are_in_plain(text.as_bytes())? => return Ok(true),
                Value::String(text) => open.extend(json(text.as_bytes())),
                Value::Array(values) => open.extend(values),
                Value::Object(fields) => open.extend(fields.into_iter().map(|(_, value)| value)),
                _ => {}
            }
        }
        Ok(false)
    }

    /// Whether the regular file at `path` holds any of it.
    pub(crate) fn are_in_file(&self, path: &Path) -> Result<bool> {
        let metadata = path.symlink_metadata().map_err(Error::io("reading", path))?;
        if !metadata.is_file() || metadata.len() > TEXT_MAX {
            return Ok(false);
        }
        self.are_in(&std::fs::read(path).map_err(Error::io("reading", path))?)
    }

    fn are_in_plain(&self, text: &[u8]) -> Result<bool> {
        let Some(finder) = &self.finder else { return Ok(false) };
        for found in finder.find_overlapping_iter(text) {
            let is_found = match found.pattern().as_usize().checked_sub(self.marks) {
                None => is_word(text, found.start(), found.end()),
                Some(file) => match self.files.get(file) {
                    Some(file) => {
                        let whole = std::fs::read(file).map_err(Error::io("reading", file))?;
                        text[found.start()..].starts_with(whole.trim_ascii())
                    }
                    None => false,
                },
            };
            if is_found {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// `text` as JSON, if it is a set or a list.
fn json(text: &[u8]) -> Option<Value> {
    matches!(text.first(), Some(b'{' | b'[')).then(|| serde_json::from_slice(text).ok()).flatten()
}

fn is_word(text: &[u8], start: usize, end: usize) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    !is_part(start.checked_sub(1).and_then(|before| text.get(before))) && !is_part(text.get(end))
}

/// The first bytes of a text that are looked for; none of what is no text, or too short or long.
fn beginning(path: &PathBuf) -> std::io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    if length < TEXT_MIN as u64 || length > TEXT_MAX {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(TEXT_MAX).read_to_end(&mut bytes)?;
    let text = bytes.trim_ascii();
    // A string of Nix holds no zero.
    Ok(text.get(..TEXT_MIN).filter(|_| !text.contains(&0)).map(ToOwned::to_owned))
}

#[cfg(test)]
mod tests;
