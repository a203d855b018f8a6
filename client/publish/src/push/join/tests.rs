//! Systems that join at the same time, in every order that a registry may see.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use nix_seed_store::Sha256Hash;
use sha2::{Digest as _, Sha256};

use super::*;

/// A registry in memory. Before a request is done, `before` may do something: what others do meanwhile.
#[derive(Default)]
struct Memory {
    tags: Mutex<BTreeMap<String, Digest>>,
    manifests: Mutex<HashMap<Digest, Manifest>>,
    pending: Mutex<Vec<(Platform, usize)>>,
    requests: Mutex<usize>,
}

fn digest_of(bytes: &[u8]) -> Digest {
    format!("sha256:{}", Sha256Hash(Sha256::digest(bytes).into()).hex()).parse().unwrap()
}

impl Memory {
    /// A request arrives: those whose turn it is come first, with all of their joining.
    fn step(&self) {
        let now = {
            let mut requests = self.requests.lock().unwrap();
            *requests += 1;
            *requests
        };
        let due: Vec<Platform> = {
            let mut pending = self.pending.lock().unwrap();
            let (due, later) = pending.drain(..).partition(|(_, at)| *at <= now);
            *pending = later;
            let due: Vec<(Platform, usize)> = due;
            due.into_iter().map(|(platform, _)| platform).collect()
        };
        for platform in due {
            joined(self, &platform, 1).unwrap();
        }
    }

    fn index(&self) -> Vec<Platform> {
        let digest = self.tags.lock().unwrap()["main"].clone();
        let bytes = self.manifests.lock().unwrap()[&digest].bytes.clone();
        SystemIndex::parse(&bytes).unwrap().platforms().collect()
    }
}

impl Tags for Memory {
    fn name(&self) -> String {
        "memory".into()
    }

    fn digest(&self, tag: &str) -> Result<Option<Digest>> {
        self.step();
        Ok(self.tags.lock().unwrap().get(tag).cloned())
    }

    fn manifest(&self, digest: &Digest) -> Result<Manifest> {
        self.step();
        Ok(self.manifests.lock().unwrap()[digest].clone())
    }

    fn entry(&self, digest: &Digest, manifest: &Manifest) -> Result<Option<Entry>> {
        let text = String::from_utf8(manifest.bytes.clone()).unwrap();
        let platform = text.split(' ').next().unwrap().parse().ok();
        Ok(platform.map(|platform| Entry { platform, digest: digest.to_string(), size: text.len() as u64 }))
    }

    fn put(&self, tag: &str, media_type: &MediaType, bytes: &[u8]) -> Result<Digest> {
        self.step();
        let digest = digest_of(bytes);
        let manifest = Manifest { media_type: media_type.clone(), bytes: bytes.into() };
        self.manifests.lock().unwrap().insert(digest.clone(), manifest);
        self.tags.lock().unwrap().insert(tag.into(), digest.clone());
        Ok(digest)
    }
}

fn joined(memory: &Memory, platform: &Platform, version: u32) -> Result<Digest> {
    let image = image(platform, version);
    join(memory, "main", platform, (&digest_of(&image.bytes), &image))
}

fn image(platform: &Platform, version: u32) -> Manifest {
    Manifest { media_type: MediaType::ImageManifest, bytes: format!("{platform} {version}").into_bytes() }
}

fn platforms() -> [Platform; 3] {
    ["linux/amd64", "linux/arm64", "darwin/arm64"].map(|text| text.parse().unwrap())
}

#[test]
fn a_second_system_is_joined_to_the_first() {
    let memory = Memory::default();
    let [amd, arm, _] = platforms();
    joined(&memory, &amd, 1).unwrap();
    let digest = joined(&memory, &arm, 1).unwrap();
    assert_eq!(memory.index(), [amd.clone(), arm.clone()]);
    assert_eq!(
        memory.tags.lock().unwrap().keys().collect::<Vec<_>>(),
        ["main", "main-aarch64-linux", "main-x86_64-linux"]
    );
    // Once more: nothing changes. A new image: only its own place does.
    assert_eq!(joined(&memory, &arm, 1).unwrap(), digest);
    assert_ne!(joined(&memory, &arm, 2).unwrap(), digest);
    assert_eq!(memory.index(), [amd, arm]);
}

#[test]
fn no_system_is_lost_whenever_another_comes_between() {
    let [amd, arm, mac] = platforms();
    // More than the requests that a join with two others makes.
    for first in 1..60 {
        for second in [first, first + 1, first + 7] {
            let memory = Memory::default();
            *memory.pending.lock().unwrap() = vec![(arm.clone(), first), (mac.clone(), second)];
            joined(&memory, &amd, 1).unwrap();
            let came = 3 - memory.pending.lock().unwrap().len();
            assert_eq!(memory.index().len(), came, "at requests {first} and {second}");
        }
    }
}

#[test]
fn a_write_that_comes_late_is_mended_by_its_writer() {
    // Threads, as they come: every system's index is whole once all have joined.
    for _ in 0..200 {
        let memory = Memory::default();
        std::thread::scope(|scope| {
            for platform in platforms() {
                let memory = &memory;
                scope.spawn(move || joined(memory, &platform, 1).unwrap());
            }
        });
        assert_eq!(memory.index().len(), 3);
    }
}

#[test]
fn a_single_image_becomes_the_first_of_an_index() {
    let memory = Memory::default();
    let [amd, arm, _] = platforms();
    memory.put("main", &MediaType::ImageManifest, &image(&amd, 1).bytes).unwrap();
    joined(&memory, &arm, 1).unwrap();
    assert_eq!(memory.index(), [amd, arm]);
}

#[test]
fn another_artifact_at_the_tag_is_refused() {
    let [amd, ..] = platforms();
    let list = MediaType::from("application/vnd.docker.distribution.manifest.list.v2+json");
    for (media_type, bytes) in [(MediaType::ImageManifest, "signature"), (list, "{}"), (MediaType::ImageIndex, "{}")] {
        let memory = Memory::default();
        memory.put("main", &media_type, bytes.as_bytes()).unwrap();
        let error = joined(&memory, &amd, 1).unwrap_err();
        assert!(matches!(error, Error::NotJoinable { .. }), "{error}");
    }
}

#[test]
fn another_platforms_image_at_a_systems_tag_is_refused() {
    let memory = Memory::default();
    let [amd, ..] = platforms();
    memory.put("main-aarch64-linux", &MediaType::ImageManifest, &image(&amd, 1).bytes).unwrap();
    let error = joined(&memory, &amd, 1).unwrap_err().to_string();
    assert!(error.contains("memory:main-aarch64-linux is an image for linux/amd64 and not for linux/arm64"), "{error}");
}
