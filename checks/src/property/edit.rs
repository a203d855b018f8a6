//! Edits of the flake's own sources that change no dependency.

use std::fmt;

use super::flake::Flake;
use super::random::Random;
use super::text::Commit;
use super::tree::{self, Entry};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    Append(String, String),
    Replace(String, Entry),
    Rename(String, String),
    Delete(String),
    Add(String, Entry),
    Chmod(String),
    Commit(Commit),
    /// A comment in `flake.nix`.
    Comment(String),
    /// Another text in a derivation that is the flake's own.
    Literal(usize, String),
}

impl Edit {
    /// One that leaves the flake whole; none where chance picks none.
    pub fn generate(random: &mut Random, flake: &Flake) -> Option<Self> {
        let mut files = flake.tree.names(|_| true);
        if random.chance(60) {
            let used = flake.used();
            files.retain(|file| used.contains(file));
        }
        let file = (*random.pick(&files)?).to_owned();
        let folder = file.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let new = |random: &mut Random| {
            let end = random.pick(&[".txt", ".rs", "", ".md"]).copied().unwrap_or_default();
            format!("{folder}new-{}{end}", random.word())
        };
        let edit = match random.below(100) {
            0..20 => Self::Append(file, format!("\n# {}", random.word())),
            20..37 => Self::Replace(file, tree::entry(random, &flake.tree)),
            37..46 => Self::Rename(file, new(random)),
            46..53 => Self::Delete(file),
            53..63 => Self::Add(new(random), tree::entry(random, &flake.tree)),
            63..69 => Self::Chmod(file),
            69..82 => Self::Commit(Commit::generate(random)),
            82..86 => Self::Comment(random.word()),
            _ => {
                let mut own = flake.own();
                if random.chance(50) {
                    own = (0..own.len()).map(|node| flake.is_output(node)).collect();
                }
                let own: Vec<_> = (0..own.len()).filter(|node| own[*node]).collect();
                Self::Literal(*random.pick(&own)?, random.word())
            }
        };
        let mut edited = flake.clone();
        edit.apply(&mut edited).then_some(edit)
    }

    /// Makes the edit; false where it cannot be made.
    pub fn apply(&self, flake: &mut Flake) -> bool {
        let files = &mut flake.tree.0;
        match self {
            Self::Append(name, more) => match files.get_mut(name) {
                Some(Entry::File { text, .. }) => *text += more,
                _ => return false,
            },
            // What reads a text needs a file, and what is run needs to be a script.
            Self::Replace(name, new) => match files.get_mut(name) {
                Some(old) if name != "build.sh" && old.text().is_some() == new.text().is_some() => *old = new.clone(),
                _ => return false,
            },
            Self::Rename(name, new) => match files.remove(name) {
                Some(entry) => drop(files.insert(new.clone(), entry)),
                None => return false,
            },
            Self::Delete(name) => drop(files.remove(name)),
            Self::Add(name, entry) => drop(files.insert(name.clone(), entry.clone())),
            Self::Chmod(name) => match files.get_mut(name) {
                Some(Entry::File { executable, .. }) => *executable = !*executable,
                _ => return false,
            },
            Self::Commit(commit) => flake.commit = commit.clone(),
            Self::Comment(text) => flake.comments.push(text.clone()),
            Self::Literal(node, text) => match flake.own().get(*node) {
                Some(true) => flake.nodes[*node].literal.clone_from(text),
                _ => return false,
            },
        }
        flake.is_whole()
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Append(name, text) => write!(f, "append {text:?} to {name}"),
            Self::Replace(name, entry) => write!(f, "replace {name} by {entry:?}"),
            Self::Rename(name, new) => write!(f, "rename {name} to {new}"),
            Self::Delete(name) => write!(f, "delete {name}"),
            Self::Add(name, entry) => write!(f, "add {name}: {entry:?}"),
            Self::Chmod(name) => write!(f, "make {name} executable, or not"),
            Self::Commit(Commit { values }) => write!(f, "commit: {values:?}"),
            Self::Comment(text) => write!(f, "append the comment {text:?} to flake.nix"),
            Self::Literal(node, text) => write!(f, "in flake.nix, literal = {text:?} in n{node}"),
        }
    }
}
