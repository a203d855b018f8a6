//! What the lock files on all branches and tags of a git repository name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::git::{git, git_line};
use crate::lock::{Lock, LockFile};
use crate::{Error, Result};

/// What lock files name.
#[derive(Debug, Clone, Default)]
pub struct Locks {
    dir: PathBuf,
    file: String,
    files: usize,
    named: Vec<Naming>,
}

/// A seed that a lock file names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Naming {
    /// `sha256:` and hexadecimal digits.
    pub digest: String,
    /// `REGISTRY/NAME`, where the lock file gives it.
    pub image: Option<String>,
    /// The file, and the branch or tag that it is on.
    pub at: String,
}

impl Locks {
    /// Reads `file`, a path from the root of the git repository around `dir`, on all its branches, tags and other references,
    /// those of remotes included, and in the working tree. One that cannot be read is an error: it may name anything.
    pub fn read(dir: &Path, file: &str) -> Result<Self> {
        if git_line(dir, &["rev-parse", "--is-shallow-repository"])? == "true" {
            return Err(Error::Shallow { dir: dir.into() });
        }
        let references = git_line(dir, &["for-each-ref", "--format=%(refname)"])?;
        let known = git_line(dir, &["for-each-ref", "--format=%(objectname)"])?;
        let known: BTreeSet<_> = known.lines().collect();
        // What was fetched when, and how, no setting tells: only the remote knows what it has now.
        for remote in git_line(dir, &["remote"])?.lines() {
            let now = git_line(dir, &["ls-remote", "--heads", "--tags", "--refs", "--", remote])?;
            let mut now = now.lines().filter_map(|line| line.split_once('\t'));
            if let Some((_, reference)) = now.find(|(object, _)| !known.contains(object)) {
                let (remote, reference) = (remote.to_owned(), reference.to_owned());
                return Err(Error::Partial { dir: dir.into(), remote, reference });
            }
        }
        let mut locks = Self { dir: dir.into(), file: file.into(), ..Self::default() };
        let references: Vec<&str> = references.lines().chain(["HEAD"]).collect();
        let wanted: String = references.iter().map(|reference| format!("{reference}:{file}\n")).collect();
        let out = git(dir, &["cat-file", "--batch"], wanted.as_bytes())?;
        for (reference, object) in references.iter().zip(objects(&out)) {
            let at = format!("{reference}:{file}");
            let object = object.map_err(|why| Error::Lock { at: at.clone(), why: format!("{why}; {NOTHING}") })?;
            if let Some(bytes) = object {
                locks.add(Lock::parse(bytes, &at), at)?;
            }
        }
        if git_line(dir, &["rev-parse", "--is-inside-work-tree"])? == "true" {
            let path = Path::new(&git_line(dir, &["rev-parse", "--show-toplevel"])?).join(file);
            let at = path.display().to_string();
            match LockFile::new(&path).read() {
                Ok(None) => {}
                Ok(Some(lock)) => locks.add(Ok(lock), at)?,
                Err(error) => locks.add(Err(error), at)?,
            }
        }
        locks.named.sort();
        locks.named.dedup();
        Ok(locks)
    }

    fn add(&mut self, lock: Result<Lock>, at: String) -> Result<()> {
        let lock = lock.map_err(|error| match error {
            Error::Lock { at, why } => Error::Lock { at, why: format!("{why}; {NOTHING}") },
            error => error,
        })?;
        self.files += 1;
        self.named.extend(lock.seeds().map(|(_, entry)| Naming {
            digest: entry.digest.clone(),
            image: entry.image.clone(),
            at: at.clone(),
        }));
        Ok(())
    }

    /// How many lock files were read.
    pub fn files(&self) -> usize {
        self.files
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// The digests that are named; of whatever image, since an image may have been moved.
    pub(crate) fn digests(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(|naming| &*naming.digest)
    }

    /// Each digest, with one place that names it.
    pub(crate) fn reasons(&self) -> BTreeMap<String, String> {
        self.named.iter().rev().map(|naming| (naming.digest.clone(), naming.at.clone())).collect()
    }

    /// What is named in an image, and not there.
    pub(crate) fn missing(&self, image: &str, is_there: impl Fn(&str) -> bool) -> Vec<Naming> {
        let named = self.named.iter().filter(|naming| naming.image.as_deref() == Some(image));
        named.filter(|naming| !is_there(&naming.digest)).cloned().collect()
    }
}

const NOTHING: &str = "nothing is deleted until it is mended, or that branch or tag is deleted";

/// The answers of `git cat-file --batch`: a file's bytes, none where there is no such file, or why it is none.
fn objects(mut out: &[u8]) -> impl Iterator<Item = Result<Option<&[u8]>, String>> {
    std::iter::from_fn(move || {
        let end = out.iter().position(|b| *b == b'\n')?;
        let (line, rest) = (String::from_utf8_lossy(&out[..end]), &out[end + 1..]);
        out = rest;
        let mut words = line.rsplit(' ');
        let last = words.next().unwrap_or_default();
        if last == "missing" {
            return Some(Ok(None));
        }
        let length = last.parse::<usize>().ok().filter(|length| *length < rest.len());
        let Some((content, rest)) = length.map(|length| rest.split_at(length)) else {
            return Some(Err(format!("git says {line:?}")));
        };
        // A line's end stands behind it.
        out = rest.get(1..).unwrap_or_default();
        match words.next() {
            Some("blob") => Some(Ok(Some(content))),
            kind => Some(Err(format!("it is no file but a {}", kind.unwrap_or("riddle")))),
        }
    })
}

#[cfg(test)]
mod tests;
