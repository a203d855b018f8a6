use std::cell::OnceCell;
use std::collections::HashMap;
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

/// How much of a file is read to know how its text begins, and whether it is one.
const BEGINNING_MAX: u64 = 8 << 10;

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
    /// The files of each beginning.
    groups: Vec<Group>,
}

/// Files that begin alike, as with a licence: they are read when that is met for the first time.
#[derive(Debug, Default)]
struct Group {
    files: Vec<PathBuf>,
    texts: OnceCell<Vec<Vec<u8>>>,
}

impl Group {
    /// Whether `text` begins with all of a file.
    fn begins(&self, text: &[u8]) -> Result<bool> {
        let texts = match self.texts.get() {
            Some(texts) => texts,
            None => {
                let read = |file: &PathBuf| {
                    let whole = std::fs::read(file).map_err(Error::io("reading", file))?;
                    Ok(whole.trim_ascii().to_owned())
                };
                let texts = self.files.iter().map(read).collect::<Result<Vec<_>>>()?;
                self.texts.get_or_init(|| texts)
            }
        };
        Ok(texts.iter().any(|whole| text.starts_with(whole)))
    }
}

impl Texts {
    /// What is looked for: `marks` as words of their own, and the text of each file of `tree`. A mark under seven bytes, the length
    /// of a short revision, is not looked for: `lastModified` is 0 or 1 where nobody knows it.
    pub fn new(marks: &[String], tree: &Tree) -> Result<Self> {
        let mut patterns: Vec<Vec<u8>> = Vec::new();
        patterns.extend(marks.iter().filter(|mark| mark.len() >= MARK_MIN).map(|mark| mark.clone().into_bytes()));
        let marks = patterns.len();
        let (mut groups, mut known): (Vec<Group>, HashMap<Vec<u8>, usize>) = (Vec::new(), HashMap::new());
        for file in tree.regular_files() {
            let path = tree.root().join(file);
            if let Some(beginning) = beginning(&path).map_err(Error::io("reading", &path))? {
                let group = *known.entry(beginning.clone()).or_insert_with(|| {
                    patterns.push(beginning);
                    groups.push(Group::default());
                    groups.len() - 1
                });
                groups[group].files.push(path);
            }
        }
        let finder = if patterns.is_empty() {
            None
        } else {
            let finder = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&patterns);
            Some(finder.map_err(|error| Error::Request { why: format!("too many files: {error}") })?)
        };
        Ok(Self { finder, marks, groups })
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
                Some(group) => match self.groups.get(group) {
                    Some(group) => group.begins(&text[found.start()..])?,
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
    file.take(BEGINNING_MAX).read_to_end(&mut bytes)?;
    // What ends the file is white space only where all of it has been read.
    let text = if bytes.len() as u64 == length { bytes.trim_ascii() } else { bytes.trim_ascii_start() };
    // A string of Nix holds no zero.
    Ok(text.get(..TEXT_MIN).filter(|_| !text.contains(&0)).map(ToOwned::to_owned))
}

#[cfg(test)]
mod tests;
