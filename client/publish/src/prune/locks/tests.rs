//! Lock files on branches of real git repositories.

use std::process::Command;

use super::*;
use crate::lock::{Entry, LOCK_NAME};

struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.git(&["commit", "--quiet", "--allow-empty", "--message=start"]);
        repository
    }

    fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.current_dir(self.0.path()).args(["-c", "user.name=x", "-c", "user.email=x@example.org"]);
        assert!(command.args(arguments).output().unwrap().status.success(), "{arguments:?}");
    }

    fn path(&self) -> PathBuf {
        self.0.path().join(LOCK_NAME)
    }

    fn lock(&self, digit: char) {
        LockFile::new(self.path()).update("x86_64-linux", entry(digit)).unwrap();
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=lock"]);
    }

    fn read(&self) -> Result<Vec<char>> {
        let locks = Locks::read(self.0.path(), LOCK_NAME)?;
        let mut found: Vec<_> = locks.digests().map(|digest| digest.chars().last().unwrap()).collect();
        found.dedup();
        Ok(found)
    }
}

fn entry(digit: char) -> Entry {
    let hex = |count| digit.to_string().repeat(count);
    Entry::new(&format!("sha256:{}", hex(64)), &hex(40), Some("ghcr.io/owner/seed")).unwrap()
}

#[test]
fn all_branches_tags_and_the_working_tree_count() {
    let repository = Repository::new();
    assert!(repository.read().unwrap().is_empty());
    repository.lock('1');
    repository.commit();
    repository.git(&["tag", "--annotate", "--message=x", "v1"]);
    repository.git(&["checkout", "--quiet", "-b", "other"]);
    repository.lock('2');
    repository.commit();
    repository.git(&["update-ref", "refs/remotes/origin/gone/far", "HEAD"]);
    repository.git(&["checkout", "--quiet", "main"]);
    repository.git(&["branch", "--quiet", "-D", "other"]);
    repository.lock('3');
    repository.commit();
    repository.lock('4');
    assert_eq!(repository.read().unwrap(), ['1', '2', '3', '4']);
    let locks = Locks::read(repository.0.path(), LOCK_NAME).unwrap();
    let digest = entry('2').digest;
    assert_eq!(locks.reasons()[&digest], "refs/remotes/origin/gone/far:.seed.lock");
    assert_eq!(locks.missing("ghcr.io/owner/seed", |found| found != digest).len(), 1);
    assert_eq!(locks.missing("ghcr.io/owner/other", |_| false), []);
}

#[test]
fn a_lock_file_that_cannot_be_read_on_some_branch_refuses_all() {
    for text in ["<<<<<<< HEAD\n", "{}", ""] {
        let repository = Repository::new();
        repository.git(&["checkout", "--quiet", "-b", "broken"]);
        std::fs::write(repository.path(), text).unwrap();
        repository.commit();
        repository.git(&["checkout", "--quiet", "main"]);
        repository.lock('1');
        repository.commit();
        let error = repository.read().unwrap_err().to_string();
        assert!(error.starts_with("refs/heads/broken:.seed.lock: ") && error.contains("nothing is deleted"), "{error}");
    }
}

#[test]
fn a_folder_in_the_lock_files_place_is_refused() {
    let repository = Repository::new();
    std::fs::create_dir(repository.path()).unwrap();
    std::fs::write(repository.path().join("x"), "").unwrap();
    repository.commit();
    assert!(repository.read().unwrap_err().to_string().contains("it is no file but a tree"));
}

#[test]
fn attack_a_clone_that_lacks_what_its_remote_has_is_refused() {
    let repository = Repository::new();
    repository.lock('1');
    repository.commit();
    repository.git(&["checkout", "--quiet", "-b", "other"]);
    repository.lock('2');
    repository.commit();
    let clone = tempfile::tempdir().unwrap();
    let place = clone.path().to_str().unwrap();
    let from = format!("file://{}", repository.0.path().display());
    let lacks = |what: &str| {
        let error = Locks::read(clone.path(), LOCK_NAME).unwrap_err().to_string();
        assert!(error.contains(&format!("{what} of the remote \"origin\"")), "{error}");
    };
    // As a CI may fetch: the settings speak of all branches, one of them is there.
    repository.git(&["-C", place, "init", "--quiet"]);
    repository.git(&["-C", place, "remote", "add", "origin", &from]);
    repository.git(&["-C", place, "fetch", "--quiet", "origin", "other"]);
    repository.git(&["-C", place, "checkout", "--quiet", "FETCH_HEAD"]);
    lacks("refs/heads/main");
    repository.git(&["-C", place, "fetch", "--quiet", "origin"]);
    assert_eq!(Locks::read(clone.path(), LOCK_NAME).unwrap().reasons().len(), 2);
    // What came since.
    repository.git(&["tag", "--annotate", "--message=x", "v1"]);
    lacks("refs/tags/v1");
    repository.git(&["-C", place, "fetch", "--quiet", "--tags", "origin"]);
    assert!(Locks::read(clone.path(), LOCK_NAME).is_ok());
    // Nobody knows what a remote has that does not answer.
    std::fs::rename(repository.0.path().join(".git"), repository.0.path().join("gone")).unwrap();
    assert!(Locks::read(clone.path(), LOCK_NAME).unwrap_err().to_string().contains("git ls-remote"));
}

#[test]
fn a_shallow_clone_is_refused() {
    let repository = Repository::new();
    repository.git(&["commit", "--quiet", "--allow-empty", "--message=more"]);
    let clone = tempfile::tempdir().unwrap();
    let url = format!("file://{}", repository.0.path().display());
    let mut command = Command::new("git");
    let cloned = command.args(["clone", "--quiet", "--depth=1", &url]).arg(clone.path().join("x")).status().unwrap();
    assert!(cloned.success());
    let error = Locks::read(&clone.path().join("x"), LOCK_NAME).unwrap_err().to_string();
    assert!(error.contains("fetch-depth: 0"), "{error}");
}

#[test]
fn what_is_no_repository_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = Locks::read(folder.path(), LOCK_NAME).unwrap_err().to_string();
    assert!(error.contains("git rev-parse"), "{error}");
}

#[test]
fn answers_of_git_are_read() {
    let out = b"x:y missing\nabc blob 3\na\nb\nabc blob 0\n\nz missing\n";
    let found: Vec<_> = objects(out).map(Result::unwrap).collect();
    assert_eq!(found, [None, Some(&b"a\nb"[..]), Some(&b""[..]), None]);
    assert!(objects(b"abc blob 30\nab\n").next().unwrap().is_err());
    assert!(objects(b"x ambiguous\n").next().unwrap().is_err());
}
