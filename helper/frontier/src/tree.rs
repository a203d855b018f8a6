use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The files of a flake, to recognise copies of them.
///
/// A source belongs to the flake when each of its non-empty regular files is the same, byte for byte, as a file of the
/// flake at the matching place: the whole tree, a filtered copy, a subfolder, or one file, renamed or not. Where a source has no
/// such file, links and empty files are compared in the same manner.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    files: HashMap<PathBuf, Kind>,
    /// By what a copy has in common with its original.
    by_name: HashMap<OsString, Vec<PathBuf>>,
    by_size: HashMap<u64, Vec<PathBuf>>,
}

/// Whose a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The flake's own.
    Own,
    /// Somebody else's.
    Foreign,
    /// It holds nothing that could tell.
    Undecided,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    File(u64),
    Link(PathBuf),
}

impl Kind {
    fn is_empty_or_link(&self) -> bool {
        !matches!(self, Self::File(1..))
    }
}

impl Tree {
    /// Lists the files below `root`. Nothing of them is read before something is compared with them.
    pub fn list(root: &Path) -> Result<Self> {
        let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
        let mut by_size: HashMap<_, Vec<_>> = HashMap::new();
        let files: HashMap<_, _> = list(root)?.into_iter().collect();
        for (path, kind) in &files {
            by_name.entry(path.file_name().unwrap_or_default().to_owned()).or_default().push(path.clone());
            if let Kind::File(size) = kind {
                by_size.entry(*size).or_default().push(path.clone());
            }
        }
        Ok(Self { root: root.into(), files, by_name, by_size })
    }

    /// Where the files lie.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The regular files, relative to the root, sorted.
    pub fn regular_files(&self) -> Vec<&Path> {
        let mut files: Vec<_> =
            self.files.iter().filter(|(_, kind)| matches!(kind, Kind::File(_))).map(|(path, _)| &**path).collect();
        files.sort_unstable();
        files
    }

    /// Whose the file or folder at `source` is.
    pub fn judge(&self, source: &Path) -> Result<Verdict> {
        if source == self.root {
            return Ok(Verdict::Own);
        }
        let metadata = source.symlink_metadata().map_err(Error::io("reading", source))?;
        if metadata.is_dir() {
            self.judge_folder(source)
        } else if metadata.is_file() && metadata.len() > 0 {
            let candidates = self.by_size.get(&metadata.len()).map_or(&[][..], Vec::as_slice);
            for candidate in candidates {
                if same_bytes(&self.root.join(candidate), source)? {
                    return Ok(Verdict::Own);
                }
            }
            Ok(Verdict::Foreign)
        } else {
            Ok(Verdict::Undecided)
        }
    }

    fn judge_folder(&self, source: &Path) -> Result<Verdict> {
        let mut files = list(source)?;
        if files.iter().any(|(_, kind)| !kind.is_empty_or_link()) {
            files.retain(|(_, kind)| !kind.is_empty_or_link());
        }
        let Some((first, _)) = files.first() else { return Ok(Verdict::Undecided) };
        // Where in the flake the source may have come from: wherever its first file is found.
        let named = first.file_name().and_then(|name| self.by_name.get(name)).map_or(&[][..], Vec::as_slice);
        for place in named.iter().filter_map(|file| prefix(file, first)) {
            let has = |(path, kind): &(PathBuf, Kind)| self.files.get(&place.join(path)) == Some(kind);
            if files.iter().all(has) && self.same_files(place, source, &files)? {
                return Ok(Verdict::Own);
            }
        }
        let decides = files.iter().any(|(_, kind)| !kind.is_empty_or_link());
        Ok(if decides { Verdict::Foreign } else { Verdict::Undecided })
    }

    fn same_files(&self, place: &Path, source: &Path, files: &[(PathBuf, Kind)]) -> Result<bool> {
        for (path, kind) in files {
            if matches!(kind, Kind::File(_)) && !same_bytes(&self.root.join(place).join(path), &source.join(path))? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// `path` without `end`, where that is what it ends in.
fn prefix<'a>(path: &'a Path, end: &Path) -> Option<&'a Path> {
    path.ends_with(end).then(|| path.ancestors().nth(end.components().count())).flatten()
}

/// The files and links below a folder, relative to it, sorted.
fn list(root: &Path) -> Result<Vec<(PathBuf, Kind)>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        for entry in std::fs::read_dir(&path).map_err(Error::io("listing", &path))? {
            let entry = entry.map_err(Error::io("listing", &path))?;
            let name = folder.join(entry.file_name());
            let metadata = entry.metadata().map_err(Error::io("reading", entry.path()))?;
            if metadata.is_dir() {
                folders.push(name);
            } else if metadata.is_symlink() {
                let target = std::fs::read_link(entry.path()).map_err(Error::io("reading", entry.path()))?;
                found.push((name, Kind::Link(target)));
            } else {
                found.push((name, Kind::File(metadata.len())));
            }
        }
    }
    found.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

fn same_bytes(one: &Path, other: &Path) -> Result<bool> {
    let open = |path: &Path| File::open(path).map(BufReader::new).map_err(Error::io("opening", path));
    let (mut one_file, mut other_file) = (open(one)?, open(other)?);
    let (mut buffers, mut both) = (([0; 1 << 14], [0; 1 << 14]), true);
    while both {
        let length = fill(&mut one_file, &mut buffers.0).map_err(Error::io("reading", one))?;
        let other_length = fill(&mut other_file, &mut buffers.1).map_err(Error::io("reading", other))?;
        if buffers.0[..length] != buffers.1[..other_length] {
            return Ok(false);
        }
        both = length > 0;
    }
    Ok(true)
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests;
