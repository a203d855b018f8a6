//! A tree as a NAR, as the daemon wants it.

use std::io::{Result, Write};

use nix_seed_store::Event;

/// Writes one tree, in the order of its [`Event`]s.
pub(super) struct NarWriter<W> {
    out: W,
    length: u64,
    /// One per open folder.
    depth: usize,
}

impl<W: Write> NarWriter<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, length: 0, depth: 0 }
    }

    /// Takes the next step of the tree.
    pub(super) fn event(&mut self, event: &Event<'_>) -> Result<()> {
        match *event {
            Event::Directory { name } => {
                self.begin(name, b"directory")?;
                self.depth += 1;
                Ok(())
            }
            Event::EndDirectory => {
                self.depth = self.depth.saturating_sub(1);
                self.end()
            }
            Event::File { name, executable, size } => {
                self.begin(name, b"regular")?;
                if executable {
                    self.strings(&[b"executable", b""])?;
                }
                self.strings(&[b"contents"])?;
                self.bytes(&size.to_le_bytes())
            }
            Event::Data(data) => self.bytes(data),
            Event::EndFile => {
                self.pad()?;
                self.end()
            }
            Event::Symlink { name, target } => {
                self.begin(name, b"symlink")?;
                self.strings(&[b"target", target])?;
                self.end()
            }
        }
    }

    /// What was written to.
    pub(super) fn into_inner(self) -> W {
        self.out
    }

    fn begin(&mut self, name: &[u8], kind: &[u8]) -> Result<()> {
        if self.depth > 0 {
            self.strings(&[b"entry", b"(", b"name", name, b"node"])?;
        } else {
            self.strings(&[b"nix-archive-1"])?;
        }
        self.strings(&[b"(", b"type", kind])
    }

    /// Ends a node, and the folder entry that holds it.
    fn end(&mut self) -> Result<()> {
        self.strings(if self.depth > 0 { &[b")", b")"] } else { &[b")"] })
    }

    fn strings(&mut self, strings: &[&[u8]]) -> Result<()> {
        strings.iter().try_for_each(|string| {
            self.bytes(&(string.len() as u64).to_le_bytes())?;
            self.bytes(string)?;
            self.pad()
        })
    }

    fn pad(&mut self) -> Result<()> {
        self.bytes(&[0; 8][..(self.length.wrapping_neg() % 8) as usize])
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.length += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

#[cfg(test)]
mod tests {
    use nix_seed_store::{NarHasher, Sha256Hash, walk};
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn a_nar_has_the_hash_that_nix_would_give_it() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("a/empty")).unwrap();
        std::fs::write(dir.path().join("a/b"), "twelve bytes").unwrap();
        std::fs::write(dir.path().join("c"), "").unwrap();
        std::os::unix::fs::symlink("a/b", dir.path().join("d")).unwrap();
        let paths = [dir.path().to_owned(), dir.path().join("a/b"), dir.path().join("d")];
        for path in paths {
            let mut nar = NarWriter::new(Vec::new());
            walk::<nix_seed_store::Error>(&path, &mut |event| {
                nar.event(&event).unwrap();
                Ok(())
            })
            .unwrap();
            let nar = nar.into_inner();
            let found = (Sha256Hash(Sha256::digest(&nar).into()), nar.len() as u64);
            assert_eq!(found, NarHasher::of(&path).unwrap(), "{path:?}");
        }
    }
}
