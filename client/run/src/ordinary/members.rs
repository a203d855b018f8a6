//! The members of a tar, one after the other. Headers are the `tar` crate's; its own reader is not used, since it reads a
//! long name whole, however long it is, and gives up where an extended header holds bytes that are no text.
//!
//! POSIX.1-2017, `pax`, "pax Header Block" and "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".

use std::io::{ErrorKind, Read, Take};

use tar::{EntryType, GnuExtSparseHeader, Header};

/// The most bytes of a name: a path has at most 4 KiB.
const NAME_MAX: u64 = 64 << 10;

/// The most bytes of an extended header, which may also hold a file's attributes.
const EXTENDED_MAX: u64 = 4 << 20;

const BLOCK: u64 = 512;

/// A file, folder, link, or whatever else a tar may hold.
pub(super) struct Member<'m> {
    pub(super) header: &'m Header,
    pub(super) path: Vec<u8>,
    /// What it leads to, if it is a link.
    pub(super) link: Option<Vec<u8>>,
    pub(super) content: &'m mut dyn Read,
}

/// What members say of the one that follows them.
#[derive(Default)]
struct Said {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

/// Hands every member to `take`; `wrong` makes an error of what is wrong with the tar.
pub(super) fn members<E>(
    tar: &mut dyn Read,
    wrong: &dyn Fn(String) -> E,
    take: &mut dyn FnMut(Member<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut said = Said::default();
    while let Some(header) = header(tar).map_err(wrong)? {
        let kind = header.entry_type();
        let size = header.entry_size().map_err(|error| wrong(error.to_string()))?;
        let is_said = matches!(kind, EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader);
        let size = said.size.filter(|_| !is_said).unwrap_or(size);
        let source: &mut dyn Read = &mut *tar;
        let mut content = source.take(size);
        match kind {
            EntryType::GNULongName => said.path = Some(name(&mut content).map_err(wrong)?),
            EntryType::GNULongLink => said.link = Some(name(&mut content).map_err(wrong)?),
            EntryType::XHeader => said.extend(&bytes(&mut content, EXTENDED_MAX, "an extended header").map_err(wrong)?),
            EntryType::XGlobalHeader => {}
            _ => {
                let Said { path, link, .. } = std::mem::take(&mut said);
                let path = path.unwrap_or_else(|| header.path_bytes().into_owned());
                let link = link.or_else(|| Some(header.link_name_bytes()?.into_owned()));
                take(Member { header: &header, path, link, content: &mut content })?;
            }
        }
        // Up to the next whole block.
        let rest = content.limit() + (BLOCK - size % BLOCK) % BLOCK;
        let skipped = std::io::copy(&mut (&mut *tar).take(rest), &mut std::io::sink());
        if skipped.map_err(|error| wrong(error.to_string()))? != rest {
            return Err(wrong("it ends in the middle of a member".into()));
        }
    }
    Ok(())
}

/// The next header, and what belongs to it; none at the end.
fn header(tar: &mut dyn Read) -> Result<Option<Header>, String> {
    let mut header = Header::new_old();
    match tar.read_exact(header.as_mut_bytes()) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read.map_err(|error| error.to_string())?,
    }
    if header.as_bytes().iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let (before, rest) = header.as_bytes().split_at(148);
    let sum = before.iter().chain([b' '; 8].iter()).chain(&rest[8..]).map(|byte| u32::from(*byte)).sum::<u32>();
    if header.cksum().ok() != Some(sum) {
        return Err("a header has another checksum than it gives".into());
    }
    let mut is_extended = header.entry_type().is_gnu_sparse() && header.as_gnu().is_some_and(|gnu| gnu.is_extended());
    while is_extended {
        let mut more = GnuExtSparseHeader::new();
        tar.read_exact(more.as_mut_bytes()).map_err(|error| error.to_string())?;
        is_extended = more.is_extended();
    }
    Ok(Some(header))
}

impl Said {
    /// Takes the records of an extended header: each its length in decimal, a space, a key, `=`, a value of any bytes, and a
    /// line feed.
    fn extend(&mut self, mut bytes: &[u8]) {
        while let Some((length, key, value)) = record(bytes) {
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => self.size = std::str::from_utf8(value).ok().and_then(|size| size.parse().ok()),
                _ => {}
            }
            bytes = bytes.get(length..).unwrap_or_default();
        }
    }
}

fn record(bytes: &[u8]) -> Option<(usize, &[u8], &[u8])> {
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
    let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some((length, &record[..equals], &record[equals + 1..]))
}

/// A name, which may end with a zero byte.
fn name(content: &mut Take<&mut dyn Read>) -> Result<Vec<u8>, String> {
    let mut name = bytes(content, NAME_MAX, "a name")?;
    if name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

fn bytes(content: &mut Take<&mut dyn Read>, max: u64, what: &str) -> Result<Vec<u8>, String> {
    if content.limit() > max {
        return Err(format!("{what} of {} bytes; at most {max} are read", content.limit()));
    }
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}
