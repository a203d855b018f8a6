//! A page for `man`.

use roff::{Inline, Roff, bold, italic, roman};

use super::page::{Entry, Page};
use super::text::Block;

/// The page as a man page of section 1. `root` is the program's.
pub(super) fn render(page: &Page, root: &Page, date: &str) -> String {
    let mut roff = Roff::new();
    let source = format!("{} {}", root.name(), env!("CARGO_PKG_VERSION"));
    // What is not known has a place all the same.
    let date = if date.is_empty() { "\"\"" } else { date };
    roff.control("TH", [&*page.title(), "1", date, &source]);
    roff.control("SH", ["NAME"]).text([roman(format!("{} - {}", page.title(), page.about))]);
    roff.control("SH", ["SYNOPSIS"]);
    let name = page.name();
    roff.text([bold(&*name), roman(page.usage.strip_prefix(&name).unwrap_or_default())]);
    description(&mut roff, page);
    entries(&mut roff, "ARGUMENTS", &page.arguments);
    for (heading, options) in &page.options {
        entries(&mut roff, &heading.as_deref().unwrap_or("options").to_uppercase(), options);
    }
    if !page.below.is_empty() {
        roff.control("SH", ["COMMANDS"]);
        for below in &page.below {
            term(&mut roff, [bold(below.title()), roman("(1)")]).text([roman(&*below.about)]);
        }
    }
    if !page.text.codes.is_empty() {
        roff.control("SH", ["EXIT STATUS"]);
        for (code, meaning) in &page.text.codes {
            term(&mut roff, [bold(&**code)]).text([roman(&**meaning)]);
        }
    }
    if !page.text.examples.is_empty() {
        roff.control("SH", ["EXAMPLES"]);
        code(&mut roff, &page.text.examples);
    }
    if page.names.len() > 1 {
        roff.control("SH", ["SEE ALSO"]);
        roff.text([bold(root.title()), roman("(1), for the options and exit codes of all commands")]);
    }
    roff.render()
}

fn description(roff: &mut Roff, page: &Page) {
    roff.control("SH", ["DESCRIPTION"]).text([roman(format!("{}.", page.about.trim_end_matches('.')))]);
    for block in &page.text.blocks {
        match block {
            Block::Paragraph(text) => {
                roff.control("PP", []).text([roman(&**text)]);
            }
            Block::Code(lines) => {
                roff.control("PP", []);
                code(roff, lines);
            }
        }
    }
}

fn entries(roff: &mut Roff, heading: &str, entries: &[Entry]) {
    if entries.is_empty() {
        return;
    }
    roff.control("SH", [heading]);
    for entry in entries {
        // An option's name, then what it takes; all of an argument is what it takes.
        let at = if entry.term.starts_with('-') { entry.term.find([' ', '[']).unwrap_or(entry.term.len()) } else { 0 };
        let (name, value) = entry.term.split_at(at);
        term(roff, [bold(name), italic(value)]).text([roman(&*entry.help)]);
        let values = (!entry.values.is_empty()).then(|| format!("One of: {}.", entry.values.join(", ")));
        let default = entry.default.as_ref().map(|default| format!("Default: {default}"));
        for text in values.into_iter().chain(default) {
            roff.control("br", []).text([roman(text)]);
        }
    }
}

fn term<const N: usize>(roff: &mut Roff, term: [Inline; N]) -> &mut Roff {
    roff.control("TP", []).text(term)
}

/// Lines as they are.
fn code(roff: &mut Roff, lines: &[String]) {
    roff.control("RS", ["4"]).control("nf", []);
    for line in lines {
        roff.text([roman(&**line)]);
    }
    roff.control("fi", []).control("RE", []);
}
