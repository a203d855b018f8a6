//! A tar as a stranger writes it and as a stranger reads it; nothing here is the helper's.

const BLOCK: usize = 512;
const SIZE: std::ops::Range<usize> = 124..136;
const CHECKSUM: std::ops::Range<usize> = 148..156;

/// A member of a tar.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    pub(crate) name: Vec<u8>,
    pub(crate) kind: u8,
    pub(crate) header: &'a [u8],
    pub(crate) target: Vec<u8>,
    pub(crate) contents: &'a [u8],
}

/// The members of a tar up to its end, GNU's long names in their places. None where it is not one.
pub(crate) fn members(mut tar: &[u8]) -> Option<Vec<Member<'_>>> {
    let (mut members, mut long_name, mut long_target) = (Vec::new(), None, None);
    loop {
        let (header, rest) = tar.split_at_checked(BLOCK)?;
        if header == [0; BLOCK] {
            return Some(members);
        }
        let length = usize::try_from(size(header)?).ok()?;
        let (contents, _) = rest.split_at_checked(length)?;
        tar = rest.get(length.next_multiple_of(BLOCK)..)?;
        let kind = header[156];
        match kind {
            b'L' => long_name = Some(text(contents)),
            b'K' => long_target = Some(text(contents)),
            _ => {
                let name = long_name.take().unwrap_or_else(|| text(&header[..100]));
                let target = long_target.take().unwrap_or_else(|| text(&header[157..257]));
                members.push(Member { name, kind, header, target, contents });
            }
        }
    }
}

/// A tar that is written anew: each checksum that is all zeros becomes right, and each empty file that `fill` knows
/// gets its contents. What is no tar is kept.
pub(crate) fn complete(mut tar: &[u8], fill: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some((header, rest)) = tar.split_at_checked(BLOCK).filter(|(header, _)| *header != [0; BLOCK]) {
        let Some(length) = size(header) else { break };
        let length = usize::try_from(length).unwrap_or(usize::MAX).checked_next_multiple_of(BLOCK);
        let (contents, rest) = rest.split_at(length.unwrap_or(usize::MAX).min(rest.len()));
        tar = rest;
        let mut header = header.to_vec();
        let filled = fill(&text(&header[..100])).filter(|_| contents.is_empty());
        if let Some(filled) = &filled {
            header[SIZE].copy_from_slice(format!("{:011o}\0", filled.len()).as_bytes());
        }
        if header[CHECKSUM] == [0; 8] {
            let sum = header.iter().map(|byte| u32::from(*byte)).sum::<u32>() + 8 * u32::from(b' ');
            header[CHECKSUM].copy_from_slice(format!("{sum:07o}\0").as_bytes());
        }
        whole.extend_from_slice(&header);
        whole.extend_from_slice(filled.as_deref().unwrap_or(contents));
        if filled.is_some() {
            whole.resize(whole.len().next_multiple_of(BLOCK), 0);
        }
    }
    whole.extend_from_slice(tar);
    whole
}

/// What [`complete`] makes whole: no checksums, and nothing in the files that `left_out` names.
pub(crate) fn strip(mut tar: &[u8], left_out: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut stripped = Vec::new();
    while tar[..BLOCK] != [0; BLOCK] {
        let (header, rest) = tar.split_at(BLOCK);
        let (contents, rest) = rest.split_at((size(header).unwrap() as usize).next_multiple_of(BLOCK));
        tar = rest;
        let start = stripped.len();
        stripped.extend_from_slice(header);
        stripped[start..][CHECKSUM].fill(0);
        if left_out(&text(&header[..100])) {
            stripped[start..][SIZE].copy_from_slice(b"00000000000\0");
        } else {
            stripped.extend_from_slice(contents);
        }
    }
    stripped.extend_from_slice(tar);
    stripped
}

fn size(header: &[u8]) -> Option<u64> {
    let field = &header[SIZE];
    if field[0] == 0x80 {
        return Some(u64::from_be_bytes(field[4..].try_into().ok()?));
    }
    let digits = String::from_utf8(text(field)).ok()?;
    u64::from_str_radix(digits.trim(), 8).ok()
}

/// A field up to its first zero.
fn text(field: &[u8]) -> Vec<u8> {
    field.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()
}
