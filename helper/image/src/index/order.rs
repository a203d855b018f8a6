//! In which order a start touched frames: as positions among the frames of all layers.

use super::decode::{Record, Tables};
use super::encode::put_u32;
use super::wire::ORDERED;
use super::{Index, Layer};
use crate::{Error, Frame, Result};

/// What stands for a frame that does not exist: no index holds so many.
const NO_FRAME: u32 = u32::MAX;

/// A frame of a store layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameRef {
    /// The layer, by position in the index.
    pub layer: u32,
    /// The frame, by position in the layer.
    pub frame: u32,
}

impl Index {
    /// The frame that `at` refers to.
    pub fn frame(&self, at: FrameRef) -> Option<&Frame> {
        self.layers.get(at.layer as usize)?.frames.get(at.frame as usize)
    }

    pub(super) fn check_order(&self) -> Result<()> {
        for at in &self.order {
            let Some(layer) = self.layers.get(at.layer as usize).filter(|layer| has(layer, at.frame)) else {
                return Err(Error::index("the order has a frame that does not exist"));
            };
            if at.frame == 0 || !has(layer, at.frame + 1) {
                return Err(Error::index("the order has a frame of no store path"));
            }
        }
        let mut sorted = self.order.clone();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Error::index("a frame stands in the order twice"));
        }
        Ok(())
    }
}

fn has(layer: &Layer, frame: u32) -> bool {
    (frame as usize) < layer.frames.len()
}

/// The table of `order`, where `first_frames` has each layer's first frame by position among those of all layers.
pub(super) fn encode_order(order: &[FrameRef], layers: &[Layer], first_frames: &[u32]) -> Vec<u8> {
    let mut table = Vec::with_capacity(order.len() * ORDERED);
    for FrameRef { layer, frame } in order {
        let found = layers.get(*layer as usize).zip(first_frames.get(*layer as usize));
        // One behind the layer's last would be the next layer's first.
        let position = found.filter(|(layer, _)| has(layer, *frame)).map_or(NO_FRAME, |(_, first)| first + frame);
        put_u32(&mut table, &[position]);
    }
    table
}

impl Tables<'_> {
    /// What comes after the last layer's end is a frame of that layer, which it does not have: the check refuses it.
    pub(super) fn order(&self, first_frames: &[u32]) -> Vec<FrameRef> {
        let frame_at = |record| {
            let position = Record(record).u32();
            let layer = first_frames.partition_point(|first| *first <= position).saturating_sub(1);
            let first = first_frames.get(layer).copied().unwrap_or_default();
            FrameRef { layer: layer as u32, frame: position - first }
        };
        self.order.chunks_exact(ORDERED).map(frame_at).collect()
    }
}
