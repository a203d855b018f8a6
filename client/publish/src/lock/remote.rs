//! A lock file on a remote's branch: changed there by a commit of its own.
//!
//! Neither the working tree nor the index nor any branch here is touched: the commit is made of the remote's newest one, with
//! another lock file in it. Whoever pushed meanwhile is not overwritten (the remote refuses that); the commit is made anew on what is there
//! then. So jobs of several systems may write at the same time.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix_seed_store::Sha256Hash;
use sha2::{Digest, Sha256};

use crate::git::{git, git_line, git_with};
use crate::lock::{Entry, LOCK_NAME, Lock, Updated};
use crate::{Error, Result};

/// How often a commit is made anew because somebody else was faster.
const ATTEMPTS: u32 = 20;
/// How long whoever was slower waits, at most, for each time that it was.
const PAUSE: Duration = Duration::from_millis(150);

/// A remote of the git repository around a folder.
#[derive(Debug)]
pub struct Remote {
    folder: PathBuf,
    name: String,
    /// Variables for git, which may be secret.
    variables: Vec<(String, String)>,
    /// What a push asks the forge for.
    push_options: Vec<String>,
}

/// What is to be written.
#[derive(Debug, Clone)]
pub struct Change {
    /// The system.
    pub system: String,
    /// Its seed.
    pub entry: Entry,
    /// What the seed was built from: files beside the lock file, with their SHA-256 in hexadecimal digits, or none where there is no such
    /// file.
    pub made_of: Vec<(String, Option<String>)>,
    /// The commit's author and committer, as `NAME <ADDRESS>`; git's own settings where nothing is said.
    pub author: Option<(String, String)>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The branch says so already, or, where it is not there, the one that it would have begun as.
    Unchanged {
        /// Whether it is there, and the other does not say so: what was asked for by it may not have been asked yet.
        is_there: bool,
    },
    /// It was written.
    Written {
        /// The commit.
        commit: String,
    },
    /// The branch has other files by now, so that another seed is wanted: the job of that commit writes it.
    Outdated,
}

impl Remote {
    /// The remote `name` of the repository that `folder` is in.
    pub fn new(folder: &Path, name: &str) -> Self {
        Self { folder: folder.into(), name: name.into(), variables: Vec::new(), push_options: Vec::new() }
    }

    /// Whether git knows a header to log in with, as `actions/checkout` leaves it.
    pub fn has_header(&self) -> Result<bool> {
        let url = self.url()?;
        Ok(git(&self.folder, &["config", "--get-urlmatch", "http.extraheader", &url], b"").is_ok())
    }

    /// Has git log in with an HTTP header, which is no argument and no file, and with no other.
    pub fn with_header(mut self, header: &str) -> Result<Self> {
        let url = self.url()?;
        if url.starts_with("http") {
            // After those that somebody else has set (git-config(1), "GIT_CONFIG_COUNT"); an empty value forgets what files say.
            let set: usize = std::env::var("GIT_CONFIG_COUNT").ok().and_then(|count| count.parse().ok()).unwrap_or(0);
            let mut variables = vec![("GIT_CONFIG_COUNT".into(), (set + 2).to_string())];
            for (number, value) in (set..).zip(["", header]) {
                variables.push((format!("GIT_CONFIG_KEY_{number}"), format!("http.{url}.extraheader")));
                variables.push((format!("GIT_CONFIG_VALUE_{number}"), value.into()));
            }
            self.variables = variables;
        }
        Ok(self)
    }

    fn url(&self) -> Result<String> {
        git_line(&self.folder, &["remote", "get-url", "--", &self.name])
    }

    /// Asks the forge for something with each push, as GitLab's `merge_request.create` (git-push(1), "--push-option").
    pub fn with_push_options<T: Into<String>>(mut self, options: impl IntoIterator<Item = T>) -> Self {
        self.push_options = options.into_iter().map(Into::into).collect();
        self
    }

    /// Sets a system's seed in the lock file beside the flake, on the branch `to`; where that is not there yet, it begins as `from`.
    pub fn publish(&self, change: &Change, from: &str, to: &str) -> Result<Outcome> {
        for attempt in 1..=ATTEMPTS {
            let begins = if from == to { None } else { self.fetch(from)? };
            if let Some(tip) = &begins {
                match self.commit(change, tip)? {
                    None => return Ok(Outcome::Unchanged { is_there: false }),
                    Some(Made::Outdated) => return Ok(Outcome::Outdated),
                    Some(Made::Commit(_)) => {}
                }
            }
            let there = self.fetch(to)?;
            let is_there = there.is_some();
            let tip = there.or(begins).ok_or_else(|| self.no_branch(from))?;
            let Some(commit) = self.commit(change, &tip)? else { return Ok(Outcome::Unchanged { is_there }) };
            let commit = match commit {
                Made::Outdated => return Ok(Outcome::Outdated),
                Made::Commit(commit) => commit,
            };
            if self.push(&commit, to)? {
                return Ok(Outcome::Written { commit });
            }
            // Several wait for different times, so that not all meet again.
            std::thread::sleep(PAUSE * (std::process::id() % (attempt + 1)));
        }
        Err(Error::BranchContended { branch: to.into(), attempts: ATTEMPTS })
    }

    fn no_branch(&self, branch: &str) -> Error {
        Error::NotTaken { remote: self.name.clone(), branch: branch.into(), why: "there is no such branch".into() }
    }

    /// The newest commit of a branch, which is then here.
    fn fetch(&self, branch: &str) -> Result<Option<String>> {
        let reference = format!("refs/heads/{branch}");
        if self.git(&["ls-remote", "--heads", "--", &self.name, &reference])?.is_empty() {
            return Ok(None);
        }
        // Under a name of our own, and under no other (`--refmap`): others may fetch in the same repository, and git refuses when
        // two move the remote's branch there at once.
        let own = format!("refs/nix-seed/{}", std::process::id());
        let mut arguments = vec!["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap="];
        // A shallow clone stays one, and a whole one whole.
        if git_line(&self.folder, &["rev-parse", "--is-shallow-repository"])? == "true" {
            arguments.push("--depth=1");
        }
        self.git(&[&arguments[..], &["--", &self.name, &format!("+{reference}:{own}")]].concat())?;
        let commit = git_line(&self.folder, &["rev-parse", "--verify", &format!("{own}^{{commit}}")]);
        git(&self.folder, &["update-ref", "-d", &own], b"")?;
        commit.map(Some)
    }

    /// The commit after `tip`; none where there is nothing to change.
    fn commit(&self, change: &Change, tip: &str) -> Result<Option<Made>> {
        let prefix = git_line(&self.folder, &["rev-parse", "--show-prefix"])?;
        let file = |name: &str| self.file(tip, &format!("{prefix}{name}"));
        for (name, expected) in &change.made_of {
            if file(name)?.map(|bytes| Sha256Hash(Sha256::digest(bytes).into()).hex()) != *expected {
                return Ok(Some(Made::Outdated));
            }
        }
        let at = format!("{}/{}:{prefix}{LOCK_NAME}", self.name, tip);
        let mut lock = file(LOCK_NAME)?.map(|bytes| Lock::parse(&bytes, &at)).transpose()?.unwrap_or_default();
        if lock.update(&change.system, change.entry.clone())? == Updated::Unchanged {
            return Ok(None);
        }
        let scratch = git_line(&self.folder, &["rev-parse", "--absolute-git-dir"])?;
        let index = Path::new(&scratch).join(format!("nix-seed-{}.index", std::process::id()));
        let made = self.write(change, tip, &format!("{prefix}{LOCK_NAME}"), lock.to_text().as_bytes(), &index);
        let _ = std::fs::remove_file(&index);
        made.map(|commit| Some(Made::Commit(commit)))
    }

    fn write(&self, change: &Change, tip: &str, path: &str, text: &[u8], index: &Path) -> Result<String> {
        let mut variables = vec![("GIT_INDEX_FILE".to_owned(), index.display().to_string())];
        if let Some((name, address)) = &change.author {
            for (variable, value) in [
                ("GIT_AUTHOR_NAME", name),
                ("GIT_AUTHOR_EMAIL", address),
                ("GIT_COMMITTER_NAME", name),
                ("GIT_COMMITTER_EMAIL", address),
            ] {
                variables.push((variable.into(), value.clone()));
            }
        }
        let line = |arguments: &[&str], input: &[u8]| {
            let out = git_with(&self.folder, arguments, input, &variables)?;
            Ok::<_, Error>(String::from_utf8_lossy(&out).trim_end().to_owned())
        };
        // Without filters: the text is the same on every machine.
        let blob = line(&["hash-object", "-w", "--stdin", "--no-filters"], text)?;
        line(&["read-tree", tip], b"")?;
        line(&["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{path}")], b"")?;
        let tree = line(&["write-tree"], b"")?;
        let message = format!("{LOCK_NAME}: the seed of {}\n\nBuilt from {}.\n", change.system, change.entry.commit);
        line(&["commit-tree", &tree, "-p", tip], message.as_bytes())
    }

    /// Pushes a commit; whether the branch is as it was thought to be.
    fn push(&self, commit: &str, branch: &str) -> Result<bool> {
        let target = format!("{commit}:refs/heads/{branch}");
        let options: Vec<_> = self.push_options.iter().map(|option| format!("--push-option={option}")).collect();
        let mut arguments = vec!["push", "--no-verify"];
        arguments.extend(options.iter().map(String::as_str));
        arguments.extend(["--", &self.name, &target]);
        let pushed = self.git(&arguments);
        let why = match pushed {
            Ok(_) => return Ok(true),
            Err(Error::Git { why, .. }) => why,
            Err(error) => return Err(error),
        };
        // Somebody was faster, or is about to be.
        let is_race = ["fetch first", "non-fast-forward", "cannot lock ref", "stale info", "failed to update ref"];
        if is_race.iter().any(|text| why.contains(text)) {
            return Ok(false);
        }
        Err(Error::NotTaken { remote: self.name.clone(), branch: branch.into(), why })
    }

    /// A file's content in a commit; none where it is not there.
    fn file(&self, commit: &str, path: &str) -> Result<Option<Vec<u8>>> {
        let listed = git(&self.folder, &["ls-tree", "-z", "--full-tree", commit, "--", path], b"")?;
        // `MODE TYPE OBJECT\tPATH`
        let text = String::from_utf8_lossy(&listed).into_owned();
        let mut words = text.split([' ', '\t']);
        match (words.nth(1), words.next()) {
            (Some("blob"), Some(object)) => git(&self.folder, &["cat-file", "blob", object], b"").map(Some),
            _ => Ok(None),
        }
    }

    fn git(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
        git_with(&self.folder, &arguments, b"", &self.variables)
    }
}

/// What a commit became.
enum Made {
    Commit(String),
    Outdated,
}
