//! What `doc/format.md` says is what the code does: its example byte for byte, its numbers, its words.

use std::path::PathBuf;

use nix_seed_image::documents::digest;
use nix_seed_image::image::{GROUP_ANNOTATION, METADATA_GROUP, Spec, write_image};
use nix_seed_image::index::{Entry, INDEX_PATH, Index, Layer, Node, SeedPath};
use nix_seed_image::layer::Group;
use nix_seed_image::layout::{Layout, blob_path};
use nix_seed_image::metadata::DATABASE_PATH;
use nix_seed_image::partition::{LAYER_MAX, LAYER_MIN};
use nix_seed_image::verify::verify;
use nix_seed_image::{FRAME, FRAME_MAX, Frame};
use nix_seed_store::{
    Closure, NarHasher, PathInfo, REGISTRATION_TIME, SCHEMA_VERSION, STORE_DIR, Sha256Hash, StorePath, database_bytes,
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::document::{blocks, document, hex, rows, section};

const GREETING: &str = "/nix/store/11111111111111111111111111111111-greeting";
const LINK: &str = "/nix/store/00000000000000000000000000000000-link";

/// The bytes of a hex dump that leaves nothing out.
fn bytes(block: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (offset, line) in hex(block) {
        assert_eq!(offset, bytes.len(), "the dump has a gap");
        bytes.extend(line);
    }
    bytes
}

fn sha256(bytes: &[u8]) -> Sha256Hash {
    Sha256Hash(Sha256::digest(bytes).into())
}

/// The example's two store paths, as files below a folder.
struct Example {
    dir: TempDir,
    closure: Closure,
}

impl Example {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (greeting, link) = (StorePath::parse(GREETING).unwrap(), StorePath::parse(LINK).unwrap());
        std::fs::create_dir_all(link.below(dir.path())).unwrap();
        std::fs::write(greeting.below(dir.path()), "hello\n").unwrap();
        std::os::unix::fs::symlink(GREETING, link.below(dir.path()).join("hello")).unwrap();
        let info = |path: &StorePath, references| {
            let (nar_hash, nar_size) = NarHasher::of(&path.below(dir.path())).unwrap();
            PathInfo { path: path.clone(), nar_hash, nar_size, references, ca: None }
        };
        let closure = [info(&greeting, vec![]), info(&link, vec![greeting.clone()])].into_iter().collect();
        Self { dir, closure }
    }

    fn info(&self, path: &str) -> PathInfo {
        self.closure.iter().find(|info| info.path.to_string() == path).unwrap().clone()
    }

    fn group(&self) -> PathBuf {
        let out = self.dir.path().join("group");
        let group = Group { name: "example", max_layers: 1, root: self.dir.path(), threads: 1 };
        group.write(&self.closure, &out).unwrap();
        out
    }

    fn image(&self) -> PathBuf {
        let out = self.dir.path().join("image");
        let spec: Spec = serde_json::from_value(serde_json::json!({
            "name": "example", "tag": "latest", "os": "linux", "architecture": "amd64",
            "gcRoots": [LINK], "root": { "tmp": { "type": "directory", "mode": "1777" } },
        }))
        .unwrap();
        write_image(&spec, &[self.group()], &out).unwrap();
        out
    }

    /// The index that the text describes, from what the text shows of the blob.
    fn index(&self, blob: &[u8]) -> Index {
        let tar = zstd::decode_all(blob).unwrap();
        let frame = |offset: usize, length: usize| Frame {
            offset: offset as u64,
            length: length as u32,
            tar_length: 1024,
            sha256: sha256(&blob[offset..offset + length]),
        };
        let layer = Layer {
            group: "example".into(),
            digest: sha256(blob),
            size: 332,
            diff_id: sha256(&tar),
            tar_size: 4096,
            frames: vec![frame(0, 92), frame(92, 98), frame(190, 123), frame(313, 19)],
        };
        let entry = |name: &str, node| Entry { parent: 0, name: name.into(), node };
        let link = SeedPath {
            info: self.info(LINK),
            layer: 0,
            frames: 2..3,
            entries: vec![
                entry("", Node::Directory),
                entry("hello", Node::Symlink { target: GREETING.as_bytes().into() }),
            ],
        };
        let greeting = SeedPath {
            info: self.info(GREETING),
            layer: 0,
            frames: 1..2,
            entries: vec![entry("", Node::File { executable: false, size: 6, offset: 512 })],
        };
        Index { layers: vec![layer], paths: vec![link, greeting], ..Index::default() }
    }
}

#[test]
fn the_index_of_the_example_is_what_its_text_says() {
    let Some(document) = document() else { return };
    let blob = bytes(blocks(section(&document, "### 12.1"))[0]);
    let dump = section(&document, "### 12.2");
    let encoded = bytes(blocks(dump)[0]);
    let index = Example::new().index(&blob);
    assert_eq!(Index::decode(&encoded).unwrap(), index);
    assert_eq!(index.encode(), encoded);
    assert!(dump.contains(&format!("\n{} bytes, each field", encoded.len())));
}

#[test]
fn the_example_is_what_this_program_writes() {
    let Some(document) = document() else { return };
    let example = Example::new();
    let image = example.image();
    let layout = Layout::open(&image).unwrap();
    verify(&layout).unwrap();

    let frames = section(&document, "### 12.1");
    let [blob, header] = blocks(frames)[..] else { panic!("12.1 has other blocks") };
    let blob = bytes(blob);
    assert_eq!(std::fs::read(blob_path(&image, &sha256(&blob))).unwrap(), blob);
    let mut part = vec![0; 1024];
    for (offset, line) in hex(header) {
        part[offset..offset + line.len()].copy_from_slice(&line);
    }
    assert_eq!(part, zstd::decode_all(&blob[92..190]).unwrap());
    let listed: Vec<_> = rows(frames).into_iter().skip(1).map(|row| row[1..4].join(" ")).collect();
    assert_eq!(listed, ["0 92 1024", "92 98 1024", "190 123 1024", "313 19 1024"]);

    let metadata = section(&document, "### 12.3");
    let descriptor = layout.documents.metadata_layer().unwrap();
    let tar = zstd::decode_all(layout.open_blob(descriptor).unwrap().1).unwrap();
    let mut members = Vec::new();
    for entry in tar::Archive::new(&tar[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let (mode, size) = (entry.header().mode().unwrap(), entry.size());
        if path == DATABASE_PATH {
            let mut database = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut database).unwrap();
            assert!(metadata.contains(&format!("`{}`", sha256(&database).hex())));
        }
        members.push(format!("`{}` {mode:04o} {size}", path.replace(&"0".repeat(32), "0…0")));
    }
    assert_eq!(rows(metadata).into_iter().skip(1).map(|row| row.join(" ")).collect::<Vec<_>>(), members);
    assert!(metadata.contains(&format!("{} bytes, so the blob, {} bytes,", tar.len(), descriptor.size())));

    let documents: Vec<_> =
        blocks(section(&document, "### 12.4")).iter().map(|block| block.replace('\n', "")).collect();
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap();
    let blob = |descriptor| read(blob_path(&image, &digest(descriptor).unwrap()));
    let written =
        [blob(layout.documents.manifest.config()), blob(&layout.manifest_descriptor), read(image.join("index.json"))];
    assert_eq!(documents, written);
    assert!(document.contains(&format!("| `oci-layout` | `{}` |", read(image.join("oci-layout")))));
}

#[test]
fn the_sizes_of_records_are_the_specified_ones() {
    let Some(document) = document() else { return };
    let encoded = bytes(blocks(section(&document, "### 12.2"))[0]);
    let number = |at: usize| u64::from_le_bytes(encoded[at..at + 8].try_into().unwrap());
    let counts = [1, 4, 2, 1, 3, number(16 + 5 * 24 + 16)];
    let table = rows(section(&document, "### 5.1"));
    let sections = table.iter().filter(|row| row[0].starts_with('`'));
    for ((i, row), count) in sections.enumerate().zip(counts) {
        let record = 16 + 24 * i;
        assert_eq!(row[0].as_bytes()[1..5], encoded[record..record + 4]);
        assert_eq!(row[1].parse::<u64>().unwrap() * count, number(record + 16), "{}", row[0]);
    }
    // The fields of each record's own table fill it.
    for (heading, size) in [
        ("### 5.3", 96),
        ("### 5.4", 48),
        ("### 5.5", 88),
        ("### 5.6", 8),
        ("### 5.7", 40),
        ("### 5.8", 16),
        ("### 5.9", 12),
        ("### 5.10", 8),
        ("### 5.11", 4),
    ] {
        let mut end = 0;
        for row in rows(section(&document, heading)).into_iter().skip(1) {
            assert_eq!(row[0].parse::<u64>().unwrap(), end, "{heading} {row:?}");
            end += row[1].parse::<u64>().unwrap();
        }
        assert_eq!(end, size, "{heading}");
    }
}

/// An index of one path that is one symbolic link.
fn one_link(group: &str, name: &str, target: &str) -> Index {
    let frame = |offset, tar_length| Frame { offset, length: 1, tar_length, sha256: Sha256Hash([0; 32]) };
    let layer = Layer {
        group: group.into(),
        digest: Sha256Hash([0; 32]),
        size: 3,
        diff_id: Sha256Hash([0; 32]),
        tar_size: 3,
        frames: (0..3).map(|offset| frame(offset, 1)).collect(),
    };
    let root = Entry { parent: 0, name: Vec::new(), node: Node::Directory };
    let link = Entry { parent: 0, name: name.into(), node: Node::Symlink { target: target.into() } };
    let info = PathInfo {
        path: StorePath::parse(LINK).unwrap(),
        nar_hash: Sha256Hash([0; 32]),
        nar_size: 0,
        references: Vec::new(),
        ca: None,
    };
    let path = SeedPath { info, layer: 0, frames: 1..2, entries: vec![root, link] };
    Index { layers: vec![layer], paths: vec![path], ..Index::default() }
}

fn refusal(encoded: &[u8]) -> Option<String> {
    Index::decode(encoded).err().map(|error| error.to_string())
}

#[test]
fn limits_are_the_specified_ones() {
    let Some(document) = document() else { return };
    let table = rows(section(&document, "## 6."));
    let limit = |what: &str| -> usize { table.iter().find(|row| row[0] == what).unwrap()[1].parse().unwrap() };
    assert_eq!(limit("tar bytes in a frame"), FRAME_MAX);

    let refused = |index: Index| refusal(&index.encode()).is_some_and(|why| why.contains("bytes where at most"));
    let text = |length| "x".repeat(length);
    let name = limit("bytes of an entry's name");
    assert!(!refused(one_link("g", &text(name), "t")) && refused(one_link("g", &text(name + 1), "t")));
    let target = limit("bytes of a symbolic link's target");
    assert!(!refused(one_link("g", "n", &text(target))) && refused(one_link("g", "n", &text(target + 1))));
    let other = limit("bytes of any other string");
    assert!(!refused(one_link(&text(other), "n", "t")) && refused(one_link(&text(other + 1), "n", "t")));

    let sections = limit("sections of an index");
    let mut encoded = one_link("g", "n", "t").encode();
    for (count, why) in [(sections, "cut off"), (sections + 1, "at most 64 are allowed")] {
        encoded[12..16].copy_from_slice(&(count as u32).to_le_bytes());
        let found = refusal(&encoded).unwrap();
        assert!(found.contains(why), "{found}");
    }

    let example = Example::new();
    let image = example.image();
    let mut json = std::fs::read(image.join("index.json")).unwrap();
    json.resize(limit("bytes of a JSON document"), b' ');
    std::fs::write(image.join("index.json"), &json).unwrap();
    assert!(Layout::open(&image).is_ok());
    json.push(b' ');
    std::fs::write(image.join("index.json"), &json).unwrap();
    assert!(Layout::open(&image).unwrap_err().to_string().contains("it is longer than 4 MiB"));
}

#[test]
fn sections_have_the_specified_limits() {
    let Some(document) = document() else { return };
    let table = rows(section(&document, "### 5.1"));
    let small = Index::default().encode();
    for (i, row) in table.iter().filter(|row| row[0].starts_with('`')).enumerate().take(5) {
        let (size, most): (usize, usize) = (row[1].parse().unwrap(), row[2].parse().unwrap());
        let refused = |records: usize| {
            // Zeros that are never touched take no memory.
            let mut encoded = vec![0; small.len() + records * size];
            encoded[..small.len()].copy_from_slice(&small);
            let length = 16 + 24 * i + 16;
            encoded[length..length + 8].copy_from_slice(&((records * size) as u64).to_le_bytes());
            refusal(&encoded).is_some_and(|why| why.contains("or too many"))
        };
        assert!(refused(most + 1), "{row:?}");
        // Records of layers and paths are read, the others found to belong to nothing.
        if row[0] != "`PATH`" {
            assert!(!refused(most), "{row:?}");
        }
    }
}

#[test]
fn constants_are_the_specified_ones() {
    let Some(document) = document() else { return };
    let mib = |bytes: u64| bytes >> 20;
    for words in [
        format!("Let *min*, *middle* and *max* be {} MiB, 16 MiB and {} MiB", mib(LAYER_MIN), mib(LAYER_MAX)),
        format!("at most {} MiB of tar", mib(FRAME_MAX as u64)),
        format!("with exactly {} KiB", FRAME >> 10),
        format!("exceeds {}, zstd's bound", zstd::zstd_safe::compress_bound(FRAME_MAX)),
        format!("libzstd {} with", zstd::zstd_safe::version_string()),
        format!("`{INDEX_PATH}`"),
        format!("`{DATABASE_PATH}`"),
        format!("`{GROUP_ANNOTATION}`"),
        format!("The group of the metadata layer is `{METADATA_GROUP}`"),
        format!("| `nix/var/nix/db/schema` | file, 0644 | `{SCHEMA_VERSION}`, no line break |"),
        format!("`registrationTime`, {REGISTRATION_TIME};"),
        format!("The store path is `{STORE_DIR}/`"),
    ] {
        assert!(document.contains(&words), "doc/format.md does not say: {words}");
    }
}

#[test]
fn the_schema_is_the_specified_one() {
    let Some(document) = document() else { return };
    let database = database_bytes(&Closure::default()).unwrap();
    let [schema] = blocks(section(&document, "### 4.2"))[..] else { panic!("4.2 has other blocks") };
    // SQLite keeps each statement as it was given, less the semicolon.
    let statements: Vec<_> = schema.trim().trim_end_matches(';').split(";\nCREATE ").collect();
    assert_eq!(statements.len(), 7);
    for statement in statements {
        assert!(database.windows(statement.len()).any(|window| window == statement.as_bytes()), "{statement}");
    }
}
