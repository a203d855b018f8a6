//! Lock files as text, on disk, and as git merges them.

use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::*;

fn entry(digit: char) -> Entry {
    let hex = |count| digit.to_string().repeat(count);
    Entry::new(&format!("sha256:{}", hex(64)), &hex(40), Some("ghcr.io/owner/seed")).unwrap()
}

fn of(entries: &[(&str, char)]) -> Lock {
    let mut lock = Lock::default();
    for (system, digit) in entries {
        lock.update(system, entry(*digit)).unwrap();
    }
    lock
}

fn why(text: &str) -> String {
    Lock::parse(text.as_bytes(), ".seed.lock").unwrap_err().to_string()
}

#[test]
fn the_text_is_stable() {
    let expected = format!(
        r#"{{
  "seeds": {{

    "aarch64-darwin": null,

    "aarch64-linux": null,

    "x86_64-darwin": null,

    "x86_64-linux": {{
      "commit": "{}",
      "digest": "sha256:{}",
      "image": "ghcr.io/owner/seed"
    }}

  }},
  "version": 1
}}
"#,
        "a".repeat(40),
        "a".repeat(64)
    );
    let lock = of(&[("x86_64-linux", 'a')]);
    assert_eq!(lock.to_text(), expected);
    assert_eq!(Lock::parse(expected.as_bytes(), "x").unwrap(), lock);
}

#[test]
fn an_update_keeps_others_and_the_image() {
    let mut lock = of(&[("x86_64-linux", 'a'), ("aarch64-linux", 'b')]);
    let new = Entry { image: None, ..entry('c') };
    assert_eq!(lock.update("x86_64-linux", new.clone()).unwrap(), Updated::Changed);
    assert_eq!(lock.update("x86_64-linux", new).unwrap(), Updated::Unchanged);
    assert_eq!(lock, of(&[("x86_64-linux", 'c'), ("aarch64-linux", 'b')]));
    assert_eq!(lock.update("riscv64-linux", entry('d')).unwrap(), Updated::Added);
}

#[test]
fn a_check_says_what_differs() {
    let lock = of(&[("x86_64-linux", 'a')]);
    let (digest, commit) = (entry('a').digest, entry('b').commit);
    assert_eq!(lock.check("x86_64-linux", Some(&digest), None), [""; 0]);
    assert_eq!(lock.check("x86_64-linux", None, None), [""; 0]);
    let differences = lock.check("x86_64-linux", Some(&digest), Some(&commit));
    assert_eq!(differences, [format!("x86_64-linux: its commit is {}, not {commit}", entry('a').commit)]);
    assert_eq!(
        lock.check("aarch64-linux", None, None),
        ["aarch64-linux has no seed; there are seeds for x86_64-linux"]
    );
    assert_eq!(Lock::default().check("a-b", None, None), ["a-b has no seed; there are seeds for no system"]);
}

#[test]
fn a_merge_conflict_is_refused_with_its_line() {
    let text = of(&[]).to_text().replace("    \"x86_64-linux\"", "<<<<<<< HEAD\n    \"x86_64-linux\"");
    let why = why(&text);
    assert!(why.contains(".seed.lock: line 10 begins with a conflict marker"), "{why}");
    assert!(why.contains("git checkout --ours") && why.contains("lock update"), "{why}");
}

#[test]
fn a_later_version_is_refused_by_its_number() {
    let text = of(&[]).to_text().replace("\"version\": 1", "\"version\": 2, \"more\": true");
    assert!(why(&text).contains("its version is 2, this program reads 1; use a newer nix-seed"));
}

#[test]
fn what_is_no_lock_file_is_refused() {
    let good = of(&[("x86_64-linux", 'a')]).to_text();
    for (from, to, expected) in [
        ("\"commit\"", "\"comit\"", "unknown field `comit`"),
        ("\"version\"", "\"x\": 1,\n  \"version\"", "unknown field `x`"),
        ("sha256:a", "sha256:A", "a digest is"),
        ("\"aaaa", "\"aaa", "a commit is"),
        ("owner/seed", "owner/seed:main", "leave out tag and digest"),
        ("ghcr.io/owner", "owner", "in full"),
        ("x86_64-linux", "X86", "as Nix does"),
        ("aarch64-linux\": null", "x86_64-linux\": null", "stands there twice"),
        ("{", "[", "no lock file"),
    ] {
        let why = why(&good.replacen(from, to, 1));
        assert!(why.contains(expected), "{from} → {to}: {why}");
    }
    assert!(why("").contains("no lock file"));
    assert!(why(&" ".repeat(LOCK_MAX as usize + 1)).contains("longer"));
}

#[test]
fn what_is_no_entry_is_refused() {
    let good = entry('a');
    for (digest, commit, image) in [
        ("sha512:x", &*good.commit, None),
        (&good.digest, "main", None),
        (&good.digest, &good.commit, Some("seed")),
        (&good.digest, &good.commit, Some("ghcr.io/Owner/seed")),
    ] {
        assert!(Entry::new(digest, commit, image).is_err(), "{digest} {commit} {image:?}");
    }
    assert!(Lock::default().update("linux", good).is_err());
}

proptest! {
    #[test]
    fn updates_of_different_systems_commute(
        start in prop::collection::btree_map(system(), digit(), 0..4),
        (one, other) in (system(), system()).prop_filter("two systems", |(one, other)| one != other),
        digits in (digit(), digit()),
    ) {
        let start: Vec<_> = start.iter().map(|(system, digit)| (&**system, *digit)).collect();
        let text = |updates: [(&str, char); 2]| of(&[&start[..], &updates].concat()).to_text();
        let (first, second) = ((&*one, digits.0), (&*other, digits.1));
        prop_assert_eq!(text([first, second]), text([second, first]));
        let lock = of(&[&start[..], &[first]].concat());
        prop_assert_eq!(Lock::parse(lock.to_text().as_bytes(), "x").unwrap(), lock);
    }

    #[test]
    fn no_text_panics(text: String) {
        let _ = Lock::parse(text.as_bytes(), "x");
    }
}

fn system() -> impl Strategy<Value = String> {
    prop_oneof![prop::sample::select(&SYSTEMS[..]).prop_map(Into::into), "[a-z]{1,4}-linux"]
}

fn digit() -> impl Strategy<Value = char> {
    prop::char::range('0', '9')
}

#[test]
fn a_file_is_written_only_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(LOCK_NAME);
    let file = LockFile::new(&path);
    assert_eq!(file.read().unwrap(), None);
    assert_eq!(file.update("x86_64-linux", entry('a')).unwrap(), Updated::Added);
    let before = path.metadata().unwrap();
    assert_eq!(file.update("x86_64-linux", entry('a')).unwrap(), Updated::Unchanged);
    use std::os::unix::fs::MetadataExt;
    assert_eq!(before.ino(), path.metadata().unwrap().ino(), "it was written anew");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something was left behind");
    // What cannot be read is not overwritten.
    std::fs::write(&path, "<<<<<<< HEAD\n").unwrap();
    assert!(file.update("x86_64-linux", entry('b')).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "<<<<<<< HEAD\n");
}

#[test]
fn updates_at_the_same_time_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = LockFile::new(folder.path().join(LOCK_NAME));
    std::thread::scope(|scope| {
        for system in SYSTEMS {
            let file = &file;
            scope.spawn(move || file.update(system, entry('a')).unwrap());
        }
    });
    assert_eq!(file.read().unwrap().unwrap(), of(&SYSTEMS.map(|system| (system, 'a'))));
}

fn git(folder: &Path, arguments: &[&str]) -> bool {
    let mut command = Command::new("git");
    command.current_dir(folder).args(["-c", "user.name=x", "-c", "user.email=x@example.org"]).args(arguments);
    command.output().unwrap().status.success()
}

/// Two branches, each with an update of its own to `start`; whether git merges them, and what comes out.
fn merged(start: &Lock, one: (&str, char), other: (&str, char)) -> Option<Lock> {
    let folder = tempfile::tempdir().unwrap();
    let file = LockFile::new(folder.path().join(LOCK_NAME));
    std::fs::write(folder.path().join(LOCK_NAME), start.to_text()).unwrap();
    let run = |arguments: &[&str]| git(folder.path(), arguments);
    assert!(run(&["init", "--quiet", "--initial-branch=main"]) && run(&["add", "."]));
    assert!(run(&["commit", "--quiet", "--message=start"]) && run(&["branch", "other"]));
    for (branch, (system, digit)) in [("main", one), ("other", other)] {
        assert!(run(&["checkout", "--quiet", branch]));
        file.update(system, entry(digit)).unwrap();
        assert!(run(&["commit", "--quiet", "--all", "--message=update"]));
    }
    if !run(&["merge", "--quiet", "--no-edit", "main"]) {
        assert!(file.read().unwrap_err().to_string().contains("conflict marker"));
        return None;
    }
    file.read().unwrap()
}

#[test]
fn git_merges_updates_of_different_systems() {
    for start in [of(&[]), of(&SYSTEMS.map(|system| (system, '0'))), of(&[("aarch64-linux", '0')])] {
        for (at, one) in SYSTEMS.iter().enumerate() {
            for other in &SYSTEMS[at + 1..] {
                let mut expected = start.clone();
                expected.update(one, entry('1')).unwrap();
                expected.update(other, entry('2')).unwrap();
                assert_eq!(merged(&start, (one, '1'), (other, '2')), Some(expected), "{one} {other}");
            }
        }
    }
    // An unusual system's first seed, beside another's update.
    let start = of(&SYSTEMS.map(|system| (system, '0')));
    assert!(merged(&start, ("riscv64-linux", '1'), ("aarch64-darwin", '2')).is_some());
}

#[test]
fn git_does_not_merge_two_seeds_of_one_system() {
    assert_eq!(merged(&of(&[]), ("x86_64-linux", '1'), ("x86_64-linux", '2')), None);
}

#[test]
fn the_commit_is_gits() {
    let folder = tempfile::tempdir().unwrap();
    assert!(git(folder.path(), &["init", "--quiet"]));
    let error = head(folder.path()).unwrap_err().to_string();
    assert!(error.contains("git rev-parse"), "{error}");
    assert!(git(folder.path(), &["commit", "--quiet", "--allow-empty", "--message=x"]));
    assert_eq!(head(folder.path()).unwrap().len(), 40);
}
