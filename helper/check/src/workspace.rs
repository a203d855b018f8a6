use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::edit::{ADDED, RENAMED, REPLACEMENT, appendix, relock, with_value};
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
}

impl Workspace {
    /// Copies the source at `original` to `copy`, which must not exist.
    pub fn create(original: &Path, copy: &Path) -> Result<Self> {
        let mut workspace =
            Self { original: original.into(), copy: copy.into(), files: Vec::new(), folders: vec![PathBuf::new()] };
        fs::create_dir(copy).map_err(Error::io("creating", copy))?;
        workspace.copy_folder(&PathBuf::new())?;
        workspace.files.sort_unstable();
        workspace.folders.sort_unstable();
        Ok(workspace)
    }

    fn copy_folder(&mut self, folder: &Path) -> Result<()> {
        let from = self.original.join(folder);
        for entry in fs::read_dir(&from).map_err(Error::io("listing", &from))? {
            let entry = entry.map_err(Error::io("listing", &from))?;
            let (path, name) = (entry.path(), folder.join(entry.file_name()));
            let kind = entry.file_type().map_err(Error::io("reading", &path))?;
            let to = self.copy.join(&name);
            if kind.is_dir() {
                fs::create_dir(&to).map_err(Error::io("creating", &to))?;
                self.copy_folder(&name)?;
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

    /// Whether an edit changes anything: not every file holds a hash.
    pub fn can(&self, edit: &Edit) -> bool {
        let text = || fs::read_to_string(self.original.join(&edit.path)).ok();
        match edit.kind {
            Kind::Relock => text().and_then(|text| relock(&text)).is_some(),
            Kind::Value(position) => text().and_then(|text| with_value(&text, position)).is_some(),
            _ => true,
        }
    }

    /// Makes edits.
    pub fn apply(&self, edits: &[Edit]) -> Result<()> {
        for Edit { kind, path } in edits {
            let file = self.copy.join(path);
            let done = match kind {
                Kind::Commit | Kind::Dirty => Ok(()),
                Kind::Append => fs::read(&file).and_then(|mut content| {
                    content.extend_from_slice(appendix(path));
                    fs::write(&file, content)
                }),
                Kind::Replace => fs::write(&file, REPLACEMENT),
                Kind::Add => fs::write(file.join(ADDED), REPLACEMENT),
                Kind::Rename => fs::rename(&file, self.renamed(path)),
                Kind::Delete => fs::remove_file(&file),
                Kind::Relock => rewrite(&file, relock),
                Kind::Value(position) => rewrite(&file, |text| with_value(text, *position)),
            };
            done.map_err(Error::io("editing", file))?;
        }
        Ok(())
    }

    /// Takes edits back.
    pub fn restore(&self, edits: &[Edit]) -> Result<()> {
        for Edit { kind, path } in edits {
            let added = match kind {
                Kind::Commit | Kind::Dirty => continue,
                Kind::Add => Some(self.copy.join(path).join(ADDED)),
                Kind::Rename => Some(self.renamed(path)),
                _ => None,
            };
            if let Some(added) = added {
                fs::remove_file(&added).map_err(Error::io("removing", added))?;
            }
            if *kind != Kind::Add {
                self.copy_file(path)?;
            }
        }
        Ok(())
    }

    fn renamed(&self, path: &Path) -> PathBuf {
        let mut name = OsString::from(RENAMED);
        name.push(path.file_name().unwrap_or_default());
        self.copy.join(path).with_file_name(name)
    }
}

/// Puts another text into a file, if there is one.
fn rewrite(file: &Path, other: impl FnOnce(&str) -> Option<String>) -> std::io::Result<()> {
    let text = fs::read_to_string(file)?;
    other(&text).map_or(Ok(()), |other| fs::write(file, other))
}

#[cfg(test)]
mod tests {
    use nix_seed_store::NarHasher;

    use super::*;

    #[test]
    fn every_edit_changes_the_source_and_is_taken_back() {
        let scratch = tempfile::tempdir().unwrap();
        let original = scratch.path().join("original");
        fs::create_dir_all(original.join("src")).unwrap();
        fs::write(original.join("flake.nix"), "{ }").unwrap();
        fs::write(original.join("src/lock"), "zlib 1.2.3\n").unwrap();
        std::os::unix::fs::symlink("lock", original.join("src/link")).unwrap();
        fs::set_permissions(original.join("src/lock"), fs::Permissions::from_mode(0o555)).unwrap();
        let workspace = Workspace::create(&original, &scratch.path().join("copy")).unwrap();
        assert_eq!(workspace.files(), [Path::new("flake.nix"), Path::new("src/lock")]);
        assert_eq!(workspace.folders(), [Path::new(""), Path::new("src")]);

        let before = NarHasher::of(&original).unwrap();
        assert_eq!(NarHasher::of(workspace.path()).unwrap(), before);
        let of = |kind, path: &str| Edit { kind, path: path.into() };
        for edit in [
            of(Kind::Append, "src/lock"),
            of(Kind::Replace, "src/lock"),
            of(Kind::Add, "src"),
            of(Kind::Add, ""),
            of(Kind::Rename, "src/lock"),
            of(Kind::Delete, "flake.nix"),
            of(Kind::Relock, "src/lock"),
        ] {
            assert!(workspace.can(&edit));
            workspace.apply(std::slice::from_ref(&edit)).unwrap();
            assert_ne!(NarHasher::of(workspace.path()).unwrap(), before, "{edit:?}");
            workspace.restore(std::slice::from_ref(&edit)).unwrap();
            assert_eq!(NarHasher::of(workspace.path()).unwrap(), before, "{edit:?}");
        }
        assert!(!workspace.can(&of(Kind::Relock, "flake.nix")));
    }
}
