//! What the program leaves where the machine fails it: a full disk, a read-only one, a kill at any moment.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nix_seed_store::{NarHasher, StorePath};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How many paths the closure graph has that is so long that a disk can be full within it.
const MANY: usize = 100;

/// The steps that write something, each with what it writes of a whole [`store`].
const STEPS: [(&str, &str); 3] = [
    ("closure --graph many.json", "whole-closure"),
    ("layers --graph graph.json --root .", "whole-layers"),
    ("image --spec spec.json --group whole-layers", "whole-image"),
];

/// A folder with a store, its closure graph, an image's spec, and what every step makes of them.
fn store() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("nix/store")).unwrap();
    let graph: Vec<_> = ["hello", "noise"].iter().map(|name| add(dir.path(), name)).collect();
    std::fs::write(dir.path().join("graph.json"), json!(graph).to_string()).unwrap();
    let many = (0..MANY).map(|i| {
        let mut row = graph[0].clone();
        row["path"] = format!("/nix/store/{i:032}-hello").into();
        row
    });
    std::fs::write(dir.path().join("many.json"), many.collect::<Value>().to_string()).unwrap();
    let spec = json!({ "name": "hello", "tag": "latest", "os": "linux", "architecture": "amd64" });
    std::fs::write(dir.path().join("spec.json"), spec.to_string()).unwrap();
    for (step, out) in STEPS {
        assert!(helper(dir.path(), step, out).status().unwrap().success());
    }
    dir
}

/// Adds a file of 100 KB that do not compress; its entry in the graph.
fn add(root: &Path, name: &str) -> Value {
    let path = StorePath::from_base_name(&format!("{}-{name}", "0".repeat(32))).unwrap();
    let mut state = name.len() as u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    });
    std::fs::write(path.below(root), noise.take(100_000).collect::<Vec<_>>()).unwrap();
    let (hash, size) = NarHasher::of(&path.below(root)).unwrap();
    json!({ "path": path.to_string(), "narHash": hash.sri(), "narSize": size, "references": [] })
}

/// The helper, below another program that ends by running what its last arguments say.
fn below(program: &[&str], dir: &Path, step: &str, out: &str) -> Command {
    let mut command = Command::new(program[0]);
    command.current_dir(dir).args(&program[1..]).arg(env!("CARGO_BIN_EXE_nix-seed-helper"));
    command.args(step.split(' ')).args(["--out", out]).stdout(Stdio::null());
    command
}

fn helper(dir: &Path, step: &str, out: &str) -> Command {
    below(&["env"], dir, step, out)
}

/// Runs a step that writes to a file system with these options, and prints what it leaves there. Where it succeeds, that
/// is what it has to be.
fn on_tmpfs(options: &str, dir: &Path, step: &str, whole: &str) -> Output {
    const SCRIPT: &str = "mount -t tmpfs -o \"$0\" tmpfs disk && whole=$1 && shift || exit 99
        \"$@\" && exec diff -r \"$whole\" disk/out; code=$?; ls -A disk; exit $code";
    std::fs::create_dir_all(dir.join("disk")).unwrap();
    // Who is not root becomes it, and may mount in a namespace of his own.
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let unshare = if root { "unshare --mount" } else { "unshare --map-root-user --mount" };
    let program: Vec<_> = unshare.split(' ').chain(["sh", "-c", SCRIPT, options, whole]).collect();
    below(&program, dir, step, "disk/out").stdout(Stdio::piped()).output().unwrap()
}

fn assert_failed(output: &Output, says: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("disk/") && message.contains(says), "{message}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "is left behind: {message}");
}

/// How many disks a step fills that have room for one `unit` of this, then for two, and so on.
fn disks_filled(unit: impl Fn(u32) -> String, dir: &Path, step: &str, whole: &str) -> u32 {
    let outputs = (1..).map(|units| on_tmpfs(&unit(units), dir, step, whole));
    outputs
        .take_while(|output| !output.status.success())
        .inspect(|output| assert_failed(output, "No space left"))
        .count() as u32
}

#[test]
fn a_disk_that_is_full_at_any_page_is_an_error_and_nothing_is_left() {
    let dir = store();
    let filled =
        STEPS.map(|(step, whole)| disks_filled(|pages| format!("size={}", pages * 4096), dir.path(), step, whole));
    // 20 KB of closure; 200 KB of layers; an image has them too, and a metadata layer.
    assert!(filled[0] >= 4 && filled[1] > 45 && filled[2] > filled[1], "{filled:?}");
}

#[test]
fn a_disk_that_is_full_at_any_file_is_an_error_and_nothing_is_left() {
    let dir = store();
    let filled = STEPS.map(|(step, whole)| disks_filled(|files| format!("nr_inodes={files}"), dir.path(), step, whole));
    assert!(filled[0] >= 2 && filled[1] >= 5 && filled[2] >= 8, "{filled:?}");
}

#[test]
fn a_read_only_disk_is_an_error() {
    let dir = store();
    for (step, whole) in STEPS {
        assert_failed(&on_tmpfs("ro", dir.path(), step, whole), "Read-only file system");
    }
}

fn assert_same(dir: &Path, whole: &str, out: &str) {
    assert!(Command::new("diff").current_dir(dir).args(["-r", whole, out]).status().unwrap().success());
}

/// What is in `dir` while something is written there to `out`, and after that was killed.
fn partial(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(".out.")).collect()
}

/// The length of the largest file at or below `path`, in units of 512 bytes.
fn largest(path: &Path) -> u64 {
    let length = |path: &Path| path.metadata().unwrap().len().div_ceil(512);
    match std::fs::read_dir(path) {
        Ok(entries) => entries.map(|entry| largest(&entry.unwrap().path())).max().unwrap_or_default(),
        Err(_) => length(path),
    }
}

#[test]
fn a_run_that_is_killed_within_a_file_leaves_nothing_that_the_next_takes_for_whole() {
    /// Spread evenly over the file that grows longest.
    const KILLS: u64 = 40;
    let dir = store();
    for (step, whole) in STEPS {
        let largest = largest(&dir.path().join(whole));
        assert!(largest >= KILLS, "{step}: {largest}");
        // The system kills a program whose files grow beyond their limit, here in units of 512 bytes.
        for limit in (0..KILLS).map(|kill| kill * largest / KILLS) {
            let limit = format!("ulimit -c 0 && ulimit -f {limit} && exec \"$0\" \"$@\"");
            let status = below(&["sh", "-c", &limit], dir.path(), step, "out").status().unwrap();
            const SIGXFSZ: i32 = 25;
            assert_eq!(status.signal(), Some(SIGXFSZ), "{status}");
            assert!(!dir.path().join("out").exists());
            assert_eq!(partial(dir.path()).len(), 1);
            assert!(helper(dir.path(), step, "out").status().unwrap().success());
            assert_same(dir.path(), whole, "out");
            assert!(partial(dir.path()).is_empty());
            remove(&dir.path().join("out"));
        }
    }
}

fn remove(path: &Path) {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    removed.unwrap();
}

#[test]
fn a_run_that_is_killed_while_it_writes_a_layer_leaves_nothing_that_the_next_takes_for_whole() {
    let dir = store();
    let graph = std::fs::read_to_string(dir.path().join("graph.json")).unwrap();
    // So large that no run comes to its end before it is killed.
    let endless = StorePath::from_base_name(&format!("{}-zeros", "0".repeat(32))).unwrap();
    File::create(endless.below(dir.path())).unwrap().set_len(1 << 40).unwrap();
    let mut rows: Vec<Value> = serde_json::from_str(&graph).unwrap();
    rows.push(
        json!({ "path": endless.to_string(), "narHash": rows[0]["narHash"], "narSize": 1_u64 << 40, "references": [] }),
    );
    std::fs::write(dir.path().join("endless.json"), Value::from(rows).to_string()).unwrap();

    let step = "layers --graph endless.json --root .";
    let mut killed = helper(dir.path(), step, "out").spawn().unwrap();
    let has_layer = |partial: &PathBuf| {
        let layers = std::fs::read_dir(partial.join("out/blobs/sha256"));
        layers.is_ok_and(|mut layers| layers.next().is_some())
    };
    while !partial(dir.path()).iter().any(has_layer) {
        assert!(killed.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::yield_now();
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(!dir.path().join("out").exists());
    assert!(partial(dir.path()).iter().any(has_layer));

    let (step, whole) = STEPS[1];
    assert!(helper(dir.path(), step, "out").status().unwrap().success());
    assert_same(dir.path(), whole, "out");
    assert!(partial(dir.path()).is_empty());
}

#[test]
fn a_graph_that_is_wrong_is_refused_in_little_memory() {
    const SIZE: usize = 8 << 20;
    let dir = tempfile::tempdir().unwrap();
    let row = r#"{"path":"/nix/store/00000000000000000000000000000000-a","references":["#;
    for (begin, again, end) in
        [("[", "0,", "0]"), ("[", "{},", "{}]"), ("{", r#""":0,"#, r#""":0}"#), (row, r#""","#, r#"""]}"#)]
    {
        let graph = begin.to_owned() + &again.repeat(SIZE / again.len()) + end;
        std::fs::write(dir.path().join("graph.json"), graph).unwrap();
        // What it is read into, and the program: a value for each of these bytes would be several times as much.
        let limited = format!("ulimit -v {} && exec \"$0\" \"$@\"", (16 * SIZE) >> 10);
        let output = below(&["sh", "-c", &limited], dir.path(), "closure --graph graph.json", "out").output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{again}: {message}");
        assert!(message.contains("the closure graph is malformed"), "{message}");
    }
}
