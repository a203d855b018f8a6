//! From JSON to a configuration that is checked.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::{Cfg, Error, Faults, Result, output, rules};

/// The most bytes of a configuration: a trusted root of 1 MiB and all else.
pub const MAX_BYTES: usize = 2 << 20;
/// The most names of a set.
const MAX_NAMES: usize = 1000;

/// The most characters of a message that repeats what was read.
const MAX_MESSAGE: usize = 300;

/// What every version has.
#[derive(Deserialize)]
struct Head {
    version: Option<Value>,
}

impl Cfg {
    /// Reads the normal form, all of `json`. What is missing, there twice, unknown or not of its form is refused, and what
    /// cannot be trusted together.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        if json.len() > MAX_BYTES {
            return Err(Error::TooLarge { bytes: json.len() });
        }
        // Before a message could repeat a part of it.
        if json.windows(PRIVATE_KEY.len()).any(|window| window == PRIVATE_KEY) {
            return Err(Error::PrivateKey);
        }
        check_version(json)?;
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let cfg: Self = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let at = place(error.path());
            malformed(at, &error.into_inner())
        })?;
        deserializer.end().map_err(|error| malformed("seedCfg".into(), &error))?;
        check_same(json, &cfg)?;
        let faults = rules::faults(&cfg);
        if faults.is_empty() { Ok(cfg) } else { Err(Error::Refused(Faults(faults))) }
    }
}

const PRIVATE_KEY: &[u8] = b"PRIVATE KEY";

/// Says which version it is before it says what a newer one has that this one has not.
fn check_version(json: &[u8]) -> Result<()> {
    let head: Head = serde_json::from_slice(json).map_err(|error| malformed("seedCfg".into(), &error))?;
    match head.version {
        Some(version) if version == 1 => Ok(()),
        Some(version @ Value::Number(_)) => Err(Error::Version { version: version.to_string() }),
        _ => Err(Error::NotNormal),
    }
}

/// Refuses what can be read and would not be written so: serde takes a list for a set whose fields come in order.
fn check_same(json: &[u8], cfg: &Cfg) -> Result<()> {
    let same = serde_json::from_slice::<Value>(json).and_then(|read| Ok(read == serde_json::to_value(cfg)?));
    match same {
        Ok(true) => Ok(()),
        Ok(false) => {
            let why = "something in it is not as the normal form has it, such as a list in the place of an object";
            Err(Error::Malformed { at: "seedCfg".into(), why: why.into() })
        }
        Err(error) => Err(malformed("seedCfg".into(), &error)),
    }
}

fn malformed(at: String, error: &serde_json::Error) -> Error {
    Error::Malformed { at: shortened(at), why: shortened(error.to_string()) }
}

/// A message may repeat a value, which may be of any length.
pub(crate) fn shortened(text: String) -> String {
    match text.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// As it is written in Nix, but for the places of lists: `builders.github.subjects[0]`.
fn place(path: &Path) -> String {
    let mut place = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => place += &format!("[{index}]"),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                place += if place.is_empty() { "" } else { "." };
                place += &output::path(&[key.as_str()]);
            }
            Segment::Unknown => {}
        }
    }
    if place.is_empty() { "seedCfg".into() } else { place }
}

/// A map in which no name is there twice: two readers could each take another one.
pub(crate) fn unique<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Unique<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Unique<T> {
        type Value = BTreeMap<String, T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((name, value)) = access.next_entry::<String, T>()? {
                if map.len() == MAX_NAMES {
                    return Err(A::Error::custom(format!("there are more than {MAX_NAMES} names")));
                }
                let shown = format!("{name:?} is there twice");
                if map.insert(name, value).is_some() {
                    return Err(A::Error::custom(shown));
                }
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(Unique(PhantomData))
}
