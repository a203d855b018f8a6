//! Whose code this project builds with: the rules of `deny.toml`, without a network.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix_seed_checks::machine::{process, repository};
use serde::Deserialize;
use serde_json::Value;
use spdx::{Expression, ParseMode};

#[derive(Deserialize)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    skip: Vec<Crate>,
    deny: Vec<Crate>,
}

#[derive(Deserialize)]
struct Crate {
    #[serde(rename = "crate")]
    name: String,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

fn policy() -> Policy {
    toml::from_str(&fs::read_to_string(repository::path().join("deny.toml")).unwrap()).unwrap()
}

/// The folders of this repository's workspaces.
fn workspaces() -> Vec<PathBuf> {
    let root = repository::path();
    [".", "client", "checks", "fuzz"].map(|folder| root.join(folder)).into()
}

fn lock(workspace: &Path) -> Lock {
    toml::from_str(&fs::read_to_string(workspace.join("Cargo.lock")).unwrap()).unwrap()
}

#[test]
fn every_license_is_allowed() {
    let allowed = policy().licenses.allow;
    for workspace in workspaces() {
        // What this machine builds; a crate for another system is not there to be asked.
        let mut command = Command::new("cargo");
        command.args(["metadata", "--locked", "--format-version=1", "--filter-platform=x86_64-unknown-linux-gnu"]);
        let metadata = process::output(command.current_dir(&workspace)).unwrap();
        let metadata: Value = serde_json::from_str(&metadata).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        assert!(packages.len() > 10);
        for package in packages {
            let license = package["license"].as_str().unwrap_or_else(|| panic!("{} has no license", package["id"]));
            let expression = Expression::parse_mode(license, ParseMode::LAX).unwrap();
            let holds = expression.evaluate(|required| allowed.contains(&required.license.to_string()));
            assert!(holds, "{}: {license} is not allowed by deny.toml", package["id"]);
        }
    }
}

#[test]
fn every_crate_is_of_one_registry_and_pinned_by_its_content() {
    let mut registries = BTreeSet::new();
    for workspace in workspaces() {
        for package in lock(&workspace).package {
            // Our own have no source.
            let Some(source) = package.source else { continue };
            assert!(source.starts_with("registry+"), "{} is from {source}", package.name);
            assert!(package.checksum.is_some(), "{} has no checksum", package.name);
            registries.insert(source);
        }
    }
    assert_eq!(registries.len(), 1, "{registries:?}");
}

#[test]
fn a_crate_is_there_once_unless_the_policy_says_why_not() {
    let known: BTreeSet<_> = policy().bans.skip.into_iter().map(|skip| skip.name).collect();
    let mut met = BTreeSet::new();
    for workspace in workspaces() {
        let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for Package { name, version, .. } in lock(&workspace).package {
            versions.entry(name).or_default().push(version);
        }
        for (name, versions) in versions.into_iter().filter(|(_, versions)| versions.len() > 1) {
            let twice: Vec<_> = versions.iter().map(|version| format!("{name}@{version}")).collect();
            let excused: Vec<_> = twice.iter().filter(|one| known.contains(*one)).cloned().collect();
            assert_eq!(excused.len() + 1, twice.len(), "{twice:?}: deny.toml excuses all versions but one");
            met.extend(excused);
        }
    }
    assert_eq!(met, known, "deny.toml excuses what is not there");
}

#[test]
fn what_has_no_place_in_a_derivation_is_not_there() {
    let denied: BTreeSet<_> = policy().bans.deny.into_iter().map(|deny| deny.name).collect();
    let found = lock(repository::path()).package.into_iter().map(|package| package.name);
    assert_eq!(found.filter(|name| denied.contains(name)).collect::<Vec<_>>(), Vec::<String>::new());
}
