use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::edit::{MARK, REPLACEMENT, added, appendix, relock, renamed, with_value};
use crate::{Edit, Error, Kind, Result};

/// A copy of a flake's source, in which edits are made and taken back.
#[derive(Debug)]
pub struct Workspace {
    original: PathBuf,
    copy: PathBuf,
    /// The regular files, relative, sorted.
    files: Vec<PathBuf>,
    /// The folders, relative, sorted; the source itself is the empty path.
    folders: Vec<PathBuf>,
    /// What no name in the source has in it.
    mark: String,
}

/// The longest name that file systems take.
const NAME_MAX: usize = 255;

impl Workspace {
    /// Copies the source at `original` to `copy`, which must not exist.
    pub fn create(original: &Path, copy: &Path) -> Result<Self> {
        let mut workspace = Self {
            original: original.into(),
            copy: copy.into(),
            files: Vec::new(),
            folders: vec![PathBuf::new()],
            mark: MARK.into(),
        };
        fs::create_dir(copy).map_err(Error::io("creating", copy))?;
        let mut names = Vec::new();
        workspace.copy_folder(&PathBuf::new(), &mut names)?;
        let has = |name: &OsString, mark: &str| {
            name.as_encoded_bytes().windows(mark.len()).any(|part| part == mark.as_bytes())
        };
        while names.iter().any(|name| has(name, &workspace.mark)) {
            workspace.mark.push('-');
        }
        workspace.files.sort_unstable();
        workspace.folders.sort_unstable();
        Ok(workspace)
    }

    fn copy_folder(&mut self, folder: &Path, names: &mut Vec<OsString>) -> Result<()> {
        let from = self.original.join(folder);
        for entry in fs::read_dir(&from).map_err(Error::io("listing", &from))? {
            let entry = entry.map_err(Error::io("listing", &from))?;
            let (path, name) = (entry.path(), folder.join(entry.file_name()));
            let kind = entry.file_type().map_err(Error::io("reading", &path))?;
            let to = self.copy.join(&name);
            names.push(entry.file_name());
            if kind.is_dir() {
                fs::create_dir(&to).map_err(Error::io("creating", &to))?;
                self.copy_folder(&name, names)?;
                self.folders.push(name);
            } else if kind.is_symlink() {
                fs::read_link(&path)
                    .and_then(|target| std::os::unix::fs::symlink(target, &to))
                    .map_err(Error::io("copying", &path))?;
            } else {
                self.copy_file(&name)?;
                self.files.push(name);
            }
        }
        Ok(())
    }

    /// Copies a file as it was, but so that it can be written to.
    fn copy_file(&self, name: &Path) -> Result<()> {
        let (from, to) = (self.original.join(name), self.copy.join(name));
        let copied = fs::copy(&from, &to).and_then(|_| {
            let mode = fs::metadata(&from)?.permissions().mode() | 0o200;
            fs::set_permissions(&to, fs::Permissions::from_mode(mode))
        });
        copied.map_err(Error::io("copying", from))
    }

    /// Where the copy is.
    pub fn path(&self) -> &Path {
        &self.copy
    }

    /// The regular files, relative to the source, sorted.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The folders, relative to the source, sorted, the source itself first.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Whether an edit changes anything, and can be made: not every file holds a hash, and a name can be too long for a longer one.
    pub fn can(&self, edit: &Edit) -> bool {
        let text = || fs::read_to_string(self.original.join(&edit.path)).ok();
        match edit.kind {
            Kind::Relock => text().and_then(|text| relock(&text)).is_some(),
            Kind::Value(position) => text().and_then(|text| with_value(&text, position)).is_some(),
            Kind::Rename => self.renamed(&edit.path).file_name().is_some_and(|name| name.len() <= NAME_MAX),
            _ => true,
        }
    }

    /// Makes edits: all of them, or none.
    pub fn apply(&self, edits: &[Edit]) -> Result<()> {
        for (index, edit) in edits.iter().enumerate() {
            if let Err(error) = self.make(edit) {
                self.restore(&edits[..=index])?;
                return Err(error);
            }
        }
        Ok(())
    }

    fn make(&self, Edit { kind, path }: &Edit) -> Result<()> {
        let file = self.copy.join(path);
        let done = match kind {
            Kind::Commit | Kind::Dirty => Ok(()),
            Kind::Append => {
                File::options().append(true).open(&file).and_then(|mut open| open.write_all(appendix(path)))
            }
            Kind::Replace => fs::write(&file, REPLACEMENT),
            Kind::Add => File::create_new(self.added(path)).and_then(|mut open| open.write_all(REPLACEMENT)),
            Kind::Rename => fs::rename(&file, self.renamed(path)),
            Kind::Delete => fs::remove_file(&file),
            Kind::Relock => rewrite(&file, relock),
            Kind::Value(position) => rewrite(&file, |text| with_value(text, *position)),
        };
        done.map_err(Error::io("editing", file))
    }

    /// Takes edits back, also those that were not made.
    pub fn restore(&self, edits: &[Edit]) -> Result<()> {
        for Edit { kind, path } in edits {
            let added = match kind {
                Kind::Commit | Kind::Dirty => continue,
                Kind::Add => Some(self.added(path)),
                Kind::Rename => Some(self.renamed(path)),
                _ => None,
            };
            if let Some(added) = added {
                match fs::remove_file(&added) {
                    Err(error) if error.kind() != ErrorKind::NotFound => {
                        return Err(Error::io("removing", added)(error));
                    }
                    _ => {}
                }
            }
            if *kind != Kind::Add {
                self.copy_file(path)?;
            }
        }
        Ok(())
    }

    fn added(&self, folder: &Path) -> PathBuf {
        self.copy.join(folder).join(added(&self.mark))
    }

    fn renamed(&self, path: &Path) -> PathBuf {
        self.copy.join(renamed(&self.mark, path))
    }
}

/// Puts another text into a file, if there is one.
fn rewrite(file: &Path, other: impl FnOnce(&str) -> Option<String>) -> std::io::Result<()> {
    let text = fs::read_to_string(file)?;
    other(&text).map_or(Ok(()), |other| fs::write(file, other))
}

#[cfg(test)]
mod tests;
