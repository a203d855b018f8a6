//! What frames hold, decompressed: those that were used last.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::Number;

/// The tar bytes of frames, at most so many.
#[derive(Debug)]
pub(crate) struct Memory {
    limit: u64,
    size: u64,
    /// Counts uses.
    clock: u64,
    held: HashMap<Number, (Arc<Vec<u8>>, u64)>,
    /// By when they were used last.
    by_use: BTreeMap<u64, Number>,
}

impl Memory {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, size: 0, clock: 0, held: HashMap::new(), by_use: BTreeMap::new() }
    }

    pub(crate) fn get(&mut self, number: Number) -> Option<Arc<Vec<u8>>> {
        let (tar, used) = self.held.get_mut(&number)?;
        self.clock += 1;
        self.by_use.remove(used);
        *used = self.clock;
        self.by_use.insert(self.clock, number);
        Some(tar.clone())
    }

    /// Keeps what a frame holds, and gives back a buffer that nobody needs any more.
    pub(crate) fn put(&mut self, number: Number, tar: Arc<Vec<u8>>) -> Option<Vec<u8>> {
        self.clock += 1;
        self.size += tar.len() as u64;
        self.by_use.insert(self.clock, number);
        if let Some((earlier, used)) = self.held.insert(number, (tar, self.clock)) {
            self.by_use.remove(&used);
            self.size -= earlier.len() as u64;
        }
        let mut free = None;
        while self.size > self.limit
            && let Some((_, number)) = self.by_use.pop_first()
        {
            if let Some((tar, _)) = self.held.remove(&number) {
                self.size -= tar.len() as u64;
                free = Arc::try_unwrap(tar).ok().or(free);
            }
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_stays_within_its_limit_and_keeps_what_was_used_last(uses in prop::collection::vec((0u32..20, 1usize..40), 1..200)) {
            let mut memory = Memory::new(100);
            for (number, length) in uses {
                let number = Number(number);
                if memory.get(number).is_none() {
                    memory.put(number, Arc::new(vec![0; length]));
                }
                let sizes: u64 = memory.held.values().map(|(tar, _)| tar.len() as u64).sum();
                prop_assert_eq!(sizes, memory.size);
                prop_assert!(memory.size <= 100);
                prop_assert_eq!(memory.held.len(), memory.by_use.len());
                prop_assert!(memory.get(number).is_some(), "what was used last is there");
            }
        }
    }
}
