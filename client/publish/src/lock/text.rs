//! The bytes of a lock file.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use crate::lock::{Entry, LOCK_MAX, Lock, SYSTEMS, check_system};
use crate::{Error, Result};

/// The version of the format.
const VERSION: u64 = 1;

/// Only the version, of a file that may be of a later one.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    seeds: Seeds,
    #[serde(rename = "version")]
    _version: u64,
}

/// Systems; each stands there once.
struct Seeds(BTreeMap<String, Option<Entry>>);

impl<'de> Deserialize<'de> for Seeds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Seeds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a seed for each system")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Seeds, A::Error> {
                let mut seeds = BTreeMap::new();
                while let Some((system, entry)) = map.next_entry::<String, Option<Entry>>()? {
                    check_system(&system).map_err(A::Error::custom)?;
                    if let Some(entry) = &entry {
                        entry.check().map_err(|error| A::Error::custom(format!("{system}: {error}")))?;
                    }
                    if seeds.contains_key(&system) {
                        return Err(A::Error::custom(format!("{system} stands there twice")));
                    }
                    seeds.insert(system, entry);
                }
                Ok(Seeds(seeds))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

impl Lock {
    /// Reads a lock file; `at` names it in errors.
    pub fn parse(bytes: &[u8], at: &str) -> Result<Self> {
        let refuse = |why: String| Error::Lock { at: at.into(), why };
        if bytes.len() as u64 > LOCK_MAX {
            return Err(refuse(format!("it is longer than {LOCK_MAX} bytes: that is no .seed.lock")));
        }
        if let Some(line) = conflict(bytes) {
            return Err(refuse(format!(
                "line {line} begins with a conflict marker of git; take one side whole (git checkout --ours or --theirs \
                 with the file's name), then set the other's systems again: nix-seed lock update --system SYSTEM …"
            )));
        }
        let mend = "mend it by hand, or take an earlier one from git";
        let versioned: Versioned =
            serde_json::from_slice(bytes).map_err(|error| refuse(format!("it is no lock file: {error}; {mend}")))?;
        if versioned.version != VERSION {
            let version = versioned.version;
            return Err(refuse(format!(
                "its version is {version}, this program reads {VERSION}; use a newer nix-seed"
            )));
        }
        let document: Document = serde_json::from_slice(bytes).map_err(|error| refuse(format!("{error}; {mend}")))?;
        let seeds = document.seeds.0.into_iter().filter_map(|(system, entry)| Some((system, entry?))).collect();
        Ok(Self { seeds })
    }

    /// The file's text. The same seeds have the same text.
    pub fn to_text(&self) -> String {
        let mut slots: BTreeMap<&str, Option<&Entry>> = SYSTEMS.map(|system| (system, None)).into();
        slots.extend(self.seeds().map(|(system, entry)| (system, Some(entry))));
        let slot = |(system, entry): (&str, Option<&Entry>)| {
            let Some(Entry { commit, digest, image }) = entry else { return format!("    \"{system}\": null") };
            // Nothing in these fields needs an escape: they have been checked.
            let mut fields = vec![format!("\"commit\": \"{commit}\""), format!("\"digest\": \"{digest}\"")];
            fields.extend(image.as_ref().map(|image| format!("\"image\": \"{image}\"")));
            format!("    \"{system}\": {{\n      {}\n    }}", fields.join(",\n      "))
        };
        let slots: Vec<_> = slots.into_iter().map(slot).collect();
        format!("{{\n  \"seeds\": {{\n\n{}\n\n  }},\n  \"version\": {VERSION}\n}}\n", slots.join(",\n\n"))
    }
}

/// The first line, counted from 1, that is a conflict marker of git.
fn conflict(bytes: &[u8]) -> Option<usize> {
    let markers: [&[u8]; 4] = [b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>"];
    let is_marker = |line: &[u8]| markers.iter().any(|marker| line.starts_with(marker));
    bytes.split(|b| *b == b'\n').position(is_marker).map(|line| line + 1)
}
