//! Documents in Markdown: their prose, their blocks of code, where links lead, and to what they may lead.

use std::collections::{BTreeMap, BTreeSet};

/// A document, in its two parts.
#[derive(Debug)]
pub struct Document {
    /// Its lines outside of blocks of code.
    pub prose: Vec<String>,
    pub blocks: Vec<Block>,
}

/// A fenced block of code (`CommonMark` 0.31, 4.5).
#[derive(Debug)]
pub struct Block {
    pub language: String,
    /// The line of its fence, counted from 1.
    pub line: usize,
    pub text: String,
}

impl Document {
    pub fn parse(text: &str) -> Self {
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
    pub fn links(&self) -> Vec<String> {
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
    pub fn anchors(&self) -> BTreeSet<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
        let text = "[a](b.md) `[c](d)` ``x ` [e](f)`` [`g`](h.md#i)\n![j](k.png)\n\n```text\n[l](m)\n```\n\n[n]: o.md\n[p](\nq";
        assert_eq!(Document::parse(text).links(), ["b.md", "h.md#i", "k.png", "", "o.md"]);
    }
}
