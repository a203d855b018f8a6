//! Programs that attach at the same time, in every order that a registry may see.

use std::collections::BTreeSet;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard};

use oci_spec::image::{Descriptor, MediaType};

use super::*;
use crate::text::Reply;
use crate::{Error, Subject};

/// A list under a tag, in memory.
#[derive(Default)]
struct Registry {
    list: Option<Vec<u8>>,
    /// Counts what stood there, for conditions.
    version: u32,
    own: Vec<Entry>,
    /// Manifests that were deleted.
    deleted: BTreeSet<String>,
    writes: u32,
}

/// What a registry is like.
#[derive(Clone, Copy, Default)]
struct Manners {
    /// It looks at conditions.
    conditions: bool,
    /// It says that it takes a list, and does not.
    forgets: bool,
    /// It takes no list that names what is not there.
    looks: bool,
}

/// One program's view. Before its request of that number, others do what they do.
struct View<'a> {
    registry: &'a Mutex<Registry>,
    manners: Manners,
    requests: Mutex<u32>,
    others: Box<dyn Fn(u32) + 'a>,
    waits: u32,
}

impl<'a> View<'a> {
    fn new(registry: &'a Mutex<Registry>, others: impl Fn(u32) + 'a) -> Self {
        let (manners, requests) = (Manners::default(), Mutex::default());
        Self { registry, manners, requests, others: Box::new(others), waits: 0 }
    }

    fn step(&self) -> MutexGuard<'_, Registry> {
        let number = {
            let mut requests = self.requests.lock().unwrap();
            *requests += 1;
            *requests
        };
        (self.others)(number);
        self.registry.lock().unwrap()
    }

    fn attach(&mut self, entry: &Entry) -> Result<()> {
        self.step().own.push(entry.clone());
        update(self, std::slice::from_ref(entry))
    }
}

impl Shelf for View<'_> {
    fn list(&self) -> Result<Option<Tagged>> {
        let registry = self.step();
        let condition = Condition::Unchanged(registry.version.to_string());
        Ok(registry.list.as_ref().map(|bytes| Tagged { index: ReferrersIndex::parse(bytes).unwrap(), condition }))
    }

    fn owned(&self, known: &[&Digest]) -> Result<Vec<Entry>> {
        let registry = self.step();
        Ok(registry.own.iter().filter(|entry| !known.contains(&entry.digest())).cloned().collect())
    }

    fn write(&self, bytes: &[u8], condition: &Condition) -> Result<Written> {
        let mut registry = self.step();
        let holds = match condition {
            Condition::None => true,
            Condition::Absent => registry.list.is_none(),
            Condition::Unchanged(version) => registry.list.is_some() && *version == registry.version.to_string(),
        };
        if self.manners.conditions && !holds {
            return Ok(Written::Changed);
        }
        let index = ReferrersIndex::parse(bytes).unwrap();
        let is_gone = |found: &Descriptor| registry.deleted.contains(found.digest().as_ref());
        if self.manners.looks && index.descriptors().any(is_gone) {
            let reply = Reply { status: 400, code: "MANIFEST_BLOB_UNKNOWN".into(), message: String::new() };
            return Ok(Written::Refused(Error::Status { at: at(), reply, mend: "" }));
        }
        registry.writes += 1;
        if !self.manners.forgets {
            registry.list = Some(bytes.to_vec());
            registry.version += 1;
        }
        Ok(Written::Done)
    }

    fn has(&self, digest: &Digest) -> Result<bool> {
        Ok(!self.step().deleted.contains(digest.as_ref()))
    }

    fn wait(&mut self, writes: u32) -> Result<()> {
        self.waits += 1;
        if self.waits < 5 { Ok(()) } else { Err(Error::ReadBack { at: at(), why: format!("{writes} times") }) }
    }
}

fn at() -> Arc<Subject> {
    Arc::new(Subject { registry: "r".into(), repository: "n".into(), what: "list".into() })
}

fn entry(digit: char) -> Entry {
    let digest: Digest = format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap();
    Entry::new(Descriptor::new(MediaType::ImageManifest, 7, digest)).unwrap()
}

/// The first digits of all that is listed.
fn listed(registry: &Mutex<Registry>) -> String {
    let registry = registry.lock().unwrap();
    let index = registry.list.as_ref().map(|bytes| ReferrersIndex::parse(bytes).unwrap()).unwrap_or_default();
    index.descriptors().filter_map(|found| found.digest().digest().chars().next()).collect()
}

/// What a program does that knows no tags but the list's: it reads at one time, and writes at another.
fn foreign_write(registry: &Mutex<Registry>, read: Option<&[u8]>, digit: char) {
    let mut index = read.map(|bytes| ReferrersIndex::parse(bytes).unwrap()).unwrap_or_default();
    index.put(entry(digit));
    let mut registry = registry.lock().unwrap();
    registry.list = Some(index.to_bytes());
    registry.version += 1;
}

#[test]
fn one_after_the_other_is_listed_and_the_same_again_changes_nothing() {
    let registry = Mutex::default();
    for digit in ['b', 'a', 'b', 'a'] {
        let mut view = View::new(&registry, |_| {});
        view.attach(&entry(digit)).unwrap();
        assert_eq!(view.waits, 0);
    }
    assert_eq!((listed(&registry).as_str(), registry.lock().unwrap().writes), ("ab", 2));
}

#[test]
fn nothing_is_lost_whenever_another_comes_between() {
    for conditions in [false, true] {
        // More than the requests that one makes with another in between.
        for number in 1..20 {
            let registry = Mutex::default();
            let manners = Manners { conditions, ..Manners::default() };
            let other = |now: u32| {
                if now == number {
                    let mut view = View { manners, ..View::new(&registry, |_| {}) };
                    view.attach(&entry('b')).unwrap();
                }
            };
            let mut view = View { manners, ..View::new(&registry, other) };
            view.attach(&entry('a')).unwrap();
            let came = *view.requests.lock().unwrap() >= number;
            assert_eq!(listed(&registry), if came { "ab" } else { "a" }, "at request {number}");
        }
    }
}

#[test]
fn nothing_is_lost_whatever_two_that_come_together_do() {
    // Before each of the first one's six requests but its first, the second one makes none, one, two or six.
    for turns in 0..4_u32.pow(5) {
        let registry = Mutex::default();
        std::thread::scope(|scope| {
            let ((go, gone), (done, did)) = (sync_channel::<()>(0), sync_channel::<()>(0));
            let (gone, registry) = (Mutex::new(gone), &registry);
            let second = scope.spawn(move || {
                let others = |number| {
                    if number > 1 {
                        let _ = done.send(());
                    }
                    let _ = gone.lock().unwrap().recv();
                };
                View::new(registry, others).attach(&entry('b')).unwrap();
            });
            let others = |number| {
                let is_asked = (2..=6).contains(&number);
                let turns = if is_asked { [0, 1, 2, 6][(turns >> (2 * (number - 2)) & 3) as usize] } else { 0 };
                for _ in 0..turns {
                    // Once the second one has ended, both fail at once.
                    let _ = go.send(());
                    let _ = did.recv();
                }
            };
            View::new(registry, others).attach(&entry('a')).unwrap();
            drop((go, did));
            second.join().unwrap();
        });
        assert_eq!(listed(&registry), "ab", "{turns:o}");
    }
}

#[test]
fn threads_that_attach_as_they_come_lose_nothing() {
    for _ in 0..100 {
        let registry = Mutex::default();
        std::thread::scope(|scope| {
            for digit in ['a', 'b', 'c', 'd'] {
                let registry = &registry;
                scope.spawn(move || View::new(registry, |_| {}).attach(&entry(digit)).unwrap());
            }
        });
        assert_eq!(listed(&registry), "abcd");
    }
}

#[test]
fn a_lost_update_by_another_program_is_found_and_mended() {
    let registry = Mutex::new(Registry::default());
    let read = Mutex::new(None);
    let other = |number| match number {
        // It read before this one wrote, and writes after it.
        3 => *read.lock().unwrap() = registry.lock().unwrap().list.clone(),
        5 => foreign_write(&registry, read.lock().unwrap().as_deref(), 'f'),
        _ => {}
    };
    let mut view = View::new(&registry, other);
    view.attach(&entry('a')).unwrap();
    assert_eq!(listed(&registry), "af");
}

#[test]
fn what_was_lost_after_all_is_mended_by_whoever_attaches_next() {
    let registry = Mutex::default();
    View::new(&registry, |_| {}).attach(&entry('a')).unwrap();
    foreign_write(&registry, None, 'f');
    assert_eq!(listed(&registry), "f");
    View::new(&registry, |_| {}).attach(&entry('b')).unwrap();
    assert_eq!(listed(&registry), "abf");
}

#[test]
fn somebody_who_writes_all_the_time_is_an_error_after_a_while() {
    let registry = Mutex::default();
    let mut view = View::new(&registry, |_| foreign_write(&registry, None, 'f'));
    let error = view.attach(&entry('a')).unwrap_err();
    assert!(matches!(error, Error::ReadBack { .. }) && view.waits == 5, "{error}");
}

#[test]
fn a_registry_that_drops_the_tag_is_an_error() {
    let registry = Mutex::default();
    let mut view = View::new(&registry, |_| {});
    view.manners.forgets = true;
    assert!(matches!(view.attach(&entry('a')).unwrap_err(), Error::ReadBack { .. }));
}

#[test]
fn what_is_listed_and_deleted_is_left_out_where_the_registry_wants_it() {
    let deleted = BTreeSet::from([entry('f').digest().to_string()]);
    let looks = Manners { looks: true, ..Manners::default() };
    for (manners, expected) in [(Manners::default(), "aef"), (looks, "ae")] {
        let registry = Mutex::default();
        foreign_write(&registry, None, 'f');
        let list = registry.lock().unwrap().list.clone();
        foreign_write(&registry, list.as_deref(), 'e');
        registry.lock().unwrap().deleted.clone_from(&deleted);
        let mut view = View { manners, ..View::new(&registry, |_| {}) };
        view.attach(&entry('a')).unwrap();
        assert_eq!((listed(&registry).as_str(), view.waits), (expected, 0));
    }
}

#[test]
fn a_list_that_is_refused_though_all_is_there_is_an_error() {
    let registry = Mutex::new(Registry { deleted: [entry('a').digest().to_string()].into(), ..Registry::default() });
    let mut view = View::new(&registry, |_| {});
    view.manners.looks = true;
    let error = view.attach(&entry('a')).unwrap_err();
    assert!(matches!(&error, Error::Status { reply, .. } if reply.status == 400), "{error}");
}
