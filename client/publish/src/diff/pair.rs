//! Which new path takes the place of which old one.

use std::collections::BTreeMap;

use nix_seed_store::StorePath;

use crate::diff::name::{Name, compare};

/// An old path and the new one in its place; one of them where the other has no counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair<'a> {
    pub(crate) old: Option<&'a StorePath>,
    pub(crate) new: Option<&'a StorePath>,
}

/// Paths of one package and output, with their versions.
type Side<'a> = Vec<(&'a str, &'a StorePath)>;

/// Pairs paths of the same package and output: those of the same version first, then in the order of versions.
pub(crate) fn pairs<'a>(old: &[&'a StorePath], new: &[&'a StorePath]) -> Vec<Pair<'a>> {
    let mut groups: BTreeMap<(&str, &str), [Side<'_>; 2]> = BTreeMap::new();
    for (side, paths) in [old, new].into_iter().enumerate() {
        for path in paths {
            let Name { package, output, version } = Name::of(path);
            groups.entry((package, output)).or_default()[side].push((version, path));
        }
    }
    let mut pairs = Vec::new();
    for [mut old, mut new] in groups.into_values() {
        let by_version = |a: &(&str, &StorePath), b: &(&str, &StorePath)| compare(a.0, b.0).then_with(|| a.1.cmp(b.1));
        old.sort_by(by_version);
        new.sort_by(by_version);
        old.retain(|(version, old)| match new.iter().position(|(found, _)| found == version) {
            Some(at) => {
                pairs.push(Pair { old: Some(old), new: Some(new.remove(at).1) });
                false
            }
            None => true,
        });
        for at in 0..old.len().max(new.len()) {
            // What is left over has no counterpart.
            let of = |side: &[(&str, &'a StorePath)]| side.get(at).map(|(_, path)| *path);
            pairs.push(Pair { old: of(&old), new: of(&new) });
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<StorePath> {
        let path = |(at, name): (usize, &&str)| StorePath::from_base_name(&format!("{at:0>32}-{name}")).unwrap();
        names.iter().enumerate().map(path).collect()
    }

    fn named(old: &[&str], new: &[&str]) -> Vec<(String, String)> {
        let (old, new) = (paths(old), paths(new));
        let name = |path: Option<&StorePath>| path.map_or(String::new(), |path| path.name().to_owned());
        let all = pairs(&old.iter().collect::<Vec<_>>(), &new.iter().collect::<Vec<_>>());
        all.into_iter().map(|pair| (name(pair.old), name(pair.new))).collect()
    }

    fn pair(old: &str, new: &str) -> (String, String) {
        (old.into(), new.into())
    }

    #[test]
    fn a_package_is_paired_with_its_next_version_by_output() {
        let found = named(&["gcc-14.2.0", "gcc-14.2.0-lib"], &["gcc-14.3.0-lib", "gcc-14.3.0"]);
        assert_eq!(found, [pair("gcc-14.2.0", "gcc-14.3.0"), pair("gcc-14.2.0-lib", "gcc-14.3.0-lib")]);
    }

    #[test]
    fn several_versions_are_paired_in_order_and_equal_ones_first() {
        let found = named(&["a-9", "a-10", "a-2"], &["a-11", "a-10", "a-3", "a-12"]);
        assert_eq!(found, [pair("a-10", "a-10"), pair("a-2", "a-3"), pair("a-9", "a-11"), pair("", "a-12")]);
    }

    #[test]
    fn what_has_no_counterpart_is_new_or_gone() {
        assert_eq!(named(&["a-1"], &["b-1"]), [pair("a-1", ""), pair("", "b-1")]);
        assert_eq!(named(&[], &[]), []);
    }
}
