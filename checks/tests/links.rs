//! What documents say of other places: links lead to what is there, JSON is JSON, and quoted messages are those of the programs.
//!
//! Nothing is asked of a network: what lies elsewhere is not looked at.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix_seed_checks::machine::{process, repository};
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

/// A document, in its two parts.
struct Document {
    /// Its lines outside of blocks of code.
    prose: Vec<String>,
    blocks: Vec<Block>,
}

/// A fenced block of code (`CommonMark` 0.31, 4.5).
struct Block {
    language: String,
    /// The line of its fence, counted from 1.
    line: usize,
    text: String,
}

impl Document {
    fn parse(text: &str) -> Self {
        let (mut prose, mut blocks) = (Vec::new(), Vec::new());
        let mut open: Option<(String, Block)> = None;
        for (number, line) in (1..).zip(text.lines()) {
            let (fence, rest) = fence(line.trim_start());
            open = match open {
                Some((opened, block)) if fence.starts_with(opened.as_str()) && rest.trim().is_empty() => {
                    blocks.push(block);
                    None
                }
                Some((opened, mut block)) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                    Some((opened, block))
                }
                None if fence.len() >= 3 => {
                    let block = Block { language: rest.trim().to_owned(), line: number, text: String::new() };
                    Some((fence.to_owned(), block))
                }
                None => {
                    prose.push(line.to_owned());
                    None
                }
            };
        }
        blocks.extend(open.map(|(_, block)| block));
        Self { prose, blocks }
    }

    /// Where its links and pictures lead, and its definitions of such.
    fn links(&self) -> Vec<String> {
        let mut links = Vec::new();
        for paragraph in self.prose.join("\n").split("\n\n") {
            let plain = without_code(paragraph);
            let target = |text: &str| text.split([')', ' ', '\n']).next().unwrap_or_default().to_owned();
            links.extend(plain.split("](").skip(1).map(target));
            links.extend(plain.lines().filter_map(|line| Some(target(line.strip_prefix('[')?.split_once("]: ")?.1))));
        }
        links
    }

    /// What may stand behind a `#`: headings, as GitHub names them, and `<a id="…">`.
    fn anchors(&self) -> BTreeSet<String> {
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        let mut anchors = BTreeSet::new();
        for line in &self.prose {
            let explicit = line.split("<a id=\"").skip(1).filter_map(|rest| rest.split_once('"'));
            anchors.extend(explicit.map(|(name, _)| name.to_owned()));
            let text = line.trim_start_matches('#');
            let is_heading = (1..=6).contains(&(line.len() - text.len())) && text.starts_with(' ');
            if !is_heading {
                continue;
            }
            let slug = slug(text);
            let before = taken.entry(slug.clone()).or_default();
            anchors.insert(if *before == 0 { slug } else { format!("{slug}-{before}") });
            *before += 1;
        }
        anchors
    }
}

/// The marks that a line begins with, where they are those of a fence, and the rest.
fn fence(line: &str) -> (&str, &str) {
    let mark = if line.starts_with('~') { '~' } else { '`' };
    line.split_at(line.len() - line.trim_start_matches(mark).len())
}

/// Text without spans of code, which are between runs of backticks of one length (`CommonMark` 0.31, 6.1).
fn without_code(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('`') {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let (marks, inner) = fence(from);
        if let Some(after) = after_span(inner, marks.len()) {
            rest = after;
        } else {
            plain.push_str(marks);
            rest = inner;
        }
    }
    plain + rest
}

/// What follows the next run of so many backticks.
fn after_span(mut text: &str, length: usize) -> Option<&str> {
    loop {
        let (marks, after) = fence(&text[text.find('`')?..]);
        if marks.len() == length {
            return Some(after);
        }
        text = after;
    }
}

/// The anchor of a heading, as GitHub makes it: what it shows, in small letters, with `-` for a space, and of all else letters, digits,
/// `-` and `_`.
fn slug(heading: &str) -> String {
    let mut parts = heading.split("](");
    let first = parts.next().unwrap_or_default().to_owned();
    // Of a link its text is shown.
    let shown = parts.fold(first, |text, part| text + part.split_once(')').map_or(part, |(_, rest)| rest));
    let kept = |c: char| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c => c.is_alphanumeric().then_some(c),
    };
    shown.trim().to_lowercase().chars().filter_map(kept).collect()
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
fn headings_are_anchors_as_github_makes_them() {
    for (heading, anchor) in [
        (" Is it complete?", "is-it-complete"),
        (" `inspect --json`", "inspect---json"),
        (" `builders.<name>.issuer`", "buildersnameissuer"),
        (" In a [CI](ci.md), by hand", "in-a-ci-by-hand"),
        (" .seed.lock", "seedlock"),
        (" Ünder_score", "ünder_score"),
    ] {
        assert_eq!(slug(heading), anchor);
    }
    let document = Document::parse("# A\n## A\n<a id=\"b\"></a>\n#no\n```sh\n# c\n```\n####### d\n");
    assert_eq!(document.anchors().into_iter().collect::<Vec<_>>(), ["a", "a-1", "b"]);
}

#[test]
fn what_is_code_is_no_link() {
    let text =
        "[a](b.md) `[c](d)` ``x ` [e](f)`` [`g`](h.md#i)\n![j](k.png)\n\n```text\n[l](m)\n```\n\n[n]: o.md\n[p](\nq";
    assert_eq!(Document::parse(text).links(), ["b.md", "h.md#i", "k.png", "", "o.md"]);
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
