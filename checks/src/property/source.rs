//! How a derivation uses the flake's own files.

use super::random::Random;
use super::tree::{Entry, Tree};

/// Files of the flake as a source of a derivation. Names are those of a [`Tree`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `self`, perhaps a file in it.
    Flake(Option<String>),
    /// A path as it is: a folder, the root if its name is empty, or a file.
    Plain(String),
    /// `builtins.path` with a name of its own.
    Renamed(String),
    /// `builtins.path` or `filterSource`.
    Filtered { folder: String, filter: Filter, by_path: bool },
    /// `builtins.toFile` of the text of a file.
    Written(String),
}

/// What of a folder a source has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Folders, and files whose names end so.
    Suffix(&'static str),
    /// All but what has one of these names, folders too.
    Without(Vec<String>),
    /// Folders, and what has one of these names.
    Only(Vec<String>),
    /// No links.
    NoLinks,
    /// No folders.
    Flat,
}

impl Source {
    pub fn generate(random: &mut Random, tree: &Tree) -> Self {
        let all = tree.names(|_| true);
        // Not a link: Nix refuses one that leads nowhere.
        let files = tree.names(|entry| entry.text().is_some());
        let mut folders = tree.folders();
        folders.push("");
        let mut one = |names: &[&str]| random.pick(names).copied().unwrap_or_default().to_owned();
        let (file, folder) = (one(&files), one(&folders));
        match random.below(100) {
            0..8 => Self::Flake(None),
            8..12 => Self::Flake(Some(file)),
            12..30 => Self::Plain(folder),
            30..45 => Self::Plain(file),
            45..55 => Self::Renamed(file),
            55..62 => Self::Renamed(folder),
            62..90 => {
                let filter = Filter::generate(random, &all);
                Self::Filtered { folder, filter, by_path: random.chance(70) }
            }
            _ => Self::Written(file),
        }
    }

    /// What the file or folder is called that has to stay.
    pub fn named(&self) -> &str {
        match self {
            Self::Flake(file) => file.as_deref().unwrap_or_default(),
            Self::Plain(name) | Self::Renamed(name) | Self::Written(name) | Self::Filtered { folder: name, .. } => name,
        }
    }

    /// Whether there is something in it by which to tell whose it is.
    pub fn is_decided(&self, tree: &Tree) -> bool {
        let is_full = |name: &str| tree.0.get(name).is_some_and(Entry::is_full);
        match self {
            Self::Flake(_) => true,
            Self::Written(name) => is_full(name),
            // The root has flake.nix.
            Self::Plain(name) | Self::Renamed(name) => match tree.0.get(name) {
                Some(entry) => entry.is_full(),
                None => name.is_empty() || tree.below(name).next().is_some(),
            },
            Self::Filtered { folder, filter, .. } => {
                tree.below(folder).any(|(name, entry)| filter.keeps_below(name, entry))
            }
        }
    }

    /// As an expression of Nix; `dir` leads from the flake's folder to the root of its files.
    pub fn render(&self, dir: &str, number: usize) -> String {
        let path = |name: &str| path(dir, name);
        match self {
            Self::Flake(None) => "\"${self}\"".to_owned(),
            Self::Flake(Some(file)) => format!("\"${{self.sourceInfo.outPath}}/{file}\""),
            Self::Plain(name) => path(name),
            Self::Renamed(name) => format!("(builtins.path {{ path = {}; name = \"renamed-{number}\"; }})", path(name)),
            Self::Filtered { folder, filter, by_path: true } => format!(
                "(builtins.path {{ path = {}; name = \"filtered-{number}\"; filter = {}; }})",
                path(folder),
                filter.render()
            ),
            Self::Filtered { folder, filter, by_path: false } => {
                format!("(builtins.filterSource ({}) {})", filter.render(), path(folder))
            }
            Self::Written(name) => {
                format!("(builtins.toFile \"written-{number}\" (builtins.readFile {}))", path(name))
            }
        }
    }
}

/// A path of the flake as an expression of Nix.
pub(super) fn path(dir: &str, name: &str) -> String {
    // Names may hold what a path in Nix may not. Without a name of its own, a path is called after its file.
    match (name, name.contains(' ')) {
        ("", _) => format!("./{dir}."),
        (_, false) => format!("./{dir}{name}"),
        (_, true) => {
            format!("(builtins.path {{ name = \"spaced\"; path = ./{dir}. + {:?}; }})", format!("/{name}"))
        }
    }
}

impl Filter {
    fn generate(random: &mut Random, files: &[&str]) -> Self {
        let mut names = Vec::new();
        for _ in 0..random.within(1, 3) {
            names.extend(random.pick(files).and_then(|file| file.split('/').next_back()).map(str::to_owned));
        }
        match random.below(5) {
            0 => Self::Suffix(random.pick(&[".txt", ".rs", ".md"]).copied().unwrap_or_default()),
            1 => {
                names.push("flake.nix".to_owned());
                Self::Without(names)
            }
            2 => Self::Only(names),
            3 => Self::NoLinks,
            _ => Self::Flat,
        }
    }

    /// Whether the file at `name` below the filtered folder is kept, and all folders on the way.
    fn keeps_below(&self, name: &str, entry: &Entry) -> bool {
        let mut parts: Vec<_> = name.split('/').collect();
        let file = parts.pop().unwrap_or_default();
        let kind = if entry.text().is_some() { "regular" } else { "symlink" };
        parts.iter().all(|folder| self.keeps(folder, "directory")) && self.keeps(file, kind)
    }

    fn keeps(&self, name: &str, kind: &str) -> bool {
        match self {
            Self::Suffix(suffix) => kind == "directory" || name.ends_with(suffix),
            Self::Without(names) => !names.iter().any(|other| other == name),
            Self::Only(names) => kind == "directory" || names.iter().any(|other| other == name),
            Self::NoLinks => kind != "symlink",
            Self::Flat => kind != "directory",
        }
    }

    fn render(&self) -> String {
        let list = |names: &[String]| names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(" ");
        match self {
            Self::Suffix(suffix) => {
                format!("path: type: type == \"directory\" || builtins.match \".*\\\\{suffix}\" path != null")
            }
            Self::Without(names) => format!("path: type: !builtins.elem (baseNameOf path) [ {} ]", list(names)),
            Self::Only(names) => {
                format!("path: type: type == \"directory\" || builtins.elem (baseNameOf path) [ {} ]", list(names))
            }
            Self::NoLinks => "path: type: type != \"symlink\"".to_owned(),
            Self::Flat => "path: type: type != \"directory\"".to_owned(),
        }
    }
}
