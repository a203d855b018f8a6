use std::collections::{BTreeMap, BTreeSet};

use oci_spec::image::{Descriptor, Digest, MediaType};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::referrers::REFERRERS_MAX;

/// The version of the schema of all OCI documents.
const SCHEMA_VERSION: u64 = 2;

/// A list of referrers: an image index (OCI Image Index Specification 1.1). What others have written into it stays as they
/// wrote it, to the byte: it may hold what this program does not know.
#[derive(Debug, Clone)]
pub(crate) struct ReferrersIndex {
    /// All but `manifests`.
    rest: BTreeMap<String, Box<RawValue>>,
    entries: Vec<Entry>,
}

/// A referrer in a list.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    descriptor: Descriptor,
    text: Box<RawValue>,
}

impl Entry {
    /// What a list has to say of a manifest; none where it cannot be written as JSON.
    pub(crate) fn new(descriptor: Descriptor) -> Option<Self> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Text<'a> {
            media_type: &'a MediaType,
            digest: &'a Digest,
            size: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            artifact_type: Option<&'a MediaType>,
            #[serde(skip_serializing_if = "Option::is_none")]
            annotations: Option<BTreeMap<&'a String, &'a String>>,
        }
        let text = serde_json::value::to_raw_value(&Text {
            media_type: descriptor.media_type(),
            digest: descriptor.digest(),
            size: descriptor.size(),
            artifact_type: descriptor.artifact_type().as_ref(),
            annotations: descriptor.annotations().as_ref().map(|annotations| annotations.iter().collect()),
        });
        Some(Self { text: text.ok()?, descriptor })
    }

    pub(crate) fn digest(&self) -> &Digest {
        self.descriptor.digest()
    }
}

impl Default for ReferrersIndex {
    fn default() -> Self {
        let fields =
            [("schemaVersion", Value::from(SCHEMA_VERSION)), ("mediaType", MediaType::ImageIndex.to_string().into())];
        let raw = |value: &Value| serde_json::value::to_raw_value(value).ok();
        let rest = fields.iter().filter_map(|(name, value)| Some(((*name).to_owned(), raw(value)?))).collect();
        Self { rest, entries: Vec::new() }
    }
}

impl ReferrersIndex {
    /// Reads a list, or says why it is none.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut rest: BTreeMap<String, Box<RawValue>> =
            serde_json::from_slice(bytes).map_err(|error| format!("it is no JSON object ({error})"))?;
        let field = |name: &str| rest.get(name).and_then(|text| serde_json::from_str::<Value>(text.get()).ok());
        if field("schemaVersion") != Some(SCHEMA_VERSION.into()) {
            return Err("its schemaVersion is not 2".into());
        }
        let expected = Value::from(MediaType::ImageIndex.to_string());
        if let Some(found) = field("mediaType").filter(|found| *found != expected) {
            return Err(format!("its mediaType is {found}"));
        }
        let entries = rest.remove("manifests").ok_or("it has no manifests")?;
        // Programs in Go write `null` for none.
        let entries: Option<Vec<Box<RawValue>>> =
            serde_json::from_str(entries.get()).map_err(|_| "its manifests are no list")?;
        let entries = entries.unwrap_or_default();
        if entries.len() > REFERRERS_MAX {
            return Err(format!("it has more than {REFERRERS_MAX} entries"));
        }
        let read = |(at, text): (usize, Box<RawValue>)| {
            let descriptor = serde_json::from_str(text.get())
                .map_err(|error| format!("entry {} of its manifests is no descriptor ({error})", at + 1))?;
            Ok(Entry { descriptor, text })
        };
        let entries = entries.into_iter().enumerate().map(read).collect::<Result<_, String>>()?;
        Ok(Self { rest, entries })
    }

    /// What it lists, in its order.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = &Descriptor> {
        self.entries.iter().map(|entry| &entry.descriptor)
    }

    /// Whether it says of a referrer what is to be said.
    pub(crate) fn has(&self, entry: &Entry) -> bool {
        self.descriptors().any(|known| *known == entry.descriptor)
    }

    /// Puts in what is to be said of a referrer, in the place of what was said of the same.
    pub(crate) fn put(&mut self, entry: Entry) {
        match self.entries.iter_mut().find(|known| known.digest() == entry.digest()) {
            Some(known) => *known = entry,
            None => self.entries.push(entry),
        }
    }

    /// Takes out what is said of some digests.
    pub(crate) fn remove(&mut self, digests: &BTreeSet<String>) {
        self.entries.retain(|entry| !digests.contains(entry.digest().as_ref()));
    }

    /// The document, without white space of its own. The same entries make the same bytes, whichever came first; each digest
    /// is there once.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut entries: Vec<&Entry> = self.entries.iter().collect();
        entries.sort_by_key(|entry| entry.digest().as_ref());
        entries.dedup_by_key(|entry| entry.digest());
        let entries: Vec<&str> = entries.iter().map(|entry| entry.text.get()).collect();
        let mut fields: BTreeMap<&str, String> =
            self.rest.iter().map(|(name, text)| (name.as_str(), text.get().to_owned())).collect();
        fields.insert("manifests", format!("[{}]", entries.join(",")));
        let fields: Vec<String> = fields.iter().map(|(name, text)| format!("{}:{text}", Value::from(*name))).collect();
        format!("{{{}}}", fields.join(",")).into_bytes()
    }
}

#[cfg(test)]
mod tests;
