use std::path::Path;

use sha2::{Digest, Sha256};

use crate::{Error, Event, Result, Sha256Hash, walk};

/// The hash and the length that the NAR of a walked tree has, without ever holding the NAR.
///
/// Feed it every [`Event`] of a [`walk`], or of anything else that yields a tree in that order.
#[derive(Default)]
pub struct NarHasher {
    sha256: Sha256,
    size: u64,
    /// One per open folder.
    depth: usize,
    begun: bool,
}

impl NarHasher {
    /// The SHA-256 hash and the length of the NAR of what lies at `path`, which [`walk`] reads.
    pub fn of(path: &Path) -> Result<(Sha256Hash, u64)> {
        let mut nar = Self::new();
        walk::<Error>(path, &mut |event| {
            nar.event(&event);
            Ok(())
        })?;
        Ok(nar.finish())
    }

    /// A hasher that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next step of the tree.
    pub fn event(&mut self, event: &Event<'_>) {
        match *event {
            Event::Directory { name } => {
                self.node(name, b"directory");
                self.depth += 1;
            }
            Event::EndDirectory => {
                self.depth = self.depth.saturating_sub(1);
                self.close();
            }
            Event::File { name, executable, size } => {
                self.node(name, b"regular");
                if executable {
                    self.strings(&[b"executable", b""]);
                }
                self.strings(&[b"contents"]);
                self.bytes(&size.to_le_bytes());
            }
            Event::Data(data) => self.bytes(data),
            Event::EndFile => {
                self.pad();
                self.close();
            }
            Event::Symlink { name, target } => {
                self.node(name, b"symlink");
                self.strings(&[b"target", target]);
                self.close();
            }
        }
    }

    /// The SHA-256 hash and the length of the NAR.
    pub fn finish(self) -> (Sha256Hash, u64) {
        (Sha256Hash(self.sha256.finalize().into()), self.size)
    }

    fn node(&mut self, name: &[u8], kind: &[u8]) {
        if self.depth > 0 {
            self.strings(&[b"entry", b"(", b"name", name, b"node"]);
        } else if !self.begun {
            self.strings(&[b"nix-archive-1"]);
        }
        self.begun = true;
        self.strings(&[b"(", b"type", kind]);
    }

    /// Ends a node, and the folder entry that holds it.
    fn close(&mut self) {
        self.strings(if self.depth > 0 { &[b")", b")"] } else { &[b")"] });
    }

    fn strings(&mut self, strings: &[&[u8]]) {
        for string in strings {
            self.bytes(&(string.len() as u64).to_le_bytes());
            self.bytes(string);
            self.pad();
        }
    }

    /// Fills up to a multiple of eight bytes: every string and all contents begin at one.
    fn pad(&mut self) {
        self.bytes(&[0; 8][..(self.size.wrapping_neg() % 8) as usize]);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.size += bytes.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use proptest::prelude::*;

    use super::*;

    fn theirs(path: &Path) -> (Sha256Hash, u64) {
        let mut bytes = Vec::new();
        nix_nar::Encoder::new(path).unwrap().read_to_end(&mut bytes).unwrap();
        (Sha256Hash(Sha256::digest(&bytes).into()), bytes.len() as u64)
    }

    #[test]
    fn a_single_file_hashes_as_nix_says() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, "hello\n").unwrap();
        // `printf 'hello\n' > f; nix hash path f`
        assert_eq!(NarHasher::of(&file).unwrap().0.sri(), "sha256-HDfQGvQL4ugGkd48w99EN3ppmvuxfGjwgJZLL9Bx/BM=");
    }

    /// What to make at a name.
    #[derive(Debug, Clone)]
    enum Node {
        File(Vec<u8>, bool),
        Link(String),
        Folder(Vec<(String, Node)>),
    }

    fn node() -> impl Strategy<Value = Node> {
        let leaf = prop_oneof![
            (prop::collection::vec(any::<u8>(), 0..40), any::<bool>()).prop_map(|(data, x)| Node::File(data, x)),
            "[a-z./]{1,20}".prop_map(Node::Link),
        ];
        leaf.prop_recursive(4, 24, 5, |inner| {
            prop::collection::vec(("[ -.0-~é]{1,12}", inner), 0..5).prop_map(Node::Folder)
        })
    }

    fn make(path: &Path, node: &Node) {
        match node {
            Node::File(data, executable) => {
                std::fs::write(path, data).unwrap();
                let mode = if *executable { 0o755 } else { 0o644 };
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
            }
            Node::Link(target) => symlink(target, path).unwrap(),
            Node::Folder(children) => {
                std::fs::create_dir(path).unwrap();
                for (name, child) in children {
                    let path = path.join(name);
                    if name != "." && name != ".." && path.symlink_metadata().is_err() {
                        make(&path, child);
                    }
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_tree_hashes_as_another_implementation_says(tree in node()) {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().join("root");
            make(&root, &tree);
            prop_assert_eq!(NarHasher::of(&root).unwrap(), theirs(&root));
        }
    }
}
