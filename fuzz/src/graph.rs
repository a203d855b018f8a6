//! A closure graph: the input is its JSON.

use nix_seed_store::{Closure, database_bytes, is_database_of};

use crate::seed::SEED;

/// The most paths of a closure whose database is made: it takes longer than all the rest.
const DATABASE_PATHS: usize = 16;

/// The graph of a small seed, as `nix path-info --json` of Nix 2.19 and later writes it.
pub fn honest() -> Vec<u8> {
    SEED.index.closure().to_json().to_string().into_bytes()
}

/// What is read survives being written, and its database is a database of it.
pub fn run(data: &[u8]) -> bool {
    let Ok(closure) = Closure::parse(data) else { return false };
    let again = Closure::parse(closure.to_json().to_string().as_bytes());
    assert_eq!(again.unwrap(), closure);

    let paths: Vec<_> = closure.iter().map(|info| &info.path).collect();
    assert!(paths.is_sorted_by(|one, other| one < other), "a closure is a set");
    assert!(closure.iter().all(|info| info.ca.as_deref() != Some("")), "an index could not tell it from none");
    assert_eq!(closure.largest(usize::MAX).len(), paths.len());
    assert_eq!(closure.without(&closure).unwrap(), Closure::default());
    let known = |path| paths.binary_search(&path).is_ok();
    let complete = closure.iter().flat_map(|info| &info.references).all(known);
    assert_eq!(closure.check_complete().is_ok(), complete);
    if complete && paths.len() <= DATABASE_PATHS {
        assert!(is_database_of(&database_bytes(&closure).unwrap(), &closure).unwrap());
    }
    true
}
