//! Names that do not fit into a tar's header: members that stand before the one they are for (GNU tar's `L` and `K`,
//! POSIX' extended headers).

use std::io::Read;

use tar::{Entry, EntryType, PaxExtensions};

/// The most bytes of such a member: a path has at most 4 KiB.
const LONG_MAX: u64 = 64 << 10;

/// What was said of the next member.
#[derive(Default)]
pub(super) struct Long {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
}

impl Long {
    /// Takes a member that says something of the next, or of all; any other is left alone, and the answer is no.
    pub(super) fn take(&mut self, entry: &mut Entry<'_, impl Read>) -> Result<bool, String> {
        match entry.header().entry_type() {
            EntryType::XGlobalHeader => {}
            EntryType::GNULongName => self.path = Some(name(entry)?),
            EntryType::GNULongLink => self.link = Some(name(entry)?),
            EntryType::XHeader => {
                let bytes = content(entry)?;
                for extension in PaxExtensions::new(&bytes) {
                    let extension = extension.map_err(|error| format!("an extended header: {error}"))?;
                    match extension.key_bytes() {
                        b"path" => self.path = Some(extension.value_bytes().to_owned()),
                        b"linkpath" => self.link = Some(extension.value_bytes().to_owned()),
                        b"size" => return Err("an extended header gives a length, of a file above 8 GiB".into()),
                        _ => {}
                    }
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// A name, which may end with a zero byte.
fn name(entry: &mut Entry<'_, impl Read>) -> Result<Vec<u8>, String> {
    let mut name = content(entry)?;
    if name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

fn content(entry: &mut Entry<'_, impl Read>) -> Result<Vec<u8>, String> {
    if entry.size() > LONG_MAX {
        return Err(format!("a name of {} bytes; at most {LONG_MAX} are read", entry.size()));
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}
