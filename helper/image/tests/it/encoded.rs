//! The bytes of an index, by section.

/// Where the record of a section begins in the table of sections.
pub(crate) fn record(encoded: &[u8], tag: &[u8; 4]) -> Option<usize> {
    let count = u32::from_le_bytes(encoded[12..16].try_into().unwrap()) as usize;
    (16..).step_by(24).take(count).find(|at| encoded[*at..*at + 4] == *tag)
}

/// The bytes of a section, by offset and length.
pub(crate) fn section(encoded: &[u8], tag: &[u8; 4]) -> std::ops::Range<usize> {
    let at = record(encoded, tag).unwrap() + 8;
    let number = |at: usize| u64::from_le_bytes(encoded[at..at + 8].try_into().unwrap()) as usize;
    number(at)..number(at) + number(at + 8)
}

/// The section as numbers.
pub(crate) fn numbers(encoded: &[u8], tag: &[u8; 4]) -> Vec<u32> {
    let fields = encoded[section(encoded, tag)].chunks(4);
    fields.map(|field| u32::from_le_bytes(field.try_into().unwrap())).collect()
}

/// Changes one number of a section.
pub(crate) fn set(encoded: &mut [u8], tag: &[u8; 4], at: usize, number: u32) {
    let start = section(encoded, tag).start + 4 * at;
    encoded[start..start + 4].copy_from_slice(&number.to_le_bytes());
}
