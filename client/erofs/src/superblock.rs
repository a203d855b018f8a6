use crate::layout::Plan;
use crate::{BLOCK, Options};

/// Where it begins; what is before is left to boot loaders.
const BEGIN: usize = 1024;

/// Where it ends, and inodes begin.
pub(crate) const END: u64 = 1024 + 128;

/// Where its checksum is.
const CHECKSUM: usize = BEGIN + 4;

const MAGIC: u32 = 0xe0f5_e1e2;

/// That there is a checksum, and that the times of inodes are those of changes to contents. A kernel that knows neither
/// mounts it all the same.
const FEATURES: u32 = 0x1 | 0x2;

/// The bytes up to [`END`], with no checksum yet.
pub(crate) fn encode(plan: &Plan, options: &Options, entries: u64) -> Vec<u8> {
    let mut out = vec![0; BEGIN];
    out.extend_from_slice(&MAGIC.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&FEATURES.to_le_bytes());
    // The block's length, as an exponent of two, and how much longer than 128 bytes the superblock is.
    out.extend_from_slice(&[BLOCK.ilog2() as u8, 0]);
    // The root's inode has 16 bits here. It is the first, in this block or the next.
    let root = plan.places.first().map(|place| place.nid as u16).unwrap_or_default();
    out.extend_from_slice(&root.to_le_bytes());
    out.extend_from_slice(&entries.to_le_bytes());
    out.extend_from_slice(&options.time.to_le_bytes());
    // Nanoseconds.
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&plan.blocks.to_le_bytes());
    // Inodes are addressed from block 0 on, and so would shared attributes be.
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&options.uuid);
    out.extend_from_slice(&options.volume);
    // No feature that a kernel has to know, and nothing of what belongs to them.
    out.resize(END as usize, 0);
    out
}

/// Puts the checksum in: of the first block, from the superblock on.
pub(crate) fn seal(metadata: &mut [u8]) {
    let sum = metadata.get(BEGIN..BLOCK as usize).map(crc32c).unwrap_or_default();
    if let Some(place) = metadata.get_mut(CHECKSUM..CHECKSUM + 4) {
        place.copy_from_slice(&sum.to_le_bytes());
    }
}

/// CRC-32C, without the inversion at its end.
fn crc32c(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (POLYNOMIAL & (sum & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_known_one() {
        assert_eq!(!crc32c(b"123456789"), 0xe306_9283);
    }
}
