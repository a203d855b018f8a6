//! Reads an image as the format's specification says, and looks names up as a kernel does. What is no image ends the
//! test. The fuzzer of this crate uses it too.

const BLOCK: usize = 4096;

/// An image's metadata.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    pub(crate) root: u64,
    pub(crate) inodes: u64,
    pub(crate) time: u64,
    pub(crate) blocks: u32,
    pub(crate) uuid: &'a [u8],
    pub(crate) volume: &'a [u8],
}

/// An inode of either length.
#[derive(Debug)]
pub(crate) struct Inode {
    /// Where it begins, and what it takes.
    pub(crate) offset: usize,
    pub(crate) length: usize,
    /// How many bytes behind it belong to the contents.
    pub(crate) tail: usize,
    /// Where the other contents begin, and how many blocks they have.
    pub(crate) block: u32,
    pub(crate) blocks: u64,
    pub(crate) mode: u16,
    pub(crate) links: u32,
    pub(crate) size: u64,
    pub(crate) number: u32,
    pub(crate) owner: (u32, u32),
    pub(crate) time: u64,
}

/// A name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) name: Vec<u8>,
    pub(crate) nid: u64,
    pub(crate) kind: u8,
}

impl<'a> Reader<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Self {
        assert_eq!(bytes.len() % BLOCK, 0);
        assert!(bytes[..1024].iter().all(|byte| *byte == 0));
        let block = &bytes[1024..];
        assert_eq!(u32_at(block, 0), 0xe0f5_e1e2, "magic");
        assert_eq!(u32_at(block, 4), checksum(&block[..BLOCK - 1024]), "checksum");
        assert_eq!(u32_at(block, 8) & 1, 1, "that there is a checksum");
        assert_eq!((block[12], block[13]), (12, 0), "lengths of blocks and of the superblock");
        assert_eq!(u32_at(block, 32), 0, "nanoseconds");
        assert_eq!((u32_at(block, 40), u32_at(block, 44)), (0, 0), "areas");
        assert!(block[80..128].iter().all(|byte| *byte == 0), "features that a kernel has to know");
        Self {
            bytes,
            root: u16_at(block, 14).into(),
            inodes: u64_at(block, 16),
            time: u64_at(block, 24),
            blocks: u32_at(block, 36),
            uuid: &block[48..64],
            volume: &block[64..80],
        }
    }

    pub(crate) fn inode(&self, nid: u64) -> Inode {
        let offset = usize::try_from(nid * 32).unwrap();
        let inode = &self.bytes[offset..];
        let format = u16_at(inode, 0);
        assert!(format < 16, "format {format}");
        assert_eq!(u16_at(inode, 2), 0, "extended attributes");
        let is_long = format & 1 == 1;
        let size = if is_long { u64_at(inode, 8) } else { u32_at(inode, 8).into() };
        let (blocks, tail) = match format >> 1 {
            0 => (size.div_ceil(BLOCK as u64), 0),
            2 => (size / BLOCK as u64, usize::try_from(size % BLOCK as u64).unwrap()),
            other => panic!("layout {other}"),
        };
        let (links, owner, time, length) = if is_long {
            assert!(u16_at(inode, 6) == 0 && u32_at(inode, 40) == 0 && inode[48..64].iter().all(|byte| *byte == 0));
            (u32_at(inode, 44), (u32_at(inode, 24), u32_at(inode, 28)), u64_at(inode, 32), 64)
        } else {
            assert_eq!((u32_at(inode, 12), u32_at(inode, 28)), (0, 0));
            let owner = (u16_at(inode, 24).into(), u16_at(inode, 26).into());
            (u16_at(inode, 6).into(), owner, self.time, 32)
        };
        let (mode, block, number) = (u16_at(inode, 4), u32_at(inode, 16), u32_at(inode, 20));
        Inode { offset, length, tail, block, blocks, mode, links, size, number, owner, time }
    }

    /// The contents of a folder or link.
    pub(crate) fn contents(&self, inode: &Inode) -> Vec<u8> {
        let begin = inode.block as usize * BLOCK;
        let blocks = &self.bytes[begin..begin + usize::try_from(inode.blocks).unwrap() * BLOCK];
        let behind = inode.offset + inode.length;
        let mut contents = [blocks, &self.bytes[behind..behind + inode.tail]].concat();
        let size = usize::try_from(inode.size).unwrap();
        assert!(contents[size..].iter().all(|byte| *byte == 0), "what is behind the contents");
        contents.truncate(size);
        contents
    }

    /// All names in a folder, in their order, as a kernel lists them.
    pub(crate) fn list(&self, folder: &Inode) -> Vec<Name> {
        self.contents(folder)
            .chunks(BLOCK)
            .flat_map(|block| (0..count(block)).map(|index| name(block, index)))
            .collect()
    }

    /// What a name leads to, by bisection: first among the blocks' first names, then in a block.
    pub(crate) fn look_up(contents: &[u8], wanted: &[u8]) -> Option<Name> {
        let block = |index: usize| &contents[index * BLOCK..contents.len().min((index + 1) * BLOCK)];
        let is_before = |block, index| letters(block, index) <= wanted;
        let block = block(bisect(contents.len().div_ceil(BLOCK), |index| is_before(block(index), 0))?);
        let found = name(block, bisect(count(block), |index| is_before(block, index))?);
        (found.name == wanted).then_some(found)
    }
}

/// The last of `length` places for which something holds that holds up to some place, found by halves.
fn bisect(length: usize, holds: impl Fn(usize) -> bool) -> Option<usize> {
    let (mut first, mut end) = (0, length);
    while first < end {
        let middle = first + (end - first) / 2;
        if holds(middle) { first = middle + 1 } else { end = middle }
    }
    first.checked_sub(1)
}

/// How many names a block has: they begin where the dirents end.
fn count(block: &[u8]) -> usize {
    let names = usize::from(u16_at(block, 8));
    assert!(names >= 12 && names % 12 == 0 && names < block.len(), "names begin at {names}");
    names / 12
}

fn name(block: &[u8], index: usize) -> Name {
    let dirent = &block[12 * index..12 * index + 12];
    assert_eq!(dirent[11], 0);
    Name { name: letters(block, index).to_vec(), nid: u64_at(dirent, 0), kind: dirent[10] }
}

/// A name ends where the next one begins; the last one with the contents, or with the zeros that fill the block.
fn letters(block: &[u8], index: usize) -> &[u8] {
    let offset = |index: usize| usize::from(u16_at(block, 12 * index + 8));
    let begin = offset(index);
    if index + 1 < count(block) {
        return &block[begin..offset(index + 1)];
    }
    let rest = &block[begin..];
    &rest[..rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len())]
}

/// CRC-32C, bit by bit, of what has no checksum in it yet.
fn checksum(block: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for (index, byte) in block.iter().enumerate() {
        let byte = if (4..8).contains(&index) { 0 } else { *byte };
        for bit in 0..8 {
            let is_odd = (sum ^ u32::from(byte >> bit)) & 1 == 1;
            sum >>= 1;
            if is_odd {
                sum ^= 0x82f6_3b78;
            }
        }
    }
    sum
}

fn u16_at(bytes: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes(bytes[offset..offset + 2].try_into().unwrap())
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(bytes[offset..offset + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset..offset + 8].try_into().unwrap())
}
