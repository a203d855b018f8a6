use nix_seed_store::Sha256Hash;
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// The most uncompressed tar bytes that a frame may hold.
pub const FRAME_MAX: usize = 4 << 20;

/// How many of them a writer puts in a frame. Whoever reads a few bytes waits for a whole frame: a build's first command of a mounted
/// seed, which maps some ninety libraries, took 0.45 s longer with frames eight times as long. Shorter ones compress worse.
pub const FRAME: usize = 512 << 10;

/// zstd's own default: the knee of its curve, and what peers are measured at.
const LEVEL: i32 = 3;

/// What a zstd frame begins with (RFC 8878, section 3.1.1): other frames hold nothing that is decompressed.
const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();

/// One independent zstd frame of a layer (RFC 8878, section 3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Where it begins in the layer's blob, in bytes.
    pub offset: u64,
    /// Its compressed length in bytes.
    pub length: u32,
    /// The length of the tar bytes that it holds, at most [`FRAME_MAX`].
    pub tar_length: u32,
    /// The SHA-256 of its compressed bytes.
    pub sha256: Sha256Hash,
}

impl Frame {
    /// Where the blob continues after the frame.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.length.into())
    }

    fn wrong(&self, why: &str) -> Error {
        Error::mismatch(format!("the frame at byte {}", self.offset), why)
    }

    /// Whether `bytes` are the frame as it stands in its blob: the index, and with it the seed's digest, vouches for these.
    fn is_of(&self, bytes: &[u8]) -> bool {
        bytes.len() == self.length as usize && Sha256::digest(bytes)[..] == self.sha256.0
    }
}

/// Compresses frames. One per thread: it holds zstd's working memory.
pub(crate) struct Encoder {
    zstd: zstd::bulk::Compressor<'static>,
    /// Room for the worst case, so that what is kept of a frame is no longer than the frame.
    room: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new() -> Result<Self> {
        let zstd = zstd::bulk::Compressor::new(LEVEL).map_err(Error::io("starting", "zstd"))?;
        Ok(Self { zstd, room: Vec::new() })
    }

    /// The frame's bytes, and the frame as if it began its blob.
    pub(crate) fn encode(&mut self, tar: &[u8]) -> Result<(Vec<u8>, Frame)> {
        self.room.clear();
        self.room.reserve(zstd::zstd_safe::compress_bound(tar.len()));
        self.zstd.compress_to_buffer(tar, &mut self.room).map_err(Error::io("compressing with", "zstd"))?;
        let bytes = self.room.as_slice().to_vec();
        let frame = Frame {
            offset: 0,
            length: bytes.len() as u32,
            tar_length: tar.len() as u32,
            sha256: Sha256Hash(Sha256::digest(&bytes).into()),
        };
        Ok((bytes, frame))
    }
}

/// Decompresses frames, never to more than they declare. One per thread: it holds zstd's working memory.
pub struct Decoder {
    zstd: zstd::bulk::Decompressor<'static>,
    tar: Vec<u8>,
}

impl Decoder {
    /// A decoder.
    pub fn new() -> Result<Self> {
        let zstd = zstd::bulk::Decompressor::new().map_err(Error::io("starting", "zstd"))?;
        Ok(Self { zstd, tar: Vec::new() })
    }

    /// The tar in a blob of frames that no index describes: each holds [`FRAME_MAX`] bytes, the last may hold less. None
    /// where the blob is anything else, or its tar longer than `max`.
    pub(crate) fn decode_blob(&mut self, mut blob: &[u8], max: u64) -> Option<Vec<u8>> {
        let mut tar = Vec::new();
        while !blob.is_empty() {
            let length = zstd::zstd_safe::find_frame_compressed_size(blob).ok()?;
            let (frame, rest) = blob.split_at_checked(length).filter(|(frame, _)| frame.starts_with(&MAGIC))?;
            self.tar.clear();
            self.tar.reserve_exact(FRAME_MAX);
            let held = self.zstd.decompress_to_buffer(frame, &mut self.tar).ok()?;
            if held == 0 || (held < FRAME_MAX && !rest.is_empty()) || (tar.len() + held) as u64 > max {
                return None;
            }
            tar.extend_from_slice(&self.tar);
            blob = rest;
        }
        Some(tar)
    }

    /// The tar bytes of a frame whose compressed bytes are `bytes`; hash and lengths are checked.
    pub(crate) fn decode(&mut self, frame: &Frame, bytes: &[u8]) -> Result<&[u8]> {
        let compared = Compared::new(*frame, bytes)?;
        let mut tar = std::mem::take(&mut self.tar);
        let decoded = self.decode_to(&compared, &mut tar);
        self.tar = tar;
        decoded.map(|()| &*self.tar)
    }

    /// The tar bytes of a frame, to a buffer of the caller's, which holds these bytes then and nothing else; lengths are
    /// checked.
    pub fn decode_to(&mut self, compared: &Compared<impl AsRef<[u8]>>, tar: &mut Vec<u8>) -> Result<()> {
        let (frame, bytes) = (&compared.frame, compared.bytes());
        let not_one = "it is not one zstd frame of the length that it declares";
        let tar_length = frame.tar_length as usize;
        if tar_length > FRAME_MAX {
            return Err(frame.wrong("it claims to hold more than 4 MiB"));
        }
        // zstd itself would go on to a next frame, and skip what is none.
        if !zstd::zstd_safe::find_frame_compressed_size(bytes).is_ok_and(|length| length == bytes.len()) {
            return Err(frame.wrong(not_one));
        }
        // A vector's capacity would be filled, and that may be more than this frame declares.
        tar.resize(tar_length, 0);
        match self.zstd.decompress_to_buffer(bytes, &mut tar[..]) {
            Ok(length) if length == tar_length => Ok(()),
            Ok(_) => Err(frame.wrong("it holds fewer bytes than it declares")),
            Err(_) => Err(frame.wrong(not_one)),
        }
    }
}

/// The compressed bytes of a frame, which have been compared with its hash. Whoever holds them need not hash them again.
#[derive(Debug, Clone)]
pub struct Compared<B> {
    frame: Frame,
    bytes: B,
}

impl<B: AsRef<[u8]>> Compared<B> {
    /// Compares `bytes` with the hash of `frame`.
    pub fn new(frame: Frame, bytes: B) -> Result<Self> {
        if !frame.is_of(bytes.as_ref()) {
            return Err(frame.wrong("its SHA-256 is not the one in the index"));
        }
        Ok(Self { frame, bytes })
    }

    /// The frame that they are.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let tar = vec![7; FRAME_MAX];
        let (bytes, frame) = Encoder::new().unwrap().encode(&tar).unwrap();
        assert_eq!(Decoder::new().unwrap().decode(&frame, &bytes).unwrap(), tar);
    }

    #[test]
    fn a_frame_that_expands_beyond_its_declared_size_is_refused() {
        let (large, honest) = Encoder::new().unwrap().encode(&[7; FRAME_MAX]).unwrap();
        let (bytes, mut frame) = Encoder::new().unwrap().encode(&[7; 4096]).unwrap();
        let mut decoder = Decoder::new().unwrap();
        // The room that an earlier frame needed is no room for this one.
        decoder.decode(&honest, &large).unwrap();
        for (tar_length, why) in [(512, "not one zstd frame of the length"), (8192, "fewer bytes than it declares")] {
            frame.tar_length = tar_length;
            let error = decoder.decode(&frame, &bytes).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn more_than_one_frame_is_refused() {
        let (one, _) = Encoder::new().unwrap().encode(b"some").unwrap();
        let (other, _) = Encoder::new().unwrap().encode(b"thing").unwrap();
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        for (bytes, tar_length) in [([&*one, &*other].concat(), 9), ([&one[..], &skippable[..]].concat(), 4)] {
            let sha256 = Sha256Hash(Sha256::digest(&bytes).into());
            let frame = Frame { offset: 0, length: bytes.len() as u32, tar_length, sha256 };
            let error = Decoder::new().unwrap().decode(&frame, &bytes).unwrap_err();
            assert!(error.to_string().contains("not one zstd frame"), "{error}");
        }
    }

    #[test]
    fn a_flipped_byte_is_noticed() {
        let (mut bytes, frame) = Encoder::new().unwrap().encode(b"something").unwrap();
        bytes[5] ^= 1;
        assert!(Decoder::new().unwrap().decode(&frame, &bytes).is_err());
    }
}
