use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A change of one file or folder of a flake, or of what evaluation knows of its commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What is done.
    pub kind: Kind,
    /// What it is done to, relative to the flake's source; empty for a commit.
    pub path: PathBuf,
}

/// What an [`Edit`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Another `rev` and another date.
    Commit,
    /// No `rev`, but a `dirtyRev`: a checkout with changes.
    Dirty,
    /// An empty line, or a comment, behind the end: harmless in every language that is read at evaluation.
    Append,
    /// Something else in place of the content: shows whether evaluation understands it.
    Replace,
    /// Another file in a folder.
    Add,
    /// Another name in the same folder.
    Rename,
    /// The file is gone.
    Delete,
    /// Other hashes and versions in the content, in the same form: a lock file then locks something else.
    Relock,
    /// Another value in the data of a file, as JSON and TOML have them: the string or number at this position.
    Value(usize),
}

impl Kind {
    /// What a person is told.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Commit => "another commit",
            Self::Dirty => "a dirty checkout",
            Self::Append => "appended to",
            Self::Replace => "replaced",
            Self::Add => "a file added in",
            Self::Rename => "renamed",
            Self::Delete => "deleted",
            Self::Relock => "other hashes in",
            Self::Value(_) => "another value in",
        }
    }
}

/// What is appended to a file.
pub(crate) fn appendix(path: &Path) -> &'static [u8] {
    if path.extension().is_some_and(|extension| extension == "nix") { b"\n# nix-seed\n" } else { b"\n" }
}

/// What stands in place of a file's content.
pub(crate) const REPLACEMENT: &[u8] = b"nix-seed\n";

/// What the name of an added or renamed file has in it, unless a file of the flake has it as well.
pub(crate) const MARK: &str = "by-nix-seed";

/// What an added file is called.
pub(crate) fn added(mark: &str) -> String {
    format!("added-{mark}")
}

/// What a renamed file is called.
pub(crate) fn renamed(mark: &str, path: &Path) -> PathBuf {
    let mut name = OsString::from(format!("renamed-{mark}-"));
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}

/// The shortest run of letters and digits that is taken for a hash, and not for a word.
const HASH_MIN: usize = 32;

/// `content` with other hashes, each in the same form; where it has none, with other versions. None where it has neither.
pub(crate) fn relock(content: &str) -> Option<String> {
    let hashes = change(content, |word| word.len() >= HASH_MIN && word.bytes().any(|c| c.is_ascii_digit()), other_hash);
    hashes.or_else(|| change(content, is_version, other_version))
}

/// `content` with another string or number at a position; none where there are fewer. A name before `:` or `=` is no value.
pub(crate) fn with_value(content: &str, position: usize) -> Option<String> {
    let (mut left, mut at) = (position, 0);
    while let Some(next) = content[at..].find(|c: char| c == '"' || c.is_ascii_digit()) {
        let start = at + next;
        let is_string = content[start..].starts_with('"');
        let end = if is_string { string_end(content, start)? } else { number_end(content, start) };
        let is_name = content[end..].trim_start().starts_with([':', '=']);
        let before = content[..start].chars().next_back();
        // A digit in a word, and what has no letters or digits, is nothing that anybody would change.
        let is_part = !is_string && before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        let is_bare = is_string && !content[start..end].contains(|c: char| c.is_alphanumeric());
        if !(is_name || is_part || is_bare) {
            if left == 0 {
                let (value, rest) = (&content[start..end], &content[end..]);
                let other = match value.strip_suffix('"') {
                    Some(string) => format!("{string}x\""),
                    None => other_version(value),
                };
                return Some(format!("{}{other}{rest}", &content[..start]));
            }
            left -= 1;
        }
        at = end;
    }
    None
}

/// Where a string ends that begins at `start` with a quote; none where it has no end on its line.
fn string_end(content: &str, start: usize) -> Option<usize> {
    let mut is_escaped = false;
    for (i, c) in content[start + 1..].char_indices() {
        match c {
            '\n' => return None,
            '"' if !is_escaped => return Some(start + 1 + i + 1),
            _ => is_escaped = c == '\\' && !is_escaped,
        }
    }
    None
}

fn number_end(content: &str, start: usize) -> usize {
    content[start..].find(|c: char| !c.is_ascii_digit()).map_or(content.len(), |length| start + length)
}

/// Replaces the words that are meant; none where there are none.
fn change(content: &str, is_meant: impl Fn(&str) -> bool, other: impl Fn(&str) -> String) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '.');
    let (mut changed, mut any, mut rest) = (String::with_capacity(content.len()), false, content);
    while !rest.is_empty() {
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        if is_meant(word) {
            changed += &other(word);
            any = true;
        } else {
            changed += word;
        }
        let gap = after.find(is_part).unwrap_or(after.len());
        changed += &after[..gap];
        rest = &after[gap..];
    }
    any.then_some(changed)
}

/// Another hash: its third character differs, which carries whole bits in base 16, 32 and 64.
fn other_hash(word: &str) -> String {
    word.char_indices().map(|(i, c)| if i == 2 { if c == '1' { '0' } else { '1' } } else { c }).collect()
}

/// `1.2.3`, also with a letter before it.
fn is_version(word: &str) -> bool {
    let parts: Vec<_> = word.trim_start_matches(|c: char| c.is_ascii_alphabetic()).split('.').collect();
    parts.len() > 1 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit()))
}

fn other_version(word: &str) -> String {
    let (kept, last) = word.split_at(word.len() - 1);
    format!("{kept}{}", if last == "1" { "2" } else { "1" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_locks_something_else_in_the_same_form() {
        let hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let changed = relock(&format!("{{\"hash\": \"{hash}\", \"version\": \"1.2.3\"}}")).unwrap();
        assert!(changed.contains("sha256-471EQpj8HBSa"), "{changed}");
        assert!(changed.contains("\"1.2.3\""), "{changed}");
    }

    #[test]
    fn without_hashes_versions_change() {
        assert_eq!(relock("zlib 1.2.3\nsee https://example.org"), Some("zlib 1.2.1\nsee https://example.org".into()));
        assert_eq!(relock("v1.1"), Some("v1.2".into()));
    }

    #[test]
    fn each_value_of_data_is_changed_alone() {
        let json = r#"{"web": {"port": 8080, "name": "a \"b\"", "x1": [true, ""]}}"#;
        let changed: Vec<_> = (0..).map_while(|position| with_value(json, position)).collect();
        assert_eq!(changed, [json.replace("8080", "8081"), json.replace(r#"b\"""#, r#"b\"x""#)]);
        let toml = "[package]\nname = \"p01\"\ndeps = [\"zlib\"]\n";
        let changed: Vec<_> = (0..).map_while(|position| with_value(toml, position)).collect();
        assert_eq!(changed, [toml.replace("\"p01\"", "\"p01x\""), toml.replace("zlib", "zlibx")]);
        assert_eq!(with_value("it\"s open 1", 0), None);
    }

    #[test]
    fn what_locks_nothing_stays() {
        for text in ["", "deps = [ zlib ]", "a sentence, and 2 numbers.", "..."] {
            assert_eq!(relock(text), None, "{text}");
        }
    }
}
