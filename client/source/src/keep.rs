use std::fmt::Debug;

use nix_seed_store::Sha256Hash;

/// What keeps documents between commands, by their SHA-256, so that a digest that is known needs no registry.
///
/// Nothing of it is believed: what it gives is compared with the hash.
pub trait Keep: Debug + Send + Sync {
    /// What is kept under a hash, of at most `max` bytes.
    fn get(&self, hash: &Sha256Hash, max: u64) -> Option<Vec<u8>>;

    /// Keeps something, if that is possible.
    fn put(&self, hash: &Sha256Hash, bytes: &[u8]);
}
