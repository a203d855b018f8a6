//! The layout in `CONTRIBUTING.md` is that of the workspaces: each crate has a row, and knows what that says.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use nix_seed_checks::machine::{process, repository};
use serde_json::Value;

/// The workspaces whose crates have a row each.
const WORKSPACES: [&str; 3] = [".", "client", "fuzz"];

/// Folders that hold crates and nothing else.
const FOLDERS: [&str; 2] = ["client/", "helper/"];

type Names = BTreeSet<String>;

/// What a row says of a crate.
#[derive(Debug, PartialEq, Eq)]
enum Knows {
    /// These, and what they know.
    Named(Names),
    /// All of a folder, and what they know.
    Folder(Names),
}

impl Knows {
    fn names(&self) -> &Names {
        match self {
            Self::Named(names) | Self::Folder(names) => names,
        }
    }
}

fn below_repository(path: &str) -> String {
    Path::new(path).strip_prefix(repository::path()).unwrap().display().to_string()
}

/// Crates by their folders, and those that their manifests name: also what only a test, or only one system, needs.
fn crates() -> BTreeMap<String, Names> {
    let mut crates = BTreeMap::new();
    for workspace in WORKSPACES {
        let mut cargo = Command::new("cargo");
        cargo.args(["metadata", "--no-deps", "--offline", "--format-version=1"]);
        let metadata = process::output(cargo.current_dir(repository::path().join(workspace))).unwrap();
        let metadata: Value = serde_json::from_str(&metadata).unwrap();
        for package in metadata["packages"].as_array().unwrap() {
            let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
            let ours = package["dependencies"].as_array().unwrap().iter().filter_map(|known| known["path"].as_str());
            crates.insert(below_repository(folder.to_str().unwrap()), ours.map(below_repository).collect());
        }
    }
    crates
}

/// The rows of the layout that are about crates.
fn layout(text: &str, crates: &BTreeMap<String, Names>) -> Result<BTreeMap<String, Knows>, String> {
    let span = |text: &str| Some(text.strip_prefix('`')?.strip_suffix('`')?.to_owned());
    let (_, section) = text.split_once("\n## Layout\n").ok_or("there is no layout")?;
    let mut rows = BTreeMap::new();
    for row in section.split("\n## ").next().unwrap_or_default().lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, _, knows] = cells[..] else { return Err(format!("{row}: a row has three cells")) };
        let name = span(name).ok_or_else(|| format!("{row}: which folder?"))?.trim_end_matches('/').to_owned();
        if !crates.contains_key(&name) {
            if FOLDERS.iter().any(|folder| name.starts_with(folder)) {
                return Err(format!("{name} is no crate"));
            }
            continue;
        }
        let named = match knows.strip_prefix("all of ") {
            None if knows == "nothing of ours" => Some(Knows::Named(Names::new())),
            None => knows.split(", ").map(span).collect::<Option<_>>().map(Knows::Named),
            Some(folder) => span(folder).map(|folder| {
                let all = crates.keys().filter(|other| other.starts_with(&folder) && **other != name);
                Knows::Folder(all.cloned().collect())
            }),
        };
        rows.insert(name, named.ok_or_else(|| format!("{row}: which crates?"))?);
    }
    Ok(rows)
}

/// All that a crate may know by the rows.
fn may_know(name: &str, rows: &BTreeMap<String, Knows>) -> Names {
    let mut found = Names::new();
    let mut next = vec![name];
    while let Some(name) = next.pop() {
        let Some(knows) = rows.get(name) else { continue };
        next.extend(knows.names().iter().filter(|other| found.insert((*other).clone())).map(String::as_str));
    }
    found
}

/// Where the manifests and the layout differ.
fn differences(crates: &BTreeMap<String, Names>, rows: &BTreeMap<String, Knows>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, known) in crates {
        match rows.get(name) {
            None => wrong.push(format!("{name} has no row")),
            Some(Knows::Named(named)) => {
                wrong.extend(named.difference(known).map(|other| format!("{name} does not know {other}")));
            }
            Some(Knows::Folder(_)) => {}
        }
        let may = may_know(name, rows);
        wrong.extend(known.difference(&may).map(|other| format!("{name} knows {other}, and may not")));
    }
    wrong
}

#[test]
fn the_layout_is_that_of_the_workspaces() {
    let crates = crates();
    assert!(FOLDERS.iter().all(|folder| crates.keys().filter(|name| name.starts_with(folder)).count() > 5));
    let text = fs::read_to_string(repository::path().join("CONTRIBUTING.md")).unwrap();
    let wrong = differences(&crates, &layout(&text, &crates).unwrap());
    assert!(wrong.is_empty(), "CONTRIBUTING.md, Layout: {wrong:#?}");
}

#[test]
fn a_layout_that_is_none_of_these_crates_is_found() {
    let crate_of = |(name, known): (&str, &[&str])| (name.to_owned(), known.iter().map(|&of| of.to_owned()).collect());
    let crates: BTreeMap<String, Names> =
        [("helper/a", &[][..]), ("helper/b", &["helper/a"]), ("client/c", &["helper/a", "helper/b"])]
            .map(crate_of)
            .into();
    let found = |rows: &str| {
        let text = format!(
            "# X\n\n## Layout\n\n| folder | what | may know |\n|---|---|---|\n{rows}\n\n## Y\n\n| `helper/z` |"
        );
        layout(&text, &crates).map(|rows| differences(&crates, &rows))
    };
    let right = "| `helper/a` | x | nothing of ours |\n| `helper/b` | x | `helper/a` |\n| `lib/` | y | itself |\n";
    assert_eq!(found(&format!("{right}| `client/c` | z | `helper/b` |")).unwrap(), [""; 0]);
    assert_eq!(found(&format!("{right}| `client/c` | z | all of `helper/` |")).unwrap(), [""; 0]);
    assert_eq!(found(right).unwrap()[0], "client/c has no row");
    let less = found(&format!("{right}| `client/c` | z | `helper/a` |")).unwrap();
    assert_eq!(less, ["client/c knows helper/b, and may not"]);
    let more = found(&right.replace("nothing of ours", "`helper/b`")).unwrap();
    assert!(more.contains(&"helper/a does not know helper/b".to_owned()), "{more:?}");
    for unclear in ["| `helper/d` | x | nothing of ours |", "| `helper/a` | x | some |", "| `helper/a` | x |"] {
        found(unclear).unwrap_err();
    }
}
