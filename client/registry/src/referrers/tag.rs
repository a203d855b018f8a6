//! The list of referrers under a tag, written while others may write it too.
//!
//! Most registries that need such a list have no way to change a tag only if nobody else has. So the list is not where the truth
//! lies: each referrer gets a tag of its own first, which nobody else writes; what the list has to say follows from these, and
//! from what others have written into it. Whoever has written the list reads all tags again, and writes again where they say
//! more: the one that writes last then has read the tags of all. Programs that write the list in other ways may still take
//! out what came between their reading and their writing; that is seen as long as this one looks, and mended by whoever
//! attaches something next. A further gain: registries that throw away what has no tag keep all referrers.

use std::collections::BTreeSet;

use oci_spec::image::Digest;

use crate::Result;
use crate::referrers::index::{Entry, ReferrersIndex};
use crate::referrers::list::Tagged;
use crate::write::Condition;

/// What became of a list that was written.
pub(crate) enum Written {
    Done,
    /// Somebody else was faster.
    Changed,
    /// The registry takes no list of what it does not have.
    Refused(crate::Error),
}

/// A repository, as far as the list of one subject's referrers needs it.
pub(crate) trait Shelf {
    /// The list that is there now.
    fn list(&self) -> Result<Option<Tagged>>;
    /// Referrers that have a tag of their own, but for those that are known.
    fn owned(&self, known: &[&Digest]) -> Result<Vec<Entry>>;
    /// Writes the list on a condition.
    fn write(&self, bytes: &[u8], condition: &Condition) -> Result<Written>;
    /// Whether a referrer is there.
    fn has(&self, digest: &Digest) -> Result<bool>;
    /// Waits before the list is looked at again, which lacked something after `writes` writes; fails where it was tried often enough.
    fn wait(&mut self, writes: u32) -> Result<()>;
}

/// Brings `own` into the list; each has its own tag already.
pub(crate) fn update(shelf: &mut impl Shelf, own: &[Entry]) -> Result<()> {
    let mut gone = BTreeSet::new();
    let mut writes = 0;
    loop {
        // The first look after a write comes at once: mostly, nobody else is there.
        if writes > 1 {
            shelf.wait(writes)?;
        }
        let (mut index, condition) = match shelf.list()? {
            Some(Tagged { index, condition }) => (index, condition),
            None => (ReferrersIndex::default(), Condition::Absent),
        };
        let known: Vec<&Digest> =
            index.descriptors().map(|known| known.digest()).chain(own.iter().map(Entry::digest)).collect();
        let others = shelf.owned(&known)?;
        let is_missing = |entry: &&Entry| !index.has(entry) && !gone.contains(entry.digest().as_ref());
        let missing: Vec<Entry> = own.iter().chain(&others).filter(is_missing).cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        missing.into_iter().for_each(|entry| index.put(entry));
        index.remove(&gone);
        match shelf.write(&index.to_bytes(), &condition)? {
            Written::Done | Written::Changed => writes += 1,
            Written::Refused(error) => {
                let before = gone.len();
                for listed in index.descriptors().map(|listed| listed.digest()) {
                    let is_own = own.iter().any(|entry| entry.digest() == listed);
                    if !is_own && !shelf.has(listed)? {
                        gone.insert(listed.to_string());
                    }
                }
                if gone.len() == before {
                    return Err(error);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
