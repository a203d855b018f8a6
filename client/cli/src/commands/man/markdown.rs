//! The pages of doc/commands. They are part of the repository, and the test here says when they are not what `--help` says.

use std::collections::BTreeMap;
use std::path::Path;

use super::page::{Entry, Page};
use super::text::Block;

/// How the pages are written.
const COMMAND: &str = "NIX_SEED_WRITE_PAGES=1 cargo test --manifest-path client/Cargo.toml --package nix-seed pages";

/// The files of all pages: one for each command, with what is below it, and the program's as their index.
fn files(manual: &str) -> BTreeMap<String, String> {
    let root = Page::root();
    let commands = root.below.iter().map(|page| (format!("{}.md", page.names[1]), command(page, manual)));
    commands.chain([("README.md".to_owned(), index(&root))]).collect()
}

/// A text that grows by blocks, with an empty line between them.
#[derive(Default)]
struct Markdown(Vec<String>);

impl Markdown {
    fn add(&mut self, block: impl Into<String>) {
        self.0.push(block.into());
    }

    fn code(&mut self, lines: &[String]) {
        self.add(format!("```sh\n{}\n```", lines.join("\n")));
    }

    fn finish(self) -> String {
        self.0.join("\n\n") + "\n"
    }
}

fn index(root: &Page) -> String {
    let mut out = Markdown::default();
    out.add("# Commands");
    out.add(format!(
        "{}. How they work, and what they have in common: [nix-seed.md](../nix-seed.md). These pages are made of what `--help` says, by",
        escape(&root.about)
    ));
    out.code(&[COMMAND.to_owned()]);
    out.add("`nix-seed man --out DIR` writes the same as man pages, and `nix-seed completions` the scripts by which shells complete them.");
    let row = |page: &Page| format!("| [`{0}`]({0}.md) | {1} |\n", page.names[1], escape(&page.about));
    let rows: String = root.below.iter().map(row).collect();
    out.add(format!("| command | what it does |\n|---|---|\n{}", rows.trim_end()));
    options(root, "##", &mut out);
    out.add("## Exit codes");
    out.add(codes(root));
    out.add("`nix-seed run` ends with its command's code.");
    out.finish()
}

fn command(page: &Page, manual: &str) -> String {
    let mut out = Markdown::default();
    let name = &page.names[1];
    out.add(format!("# {}", page.name()));
    body(page, "##", &mut out);
    for below in &page.below {
        out.add(format!("## {}", below.name()));
        body(below, "###", &mut out);
    }
    out.add("## Exit codes");
    let has_own = page.all().iter().any(|page| !page.text.codes.is_empty());
    let common = "[exit codes of all commands](README.md#exit-codes)";
    out.add(if has_own { format!("Besides the {common}:") } else { format!("The {common}.") });
    for page in page.all().iter().filter(|page| !page.text.codes.is_empty()) {
        out.add(codes(page));
    }
    let more = anchor(manual, name).map(|anchor| format!("More: [nix-seed.md](../nix-seed.md#{anchor}). "));
    out.add(format!("{}[All commands](README.md).", more.unwrap_or_default()));
    out.finish()
}

/// The part of the manual on a command, as its table of commands has it.
fn anchor<'a>(manual: &'a str, command: &str) -> Option<&'a str> {
    let (_, rest) = manual.split_once(&format!("| [`{command}`](#"))?;
    rest.split_once(')').map(|(anchor, _)| anchor)
}

fn body(page: &Page, level: &str, out: &mut Markdown) {
    out.add(format!("{}.", escape(&page.about)));
    out.code(std::slice::from_ref(&page.usage));
    for block in &page.text.blocks {
        match block {
            Block::Paragraph(text) => out.add(escape(text)),
            Block::Code(lines) => out.code(lines),
        }
    }
    if !page.arguments.is_empty() {
        out.add(format!("{level} Arguments"));
        out.add(table("argument", &page.arguments));
    }
    options(page, level, out);
    if !page.text.examples.is_empty() {
        out.add(if page.text.examples.len() > 1 { format!("{level} Examples") } else { format!("{level} Example") });
        out.code(&page.text.examples);
    }
}

fn options(page: &Page, level: &str, out: &mut Markdown) {
    for (heading, entries) in &page.options {
        out.add(format!("{level} {}", heading.as_deref().unwrap_or("Options")));
        out.add(table("option", entries));
    }
    if page.names.len() > 1 && page.below.is_empty() {
        out.add("And the [options of all commands](README.md#options-of-all-commands).");
    }
}

fn table(what: &str, entries: &[Entry]) -> String {
    let row = |entry: &Entry| {
        let mut text = escape(&entry.help.replace('\n', " "));
        if !entry.values.is_empty() {
            let values: Vec<_> = entry.values.iter().map(|value| format!("`{value}`")).collect();
            text.push_str(&format!("; one of {}", values.join(", ")));
        }
        if let Some(default) = &entry.default {
            text.push_str(&format!("; default: `{default}`"));
        }
        format!("\n| `{}` | {text} |", entry.term.replace('|', "\\|"))
    };
    format!("| {what} | |\n|---|---|{}", entries.iter().map(row).collect::<String>())
}

fn codes(page: &Page) -> String {
    let row = |(code, meaning): &(String, String)| format!("\n| {code} | {} |", escape(meaning));
    format!("| code | meaning |\n|---|---|{}", page.text.codes.iter().map(row).collect::<String>())
}

/// Text with nothing in it that is markup, but for what stands between backticks.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    let mut is_code = false;
    for c in text.chars() {
        is_code ^= c == '`';
        if c == '|' || (!is_code && matches!(c, '\\' | '*' | '<' | '>')) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[test]
fn the_committed_pages_are_those_of_the_help() {
    let doc = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../doc");
    let files = files(&std::fs::read_to_string(doc.join("nix-seed.md")).unwrap());
    let folder = doc.join("commands");
    if std::env::var_os("NIX_SEED_WRITE_PAGES").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        for (name, text) in &files {
            std::fs::write(folder.join(name), text).unwrap();
        }
    }
    let there = std::fs::read_dir(&folder).unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
    });
    let there: BTreeMap<_, _> = there.collect();
    let differ = |(name, text): &(&String, &String)| there.get(*name) != Some(*text);
    let mut names: Vec<_> = files.iter().filter(differ).map(|(name, _)| name).collect();
    names.extend(there.keys().filter(|name| !files.contains_key(*name)));
    assert!(names.is_empty(), "doc/commands is not what --help says: {names:?}; write it again: {COMMAND}");
}

#[test]
fn what_is_in_pages_is_no_markup() {
    assert_eq!(escape("a|b <C> `*x|y` *d*"), "a\\|b \\<C\\> `*x\\|y` \\*d\\*");
    assert_eq!(anchor("x\n| [`up`](#up-and-down) | brings |", "up"), Some("up-and-down"));
    assert_eq!(anchor("x", "up"), None);
}
