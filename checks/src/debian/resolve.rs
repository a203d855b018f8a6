//! Which packages a set of roots needs: the closure of `Depends`, as a pure function of an index.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::{Context, Result, bail};

use crate::debian::index::Index;
use crate::debian::relation::Group;

/// Package → the packages that it depends on directly.
pub type Selection = BTreeMap<String, BTreeSet<String>>;

/// Selects `roots` and what they depend on, leaving `excluded` packages (and so what only they need) out.
///
/// Of several alternatives, one that is selected anyway is preferred to the first one that exists.
pub fn closure(index: &Index, roots: &[String], excluded: &BTreeSet<String>) -> Result<Selection> {
    for root in roots {
        index.get(root).with_context(|| format!("the suite has no package named {root}"))?;
    }
    let mut selected = BTreeSet::new();
    let mut queue: VecDeque<String> = roots.iter().cloned().collect();
    while let Some(name) = queue.pop_front() {
        if selected.insert(name.clone()) {
            queue.extend(depends(index, &name, excluded, &selected)?);
        }
    }
    // Once all is selected, alternatives may resolve to something selected later; that drops nothing from the
    // set, but makes each package's dependencies independent of the order in which they were met.
    selected.iter().map(|name| Ok((name.clone(), depends(index, name, excluded, &selected)?))).collect()
}

fn depends(
    index: &Index,
    name: &str,
    excluded: &BTreeSet<String>,
    selected: &BTreeSet<String>,
) -> Result<BTreeSet<String>> {
    let package = index.get(name).with_context(|| format!("no package named {name}"))?;
    let mut found = BTreeSet::new();
    for group in &package.depends {
        if group.iter().any(|relation| excluded.contains(&relation.name)) {
            continue;
        }
        let chosen = choose(index, group, selected).with_context(|| format!("dependencies of {name}"))?;
        if chosen != name && !excluded.contains(&chosen) {
            found.insert(chosen);
        }
    }
    Ok(found)
}

fn choose(index: &Index, group: &Group, selected: &BTreeSet<String>) -> Result<String> {
    let candidates: Vec<&str> = group.iter().flat_map(|relation| index.candidates(relation)).collect();
    let preferred = candidates.iter().find(|name| selected.contains(**name));
    match preferred.or(candidates.first()) {
        Some(name) => Ok((*name).to_owned()),
        None => bail!("nothing in the suite satisfies {group:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
Package: git
Version: 1
Depends: libc6, perl, pager | less

Package: less
Version: 1
Provides: pager

Package: more
Version: 1
Provides: pager

Package: libc6
Version: 1
Depends: libgcc

Package: libgcc
Version: 1
Depends: libc6

Package: perl
Version: 1
Depends: perl-modules

Package: perl-modules
Version: 1
";

    fn select(roots: &[&str], excluded: &[&str]) -> Result<Selection> {
        let roots: Vec<String> = roots.iter().map(|&root| root.to_owned()).collect();
        let excluded = excluded.iter().map(|&name| name.to_owned()).collect();
        closure(&Index::parse(TEXT), &roots, &excluded)
    }

    #[test]
    fn what_is_excluded_takes_its_own_dependencies_along() {
        let selection = select(&["git"], &["perl"]).unwrap();
        let names: Vec<&str> = selection.keys().map(String::as_str).collect();
        assert_eq!(names, ["git", "less", "libc6", "libgcc"]);
    }

    #[test]
    fn an_alternative_that_is_selected_anyway_is_preferred() {
        let selection = select(&["more", "git"], &["perl"]).unwrap();
        assert!(selection["git"].contains("more"));
        assert!(!selection.contains_key("less"));
    }

    #[test]
    fn circles_end() {
        let selection = select(&["libc6"], &[]).unwrap();
        assert_eq!(selection.len(), 2);
    }

    #[test]
    fn a_root_that_does_not_exist_is_named() {
        let error = select(&["nonsuch"], &[]).unwrap_err();
        assert!(error.to_string().contains("nonsuch"));
    }
}
