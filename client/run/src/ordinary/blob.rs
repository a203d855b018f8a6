//! A layer's bytes: decompressed, whatever compressed them, and hashed before and after.

use std::io::{BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use nix_seed_store::Sha256Hash;
use sha2::{Digest, Sha256};

use crate::{Error, Result};

const BUFFER: usize = 256 << 10;

/// The tar of a layer. What it gives counts only when [`finish`](Self::finish) has succeeded.
pub(super) struct Blob<'a> {
    /// What errors call the layer.
    pub(super) name: String,
    decoder: Decoder<'a>,
    tar: Sha256,
}

type Compressed<'a> = BufReader<std::io::Chain<Cursor<Vec<u8>>, Hashing<'a>>>;

enum Decoder<'a> {
    Plain(Compressed<'a>),
    Gzip(Box<MultiGzDecoder<Compressed<'a>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, Compressed<'a>>>),
}

/// Counts and hashes what is read.
struct Hashing<'a> {
    source: Box<dyn Read + Send + 'a>,
    hash: Sha256,
    length: u64,
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        self.length += read as u64;
        Ok(read)
    }
}

impl<'a> Blob<'a> {
    /// A layer of any kind: what it says itself counts, since not every tool's media types do.
    pub(super) fn open(source: Box<dyn Read + Send + 'a>, name: String) -> Result<Self> {
        let mut source = Hashing { source, hash: Sha256::new(), length: 0 };
        let mut magic = Vec::new();
        let failed = |error| Error::Layer { layer: name.clone(), why: format!("cannot be read: {error}") };
        (&mut source).take(4).read_to_end(&mut magic).map_err(failed)?;
        let compressed = BufReader::with_capacity(BUFFER, Cursor::new(magic.clone()).chain(source));
        let decoder = match *magic {
            [0x1f, 0x8b, ..] => Decoder::Gzip(Box::new(MultiGzDecoder::new(compressed))),
            // A frame, or one to be skipped (RFC 8878, 3.1).
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
                Decoder::Zstd(Box::new(zstd::stream::read::Decoder::with_buffer(compressed).map_err(failed)?))
            }
            _ => Decoder::Plain(compressed),
        };
        Ok(Self { name, decoder, tar: Sha256::new() })
    }

    /// Reads what is left, and refuses a layer that has another digest or length.
    pub(super) fn finish(mut self, expected: Sha256Hash, size: u64, diff_id: &str) -> Result<()> {
        let layer = self.name.clone();
        let failed =
            |error: std::io::Error| Error::Layer { layer: layer.clone(), why: format!("cannot be read: {error}") };
        std::io::copy(&mut self, &mut std::io::sink()).map_err(failed)?;
        let mut compressed = match self.decoder {
            Decoder::Plain(compressed) => compressed,
            Decoder::Gzip(decoder) => decoder.into_inner(),
            Decoder::Zstd(decoder) => decoder.finish(),
        };
        std::io::copy(&mut compressed, &mut std::io::sink()).map_err(failed)?;
        let (_, Hashing { hash, length, .. }) = compressed.into_inner().into_inner();
        let why = if length != size || hash.finalize()[..] != expected.0 {
            "its content has another digest or length than the manifest gives"
        } else if !Sha256Hash::parse(diff_id).is_ok_and(|diff_id| self.tar.finalize()[..] == diff_id.0) {
            "its files have another digest than the configuration gives"
        } else {
            return Ok(());
        };
        Err(Error::Layer { layer, why: why.into() })
    }
}

impl Read for Blob<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = match &mut self.decoder {
            Decoder::Plain(decoder) => decoder.read(buffer),
            Decoder::Gzip(decoder) => decoder.read(buffer),
            Decoder::Zstd(decoder) => decoder.read(buffer),
        }?;
        self.tar.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const TAR: &[u8] = b"not really a tar, but long enough to be compressed, compressed, compressed";

    fn sha256(bytes: &[u8]) -> Sha256Hash {
        Sha256Hash(Sha256::digest(bytes).into())
    }

    fn compressed() -> [Vec<u8>; 3] {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(TAR).unwrap();
        [TAR.to_vec(), gzip.finish().unwrap(), zstd::stream::encode_all(TAR, 3).unwrap()]
    }

    fn read(bytes: Vec<u8>, expected: Sha256Hash, size: usize, diff_id: &str) -> Result<Vec<u8>> {
        let mut blob = Blob::open(Box::new(Cursor::new(bytes)), "l".into())?;
        let mut tar = vec![0; 10];
        blob.read_exact(&mut tar).unwrap();
        blob.finish(expected, size as u64, diff_id).map(|()| tar)
    }

    #[test]
    fn every_compression_is_read_and_both_digests_checked() {
        let diff_id = format!("sha256:{}", sha256(TAR).hex());
        for bytes in compressed() {
            let (digest, size) = (sha256(&bytes), bytes.len());
            assert_eq!(read(bytes.clone(), digest, size, &diff_id).unwrap(), TAR[..10]);
            assert!(read(bytes.clone(), sha256(b""), size, &diff_id).is_err());
            assert!(read(bytes.clone(), digest, size + 1, &diff_id).is_err());
            assert!(read(bytes.clone(), digest, size, &format!("sha256:{}", sha256(b"").hex())).is_err());
            assert!(read([bytes, vec![0]].concat(), digest, size, &diff_id).is_err(), "something follows");
        }
    }
}
