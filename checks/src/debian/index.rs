//! A `Packages` index: what a suite offers, by package name and by what packages provide.

use std::collections::HashMap;

use super::relation::{self, Group, Relation};
use super::version;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    pub name: String,
    pub version: String,
    /// `Pre-Depends` and `Depends`.
    pub depends: Vec<Group>,
    /// Path below the mirror's root.
    pub filename: String,
    pub sha256: String,
    pub size: u64,
}

#[derive(Debug, Default)]
pub struct Index {
    packages: HashMap<String, Package>,
    /// Virtual package → its providers, in the index' order, each with the version that it provides.
    providers: HashMap<String, Vec<(String, Option<String>)>>,
}

impl Index {
    pub fn parse(text: &str) -> Self {
        let mut index = Self::default();
        for stanza in text.split("\n\n") {
            index.add(stanza);
        }
        index
    }

    pub fn get(&self, name: &str) -> Option<&Package> {
        self.packages.get(name)
    }

    /// Names of the packages that satisfy `relation`: the one of that name first, then its providers.
    pub fn candidates<'a>(&'a self, relation: &'a Relation) -> impl Iterator<Item = &'a str> {
        let real = self
            .get(&relation.name)
            .filter(|package| relation.admits(Some(&package.version)))
            .map(|package| package.name.as_str());
        let providers = self.providers.get(&relation.name).into_iter().flatten();
        let virtuals =
            providers.filter(|(_, version)| relation.admits(version.as_deref())).map(|(name, _)| name.as_str());
        real.into_iter().chain(virtuals)
    }

    fn add(&mut self, stanza: &str) {
        let mut package = Package::default();
        let mut provides = Vec::new();
        for line in stanza.lines() {
            // Continuation lines start with a space; none of the fields wanted here has any.
            let Some((key, value)) = line.split_once(": ") else {
                continue;
            };
            match key {
                "Package" => value.clone_into(&mut package.name),
                "Version" => value.clone_into(&mut package.version),
                "Filename" => value.clone_into(&mut package.filename),
                "SHA256" => value.clone_into(&mut package.sha256),
                "Size" => package.size = value.parse().unwrap_or(0),
                "Depends" | "Pre-Depends" => package.depends.extend(relation::parse(value)),
                "Provides" => provides = relation::parse(value),
                _ => {}
            }
        }
        if package.name.is_empty() {
            return;
        }
        for relation in provides.into_iter().flatten() {
            let version = relation.bound.map(|bound| bound.version);
            self.providers.entry(relation.name).or_default().push((package.name.clone(), version));
        }
        let newest = self
            .packages
            .get(&package.name)
            .is_none_or(|known| version::compare(&known.version, &package.version) == std::cmp::Ordering::Less);
        if newest {
            self.packages.insert(package.name.clone(), package);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
Package: mawk
Version: 1.3.4
Provides: awk, posix-awk (= 3)
Depends: libc6 (>= 2.36)
Pre-Depends: base
Filename: pool/main/m/mawk.deb
Size: 7
SHA256: ab

Package: libc6
Version: 2.36
Description: GNU C Library
 Depends: not a field

Package: libc6
Version: 2.41
";

    fn candidates(index: &Index, field: &str) -> Vec<String> {
        let relation = &relation::parse(field)[0][0];
        index.candidates(relation).map(str::to_owned).collect()
    }

    #[test]
    fn reads_fields_and_keeps_the_newest_version() {
        let index = Index::parse(TEXT);
        let mawk = index.get("mawk").unwrap();
        assert_eq!((mawk.size, mawk.depends.len()), (7, 2));
        assert_eq!(mawk.filename, "pool/main/m/mawk.deb");
        let libc = index.get("libc6").unwrap();
        assert_eq!((libc.version.as_str(), libc.depends.len()), ("2.41", 0));
    }

    #[test]
    fn virtual_packages_satisfy_only_what_they_state() {
        let index = Index::parse(TEXT);
        assert_eq!(candidates(&index, "awk"), ["mawk"]);
        assert!(candidates(&index, "awk (>= 1)").is_empty());
        assert_eq!(candidates(&index, "posix-awk (>= 2)"), ["mawk"]);
        assert!(candidates(&index, "libc6 (>= 3)").is_empty());
    }
}
