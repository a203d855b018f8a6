//! The files of a generated flake.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use anyhow::{Context, Result};

use super::random::Random;

/// What `helper/frontier` takes for the text of a file, at least.
const TEXT_MIN: usize = 32;

/// A file of a flake; folders are there where something is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    File { text: String, executable: bool },
    Link(String),
}

/// A flake's files by their names, `/` between the parts, without `flake.nix`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree(pub BTreeMap<String, Entry>);

/// Three to twelve files in the root and up to four folders, some with the same text, some empty, some links.
pub(super) fn generate(random: &mut Random) -> Tree {
    const FOLDERS: [&str; 5] = ["src", "lib", "doc", "data/deep", "src/inner"];
    const NAMES: [&str; 10] =
        ["a.txt", "b.rs", "c.md", "main.sh", "notes", "d.json", "e.txt", "f.rs", "with space.md", "x.nix"];
    let mut folders = vec![String::new()];
    for _ in 0..random.within(1, 4) {
        folders.extend(random.pick(&FOLDERS).map(|folder| format!("{folder}/")));
    }
    let mut tree = Tree::default();
    let count = random.within(3, 12);
    while tree.0.len() < count {
        let folder = random.pick(&folders).cloned().unwrap_or_default();
        let name = format!("{folder}{}", random.pick(&NAMES).unwrap_or(&"a.txt"));
        // Two files can be read into strings, whatever else there is.
        let entry = if tree.0.len() < 2 { File::long(random).executable(random) } else { entry(random, &tree) };
        tree.0.insert(name, entry);
    }
    tree
}

/// What a new file holds.
pub(super) fn entry(random: &mut Random, others: &Tree) -> Entry {
    match random.below(100) {
        0..8 => File(String::new()),
        8..20 => File(format!("{}\n", random.word())),
        20..30 => {
            let target = random.pick(&["a.txt", "notes", "../a.txt", "nowhere"]).copied().unwrap_or_default();
            return Entry::Link(target.to_owned());
        }
        30..45 => {
            let texts: Vec<_> = others.0.values().filter_map(Entry::text).collect();
            File(random.pick(&texts).copied().unwrap_or_default().to_owned())
        }
        _ => File::long(random),
    }
    .executable(random)
}

struct File(String);

impl File {
    /// A text that is recognised where it is read into a derivation, with what JSON and shells write otherwise.
    fn long(random: &mut Random) -> Self {
        const ODD: [&str; 8] = ["\"quoted\"", "it's", "back\\slash", "${dollar}", "tab\there", "é", "{", "\n\n"];
        let mut text = if random.chance(20) { "\n  ".to_owned() } else { String::new() };
        for _ in 0..random.within(4, 12) {
            text += &random.word();
            text += if random.chance(30) { "\n" } else { " " };
            if random.chance(15) {
                text += random.pick(&ODD).copied().unwrap_or_default();
            }
        }
        if random.chance(70) {
            text += "\n";
        }
        Self(text)
    }

    fn executable(self, random: &mut Random) -> Entry {
        Entry::File { text: self.0, executable: random.chance(20) }
    }
}

impl Entry {
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::File { text, .. } => Some(text),
            Self::Link(_) => None,
        }
    }

    /// Whether there is anything in it by which to tell whose it is.
    pub fn is_full(&self) -> bool {
        self.text().is_some_and(|text| !text.is_empty())
    }

    /// Whether a derivation that says it is recognised by that.
    pub fn is_long(&self) -> bool {
        self.text().is_some_and(|text| text.trim_ascii().len() >= TEXT_MIN)
    }
}

impl Tree {
    /// Writes it below `folder`.
    pub fn write(&self, folder: &Path) -> Result<()> {
        for (name, entry) in &self.0 {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            match entry {
                Entry::File { text, executable } => fs::write(&path, text).and_then(|()| {
                    let mode = if *executable { 0o755 } else { 0o644 };
                    fs::set_permissions(&path, Permissions::from_mode(mode))
                }),
                Entry::Link(target) => symlink(target, &path),
            }
            .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    /// The folders, without the root.
    pub fn folders(&self) -> Vec<&str> {
        let mut folders: Vec<_> =
            self.0.keys().flat_map(|name| name.match_indices('/').map(|(end, _)| &name[..end])).collect();
        folders.sort_unstable();
        folders.dedup();
        folders
    }

    /// The files below a folder, by their names from there; all for the root, which is empty.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a Entry)> {
        self.0.iter().filter_map(move |(name, entry)| {
            let rest = name.strip_prefix(folder)?;
            let rest = if folder.is_empty() { rest } else { rest.strip_prefix('/')? };
            Some((rest, entry))
        })
    }

    /// The names of those files for which `wanted` says so.
    pub fn names(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<&str> {
        self.0.iter().filter(|(_, entry)| wanted(entry)).map(|(name, _)| &**name).collect()
    }
}
