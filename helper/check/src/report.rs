use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;

use crate::{How, Missing};

/// What became of all edits.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whether every edit that changes no dependency builds offline.
    pub complete: bool,
    /// What is missing before anything is edited: the seed is another flake's, or of another day.
    pub before: Vec<Missing>,
    /// Edits that want something which is not new, and not in the seed.
    pub incomplete: Vec<Finding>,
    /// The files whose edits may change dependencies, sorted: where they change, a new seed is wanted.
    pub paths: Vec<FileReport>,
    /// How many files were edited, and how many edits there were.
    pub files: usize,
    /// How many edits were tried.
    pub edits: usize,
    /// How many of them the flake does not evaluate with, such as a file renamed that is named by its path.
    pub invalid: usize,
    /// Edits that were not tried any more, since too many went wrong.
    pub untried: usize,
    /// How many outputs were evaluated, each time.
    pub outputs: usize,
    /// How many derivations they need.
    pub derivations: usize,
    /// How often all outputs were evaluated.
    pub evaluations: usize,
}

/// Edits, and what a build after them lacks.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The edits, as a person is told of them.
    pub edits: Vec<String>,
    /// What is missing.
    pub missing: Vec<Missing>,
}

impl Finding {
    /// Whether it names the same store path.
    pub(crate) fn tells(&self, missing: &Missing) -> bool {
        self.missing.iter().any(|told| told.derivation == missing.derivation)
    }
}

/// A file that dependencies may depend on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileReport {
    /// The file, relative to the flake's source; or `**/NAME` for all files of a name.
    pub path: String,
    /// Why it is listed.
    pub verdict: Verdict,
}

/// How dependencies depend on a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// An edit of it has changed dependencies, or it is what locks or names the flake's inputs.
    ChangesDependencies,
    /// Evaluation reads it as code or data, so an edit may change dependencies.
    ReadByEvaluation,
}

impl FileReport {
    /// The path for a line of its own: none that a CI could take for a command.
    pub fn shown(&self) -> String {
        let path = line(&self.path);
        if path.starts_with(['#', ':']) { format!("./{path}") } else { path }
    }
}

impl Missing {
    /// What is wrong, where, and how to mend it.
    pub fn explain(&self) -> String {
        let what = match (self.how, self.is_new) {
            (How::Fetch, _) => "would be fetched",
            (How::Build, _) => "would be built, though it is not the flake's own",
        };
        let path = self.path.as_deref().unwrap_or(&self.derivation);
        let mut text = format!("  {path} {what}\n    wanted by {}", line(&self.output));
        for (depth, name) in self.chain.iter().enumerate() {
            let _ = write!(text, "\n    {}└ {name}", "  ".repeat(depth));
        }
        text
    }

    /// How to have it in the next seed.
    pub fn mend(&self) -> String {
        match self.chain.as_slice() {
            [_, .., near, _] if self.chain.len() > 2 => format!(
                "with closure = \"direct\", leave that out; else name {near} in mkSeed's `own` (own = [ \"{near}\" ];), or make it an output of the flake"
            ),
            [_] if self.path.is_none() => {
                "what evaluation builds has to be in mkSeed's `contents`, with all that it is built from where the edit changes it: make it an output of the flake, or read a file in its place".into()
            }
            _ => {
                "build the seed again from this commit; where it is missing still, add it to mkSeed's `contents`".into()
            }
        }
    }
}

impl Report {
    /// What a person reads.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if !self.before.is_empty() {
            text += "Before any edit, the seed lacks:\n";
            text += &explain(&self.before);
        }
        for Finding { edits, missing } in &self.incomplete {
            let more =
                if edits.len() > EDITS_MAX { format!(", … {} more", edits.len() - EDITS_MAX) } else { String::new() };
            let edits = line(&edits[..edits.len().min(EDITS_MAX)].join(", "));
            let _ = writeln!(text, "After an edit ({edits}{more}), the seed lacks:");
            text += &explain(missing);
        }
        let _ = writeln!(
            text,
            "{}: {} edits of {} files, {} outputs of {} derivations, {} evaluations",
            match (self.complete, self.untried) {
                (true, 0) => "complete",
                (true, _) => "complete as far as it was tried",
                (false, _) => "not complete",
            },
            self.edits - self.invalid,
            self.files,
            self.outputs,
            self.derivations,
            self.evaluations,
        );
        if self.invalid > 0 {
            let _ = writeln!(text, "  {} more edits were tried that the flake does not evaluate with", self.invalid);
        }
        if self.untried > 0 {
            let _ = writeln!(text, "  {} edits were not tried alone: too many others went wrong", self.untried);
        }
        let _ = writeln!(text, "a new seed is wanted when these change:");
        for file in &self.paths {
            let why = match file.verdict {
                Verdict::ChangesDependencies => "changes dependencies",
                Verdict::ReadByEvaluation => "read by evaluation",
            };
            let _ = writeln!(text, "  {:<40} {why}", file.shown());
        }
        text
    }

    /// The part of a GitHub workflow that has it run when dependencies may have changed.
    pub fn workflow(&self) -> String {
        let mut text = String::from("paths:\n");
        for file in &self.paths {
            let _ = writeln!(text, "  - {}", yaml(&pattern(&file.path)));
        }
        text
    }
}

/// How many edits a text names that go wrong together.
const EDITS_MAX: usize = 5;

/// What a stranger has named, so that it is no line of its own.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { c.escape_unicode().to_string() } else { c.into() }).collect()
}

/// The pattern that means just this file. What is no Unicode stands for anything.
fn pattern(path: &str) -> String {
    let (start, path) = path.strip_prefix("**/").map_or(("", path), |name| ("**/", name));
    let mut pattern = String::from(start);
    for c in path.chars() {
        match c {
            '*' | '?' | '+' | '[' | ']' | '!' | '\\' => pattern.extend(['\\', c]),
            char::REPLACEMENT_CHARACTER => pattern.push('*'),
            c => pattern.push(c),
        }
    }
    pattern
}

/// A string in YAML. JSON's escapes are YAML's, too, but YAML takes fewer characters without one.
fn yaml(text: &str) -> String {
    let is_plain = |c: char| !c.is_control() && (c.is_ascii() || c.is_alphanumeric() || c > '\u{ffff}');
    let quoted = Value::from(text).to_string();
    quoted.chars().map(|c| if is_plain(c) { c.into() } else { format!("\\u{:04x}", u32::from(c)) }).collect()
}

fn explain(missing: &[Missing]) -> String {
    let mut text = String::new();
    for missing in missing {
        let _ = writeln!(text, "{}\n    to mend it: {}", missing.explain(), missing.mend());
    }
    text + "\n"
}

#[cfg(test)]
mod tests;
