//! An OCI image index of several systems' images (OCI Image Index Specification 1.1), as a value.

use nix_seed_registry::MediaType;
use nix_seed_source::Platform;
use serde_json::{Map, Value, json};

/// One system's image in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) platform: Platform,
    /// `sha256:` and hexadecimal digits.
    pub(crate) digest: String,
    /// The manifest's length in bytes.
    pub(crate) size: u64,
}

/// An index. What it says besides its images' platforms and digests is kept as it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SystemIndex(Map<String, Value>);

impl Default for SystemIndex {
    fn default() -> Self {
        let Value::Object(map) =
            json!({ "schemaVersion": 2, "mediaType": MediaType::ImageIndex.to_string(), "manifests": [] })
        else {
            return Self(Map::new());
        };
        Self(map)
    }
}

impl SystemIndex {
    /// Reads an index; none where it is not one.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let Value::Object(map) = serde_json::from_slice(bytes).ok()? else { return None };
        let manifests = map.get("manifests")?.as_array()?;
        let is_entry = |entry: &Value| entry["digest"].is_string() && entry["size"].is_u64();
        (map.get("schemaVersion")? == 2 && manifests.iter().all(is_entry)).then_some(Self(map))
    }

    fn manifests(&self) -> &[Value] {
        self.0.get("manifests").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The platforms of its images.
    pub(crate) fn platforms(&self) -> impl Iterator<Item = Platform> {
        self.manifests().iter().filter_map(platform)
    }

    /// The digest of the image for a platform.
    pub(crate) fn digest(&self, wanted: &Platform) -> Option<&str> {
        self.manifests().iter().find(|entry| platform(entry).as_ref() == Some(wanted))?["digest"].as_str()
    }

    /// The digests of all that it names.
    pub(crate) fn digests(&self) -> impl Iterator<Item = &str> {
        self.manifests().iter().filter_map(|entry| entry["digest"].as_str())
    }

    /// Puts an image in the place of those for the same platform. One that is there already is left as it is.
    pub(crate) fn put(&mut self, entry: &Entry) {
        if self.digest(&entry.platform) == Some(&entry.digest) {
            return;
        }
        let mut manifests = self.manifests().to_vec();
        manifests.retain(|present| platform(present).as_ref() != Some(&entry.platform));
        manifests.push(json!({
            "mediaType": MediaType::ImageManifest.to_string(),
            "digest": entry.digest,
            "size": entry.size,
            "platform": { "architecture": entry.platform.architecture, "os": entry.platform.os },
        }));
        // The same images make the same index, whichever came first.
        manifests.sort_by_cached_key(|entry| (platform(entry).is_none(), platform(entry), entry["digest"].to_string()));
        self.0.insert("manifests".into(), manifests.into());
    }

    /// The document: names in byte order, no white space.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        Value::Object(self.0.clone()).to_string().into_bytes()
    }
}

fn platform(entry: &Value) -> Option<Platform> {
    let text = |name: &str| entry["platform"][name].as_str().map(str::to_owned);
    Some(Platform { os: text("os")?, architecture: text("architecture")? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(os: &str, architecture: &str, digit: char) -> Entry {
        let digest = format!("sha256:{}", digit.to_string().repeat(64));
        Entry { platform: Platform { os: os.into(), architecture: architecture.into() }, digest, size: 7 }
    }

    fn of(entries: &[Entry]) -> SystemIndex {
        let mut index = SystemIndex::default();
        entries.iter().for_each(|entry| index.put(entry));
        index
    }

    #[test]
    fn an_index_is_what_oci_says() {
        let text = String::from_utf8(of(&[entry("linux", "amd64", 'a')]).to_bytes()).unwrap();
        let expected = format!(
            "{{\"manifests\":[{{\"digest\":\"sha256:{}\",\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\
             \"platform\":{{\"architecture\":\"amd64\",\"os\":\"linux\"}},\"size\":7}}],\
             \"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"schemaVersion\":2}}",
            "a".repeat(64)
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn an_image_replaces_that_of_its_platform_and_no_other() {
        let index = of(&[entry("linux", "amd64", 'a'), entry("linux", "arm64", 'b'), entry("linux", "amd64", 'c')]);
        assert_eq!(index, of(&[entry("linux", "arm64", 'b'), entry("linux", "amd64", 'c')]));
        assert_eq!(index.digests().count(), 2);
    }

    #[test]
    fn what_others_wrote_of_their_images_is_kept() {
        let theirs = json!({ "schemaVersion": 2, "annotations": { "z": "1", "a": "2" }, "manifests": [
            { "digest": "sha256:x", "size": 1, "platform": { "os": "linux", "architecture": "arm64", "variant": "v8" } },
            { "digest": "sha256:y", "size": 1, "annotations": { "vnd.docker.reference.type": "attestation-manifest" } },
        ] });
        let mut index = SystemIndex::parse(theirs.to_string().as_bytes()).unwrap();
        index.put(&entry("linux", "amd64", 'a'));
        let written: Value = serde_json::from_slice(&index.to_bytes()).unwrap();
        assert_eq!(written["annotations"], theirs["annotations"]);
        assert_eq!(
            (&written["manifests"][1], &written["manifests"][2]),
            (&theirs["manifests"][0], &theirs["manifests"][1])
        );
    }

    #[test]
    fn what_is_no_index_is_refused() {
        for text in ["", "[]", "{}", r#"{"schemaVersion":1,"manifests":[]}"#, r#"{"schemaVersion":2,"manifests":[{}]}"#]
        {
            assert_eq!(SystemIndex::parse(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_order_of_joining_does_not_show(
            mut entries in prop::collection::btree_map("[a-z]{1,3}", "[0-9a-f]", 0..6)
                .prop_map(|all| all.iter().map(|(os, digit)| entry(os, "amd64", digit.chars().next().unwrap())).collect::<Vec<_>>()),
        ) {
            let forward = of(&entries);
            entries.reverse();
            prop_assert_eq!(forward.to_bytes(), of(&entries).to_bytes());
            prop_assert_eq!(SystemIndex::parse(&forward.to_bytes()), Some(forward));
        }
    }
}
