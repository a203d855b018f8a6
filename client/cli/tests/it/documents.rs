//! The commands that documents show are ones that the program understands.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands for something else, and what the program takes in its place.
const PLACEHOLDERS: [(&str, &str); 9] = [
    ("SEED", "ghcr.io/owner/seed"),
    ("IMAGE", "ghcr.io/owner/seed"),
    ("HOST/NAME", "ghcr.io/owner/seed"),
    ("DIR", "folder"),
    ("FILE", "file"),
    ("PATH", "path"),
    ("VARIABLE", "VARIABLE"),
    // A digest that a variable has.
    ("@x", "@sha256:0000000000000000000000000000000000000000000000000000000000000000"),
    ("sha256:…", "sha256:0000000000000000000000000000000000000000000000000000000000000000"),
];

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let listed = Command::new("git").args(["ls-files", "-z", "*.md"]).current_dir(&root).output().unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    let files: Vec<_> = names.split('\0').filter(|name| !name.is_empty()).map(|name| root.join(name)).collect();
    assert!(files.len() > 20, "{}", files.len());
    files
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
            Some("sh" | "bash") => Some(line),
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
fn calls(line: &str) -> Vec<Vec<String>> {
    let mut calls = Vec::new();
    // A remark may name commands.
    let mut rest = line.split(" # ").next().unwrap_or(line);
    while let Some(at) = rest.find("nix-seed ") {
        let before = rest[..at].trim_end_matches(['"', '(', '$']);
        // The program itself, not a path, a file or a word that ends like it.
        let is_command =
            !rest[..at].ends_with(|c: char| c.is_alphanumeric() || "-_./#:".contains(c)) || rest[..at].ends_with("./");
        let is_input = ["--override-input", "--package"].iter().any(|option| before.trim_end().ends_with(option));
        rest = &rest[at + "nix-seed ".len()..];
        let words = arguments(rest);
        // What may be left out stands in brackets in a synopsis, which is no command.
        let is_synopsis = words.iter().any(|word| word.starts_with('[') || word.contains("[="));
        if is_command && !is_input && !is_synopsis {
            calls.push(words);
        }
    }
    calls
}

/// Words up to where the shell's command ends.
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
                word.push('x');
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

fn filled(word: &str) -> String {
    let mut word = word.to_owned();
    for (name, value) in PLACEHOLDERS {
        word = word.replace(name, value);
    }
    word
}

/// Why the program does not understand a call; none where it does.
fn misunderstood(words: &[String]) -> Option<String> {
    let own: Vec<_> =
        words.iter().take_while(|word| *word != "--").map(|word| filled(word)).filter(|word| word != "…").collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nix-seed"));
    // It is answered when all that comes before it is understood.
    let output = command.args(&own).arg("--help").output().unwrap();
    (!output.status.success())
        .then(|| String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned())
}

#[test]
fn every_command_that_a_document_shows_is_understood() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for file in documents() {
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in lines(&text) {
            for words in calls(&line) {
                count += 1;
                if let Some(why) = misunderstood(&words) {
                    wrong.push(format!("{}:{number}: nix-seed {}: {why}", file.display(), words.join(" ")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 50, "only {count} are found");
}

#[test]
fn a_shells_line_is_taken_apart() {
    let of = |line: &str| calls(line).iter().map(|words| words.join(" ")).collect::<Vec<_>>();
    assert_eq!(
        of(r#"eval "$(nix-seed up --policy 'a b' X)" && nix-seed down # not nix-seed run"#),
        ["up --policy a b X", "down"]
    );
    assert_eq!(of(r#"nix-seed verify "$(pwd)/x" --commit "$(git rev-parse HEAD)" > out"#), ["verify x/x --commit x"]);
    assert_eq!(of("./nix-seed push a; cat x.nix-seed y"), ["push a"]);
    assert!(misunderstood(&["up".into(), "--no-such-option".into()]).is_some());
}
