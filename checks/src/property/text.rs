//! What a derivation says of the flake without having its files: texts that evaluation reads, and what it knows of the commit.

use super::random::Random;
use super::source::path;
use super::tree::Tree;

/// Something in a derivation's environment or arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub what: What,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The text of a file.
    File(String),
    /// An attribute of `self`.
    Mark(&'static str),
    /// The hash in the flake's own store path, without its context.
    Hash,
}

/// How it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Plain,
    Within,
    Json,
    JsonList,
    Argument,
}

/// What a flake knows of its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    pub values: Vec<(&'static str, String)>,
}

impl Commit {
    pub fn generate(random: &mut Random) -> Self {
        let rev: String = (0..5).map(|_| random.word()).collect();
        let mut values = match random.below(3) {
            0 => vec![("shortRev", rev[..7].to_owned()), ("rev", rev)],
            1 => vec![("dirtyShortRev", format!("{}-dirty", &rev[..7])), ("dirtyRev", format!("{rev}-dirty"))],
            _ => vec![],
        };
        let time = 1_000_000_000 + random.below(700_000_000);
        values.push(("lastModified", time.to_string()));
        values.push(("lastModifiedDate", format!("20{:012}", random.below(999_999_999_999))));
        values.push(("narHash", format!("sha256-{}{}{}=", random.word(), random.word(), random.word())));
        Self { values }
    }

    pub fn has(&self, name: &str) -> bool {
        self.values.iter().any(|(value, _)| *value == name)
    }
}

impl Text {
    pub fn generate(random: &mut Random, tree: &Tree, commit: &Commit) -> Self {
        const MARKS: [&str; 7] =
            ["rev", "shortRev", "dirtyRev", "dirtyShortRev", "lastModified", "lastModifiedDate", "narHash"];
        let what = match random.below(10) {
            0..5 => {
                let files = tree.names(|entry| entry.text().is_some());
                What::File(random.pick(&files).copied().unwrap_or_default().to_owned())
            }
            5..9 => {
                let known: Vec<_> = MARKS.into_iter().filter(|mark| commit.has(mark)).collect();
                // One that is not known yet does no harm in an output.
                let marks = if random.chance(80) { &known[..] } else { &MARKS[..] };
                What::Mark(random.pick(marks).copied().unwrap_or("narHash"))
            }
            _ => What::Hash,
        };
        let place = random.pick(&[Place::Plain, Place::Within, Place::Json, Place::JsonList, Place::Argument]).copied();
        Self { what, place: place.unwrap_or(Place::Plain) }
    }

    /// Whether a derivation that says it is recognised by that.
    pub fn is_decided(&self, tree: &Tree, commit: &Commit) -> bool {
        match &self.what {
            What::File(name) => tree.0.get(name).is_some_and(super::tree::Entry::is_long),
            What::Mark(name) => commit.has(name),
            What::Hash => true,
        }
    }

    /// As an expression of Nix.
    pub fn render(&self, dir: &str) -> String {
        let what = match &self.what {
            What::File(name) => format!("builtins.readFile {}", path(dir, name)),
            What::Mark(name) => format!("toString (self.{name} or \"none\")"),
            What::Hash => {
                "builtins.substring 11 32 (builtins.unsafeDiscardStringContext self.sourceInfo.outPath)".to_owned()
            }
        };
        match self.place {
            Place::Plain | Place::Argument => format!("({what})"),
            Place::Within => format!("\"before: ${{{what}}} :after\""),
            Place::Json => format!("(builtins.toJSON {{ a = [ ({what}) ]; }})"),
            Place::JsonList => format!("(builtins.toJSON [ ({what}) ])"),
        }
    }
}
