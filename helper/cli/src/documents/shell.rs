//! What documents give a shell. The tests of `nix-seed` read it here, too.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::Command;

/// A call of a program.
pub(crate) struct Call {
    /// The document and the line.
    pub(crate) place: String,
    pub(crate) arguments: Vec<String>,
}

/// The calls of a program in the fenced blocks of all documents that git knows.
pub(crate) fn shown(program: &str) -> Vec<Call> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let listed = Command::new("git").args(["ls-files", "-z", "*.md"]).current_dir(&root).output().unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    let files: Vec<_> = names.split('\0').filter(|name| !name.is_empty()).collect();
    assert!(files.len() > 20, "{files:?}");
    files.iter().flat_map(|name| of(program, name, &std::fs::read_to_string(root.join(name)).unwrap())).collect()
}

/// Those in a document.
pub(crate) fn of(program: &str, name: &str, text: &str) -> Vec<Call> {
    let calls = lines(text).into_iter().flat_map(|(number, line)| {
        let place = format!("{name}:{number}");
        calls(program, &line).into_iter().map(move |arguments| Call { place: place.clone(), arguments })
    });
    calls.collect()
}

/// The commands of a document's fenced blocks, each with the number of its line: what a shell is given, a line each.
fn lines(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut language: Option<String> = None;
    let mut begun: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("```") {
            language = if language.is_some() { None } else { Some(rest.to_owned()) };
            continue;
        }
        let typed = match language.as_deref() {
            Some("sh" | "bash" | "groovy" | "yaml") => Some(line),
            // What follows is what it prints.
            Some("console" | "text") => line.strip_prefix("$ ").or(begun.is_some().then_some(line)),
            _ => None,
        };
        let Some(typed) = typed else { continue };
        let (first, mut whole) = begun.take().unwrap_or((number + 1, String::new()));
        match typed.strip_suffix('\\') {
            Some(part) => {
                whole.push_str(part);
                begun = Some((first, whole));
            }
            None => found.push((first, whole + typed)),
        }
    }
    found
}

/// The arguments of each call of the program in a line of a shell.
pub(crate) fn calls(program: &str, line: &str) -> Vec<Vec<String>> {
    let name = format!("{program} ");
    let mut calls = Vec::new();
    // A remark may name commands.
    let mut rest = line.split(" # ").next().unwrap_or(line);
    while let Some(at) = rest.find(&name) {
        let before = rest[..at].trim_end_matches(['"', '(', '$']);
        // The program itself, not a path, a file or a word that ends like it.
        let is_command =
            !rest[..at].ends_with(|c: char| c.is_alphanumeric() || "-_./#:".contains(c)) || rest[..at].ends_with("./");
        let is_input = ["--override-input", "--package"].iter().any(|option| before.trim_end().ends_with(option));
        rest = &rest[at + name.len()..];
        let words = arguments(rest);
        // What may be left out stands in brackets in a synopsis, which is no command.
        let is_synopsis = words.iter().any(|word| word.starts_with('[') || word.contains("[="));
        if is_command && !is_input && !is_synopsis {
            calls.push(words);
        }
    }
    calls
}

/// Words up to where the shell's command ends. What a variable or a command says is a 1, which may be a name, and a number.
fn arguments(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut is_word = false;
    let mut chars = text.chars().peekable();
    let mut quote: Option<char> = None;
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                is_word = true;
            }
            (Some('\''), c) => word.push(c),
            (_, '$') => {
                substitution(&mut chars);
                word.push('1');
                is_word = true;
            }
            (Some(_), c) => word.push(c),
            (None, ' ' | '\t') => {
                if is_word {
                    words.push(std::mem::take(&mut word));
                }
                is_word = false;
            }
            (None, '#') if !is_word => break,
            (None, '|' | '&' | ';' | '>' | '<' | ')' | '`') => break,
            (None, c) => {
                word.push(c);
                is_word = true;
            }
        }
    }
    if is_word {
        words.push(word);
    }
    words
}

/// Passes over what a shell puts in: a variable, or a command's output.
fn substitution(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let (open, close) = match chars.peek() {
        Some('(') => ('(', ')'),
        Some('{') => ('{', '}'),
        _ => {
            while chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_').is_some() {}
            return;
        }
    };
    let mut depth = 0;
    for c in chars {
        depth += i32::from(c == open) - i32::from(c == close);
        if depth == 0 {
            return;
        }
    }
}
