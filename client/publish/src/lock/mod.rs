//! `.seed.lock`: which seed a flake is built from, by system.
//!
//! ```json
//! {
//!   "seeds": {
//!
//!     "aarch64-darwin": null,
//!
//!     "aarch64-linux": null,
//!
//!     "x86_64-darwin": null,
//!
//!     "x86_64-linux": {
//!       "commit": "<40 or 64 hexadecimal digits: the commit that the seed was built from>",
//!       "digest": "sha256:<64 hexadecimal digits: the image's manifest, not an index's>",
//!       "image": "ghcr.io/owner/seed"
//!     }
//!
//!   },
//!   "version": 1
//! }
//! ```
//!
//! The form is made for git: each system's block stands between lines that no update changes, and the usual systems have
//! their place from the start (`null`), so that branches which update different systems merge without a conflict.

mod entry;
mod file;
mod remote;
mod text;

use std::collections::BTreeMap;

pub use entry::Entry;
pub use file::{LockFile, head};
pub use remote::{Change, Outcome, Remote};

use crate::{Error, Result};

/// The file's usual name.
pub const LOCK_NAME: &str = ".seed.lock";

/// The most bytes of a lock file.
pub const LOCK_MAX: u64 = 1 << 20;

/// The systems whose place is there before they have a seed.
pub(crate) const SYSTEMS: [&str; 4] = ["aarch64-darwin", "aarch64-linux", "x86_64-darwin", "x86_64-linux"];

/// What a lock file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    seeds: BTreeMap<String, Entry>,
}

/// What an update changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updated {
    /// The system had no seed.
    Added,
    /// The system had another one.
    Changed,
    /// All was said already.
    Unchanged,
}

/// What is other in a lock file than it should be; the sentence for people.
pub type Difference = String;

impl Lock {
    /// The seed of a system.
    pub fn get(&self, system: &str) -> Option<&Entry> {
        self.seeds.get(system)
    }

    /// All systems with their seeds, in byte order.
    pub fn seeds(&self) -> impl ExactSizeIterator<Item = (&str, &Entry)> {
        self.seeds.iter().map(|(system, entry)| (&**system, entry))
    }

    /// Sets a system's seed; those of others stay. Without an image, the entry's present one stays.
    pub fn update(&mut self, system: &str, mut entry: Entry) -> Result<Updated> {
        check_system(system)?;
        let present = self.seeds.get(system);
        if entry.image.is_none() {
            entry.image = present.and_then(|present| present.image.clone());
        }
        let updated = match present {
            None => Updated::Added,
            Some(present) if *present == entry => Updated::Unchanged,
            Some(_) => Updated::Changed,
        };
        self.seeds.insert(system.into(), entry);
        Ok(updated)
    }

    /// How a system's seed differs from the one that is expected: its digest, its commit; where nothing is expected, whether
    /// there is one at all.
    pub fn check(&self, system: &str, digest: Option<&str>, commit: Option<&str>) -> Vec<Difference> {
        let Some(entry) = self.get(system) else {
            let others: Vec<_> = self.seeds().map(|(system, _)| system).collect();
            let others = if others.is_empty() { "no system".into() } else { others.join(", ") };
            return vec![format!("{system} has no seed; there are seeds for {others}")];
        };
        let expected = [("digest", &entry.digest, digest), ("commit", &entry.commit, commit)];
        let differs = expected.into_iter().filter_map(|(field, found, expected)| {
            let expected = expected.filter(|expected| expected != found)?;
            Some(format!("{system}: its {field} is {found}, not {expected}"))
        });
        differs.collect()
    }
}

/// A system as Nix writes it: two or more words of small letters, digits and "_", with "-" between.
pub(crate) fn check_system(system: &str) -> Result<()> {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if system.len() <= 64 && system.contains('-') && system.split('-').all(is_word) {
        return Ok(());
    }
    Err(Error::Field { field: "system", value: system.into(), why: "write it as Nix does, as in x86_64-linux" })
}

#[cfg(test)]
mod tests;
