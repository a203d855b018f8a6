use std::io::Read;

/// More than the tar of an honest layer has, so that a bomb stays small for the oracle.
const TAR_MAX: u64 = 1 << 20;

/// What a client that knows nothing of frames decompresses; as much as there is before it fails.
pub(crate) fn stream(blob: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    if let Ok(decoder) = zstd::stream::read::Decoder::with_buffer(blob) {
        let _ = decoder.take(TAR_MAX).read_to_end(&mut tar);
    }
    tar
}
