use std::ops::Range;

use nix_seed_image::Frame;
use nix_seed_image::index::{Index, SeedPath};

/// A frame, by its position among those of all layers (`doc/format.md`, section 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(pub u32);

/// Where frames lie, and what lies in them.
#[derive(Debug)]
pub struct Places {
    layers: Vec<Layer>,
    /// For each frame the store path that it is of, by position in the index; none for the first and last of a layer.
    owners: Vec<Option<u32>>,
}

#[derive(Debug)]
struct Layer {
    name: String,
    /// The position of its first frame among those of all layers.
    first: u32,
    frames: Vec<Frame>,
    /// For each frame, where what it holds begins in the layer's tar.
    starts: Vec<u64>,
}

/// Where one frame lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) layer: usize,
    pub(crate) layer_name: &'a str,
    pub(crate) frame: &'a Frame,
    /// Where what it holds begins in the layer's tar.
    pub(crate) start: u64,
}

impl Places {
    /// The places that an index gives.
    pub fn new(index: &Index) -> Self {
        let mut layers = Vec::new();
        let mut first = 0;
        for layer in &index.layers {
            let mut at = 0;
            let starts = layer.frames.iter().map(|frame| {
                let start = at;
                at += u64::from(frame.tar_length);
                start
            });
            let starts = starts.collect();
            let name = format!("layer sha256:{}", layer.digest.hex());
            layers.push(Layer { name, first, frames: layer.frames.clone(), starts });
            first += layer.frames.len() as u32;
        }
        let mut places = Self { layers, owners: vec![None; first as usize] };
        for (position, path) in (0..).zip(&index.paths) {
            for number in places.of_path(path) {
                if let Some(owner) = places.owners.get_mut(number as usize) {
                    *owner = Some(position);
                }
            }
        }
        places
    }

    /// The frames of a path, by number.
    pub fn of_path(&self, path: &SeedPath) -> Range<u32> {
        let first = self.layers.get(path.layer as usize).map_or(0, |layer| layer.first);
        first + path.frames.start..first + path.frames.end
    }

    /// The frames of a file of a path, whose contents begin at `offset` in the path's part of the tar.
    pub fn of_file(&self, path: &SeedPath, offset: u64, size: u64) -> impl Iterator<Item = Number> {
        let start = self.start(path).saturating_add(offset);
        let frame = |at| self.at(path.layer, at).map(|number| number.0);
        let range = frame(start).zip(frame(start.saturating_add(size.saturating_sub(1))));
        range.into_iter().flat_map(|(first, last)| first..=last).map(Number)
    }

    /// Where the part of the tar of a path begins in its layer's.
    pub fn start(&self, path: &SeedPath) -> u64 {
        let layer = self.layers.get(path.layer as usize);
        layer.and_then(|layer| layer.starts.get(path.frames.start as usize)).copied().unwrap_or_default()
    }

    /// The frame at a position of a layer.
    pub fn number(&self, layer: u32, frame: u32) -> Option<Number> {
        let layer = self.layers.get(layer as usize)?;
        layer.frames.get(frame as usize).map(|_| Number(layer.first + frame))
    }

    /// The layer of a frame, and its position there.
    pub fn in_layer(&self, number: Number) -> Option<(u32, u32)> {
        let layer = self.get(number)?.layer;
        Some((layer as u32, number.0 - self.layers.get(layer)?.first))
    }

    /// All frames that hold store paths, in the order of layers.
    pub fn all(&self) -> impl Iterator<Item = Number> {
        (0..).zip(&self.owners).filter(|(_, owner)| owner.is_some()).map(|(number, _)| Number(number))
    }

    /// The frames that a recorded start touched, in that order.
    pub fn recorded(&self, index: &Index) -> impl Iterator<Item = Number> {
        index.order.iter().filter_map(|at| self.number(at.layer, at.frame))
    }

    /// The store path that a frame is of, by position in the index.
    pub fn owner(&self, number: Number) -> Option<u32> {
        self.owners.get(number.0 as usize).copied().flatten()
    }

    /// The frame that holds a byte of a layer's tar.
    pub(crate) fn at(&self, layer: u32, offset: u64) -> Option<Number> {
        let layer = self.layers.get(layer as usize)?;
        let frame = layer.starts.partition_point(|start| *start <= offset).checked_sub(1)?;
        let held = offset - layer.starts.get(frame)?;
        (held < u64::from(layer.frames.get(frame)?.tar_length)).then_some(Number(layer.first + frame as u32))
    }

    pub(crate) fn get(&self, number: Number) -> Option<Place<'_>> {
        let layer = self.layers.partition_point(|layer| layer.first <= number.0).checked_sub(1)?;
        let found = self.layers.get(layer)?;
        let position = (number.0 - found.first) as usize;
        let (frame, start) = (found.frames.get(position)?, *found.starts.get(position)?);
        Some(Place { layer, layer_name: &found.name, frame, start })
    }

    /// The compressed bytes between two frames of a layer, in the order of its blob; none where they are not.
    pub(crate) fn between(&self, first: Number, second: Number) -> Option<u64> {
        let (first, second) = (self.get(first)?, self.get(second)?);
        (first.layer == second.layer).then_some(())?;
        second.frame.offset.checked_sub(first.frame.end())
    }

    /// What errors call a frame.
    pub(crate) fn describe(&self, number: Number) -> String {
        self.get(number).map_or_else(
            || format!("frame {}", number.0),
            |place| format!("the frame at byte {} of {}", place.frame.offset, place.layer_name),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{any_index, index};

    proptest! {
        #[test]
        fn a_byte_is_found_where_a_scan_finds_it(index in any_index(9)) {
            let places = Places::new(&index);
            let mut number = 0;
            for (position, layer) in (0..).zip(&index.layers) {
                let mut at = 0;
                for (frame, expected) in (0..).zip(&layer.frames) {
                    prop_assert_eq!(places.number(position, frame), Some(Number(number)));
                    let place = places.get(Number(number)).unwrap();
                    prop_assert_eq!((place.layer as u32, place.start, place.frame), (position, at, expected));
                    for _ in 0..expected.tar_length {
                        prop_assert_eq!(places.at(position, at), Some(Number(number)));
                        at += 1;
                    }
                    number += 1;
                }
                prop_assert_eq!(places.at(position, at), None, "behind the end");
                prop_assert_eq!(places.at(position, u64::MAX), None);
                prop_assert_eq!(places.number(position, layer.frames.len() as u32), None);
            }
            prop_assert_eq!(places.at(index.layers.len() as u32, 0), None, "no such layer");
            prop_assert!(places.get(Number(number)).is_none() && places.get(Number(u32::MAX)).is_none());
        }

        #[test]
        fn every_frame_of_a_path_is_its_own_and_no_other_is_anybodys(index in any_index(9)) {
            let places = Places::new(&index);
            let mut owned = Vec::new();
            for (position, path) in (0..).zip(&index.paths) {
                let frames = &index.layers[path.layer as usize].frames;
                for (number, frame) in places.of_path(path).zip(path.frames.clone()) {
                    prop_assert_eq!(places.owner(Number(number)), Some(position));
                    prop_assert_eq!(places.get(Number(number)).unwrap().frame, &frames[frame as usize]);
                    owned.push(Number(number));
                }
            }
            owned.sort_unstable();
            prop_assert_eq!(places.all().collect::<Vec<_>>(), owned);
            prop_assert_eq!(places.owner(Number(u32::MAX)), None);
        }
    }

    #[test]
    fn a_frame_is_named_by_where_it_lies() {
        let places = Places::new(&index(&[vec![], vec![vec![(5, 7)]]]));
        let name = places.describe(Number(3));
        assert!(name.starts_with("the frame at byte 90 of layer sha256:0101"), "{name}");
        assert_eq!(places.describe(Number(9)), "frame 9");
    }
}
