//! From any path back to what asked for it.

use nix_seed_image::Error;
use nix_seed_image::index::{Index, Reason, SeedPath};
use nix_seed_image::why::{Why, explain, find};
use nix_seed_store::{PathInfo, Sha256Hash, StorePath};
use proptest::prelude::*;

fn path(at: usize, name: &str) -> StorePath {
    StorePath::from_base_name(&format!("{at:0>32}-{name}")).unwrap()
}

/// An index of paths that refer to each other, and nothing else.
fn index(names: &[&str], references: &[&[usize]], reasons: &[(u32, &str)]) -> Index {
    let paths = names.iter().zip(references).enumerate().map(|(at, (name, references))| {
        let references = references.iter().map(|to| path(*to, names[*to])).collect();
        let info = PathInfo { path: path(at, name), nar_hash: Sha256Hash([0; 32]), nar_size: 0, references, ca: None };
        SeedPath { info, layer: 0, frames: 0..0, entries: vec![] }
    });
    let reasons = reasons.iter().map(|(path, link)| Reason { path: *path, chain: vec![(*link).into()] });
    Index { paths: paths.collect(), reasons: reasons.collect(), ..Index::default() }
}

const NAMES: [&str; 5] = ["app", "gcc", "gcc-lib", "glibc", "source"];

/// `app` and `gcc` are roots; both lead to `glibc`, `gcc` directly. Nothing leads to `source`.
fn small() -> Index {
    index(&NAMES, &[&[2], &[1, 2, 3], &[3], &[3], &[4]], &[(0, "packages.app"), (1, "devShells.gcc")])
}

fn why(index: &Index, gc_roots: &[StorePath], at: u32) -> (Vec<String>, Vec<String>) {
    let found = explain(index, gc_roots, &[at]);
    let [Why { path: name, chain, references }] = &found[..] else { panic!("one was asked for") };
    assert_eq!(*name, index.paths[at as usize].info.path.to_string());
    (chain.clone(), references.clone())
}

fn names(positions: &[usize]) -> Vec<String> {
    positions.iter().map(|at| path(*at, NAMES[*at]).to_string()).collect()
}

#[test]
fn a_root_has_its_own_chain() {
    assert_eq!(why(&small(), &[], 1), (vec!["devShells.gcc".into()], names(&[1])));
}

#[test]
fn a_path_has_the_chain_of_the_nearest_root() {
    assert_eq!(why(&small(), &[], 3), (vec!["devShells.gcc".into()], names(&[1, 3])));
}

#[test]
fn of_equally_short_ways_the_first_in_the_index_counts() {
    assert_eq!(why(&small(), &[], 2), (vec!["packages.app".into()], names(&[0, 2])));
}

#[test]
fn without_a_chain_a_root_of_the_collector_leads_to_a_path() {
    let index = Index { reasons: Vec::new(), ..small() };
    let gc_roots = [path(2, NAMES[2]), path(9, "not-in-the-seed")];
    assert_eq!(why(&index, &gc_roots, 3), (vec![], names(&[2, 3])));
    assert_eq!(why(&index, &gc_roots, 2), (vec![], names(&[2])));
    assert_eq!(why(&index, &gc_roots, 0), (vec![], vec![]));
}

#[test]
fn a_chain_is_better_than_a_root_of_the_collector_and_that_better_than_nothing() {
    let gc_roots = [path(2, NAMES[2]), path(4, NAMES[4])];
    assert_eq!(why(&small(), &gc_roots, 2).1, names(&[0, 2]));
    assert_eq!(why(&small(), &gc_roots, 4), (vec![], names(&[4])));
    assert_eq!(why(&small(), &[], 4), (vec![], vec![]));
}

#[test]
fn the_order_of_what_the_collector_keeps_does_not_show() {
    let index = Index { reasons: Vec::new(), ..small() };
    // Both refer to `gcc-lib`.
    for gc_roots in [[0, 1], [1, 0], [0, 0]] {
        assert_eq!(why(&index, &gc_roots.map(|at| path(at, NAMES[at])), 2), (vec![], names(&[0, 2])));
    }
}

#[test]
fn answers_come_in_the_order_of_questions() {
    let found = explain(&small(), &[], &[3, 0, 3]);
    assert_eq!(found.iter().map(|why| why.path.clone()).collect::<Vec<_>>(), names(&[3, 0, 3]));
}

#[test]
fn a_row_of_a_hundred_thousand_paths_is_walked_in_no_time() {
    let name = vec!["x"; 100_000];
    let references: Vec<_> = (0..name.len()).map(|at| vec![(at + 1).min(name.len() - 1)]).collect();
    let references: Vec<_> = references.iter().map(|references| &references[..]).collect();
    let index = index(&name, &references, &[(0, "x")]);
    assert_eq!(why(&index, &[], 99_999).1.len(), 100_000);
}

#[test]
fn a_path_is_found_by_path_base_name_hash_and_name() {
    let index = small();
    let glibc = path(3, "glibc");
    for given in [&glibc.to_string(), glibc.base_name(), &glibc.base_name()[..32], "glibc"] {
        assert_eq!(find(&index, given).unwrap(), 3, "{given}");
    }
}

#[test]
fn what_is_not_in_the_seed_is_not_found() {
    let other = path(7, "glibc");
    let below = format!("{}/lib", path(3, "glibc"));
    for given in [&other.to_string(), other.base_name(), &other.base_name()[..32], "glib", "", "-glibc", &below] {
        let error = find(&small(), given).unwrap_err();
        assert!(matches!(error, Error::NotInSeed { .. }), "{error}");
        assert!(error.to_string().contains(&format!("{given:?} is not in the seed")), "{error}");
    }
}

#[test]
fn a_name_that_several_bear_is_refused_with_all_of_them() {
    let index = index(&["source"; 30], &[&[][..]; 30], &[]);
    let error = find(&index, "source").unwrap_err();
    assert!(matches!(error, Error::Ambiguous { .. }), "{error}");
    let message = error.to_string();
    assert!(message.starts_with("\"source\" may be one of several"), "{message}");
    for at in 0..20 {
        assert!(message.contains(&format!("\n  {}\n", path(at, "source"))), "{message}");
    }
    assert!(message.ends_with("\n  … and 10 more (inspect --paths lists them)"), "{message}");
    assert_eq!(find(&index, &path(5, "source").to_string()).unwrap(), 5);
}

#[test]
fn a_whole_path_is_never_taken_for_a_name() {
    // A name may look like a base name.
    let whole = path(7, "app");
    let index = index(&[whole.base_name()], &[&[]], &[]);
    assert!(matches!(find(&index, &whole.to_string()), Err(Error::NotInSeed { .. })));
    assert_eq!(find(&index, whole.base_name()).unwrap(), 0);
}

/// The best of all ways without a circle: few paths, the first of equally few.
fn best(references: &[Vec<usize>], way: &[usize], to: usize) -> Option<(usize, Vec<usize>)> {
    let at = *way.last()?;
    if at == to {
        return Some((way.len(), way.to_vec()));
    }
    let next = references[at].iter().filter(|next| !way.contains(next));
    next.filter_map(|next| best(references, &[way, &[*next]].concat(), to)).min()
}

proptest! {
    #[test]
    fn no_way_is_shorter(
        references in prop::collection::vec(prop::collection::btree_set(0usize..5, 0..4), 5),
        roots in prop::collection::btree_set(0u32..5, 0..4),
    ) {
        let references: Vec<Vec<_>> = references.into_iter().map(|to| to.into_iter().collect()).collect();
        let slices: Vec<_> = references.iter().map(|to| &to[..]).collect();
        let reasons: Vec<_> = roots.iter().map(|root| (*root, NAMES[*root as usize])).collect();
        let index = index(&NAMES, &slices, &reasons);
        for to in 0..5 {
            let way = roots.iter().filter_map(|root| best(&references, &[*root as usize], to)).min();
            let expected = way.map_or((vec![], vec![]), |(_, way)| (vec![NAMES[way[0]].into()], names(&way)));
            prop_assert_eq!(why(&index, &[], to as u32), expected);
        }
    }
}
