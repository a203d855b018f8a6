use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::edit::{MARK, added, renamed};
use crate::{Edit, Evaluator, FileReport, Finding, Kind, Missing, Report, Result, Verdict};

/// What an evaluation of edits came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evaluated {
    /// Nix failed, and said this.
    Fails(String),
    /// The outputs evaluate, and an offline build lacks these.
    Follows(Vec<Missing>),
    /// Nothing is missing, but there are fewer outputs than before: what they would want is not known.
    Fewer,
}

/// What became of edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All that an offline build needs is there.
    Free,
    /// The flake does not evaluate with them.
    Invalid,
    /// Something is missing.
    Moves(Vec<Missing>),
    /// They were not tried alone: too much went wrong before.
    Untried,
}

/// The most evaluations that are spent on taking batches apart.
const EVALUATIONS_MAX: usize = 300;

/// How many files of one name have their values changed one by one, and how many values of each file are.
const FILES_OF_A_NAME: usize = 3;
const VALUES_MAX: usize = 24;

/// A flake to be edited.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// Its regular files, relative to its source.
    pub files: &'a [PathBuf],
    /// Its folders.
    pub folders: &'a [PathBuf],
    /// The files that evaluation reads as Nix code.
    pub code: &'a BTreeSet<PathBuf>,
    /// The folder that `flake.nix` and `flake.lock` lie in.
    pub folder: &'a Path,
}

/// Tries all edits, many at once, and takes apart what goes wrong. `progress` is told of each batch.
pub fn survey(files: Files<'_>, evaluator: &mut dyn Evaluator, progress: &mut dyn FnMut(&str)) -> Result<Report> {
    let mut survey = Survey {
        evaluator,
        progress,
        report: Report::default(),
        verdicts: BTreeMap::new(),
        known: BTreeSet::new(),
        left: EVALUATIONS_MAX,
    };
    survey.report.files = files.files.len();
    let (manifest, lock) = (files.folder.join("flake.nix"), files.folder.join("flake.lock"));
    survey.verdicts.insert(manifest, Verdict::ChangesDependencies);
    survey.verdicts.insert(lock.clone(), Verdict::ChangesDependencies);
    for code in files.code {
        survey.verdicts.entry(code.clone()).or_insert(Verdict::ReadByEvaluation);
    }
    let each = |kind, paths: &[PathBuf]| paths.iter().map(|path| vec![Edit { kind, path: path.clone() }]).collect();

    let mut batch: Vec<Unit> = each(Kind::Append, files.files);
    batch.push(vec![Edit { kind: Kind::Dirty, path: PathBuf::new() }]);
    survey.batch("appended to each file, in a dirty checkout", batch)?;
    let mut batch: Vec<Unit> = each(Kind::Add, files.folders);
    batch.push(vec![Edit { kind: Kind::Commit, path: PathBuf::new() }]);
    survey.batch("a file added in each folder, in another commit", batch)?;

    // Files of one name are mostly read in one manner, so they are tried together.
    let data: Vec<PathBuf> =
        files.files.iter().filter(|file| !files.code.contains(*file) && **file != lock).cloned().collect();
    let mut classes: BTreeMap<&OsStr, Unit> = BTreeMap::new();
    for file in &data {
        let edit = Edit { kind: Kind::Replace, path: file.clone() };
        classes.entry(file.file_name().unwrap_or_default()).or_default().push(edit);
    }
    let outcomes = survey.batch("each file replaced, that is no code", classes.into_values().collect())?;
    let parsed: BTreeSet<PathBuf> = outcomes
        .into_iter()
        .filter(|(_, outcome)| matches!(outcome, Outcome::Invalid | Outcome::Untried))
        .flat_map(|(unit, _)| unit.into_iter().map(|edit| edit.path))
        .collect();
    for file in &parsed {
        survey.verdicts.entry(file.clone()).or_insert(Verdict::ReadByEvaluation);
    }

    let read: Vec<PathBuf> = parsed.iter().chain(files.code).cloned().collect();
    survey.batch("other hashes and versions in each file that evaluation reads", each(Kind::Relock, &read))?;
    survey.batch_of_values(&parsed)?;
    let rest: Vec<PathBuf> = data.into_iter().filter(|file| !parsed.contains(file)).collect();
    survey.batch("each file renamed, that evaluation does not read", each(Kind::Rename, &rest))?;
    survey.batch("each of these deleted", each(Kind::Delete, &rest))?;

    let Survey { mut report, verdicts, .. } = survey;
    report.complete = report.incomplete.is_empty();
    report.paths = collapse(&verdicts, files.files);
    Ok(report)
}

/// Edits that are only tried together.
type Unit = Vec<Edit>;

struct Survey<'a> {
    evaluator: &'a mut dyn Evaluator,
    progress: &'a mut dyn FnMut(&str),
    report: Report,
    verdicts: BTreeMap<PathBuf, Verdict>,
    /// What has been found missing that is not new, by derivation: one edit that shows it is enough.
    known: BTreeSet<String>,
    left: usize,
}

impl Survey<'_> {
    fn batch(&mut self, what: &str, mut units: Vec<Unit>) -> Result<Vec<(Unit, Outcome)>> {
        units.retain(|unit| unit.iter().any(|edit| self.evaluator.can(edit)));
        let edits: usize = units.iter().map(Vec::len).sum();
        if edits == 0 {
            return Ok(Vec::new());
        }
        // Mostly one evaluation is enough, whatever others have taken.
        self.left = self.left.max(1);
        let outcomes = self.isolate(units)?;
        let (mut invalid, mut moving, mut untried) = (0, 0, 0);
        for (unit, outcome) in &outcomes {
            match outcome {
                Outcome::Free => {}
                Outcome::Invalid => invalid += unit.len(),
                Outcome::Untried => untried += unit.len(),
                Outcome::Moves(missing) => {
                    moving += unit.len();
                    self.judge(unit, missing);
                }
            }
        }
        self.report.edits += edits - untried;
        self.report.invalid += invalid;
        self.report.untried += untried;
        let count = |number: usize, what: &str| if number > 0 { format!(", {number} {what}") } else { String::new() };
        (self.progress)(&format!(
            "{what}: {edits} edits{}{}{}",
            count(invalid, "that it does not evaluate with"),
            count(moving, "that want something new or missing"),
            count(untried, "that were not tried alone")
        ));
        Ok(outcomes)
    }

    /// Changes each value of these files. All are tried together; where the flake does not evaluate with that, a few files stand for
    /// all of their name, since each value may be one that it does not evaluate with.
    fn batch_of_values(&mut self, files: &BTreeSet<PathBuf>) -> Result<()> {
        let what = "another value in files that evaluation reads as data";
        let of_file = |file: &PathBuf, survey: &Self| -> Vec<Unit> {
            let edits = (0..VALUES_MAX).map(|position| Edit { kind: Kind::Value(position), path: file.clone() });
            edits.take_while(|edit| survey.evaluator.can(edit)).map(|edit| vec![edit]).collect()
        };
        let all: Vec<Unit> = files.iter().flat_map(|file| of_file(file, self)).collect();
        let together: Unit = all.iter().flatten().cloned().collect();
        if together.is_empty() || !matches!(self.evaluator.evaluate(&together)?, Evaluated::Fails(_)) {
            self.batch(what, all)?;
            return Ok(());
        }
        let mut taken: BTreeMap<&OsStr, usize> = BTreeMap::new();
        let mut few = Vec::new();
        for file in files {
            let taken = taken.entry(file.file_name().unwrap_or_default()).or_default();
            *taken += 1;
            if *taken <= FILES_OF_A_NAME {
                few.extend(of_file(file, self));
            }
        }
        self.report.untried += all.len() - few.len();
        self.batch(what, few)?;
        Ok(())
    }

    /// What is there only since an edit of a file is a dependency that this file determines. A commit determines none.
    fn judge(&mut self, unit: &Unit, missing: &[Missing]) {
        let is_commit = unit.iter().all(|edit| matches!(edit.kind, Kind::Commit | Kind::Dirty));
        if missing.iter().any(|missing| missing.is_new) && !is_commit {
            for edit in unit {
                // In a folder to which files are added, it is its files that count.
                if edit.kind != Kind::Add {
                    self.verdicts.insert(edit.path.clone(), Verdict::ChangesDependencies);
                }
            }
        }
        let missing: Vec<_> = missing.iter().filter(|missing| is_commit || !missing.is_new).cloned().collect();
        let is_told = |missing| self.report.incomplete.iter().any(|finding| finding.tells(missing));
        if !missing.iter().all(is_told) {
            self.report.incomplete.push(Finding { edits: unit.iter().map(describe).collect(), missing });
        }
    }

    fn are_known(&self, missing: &[Missing]) -> bool {
        missing.iter().all(|missing| self.known.contains(&missing.derivation))
    }

    /// Tries units together, and takes them apart as long as something is wrong with them.
    fn isolate(&mut self, units: Vec<Unit>) -> Result<Vec<(Unit, Outcome)>> {
        if units.is_empty() {
            return Ok(Vec::new());
        }
        if self.left == 0 {
            return Ok(units.into_iter().map(|unit| (unit, Outcome::Untried)).collect());
        }
        self.left -= 1;
        let all: Vec<Edit> = units.iter().flatten().cloned().collect();
        let evaluated = self.evaluator.evaluate(&all)?;
        match evaluated {
            Evaluated::Follows(missing) if missing.is_empty() => {
                return Ok(units.into_iter().map(|unit| (unit, Outcome::Free)).collect());
            }
            Evaluated::Follows(ref missing) if units.len() == 1 || self.are_known(missing) => {
                self.know(missing);
                return Ok(vec![(all, Outcome::Moves(missing.clone()))]);
            }
            Evaluated::Fails(_) if units.len() == 1 => return Ok(vec![(all, Outcome::Invalid)]),
            // An edit may well take an output away.
            Evaluated::Fewer if units.len() == 1 => return Ok(vec![(all, Outcome::Free)]),
            _ => {}
        }
        let named = |unit: &Unit| matches!(&evaluated, Evaluated::Fails(log) if is_named(unit, log));
        let (suspects, mut rest): (Vec<_>, Vec<_>) = units.into_iter().partition(named);
        let mut outcomes = Vec::new();
        if suspects.is_empty() || rest.is_empty() {
            rest.extend(suspects);
            let half = rest.split_off(rest.len() / 2);
            outcomes.extend(self.isolate(rest)?);
            outcomes.extend(self.isolate(half)?);
        } else {
            outcomes.extend(self.isolate(suspects)?);
            outcomes.extend(self.isolate(rest)?);
        }
        // What only goes wrong together has no smaller cause, nor has what was not taken apart.
        if let Evaluated::Follows(missing) = evaluated {
            let are_free = outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Free);
            let is_told = |missing: &Missing| self.known.contains(&missing.derivation);
            let untold: Vec<_> = missing
                .into_iter()
                .filter(|missing| if missing.is_new { are_free } else { !is_told(missing) })
                .collect();
            if !untold.is_empty() {
                self.know(&untold);
                outcomes.push((all, Outcome::Moves(untold)));
            }
        }
        Ok(outcomes)
    }

    fn know(&mut self, missing: &[Missing]) {
        self.known.extend(missing.iter().filter(|missing| !missing.is_new).map(|missing| missing.derivation.clone()));
    }
}

/// Whether Nix speaks of a file of `unit`.
fn is_named(unit: &Unit, log: &str) -> bool {
    let is_in_log = |path: PathBuf| {
        let path = format!("/{}", path.display());
        let mut found = log.match_indices(&path);
        found.any(|(start, _)| {
            let after = log[start + path.len()..].chars().next();
            !after.is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '-' | '_' | '.'))
        })
    };
    unit.iter().any(|edit| match edit.kind {
        Kind::Commit | Kind::Dirty => false,
        Kind::Add => is_in_log(edit.path.join(added(MARK))),
        Kind::Rename => is_in_log(edit.path.clone()) || is_in_log(renamed(MARK, &edit.path)),
        _ => is_in_log(edit.path.clone()),
    })
}

fn describe(edit: &Edit) -> String {
    if edit.path.as_os_str().is_empty() {
        return match edit.kind {
            Kind::Add => "a file added".into(),
            kind => kind.describe().into(),
        };
    }
    format!("{} {}", edit.kind.describe(), edit.path.display())
}

/// Where three files or more of one name are listed, and none of that name is not, the name stands for them.
fn collapse(verdicts: &BTreeMap<PathBuf, Verdict>, files: &[PathBuf]) -> Vec<FileReport> {
    let mut by_name: BTreeMap<(&OsStr, Verdict), Vec<&PathBuf>> = BTreeMap::new();
    for (path, verdict) in verdicts {
        by_name.entry((path.file_name().unwrap_or_default(), *verdict)).or_default().push(path);
    }
    let mut reports = Vec::new();
    for ((name, verdict), paths) in by_name {
        let all = files.iter().filter(|file| file.file_name() == Some(name)).count();
        if paths.len() >= 3 && paths.len() == all {
            reports.push(FileReport { path: format!("**/{}", name.to_string_lossy()), verdict });
        } else {
            reports.extend(paths.iter().map(|path| FileReport { path: path.to_string_lossy().into_owned(), verdict }));
        }
    }
    reports.sort_unstable_by(|a, b| (a.verdict, &a.path).cmp(&(b.verdict, &b.path)));
    reports
}

#[cfg(test)]
mod tests;
