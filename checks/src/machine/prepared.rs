//! What `checks/all` has found out once, so that not each of hundreds of tests asks Nix and cargo for it again.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// A test that somebody runs alone has none, and asks.
pub const VARIABLE: &str = "NIX_SEED_CHECK_PREPARED";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Prepared {
    /// The package set, as a flake in the store.
    pub nixpkgs: PathBuf,
    /// This repository, as a flake in the store.
    pub nix_seed: PathBuf,
    /// `nix-seed-helper`, in the store.
    pub helper: PathBuf,
    /// `nix-seed`.
    pub client: PathBuf,
    /// The program that attaches documents and lists them.
    pub referrers: PathBuf,
}

impl Prepared {
    /// What has been set up, if it is there: in another store it is not.
    pub fn given() -> Option<&'static Self> {
        static GIVEN: OnceLock<Option<Prepared>> = OnceLock::new();
        let read = || {
            let given: Self = serde_json::from_str(&std::env::var(VARIABLE).ok()?).ok()?;
            given.files().iter().all(|file| file.exists()).then_some(given)
        };
        GIVEN.get_or_init(read).as_ref()
    }

    fn files(&self) -> [&PathBuf; 5] {
        [&self.nixpkgs, &self.nix_seed, &self.helper, &self.client, &self.referrers]
    }
}
