//! What documents say: links lead to what is there, JSON is JSON and Nix is Nix, tables are whole, and quoted messages are those of the programs.
//!
//! Nothing is asked of a network: what lies elsewhere is not looked at.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix_seed_checks::document::{Block, Document};
use nix_seed_checks::machine::cache::Cache;
use nix_seed_checks::machine::{process, repository};
use nix_seed_checks::nix::Nix;
use serde_json::Value;

/// Where what a person reads in `doc/faq.md` is written.
const PROGRAMS: [&str; 4] = ["client", "helper", "lib", "nix"];

/// The files that git knows, from the repository's folder.
fn tracked() -> Vec<PathBuf> {
    let names = process::output(Command::new("git").args(["ls-files", "-z"]).current_dir(repository::path())).unwrap();
    names.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(repository::path().join(path)).unwrap()
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|found| extensions.iter().any(|extension| found == *extension))
}

/// The path that a link means, from the repository's folder; none where it leads out of that.
fn resolve(folder: &Path, link: &str) -> Option<PathBuf> {
    let mut path = folder.to_owned();
    for part in link.split('/') {
        match part {
            ".." if !path.pop() => return None,
            "" | "." | ".." => {}
            name => path.push(name),
        }
    }
    Some(path)
}

/// Why a link of a document leads nowhere.
fn follow(
    from: &Path,
    link: &str,
    documents: &BTreeMap<PathBuf, Document>,
    tracked: &[PathBuf],
) -> Result<(), &'static str> {
    let (place, anchor) = link.split_once('#').map_or((link, None), |(place, anchor)| (place, Some(anchor)));
    if place.starts_with('/') {
        return Err("write it from the document's own folder");
    }
    let path = if place.is_empty() { Some(from.to_owned()) } else { resolve(from.parent().unwrap(), place) };
    let path = path.ok_or("it leads out of the repository")?;
    if !tracked.iter().any(|file| file.starts_with(&path)) {
        return Err("git knows no such file");
    }
    let Some(anchor) = anchor else { return Ok(()) };
    let document = documents.get(&path).ok_or("what is no document has no headings")?;
    if document.anchors().contains(anchor) { Ok(()) } else { Err("there is no such heading") }
}

fn documents(tracked: &[PathBuf]) -> BTreeMap<PathBuf, Document> {
    let documents = tracked.iter().filter(|path| has_extension(path, &["md"]));
    documents.map(|path| (path.clone(), Document::parse(&read(path)))).collect()
}

#[test]
fn every_link_leads_to_what_is_there() {
    let tracked = tracked();
    let documents = documents(&tracked);
    let (mut followed, mut broken) = (0, Vec::new());
    for (path, document) in &documents {
        let links = document.links();
        for link in links.iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            followed += 1;
            if let Err(why) = follow(path, link, &documents, &tracked) {
                broken.push(format!("{}: {link}: {why}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(followed > 200, "only {followed} links were found");
}

#[test]
fn every_example_of_json_is_json() {
    let mut seen = 0;
    for (path, document) in documents(&tracked()) {
        for Block { line, text, .. } in document.blocks.iter().filter(|block| block.language == "json") {
            seen += 1;
            if let Err(why) = serde_json::from_str::<Value>(text) {
                panic!("{}: the block of line {line}: {why}", path.display());
            }
        }
    }
    assert!(seen > 2, "only {seen} blocks were found");
}

/// `…` stands there for what is left out, and free names for what the reader has.
#[test]
fn every_example_of_nix_can_be_parsed() {
    let nix = Nix::find(&Cache::open().unwrap()).unwrap();
    let parse = |text: &str| nix.command("nix-instantiate").args(["--parse", "--expr", text]).output().unwrap();
    let mut seen = 0;
    for (path, document) in documents(&tracked()) {
        for Block { line, text, .. } in document.blocks.iter().filter(|block| block.language == "nix") {
            seen += 1;
            let text = text.replace('…', "");
            // A whole expression, or some attributes.
            let forms =
                [format!("with {{ }};\n{text}"), format!("with {{ }}; {{\n{text}\n}}")].map(|form| parse(&form));
            let said = forms.each_ref().map(|form| String::from_utf8_lossy(&form.stderr));
            assert!(forms.iter().any(|form| form.status.success()), "{}: line {line}: {said:#?}", path.display());
        }
    }
    assert!(seen > 50, "only {seen} blocks were found");
}

/// What is parted from its table by an empty line is shown as it is written.
#[test]
fn every_row_is_in_a_table() {
    let is_row = |line: Option<&String>| line.is_some_and(|line| line.starts_with('|'));
    for (path, Document { prose, .. }) in documents(&tracked()) {
        let begins = |at: &usize| is_row(prose.get(*at)) && !(*at > 0 && is_row(prose.get(*at - 1)));
        for at in (0..prose.len()).filter(begins) {
            let is_table = prose.get(at + 1).is_some_and(|line| line.starts_with("|-"));
            assert!(is_table, "{}: a row without its table: {}", path.display(), prose[at]);
        }
    }
}

/// In `doc/faq.md`, blocks of `text` are messages; `…` stands there for what differs.
#[test]
fn every_message_in_the_faq_is_one_of_ours() {
    let is_program =
        |path: &&PathBuf| has_extension(path, &["rs", "nix"]) && PROGRAMS.iter().any(|folder| path.starts_with(folder));
    let source: String = tracked().iter().filter(is_program).map(|path| read(path)).collect();
    // A string goes on in the next line; a quotation mark is one; what is the same in all messages is written out.
    let parts = source.split("\\\n").enumerate().map(|(at, part)| if at == 0 { part } else { part.trim_start() });
    let source = parts.collect::<String>().replace("\\\"", "\"").replace("{LOCK_NAME}", ".seed.lock");
    let faq = Document::parse(&read(Path::new("doc/faq.md")));
    let messages = faq.blocks.iter().filter(|block| block.language == "text");
    let lines: Vec<_> = messages.flat_map(|block| block.text.lines()).collect();
    let unknown: Vec<_> = lines.iter().filter(|line| line.split('…').any(|part| !source.contains(part))).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert!(lines.len() > 50, "only {} messages were found", lines.len());
}

#[test]
fn a_link_is_followed_from_where_it_stands() {
    let documents: BTreeMap<_, _> =
        [("a.md", "# A"), ("doc/b.md", "# B")].map(|(path, text)| (PathBuf::from(path), Document::parse(text))).into();
    let tracked = ["a.md", "doc/b.md", "lib/c.nix"].map(PathBuf::from);
    let follow = |from: &str, link: &str| follow(Path::new(from), link, &documents, &tracked).is_ok();
    for link in ["../a.md", "../a.md#a", "#b", "b.md#b", "../lib", "../lib/c.nix", "./../doc/b.md"] {
        assert!(follow("doc/b.md", link), "{link}");
    }
    for link in ["a.md", "#a", "../../a.md", "../lib/c.nix#x", "../lib/d", "/a.md", "../a.md#", "../li"] {
        assert!(!follow("doc/b.md", link), "{link}");
    }
    assert!(follow("a.md", "doc/b.md#b") && !follow("a.md", "../a.md"));
}
