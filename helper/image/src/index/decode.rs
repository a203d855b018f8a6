use std::cell::Cell;

use nix_seed_store::{PathInfo, Sha256Hash, StorePath};

use super::wire::{
    COPIED_MAX, ENTRIES, ENTRY, FRAME, FRAMES, HEADER, LAYER, LAYERS, LAYERS_MAX, LINK, LINKS, MAGIC, MODE_DIRECTORY,
    MODE_EXECUTABLE, MODE_FILE, MODE_SYMLINK, NAME_MAX, ORDER, ORDERED, PATH, PATHS, REASON, REASONS, RECORDS_MAX,
    REFERENCE, REFERENCES, REQUIRED, RESTRICTION, RESTRICTIONS, SECTION, SECTIONS_MAX, STRINGS, TARGET_MAX, TEXT_MAX,
    VERSION,
};
use super::{Entry, Index, Layer, Node, Restriction, RestrictionKind, SeedPath};
use crate::{Error, Frame, Result};

impl Index {
    /// Reads an index and checks it by every rule of the specification that the index alone can break.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let index = Tables::read(bytes)?.index()?;
        index.check()?;
        Ok(index)
    }

    /// Refuses `bytes`, which this index was read from, where they are not those of [`encode`](Self::encode): something
    /// that means nothing lies in them. In a section that this program does not know, anything may lie.
    pub(crate) fn check_bytes(&self, bytes: &[u8]) -> Result<()> {
        if !Tables::read(bytes)?.has_unknown && self.encode() != bytes {
            return Err(Error::index("it holds bytes that mean nothing, or is not written as specified"));
        }
        Ok(())
    }
}

/// The sections, each checked to be whole records and not too many.
#[derive(Default)]
pub(super) struct Tables<'a> {
    layers: &'a [u8],
    frames: &'a [u8],
    paths: &'a [u8],
    references: &'a [u8],
    entries: &'a [u8],
    strings: &'a [u8],
    restrictions: &'a [u8],
    pub(super) links: &'a [u8],
    pub(super) reasons: &'a [u8],
    pub(super) order: &'a [u8],
    /// Whether there are sections that this program does not know.
    has_unknown: bool,
    /// The bytes of all strings that have been asked for.
    copied: Cell<u64>,
}

impl<'a> Tables<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut header = Record(bytes.get(..HEADER).ok_or_else(|| Error::index("it is shorter than its header"))?);
        if header.take::<8>() != *MAGIC {
            return Err(Error::index("it does not begin with \"nix-seed\""));
        }
        let version = header.u32();
        if version != VERSION {
            return Err(Error::index(format!("its version is {version}, this program reads version {VERSION}")));
        }
        let count = header.u32() as usize;
        if count > SECTIONS_MAX {
            return Err(Error::index(format!("it has {count} sections, at most {SECTIONS_MAX} are allowed")));
        }
        let table =
            bytes.get(HEADER..HEADER + SECTION * count).ok_or_else(|| Error::index("its sections are cut off"))?;
        let (mut tables, mut seen) = (Self::default(), Vec::new());
        for record in table.chunks_exact(SECTION) {
            let mut record = Record(record);
            let (tag, flags, offset, length) = (record.take::<4>(), record.u32(), record.u64(), record.u64());
            let name = tag.escape_ascii();
            let section = slice(bytes, offset, length)
                .ok_or_else(|| Error::index(format!("section {name} lies outside of it")))?;
            if seen.contains(&tag) {
                return Err(Error::index(format!("section {name} stands there twice")));
            }
            seen.push(tag);
            let (field, size, max) = match &tag {
                LAYERS => (&mut tables.layers, LAYER, LAYERS_MAX),
                FRAMES => (&mut tables.frames, FRAME, RECORDS_MAX),
                PATHS => (&mut tables.paths, PATH, RECORDS_MAX),
                REFERENCES => (&mut tables.references, REFERENCE, RECORDS_MAX),
                ENTRIES => (&mut tables.entries, ENTRY, RECORDS_MAX),
                STRINGS => (&mut tables.strings, 1, u32::MAX as usize),
                RESTRICTIONS => (&mut tables.restrictions, RESTRICTION, RECORDS_MAX),
                LINKS => (&mut tables.links, LINK, RECORDS_MAX),
                REASONS => (&mut tables.reasons, REASON, RECORDS_MAX),
                ORDER => (&mut tables.order, ORDERED, RECORDS_MAX),
                _ if flags & REQUIRED == 0 => {
                    tables.has_unknown = true;
                    continue;
                }
                _ => return Err(Error::index(format!("section {name} is required, but unknown to this program"))),
            };
            if section.len() % size != 0 || section.len() / size > max {
                return Err(Error::index(format!(
                    "section {name} has {} bytes: not whole records, or too many",
                    section.len()
                )));
            }
            *field = section;
        }
        for tag in [LAYERS, FRAMES, PATHS, REFERENCES, ENTRIES, STRINGS] {
            if !seen.contains(tag) {
                return Err(Error::index(format!("section {} is missing", tag.escape_ascii())));
            }
        }
        if seen.contains(LINKS) != seen.contains(REASONS) {
            return Err(Error::index("it has one of the sections LINK and WHYS, but not both"));
        }
        Ok(tables)
    }

    fn index(&self) -> Result<Index> {
        let mut frames = Span::new("FRAM", self.frames, FRAME);
        let mut layers = Vec::with_capacity(self.layers.len() / LAYER);
        let mut first_frames = Vec::with_capacity(layers.capacity());
        for record in self.layers.chunks_exact(LAYER) {
            let mut record = Record(record);
            let (digest, diff_id) = (record.hash(), record.hash());
            let (size, tar_size, first, count) = (record.u64(), record.u64(), record.u32(), record.u32());
            first_frames.push(first);
            let group = self.text(&mut record)?;
            let frames = frames.next(first, count)?.map(frame).collect();
            layers.push(Layer { group, digest, size, diff_id, tar_size, frames });
        }
        frames.end()?;
        let mut references = Span::new("REFS", self.references, REFERENCE);
        let mut entries = Span::new("ENTR", self.entries, ENTRY);
        let mut paths = Vec::with_capacity(self.paths.len() / PATH);
        for record in self.paths.chunks_exact(PATH) {
            let mut record = Record(record);
            let (nar_hash, nar_size) = (record.hash(), record.u64());
            let path = self.path(&mut record)?;
            let ca = Some(self.text(&mut record)?).filter(|ca| !ca.is_empty());
            let (layer, first_frame, frame_count) = (record.u32(), record.u32(), record.u32());
            let frames = first_frames
                .get(layer as usize)
                .and_then(|first| first_frame.checked_sub(*first))
                .and_then(|start| Some(start..start.checked_add(frame_count)?))
                .ok_or_else(|| Error::index(format!("{path} has frames outside of its layer")))?;
            let references = references
                .next(record.u32(), record.u32())?
                .map(|reference| self.path(&mut Record(reference)))
                .collect::<Result<_>>()?;
            let entries =
                entries.next(record.u32(), record.u32())?.map(|entry| self.entry(entry)).collect::<Result<_>>()?;
            paths.push(SeedPath {
                info: PathInfo { path, nar_hash, nar_size, references, ca },
                layer,
                frames,
                entries,
            });
        }
        references.end()?;
        entries.end()?;
        let restrictions = self.restrictions.chunks_exact(RESTRICTION).map(|record| self.restriction(record));
        let (restrictions, reasons) = (restrictions.collect::<Result<_>>()?, self.reasons(&paths)?);
        let order = self.order(&first_frames);
        Ok(Index { layers, paths, restrictions, reasons, order })
    }

    fn restriction(&self, record: &[u8]) -> Result<Restriction> {
        let mut record = Record(record);
        let (path, kind) = (record.u32(), RestrictionKind::from_number(record.u32())?);
        Ok(Restriction { path, kind, reason: self.text(&mut record)? })
    }

    fn entry(&self, record: &[u8]) -> Result<Entry> {
        let mut record = Record(record);
        let (parent, mode) = (record.u32(), record.u32());
        let (name, target) = (self.bytes(&mut record, NAME_MAX)?.to_vec(), self.bytes(&mut record, TARGET_MAX)?);
        let (size, offset) = (record.u64(), record.u64());
        let node = match mode {
            MODE_DIRECTORY => Node::Directory,
            MODE_FILE | MODE_EXECUTABLE => Node::File { executable: mode == MODE_EXECUTABLE, size, offset },
            MODE_SYMLINK => Node::Symlink { target: target.to_vec() },
            _ => return Err(Error::index(format!("an entry has mode {mode:o}, which no file of a store has"))),
        };
        if (!matches!(node, Node::File { .. }) && (size, offset) != (0, 0))
            || (mode != MODE_SYMLINK && !target.is_empty())
        {
            return Err(Error::index("an entry has a size or a target that its mode does not allow"));
        }
        Ok(Entry { parent, name, node })
    }

    fn bytes(&self, record: &mut Record<'_>, max: u32) -> Result<&'a [u8]> {
        let (offset, length) = (record.u32(), record.u32());
        if length > max {
            return Err(Error::index(format!("a string has {length} bytes where at most {max} are allowed")));
        }
        self.copied.set(self.copied.get() + u64::from(length));
        if self.copied.get() > COPIED_MAX {
            return Err(Error::index("its records name more than 256 MiB of strings"));
        }
        slice(self.strings, offset.into(), length.into()).ok_or_else(|| Error::index("a string lies outside of STRS"))
    }

    fn path(&self, record: &mut Record<'_>) -> Result<StorePath> {
        StorePath::from_base_name(&self.text(record)?).map_err(|error| Error::index(error.to_string()))
    }

    pub(super) fn text(&self, record: &mut Record<'_>) -> Result<String> {
        let bytes = self.bytes(record, TEXT_MAX)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| Error::index("a name that has to be text is not"))
    }
}

fn frame(record: &[u8]) -> Frame {
    let mut record = Record(record);
    Frame { offset: record.u64(), length: record.u32(), tar_length: record.u32(), sha256: record.hash() }
}

/// A table whose records belong to the records of another, in order and without gaps.
struct Span<'a> {
    tag: &'static str,
    table: &'a [u8],
    record: usize,
    at: usize,
}

impl<'a> Span<'a> {
    fn new(tag: &'static str, table: &'a [u8], record: usize) -> Self {
        Self { tag, table, record, at: 0 }
    }

    fn next(&mut self, first: u32, count: u32) -> Result<std::slice::ChunksExact<'a, u8>> {
        let (start, length) = (self.at, count as usize * self.record);
        let records =
            self.table.get(start..start.saturating_add(length)).filter(|_| first as usize * self.record == start);
        let records = records
            .ok_or_else(|| Error::index(format!("{}: records overlap, leave a gap or end too late", self.tag)))?;
        self.at += length;
        Ok(records.chunks_exact(self.record))
    }

    fn end(self) -> Result<()> {
        if self.at == self.table.len() {
            return Ok(());
        }
        Err(Error::index(format!("{}: {} bytes belong to nothing", self.tag, self.table.len() - self.at)))
    }
}

/// The fields of a record, one after the other. What is missing reads as zero; lengths are checked before.
pub(super) struct Record<'a>(pub(super) &'a [u8]);

impl Record<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let Some((field, rest)) = self.0.split_first_chunk::<N>() else { return [0; N] };
        self.0 = rest;
        *field
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn hash(&mut self) -> Sha256Hash {
        Sha256Hash(self.take())
    }
}

fn slice(bytes: &[u8], offset: u64, length: u64) -> Option<&[u8]> {
    let end = offset.checked_add(length)?;
    bytes.get(usize::try_from(offset).ok()?..usize::try_from(end).ok()?)
}
