//! The text below the options of a `--help`, as what it is made of.

/// A part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    Paragraph(String),
    /// Lines for a shell.
    Code(Vec<String>),
}

/// What there is to say besides the options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) blocks: Vec<Block>,
    /// The codes that a command ends with, and what each means.
    pub(super) codes: Vec<(String, String)>,
    pub(super) examples: Vec<String>,
}

/// What lines that are set in belong to.
enum Part {
    Text,
    Codes,
    Examples,
}

impl Text {
    /// Reads a text as all commands have it: paragraphs, lines that are set in by two spaces, and before these "Exit codes…:" or
    /// "Examples:" where they are such.
    pub(super) fn read(text: &str) -> Self {
        let mut read = Self::default();
        let mut part = Part::Text;
        for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            let Some(line) = line.strip_prefix("  ") else {
                part = match line {
                    "Example:" | "Examples:" => Part::Examples,
                    _ if line.starts_with("Exit codes") && line.ends_with(':') => Part::Codes,
                    _ => {
                        read.blocks.push(Block::Paragraph(line.to_owned()));
                        Part::Text
                    }
                };
                continue;
            };
            match part {
                Part::Examples => read.examples.push(line.to_owned()),
                Part::Codes => {
                    let (code, meaning) = line.split_once("  ").unwrap_or((line, ""));
                    read.codes.push((code.trim().to_owned(), meaning.trim().to_owned()));
                }
                Part::Text => match read.blocks.last_mut() {
                    Some(Block::Code(lines)) => lines.push(line.to_owned()),
                    _ => read.blocks.push(Block::Code(vec![line.to_owned()])),
                },
            }
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_apart() {
        let text = "Says it.\n\nAs here:\n  eval \"$(x)\"\n  y\n\nExit codes besides those of all commands:\n  6  not complete\n  20 to 74  others\n\n\
            Examples:\n  a \\\n    --b\n  c";
        let read = Text::read(text);
        let code = Block::Code(vec!["eval \"$(x)\"".into(), "y".into()]);
        assert_eq!(read.blocks, [Block::Paragraph("Says it.".into()), Block::Paragraph("As here:".into()), code]);
        let codes = [("6", "not complete"), ("20 to 74", "others")];
        assert_eq!(read.codes, codes.map(|(code, meaning)| (code.to_owned(), meaning.to_owned())));
        assert_eq!(read.examples, ["a \\", "  --b", "c"]);
    }
}
