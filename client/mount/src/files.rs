//! The seed's files themselves, served one by one.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::time::Instant;

use fuser::{
    Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, KernelConfig, LockOwner,
    OpenFlags, ReplyAttr, ReplyData, ReplyDirectory, ReplyDirectoryPlus, ReplyEntry, ReplyOpen, ReplyXattr, Request,
};
use nix_seed_image::index::Node as SeedNode;

use crate::Contents;
use crate::session::{FOREVER, Told, attributes, configure};

/// The root of all, and the folder `store` in it: positions among the nodes.
const ROOT: u32 = 0;
const STORE: u32 = 1;

/// A file system of the files of a seed: a folder `store` with its paths.
pub(crate) struct Files {
    contents: Arc<Contents>,
    owner: (u32, u32),
    nodes: Vec<Node>,
    told: Told,
}

/// A file, folder or link: which entry of which path it is, and what it holds.
struct Node {
    parent: u32,
    path: u32,
    entry: u32,
    /// Of a folder, in the order of names.
    children: Vec<u32>,
}

impl Files {
    pub(crate) fn new(contents: Arc<Contents>, owner: (u32, u32)) -> Self {
        let node = |parent, path, entry| Node { parent, path, entry, children: Vec::new() };
        let mut nodes = vec![node(ROOT, 0, 0), node(ROOT, 0, 0)];
        nodes[0].children.push(STORE);
        for (position, path) in (0..).zip(&contents.seed.index.paths) {
            let first = nodes.len() as u32;
            for (number, entry) in (0u32..).zip(&path.entries) {
                let parent = if number == 0 { STORE } else { first + entry.parent };
                let child = nodes.len() as u32;
                nodes.push(node(parent, position, number));
                if let Some(parent) = nodes.get_mut(parent as usize) {
                    parent.children.push(child);
                }
            }
        }
        Self { contents, owner, nodes, told: Told::default() }
    }

    fn node(&self, inode: INodeNo) -> Option<(u32, &Node)> {
        let position = u32::try_from(inode.0.checked_sub(1)?).ok()?;
        Some((position, self.nodes.get(position as usize)?))
    }

    fn name(&self, position: u32) -> &[u8] {
        let Some(node) = self.nodes.get(position as usize).filter(|_| position > STORE) else {
            return if position == STORE { b"store" } else { b"" };
        };
        match self.contents.entry(node.path, node.entry) {
            Some((path, _)) if node.entry == 0 => path.info.path.base_name().as_bytes(),
            Some((_, entry)) => &entry.name,
            None => b"",
        }
    }

    fn attributes(&self, position: u32) -> Option<FileAttr> {
        let node = self.nodes.get(position as usize)?;
        let inode = INodeNo(u64::from(position) + 1);
        let folder = |mode| {
            let is_folder = |child: &&u32| self.kind(**child) == FileType::Directory;
            let links = 2 + node.children.iter().filter(is_folder).count() as u32;
            attributes(inode, FileType::Directory, mode, 4096, self.owner, links)
        };
        if position <= STORE {
            return Some(folder(0o755));
        }
        let (_, entry) = self.contents.entry(node.path, node.entry)?;
        Some(match &entry.node {
            SeedNode::Directory => folder(0o555),
            SeedNode::File { executable, size, .. } => {
                let mode = if *executable { 0o555 } else { 0o444 };
                attributes(inode, FileType::RegularFile, mode, *size, self.owner, 1)
            }
            SeedNode::Symlink { target } => {
                attributes(inode, FileType::Symlink, 0o777, target.len() as u64, self.owner, 1)
            }
        })
    }

    fn kind(&self, position: u32) -> FileType {
        let Some(node) = self.nodes.get(position as usize).filter(|_| position > STORE) else {
            return FileType::Directory;
        };
        match self.contents.entry(node.path, node.entry).map(|(_, entry)| &entry.node) {
            Some(SeedNode::File { .. }) => FileType::RegularFile,
            Some(SeedNode::Symlink { .. }) => FileType::Symlink,
            Some(SeedNode::Directory) | None => FileType::Directory,
        }
    }

    /// What a folder lists from `offset` on, for `add`, which says when it has had enough.
    fn list(&self, inode: INodeNo, offset: u64, mut add: impl FnMut(u32, u64, &[u8]) -> bool) -> Result<(), Errno> {
        let (position, node) = self.node(inode).ok_or(Errno::ENOENT)?;
        let dots = [(position, &b"."[..]), (node.parent, b"..")];
        let children = node.children.iter().map(|child| (*child, self.name(*child)));
        let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
        for (number, (child, name)) in (1..).zip(dots.into_iter().chain(children)).skip(skipped) {
            if add(child, number, name) {
                break;
            }
        }
        Ok(())
    }
}

impl Filesystem for Files {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        use fuser::InitFlags as Flags;
        configure(config);
        for flag in [
            Flags::FUSE_DO_READDIRPLUS,
            Flags::FUSE_CACHE_SYMLINKS,
            Flags::FUSE_NO_OPENDIR_SUPPORT,
            Flags::FUSE_NO_OPEN_SUPPORT,
        ] {
            // Whatever the kernel does not know is done without.
            let _ = config.add_capabilities(flag);
        }
        let _ = config.set_max_readahead(1 << 20);
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let found = self.node(parent).and_then(|(_, folder)| {
            let at = folder.children.binary_search_by(|child| self.name(*child).cmp(name.as_bytes())).ok()?;
            self.attributes(*folder.children.get(at)?)
        });
        match found {
            Some(attributes) => reply.entry(&FOREVER, &attributes, Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, inode: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.node(inode).and_then(|(position, _)| self.attributes(position)) {
            Some(attributes) => reply.attr(&FOREVER, &attributes),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn readlink(&self, _: &Request, inode: INodeNo, reply: ReplyData) {
        let entry = self.node(inode).and_then(|(_, node)| self.contents.entry(node.path, node.entry));
        match entry.map(|(_, entry)| &entry.node) {
            Some(SeedNode::Symlink { target }) => reply.data(target),
            _ => reply.error(Errno::EINVAL),
        }
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE);
    }

    fn opendir(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE | FopenFlags::FOPEN_CACHE_DIR);
    }

    fn read(
        &self,
        _: &Request,
        inode: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let node = self.node(inode).map(|(_, node)| node);
        let entry = node.and_then(|node| Some((node, self.contents.entry(node.path, node.entry)?.1)));
        let Some((node, SeedNode::File { size: length, .. })) = entry.map(|(node, entry)| (node, &entry.node)) else {
            return reply.error(Errno::EINVAL);
        };
        let held = length.saturating_sub(offset).min(size.into());
        let mut buffer = vec![0; usize::try_from(held).unwrap_or_default()];
        match self.contents.read(node.path, node.entry, offset, &mut buffer, Instant::now()) {
            Ok(()) => {
                self.told.read();
                reply.data(&buffer);
            }
            Err(error) => reply.error(self.told.error(&error)),
        }
    }

    fn readdir(&self, _: &Request, inode: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let listed = self.list(inode, offset, |child, number, name| {
            reply.add(INodeNo(u64::from(child) + 1), number, self.kind(child), OsStr::from_bytes(name))
        });
        match listed {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(error),
        }
    }

    fn readdirplus(&self, _: &Request, inode: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectoryPlus) {
        let listed = self.list(inode, offset, |child, number, name| match self.attributes(child) {
            Some(found) => reply.add(found.ino, number, OsStr::from_bytes(name), &FOREVER, &found, Generation(0)),
            None => false,
        });
        match listed {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(error),
        }
    }

    fn getxattr(&self, _: &Request, _: INodeNo, _: &OsStr, _: u32, reply: ReplyXattr) {
        // The kernel does not ask again.
        reply.error(Errno::ENOSYS);
    }

    fn listxattr(&self, _: &Request, _: INodeNo, _: u32, reply: ReplyXattr) {
        reply.error(Errno::ENOSYS);
    }
}
