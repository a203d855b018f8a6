use std::collections::HashMap;

use super::order::encode_order;
use super::reason::encode_reasons;
use super::wire::{
    ENTRIES, ENTRY, FRAME, FRAMES, HEADER, LAYER, LAYERS, LINKS, MAGIC, MODE_DIRECTORY, MODE_EXECUTABLE, MODE_FILE,
    MODE_SYMLINK, ORDER, PATH, PATHS, REASONS, REFERENCE, REFERENCES, REQUIRED, RESTRICTIONS, SECTION, STRINGS,
    VERSION,
};
use super::{Entry, Index, Node, Restriction};

impl Index {
    /// The bytes of the index. Equal indexes give equal bytes.
    pub fn encode(&self) -> Vec<u8> {
        let entries_of = self.paths.iter().map(|path| path.entries.len());
        let references_of = self.paths.iter().map(|path| path.info.references.len());
        let frames_of = self.layers.iter().map(|layer| layer.frames.len());
        let mut strings = Strings::of(entries_of.clone().sum());
        let mut layers = Vec::with_capacity(self.layers.len() * LAYER);
        let mut frames = Vec::with_capacity(frames_of.sum::<usize>() * FRAME);
        let mut first_frames = Vec::with_capacity(self.layers.len());
        let mut frame_count = 0u32;
        for layer in &self.layers {
            first_frames.push(frame_count);
            layers.extend_from_slice(&layer.digest.0);
            layers.extend_from_slice(&layer.diff_id.0);
            put_u64(&mut layers, &[layer.size, layer.tar_size]);
            put_u32(&mut layers, &[frame_count, layer.frames.len() as u32]);
            put_u32(&mut layers, &strings.put(layer.group.as_bytes()));
            for frame in &layer.frames {
                put_u64(&mut frames, &[frame.offset]);
                put_u32(&mut frames, &[frame.length, frame.tar_length]);
                frames.extend_from_slice(&frame.sha256.0);
            }
            frame_count += layer.frames.len() as u32;
        }
        let mut paths = Vec::with_capacity(self.paths.len() * PATH);
        let mut references = Vec::with_capacity(references_of.sum::<usize>() * REFERENCE);
        let mut entries = Vec::with_capacity(entries_of.sum::<usize>() * ENTRY);
        let (mut reference_count, mut entry_count) = (0u32, 0u32);
        for path in &self.paths {
            let first_frame = first_frames.get(path.layer as usize).map_or(0, |first| first + path.frames.start);
            paths.extend_from_slice(&path.info.nar_hash.0);
            put_u64(&mut paths, &[path.info.nar_size]);
            put_u32(&mut paths, &strings.put(path.info.path.base_name().as_bytes()));
            put_u32(&mut paths, &strings.put(path.info.ca.as_deref().unwrap_or_default().as_bytes()));
            put_u32(&mut paths, &[path.layer, first_frame, path.frames.len() as u32]);
            put_u32(&mut paths, &[reference_count, path.info.references.len() as u32]);
            put_u32(&mut paths, &[entry_count, path.entries.len() as u32]);
            put_u32(&mut paths, &[0]);
            for reference in &path.info.references {
                put_u32(&mut references, &strings.put(reference.base_name().as_bytes()));
            }
            for entry in &path.entries {
                put_entry(&mut entries, &mut strings, entry);
            }
            reference_count += path.info.references.len() as u32;
            entry_count += path.entries.len() as u32;
        }
        let mut restrictions = Vec::new();
        for Restriction { path, kind, reason } in &self.restrictions {
            put_u32(&mut restrictions, &[*path, kind.number()]);
            put_u32(&mut restrictions, &strings.put(reason.as_bytes()));
        }
        let (links, reasons) = encode_reasons(&self.reasons, &mut strings);
        let mut sections = vec![
            (LAYERS, REQUIRED, layers),
            (FRAMES, REQUIRED, frames),
            (PATHS, REQUIRED, paths),
            (REFERENCES, REQUIRED, references),
            (ENTRIES, REQUIRED, entries),
            (STRINGS, REQUIRED, strings.bytes),
        ];
        if !restrictions.is_empty() {
            sections.push((RESTRICTIONS, 0, restrictions));
        }
        if !reasons.is_empty() {
            sections.extend([(LINKS, 0, links), (REASONS, 0, reasons)]);
        }
        if !self.order.is_empty() {
            sections.push((ORDER, 0, encode_order(&self.order, &self.layers, &first_frames)));
        }
        assemble(&sections)
    }
}

fn put_entry<'a>(table: &mut Vec<u8>, strings: &mut Strings<'a>, entry: &'a Entry) {
    let (mode, target, size, offset): (_, &'a [u8], _, _) = match &entry.node {
        Node::Directory => (MODE_DIRECTORY, b"", 0, 0),
        Node::File { executable: false, size, offset } => (MODE_FILE, b"", *size, *offset),
        Node::File { executable: true, size, offset } => (MODE_EXECUTABLE, b"", *size, *offset),
        Node::Symlink { target } => (MODE_SYMLINK, target, 0, 0),
    };
    put_u32(table, &[entry.parent, mode]);
    put_u32(table, &strings.put(&entry.name));
    put_u32(table, &strings.put(target));
    put_u64(table, &[size, offset]);
}

fn assemble(sections: &[(&[u8; 4], u32, Vec<u8>)]) -> Vec<u8> {
    let mut offset = (HEADER + SECTION * sections.len()) as u64;
    let length = sections.iter().map(|(.., section)| section.len()).sum::<usize>();
    let mut bytes = Vec::with_capacity(offset as usize + length);
    bytes.extend_from_slice(MAGIC);
    put_u32(&mut bytes, &[VERSION, sections.len() as u32]);
    for (tag, flags, section) in sections {
        bytes.extend_from_slice(*tag);
        put_u32(&mut bytes, &[*flags]);
        put_u64(&mut bytes, &[offset, section.len() as u64]);
        offset += section.len() as u64;
    }
    for (.., section) in sections {
        bytes.extend_from_slice(section);
    }
    bytes
}

/// The string heap; a string that stands there already is not written again.
pub(super) struct Strings<'a> {
    bytes: Vec<u8>,
    known: HashMap<&'a [u8], u32>,
}

impl<'a> Strings<'a> {
    /// For about so many strings.
    fn of(count: usize) -> Self {
        Self { bytes: Vec::new(), known: HashMap::with_capacity(count) }
    }

    /// Offset and length of `string` in the heap.
    pub(super) fn put(&mut self, string: &'a [u8]) -> [u32; 2] {
        if string.is_empty() {
            return [0, 0];
        }
        let offset = *self.known.entry(string).or_insert_with(|| {
            let offset = self.bytes.len() as u32;
            self.bytes.extend_from_slice(string);
            offset
        });
        [offset, string.len() as u32]
    }
}

pub(super) fn put_u32(bytes: &mut Vec<u8>, values: &[u32]) {
    for value in values {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
}

fn put_u64(bytes: &mut Vec<u8>, values: &[u64]) {
    for value in values {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
}
