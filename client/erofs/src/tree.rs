use crate::{Entry, Error, Flaw, Node, Result};

/// As long as the kernel's names can be.
const NAME_MAX: usize = 255;

/// As long as the kernel's paths can be, without the NUL that ends them.
const TARGET_MAX: usize = 4095;

/// What is in which folder, of entries that can be in an image.
pub(crate) struct Tree {
    /// For each entry, where in `children` what it holds begins; one more says where the last ends.
    starts: Vec<usize>,
    /// All entries but the root, those of a folder beside each other and in their order.
    children: Vec<usize>,
    /// For each entry, how many folders are in it.
    folders: Vec<u32>,
}

impl Tree {
    /// Verifies the entries.
    pub(crate) fn new(entries: &[Entry<'_>]) -> Result<Self> {
        let Some((Entry { parent: 0, name: [], node: node @ Node::Directory { .. } }, rest)) = entries.split_first()
        else {
            return Err(Error::Root);
        };
        let flawed = |index, name: &[u8], flaw| {
            let shown = name.get(..NAME_MAX).unwrap_or(name);
            Error::Entry { index, name: shown.escape_ascii().to_string(), flaw }
        };
        verify_node(node).map_err(|flaw| flawed(0, b"", flaw))?;

        let mut lasts: Vec<Option<&[u8]>> = vec![None; entries.len()];
        let mut counts = vec![0; entries.len()];
        let mut folders = vec![0; entries.len()];
        for (index, entry) in (1..).zip(rest) {
            let flawed = |flaw| flawed(index, entry.name, flaw);
            verify_name(entry.name).and_then(|()| verify_node(&entry.node)).map_err(flawed)?;
            let parent = entry.parent as usize;
            if parent >= index || !matches!(entries[parent].node, Node::Directory { .. }) {
                return Err(flawed(Flaw::Parent { parent: entry.parent }));
            }
            if lasts[parent].replace(entry.name).is_some_and(|last| last >= entry.name) {
                return Err(flawed(Flaw::Order));
            }
            counts[parent] += 1;
            folders[parent] += u32::from(matches!(entry.node, Node::Directory { .. }));
        }
        Ok(Self::group(rest, &counts, folders))
    }

    fn group(rest: &[Entry<'_>], counts: &[usize], folders: Vec<u32>) -> Self {
        let mut starts = Vec::with_capacity(counts.len() + 1);
        let mut sum = 0;
        starts.push(sum);
        starts.extend(counts.iter().map(|count| {
            sum += count;
            sum
        }));
        let mut next = starts.clone();
        let mut children = vec![0; rest.len()];
        for (index, entry) in (1..).zip(rest) {
            let place = &mut next[entry.parent as usize];
            children[*place] = index;
            *place += 1;
        }
        Self { starts, children, folders }
    }

    /// The entries in a folder, by their names.
    pub(crate) fn children(&self, folder: usize) -> &[usize] {
        &self.children[self.starts[folder]..self.starts[folder + 1]]
    }

    /// How many names an entry has: a folder has that in its own folder, `.`, and `..` in each folder in it.
    pub(crate) fn links(&self, index: usize, node: &Node<'_>) -> u32 {
        match node {
            Node::Directory { .. } => self.folders[index].saturating_add(2),
            _ => 1,
        }
    }
}

fn verify_name(name: &[u8]) -> Result<(), Flaw> {
    if name.len() > NAME_MAX {
        return Err(Flaw::NameLength { length: name.len() });
    }
    let is_name = !matches!(name, b"" | b"." | b"..") && !name.iter().any(|byte| matches!(byte, b'/' | 0));
    is_name.then_some(()).ok_or(Flaw::Name)
}

fn verify_node(node: &Node<'_>) -> Result<(), Flaw> {
    match *node {
        Node::Directory { mode } | Node::File { mode, .. } if mode > 0o7777 => Err(Flaw::Mode { mode }),
        Node::Symlink { target } if !(1..=TARGET_MAX).contains(&target.len()) || target.contains(&0) => {
            Err(Flaw::Target)
        }
        _ => Ok(()),
    }
}
