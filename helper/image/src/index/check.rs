use super::{Entry, Index, Layer, Node, SeedPath};
use crate::tar_stream::is_whiteout;
use crate::{Error, FRAME_MAX, Result};

impl Index {
    /// The rules of the specification that go beyond the encoding.
    pub(super) fn check(&self) -> Result<()> {
        self.layers.iter().enumerate().try_for_each(|(i, layer)| check_layer(i, layer))?;
        for pair in self.paths.windows(2) {
            if pair[0].info.path >= pair[1].info.path {
                return Err(Error::index(format!("{} does not stand in its place, or twice", pair[1].info.path)));
            }
        }
        self.check_frames_have_one_owner()?;
        self.paths.iter().try_for_each(|path| self.check_path(path))?;
        self.check_restrictions()?;
        self.check_reasons()?;
        self.check_order()
    }

    /// Every frame but a layer's first and last belongs to exactly one path.
    fn check_frames_have_one_owner(&self) -> Result<()> {
        let mut spans: Vec<_> =
            self.paths.iter().map(|path| (path.layer, path.frames.start, path.frames.end)).collect();
        spans.sort_unstable();
        let mut spans = spans.into_iter().peekable();
        for (i, layer) in (0u32..).zip(&self.layers) {
            let mut next = 1;
            while let Some((_, start, end)) = spans.next_if(|span| span.0 == i) {
                if start != next || end <= start {
                    return Err(Error::index(format!("the frames of layer {i} overlap or belong to no path")));
                }
                next = end;
            }
            if next as usize + 1 != layer.frames.len() {
                return Err(Error::index(format!("the last frames of layer {i} belong to no path")));
            }
        }
        match spans.next() {
            Some((layer, ..)) => Err(Error::index(format!("a path is in layer {layer}, which does not exist"))),
            None => Ok(()),
        }
    }

    fn check_path(&self, path: &SeedPath) -> Result<()> {
        let name = &path.info.path;
        if path.info.references.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(Error::index(format!("the references of {name} are not sorted, or one stands there twice")));
        }
        let tar_size = self.frames(path).iter().map(|frame| u64::from(frame.tar_length)).sum();
        check_entries(&path.entries, tar_size).map_err(|why| Error::index(format!("{name}: {why}")))
    }
}

fn check_layer(i: usize, layer: &Layer) -> Result<()> {
    let (mut offset, mut tar_size) = (0u64, 0u64);
    for frame in &layer.frames {
        if frame.offset != offset || frame.length == 0 {
            return Err(Error::index(format!("the frames of layer {i} overlap or leave a gap")));
        }
        if frame.tar_length as usize > FRAME_MAX || frame.tar_length == 0 {
            return Err(Error::index(format!("a frame of layer {i} claims to hold nothing, or more than 4 MiB")));
        }
        if frame.length as usize > zstd::zstd_safe::compress_bound(FRAME_MAX) {
            return Err(Error::index(format!("a frame of layer {i} is longer than 4 MiB ever compress to")));
        }
        offset = frame.end();
        tar_size += u64::from(frame.tar_length);
    }
    if (offset, tar_size) != (layer.size, layer.tar_size) || layer.frames.len() < 2 {
        return Err(Error::index(format!("the frames of layer {i} are not the whole layer")));
    }
    if layer.frames.len() == 2 {
        return Err(Error::index(format!("layer {i} holds no store path")));
    }
    Ok(())
}

fn check_entries(entries: &[Entry], tar_size: u64) -> Result<(), &'static str> {
    let Some((root, rest)) = entries.split_first() else { return Err("it has no entries") };
    if !root.name.is_empty() || root.parent != 0 {
        return Err("its first entry is not its root");
    }
    // The folders from the root to the entry before, each with the name of the last entry seen in it.
    let mut open: Vec<(u32, &[u8])> = Vec::new();
    if root.node == Node::Directory {
        open.push((0, b""));
    }
    let mut data_end = 0;
    check_data(root, tar_size, &mut data_end)?;
    for (i, entry) in (1u32..).zip(rest) {
        if entry.name.is_empty()
            || entry.name == b"."
            || entry.name == b".."
            || entry.name.iter().any(|c| b"/\0".contains(c))
        {
            return Err("an entry's name is no file name");
        }
        if is_whiteout(&entry.name) {
            return Err("an entry's name begins with .wh., which OCI clients take for a deletion");
        }
        while open.last().is_some_and(|(folder, _)| *folder != entry.parent) {
            open.pop();
        }
        let Some((_, last)) = open.last_mut() else {
            return Err("an entry lies in no folder, or after that folder's end");
        };
        if *last >= &entry.name[..] {
            return Err("the names of a folder are not sorted, or one stands there twice");
        }
        *last = &entry.name;
        if entry.node == Node::Directory {
            open.push((i, b""));
        }
        check_data(entry, tar_size, &mut data_end)?;
    }
    Ok(())
}

/// Contents lie within the path's part of the tar, in the order of the entries, and never overlap.
fn check_data(entry: &Entry, tar_size: u64, data_end: &mut u64) -> Result<(), &'static str> {
    match &entry.node {
        Node::File { size, offset, .. } => {
            let end =
                offset.checked_add(*size).filter(|end| *end <= tar_size).ok_or("a file lies outside of its frames")?;
            if *offset < *data_end {
                return Err("two files overlap");
            }
            *data_end = end;
            Ok(())
        }
        Node::Symlink { target } if target.is_empty() || target.contains(&0) => Err("a symbolic link has no target"),
        Node::Symlink { .. } | Node::Directory => Ok(()),
    }
}
