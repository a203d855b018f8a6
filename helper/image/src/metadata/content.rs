//! A file, folder or link of the metadata layer.

use std::borrow::Cow;
use std::path::Path;

use serde::Deserialize;

use super::OWN;
use crate::tar_stream::{Member, header, is_whiteout, padding};

/// A file of the image's root, as `mkSeed` asks for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum RootFile {
    /// A regular file with this text.
    File {
        /// What it holds.
        text: String,
        /// Its mode in octal digits, 0644 where not given.
        mode: Option<String>,
    },
    /// A symbolic link.
    Symlink {
        /// What it points to.
        target: String,
    },
    /// A folder. Folders above a file need not be named.
    Directory {
        /// Its mode in octal digits, 0755 where not given.
        mode: Option<String>,
    },
}

/// A file, folder or link outside of the store, as it lies in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content<'a> {
    /// A folder, by its mode.
    Directory(u32),
    /// A regular file: its mode, and what it holds.
    File(u32, Cow<'a, [u8]>),
    /// A symbolic link, by what it points to.
    Symlink(String),
}

impl Content<'_> {
    pub(super) fn of(file: &RootFile) -> Option<Self> {
        let octal = |mode: &Option<String>, default| match mode {
            Some(mode) if mode.len() == 4 && mode.bytes().all(|c| c.is_ascii_digit()) => {
                u32::from_str_radix(mode, 8).ok()
            }
            Some(_) => None,
            None => Some(default),
        };
        Some(match file {
            RootFile::File { text, mode } => Self::File(octal(mode, 0o644)?, text.clone().into_bytes().into()),
            RootFile::Symlink { target } => Self::Symlink(target.clone()),
            RootFile::Directory { mode } => Self::Directory(octal(mode, 0o755)?),
        })
    }

    /// The same, owning what it holds.
    pub(super) fn into_owned(self) -> Content<'static> {
        match self {
            Self::Directory(mode) => Content::Directory(mode),
            Self::File(mode, bytes) => Content::File(mode, bytes.into_owned().into()),
            Self::Symlink(target) => Content::Symlink(target),
        }
    }

    /// What it is in a tar: headers, contents, padding.
    pub(super) fn blocks(&self, path: &str) -> (Vec<u8>, &[u8], &[u8]) {
        let (member, bytes): (_, &[u8]) = match self {
            Self::Directory(mode) => (Member::Directory { mode: *mode }, b""),
            Self::Symlink(target) => (Member::Symlink { target: target.as_bytes() }, b""),
            Self::File(mode, bytes) => (Member::File { mode: *mode, size: bytes.len() as u64 }, bytes),
        };
        let mut headers = Vec::new();
        header(&mut headers, path.as_bytes(), member);
        (headers, bytes, padding(bytes.len() as u64))
    }
}

/// What a file of the root must not be: one that no client could unpack, or that gets in the way of the seed's own.
pub(super) fn check_root(path: &str, content: &Content<'_>) -> Result<(), &'static str> {
    if path.split('/').any(|part| part.is_empty() || part == "." || part == "..") || path.contains('\0') {
        return Err("it has to be relative to /, without empty parts, \".\" and \"..\"");
    }
    if path.split('/').any(|part| is_whiteout(part.as_bytes())) {
        return Err("OCI clients take a name that begins with \".wh.\" for a deletion; give it another name");
    }
    if path.len() > 4095 || path.split('/').any(|part| part.len() > 255) {
        return Err("it has more than 4095 bytes, or a name in it more than 255; shorten it");
    }
    if ["nix/store", OWN].iter().any(|folder| Path::new(path).starts_with(folder)) {
        return Err("what lies in /nix/store and /nix/var is the seed's own; add store paths by contents");
    }
    match content {
        Content::Symlink(target) if target.is_empty() || target.len() > 4095 || target.contains('\0') => {
            Err("the target of a link has 1 to 4095 bytes, none of them zero")
        }
        Content::File(mode, _) | Content::Directory(mode) if *mode > 0o7777 => Err("its mode is over 7777"),
        _ => Ok(()),
    }
}
