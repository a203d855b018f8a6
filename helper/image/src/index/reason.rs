//! Why paths are in a seed, as a tree of links: what chains have in common at their beginnings is written once.

use std::collections::HashMap;

use super::decode::{Record, Tables};
use super::encode::{Strings, put_u32};
use super::wire::{CHAIN_MAX, CHAINS_MAX, LINK, NO_LINK, REASON};
use super::{Index, SeedPath};
use crate::{Error, Result};

/// Why a store path is in the seed: something asked for it by name, rather than by a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The path, by position in the index.
    pub path: u32,
    /// What leads to it, from an output of the flake through names of derivations, itself excepted; at least one.
    pub chain: Vec<String>,
}

impl Index {
    pub(super) fn check_reasons(&self) -> Result<()> {
        if self.reasons.windows(2).any(|pair| pair[0].path >= pair[1].path) {
            return Err(Error::index("the chains are not sorted, or a path has two"));
        }
        Ok(())
    }
}

/// The two tables of `reasons`: the links, and where each chain ends.
pub(super) fn encode_reasons<'a>(reasons: &'a [Reason], strings: &mut Strings<'a>) -> (Vec<u8>, Vec<u8>) {
    let (mut links, mut ends) = (Vec::new(), Vec::new());
    // Equal texts stand at one place, so that the place tells them apart.
    let mut known: HashMap<(u32, [u32; 2]), u32> = HashMap::new();
    for Reason { path, chain } in reasons {
        let mut last = NO_LINK;
        for text in chain {
            let (place, next) = (strings.put(text.as_bytes()), known.len() as u32);
            last = *known.entry((last, place)).or_insert_with_key(|(before, place)| {
                put_u32(&mut links, &[*before, place[0], place[1]]);
                next
            });
        }
        put_u32(&mut ends, &[*path, last]);
    }
    (links, ends)
}

impl Tables<'_> {
    /// Walks every chain back from its end. A few links may be many chains: what is copied is counted each time.
    pub(super) fn reasons(&self, paths: &[SeedPath]) -> Result<Vec<Reason>> {
        let mut links = self.chain_lengths()?;
        let (mut reasons, mut total) = (Vec::with_capacity(self.reasons.len() / REASON), 0);
        for record in self.reasons.chunks_exact(REASON) {
            let mut record = Record(record);
            let (path, last) = (record.u32(), record.u32());
            let Some(SeedPath { info, .. }) = paths.get(path as usize) else {
                return Err(Error::index("a chain is of a path that does not exist"));
            };
            let Some((length, used)) = links.get_mut(last as usize) else {
                return Err(Error::index(format!("the chain of {} ends in a link that does not exist", info.path)));
            };
            *used = true;
            if *length > CHAIN_MAX {
                return Err(Error::index(format!("the chain of {} has more than {CHAIN_MAX} links", info.path)));
            }
            total += *length;
            if total > CHAINS_MAX {
                return Err(Error::index(format!("its chains together have more than {CHAINS_MAX} links")));
            }
            reasons.push(Reason { path, chain: self.chain(last, *length)? });
        }
        if links.iter().any(|(_, used)| !used) {
            return Err(Error::index("a link belongs to no chain"));
        }
        Ok(reasons)
    }

    /// For each link how many lead to it, itself included, and whether another one follows it. Each is behind the one
    /// before it, so none is its own.
    fn chain_lengths(&self) -> Result<Vec<(usize, bool)>> {
        let mut links: Vec<(usize, bool)> = Vec::with_capacity(self.links.len() / LINK);
        for record in self.links.chunks_exact(LINK) {
            let before = Record(record).u32();
            let length = match links.get_mut(before as usize) {
                Some((length, used)) => {
                    *used = true;
                    *length + 1
                }
                None if before == NO_LINK => 1,
                None => {
                    let at = links.len();
                    return Err(Error::index(format!("link {at} follows one that does not stand before it")));
                }
            };
            links.push((length, false));
        }
        Ok(links)
    }

    fn chain(&self, last: u32, length: usize) -> Result<Vec<String>> {
        let mut chain = Vec::with_capacity(length);
        let mut at = last as usize;
        while let Some(record) = self.links.chunks_exact(LINK).nth(at) {
            let mut record = Record(record);
            at = record.u32() as usize;
            let text = self.text(&mut record)?;
            if text.is_empty() {
                return Err(Error::index("a link has no text"));
            }
            chain.push(text);
        }
        chain.reverse();
        Ok(chain)
    }
}
