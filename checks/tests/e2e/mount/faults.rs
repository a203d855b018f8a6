//! What is fetched does not come, or is wrong, while others read: an error in time, and never wrong bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix_seed_checks::property::random::Random;
use nix_seed_checks::registry::fault::{Fault, Rule};
use nix_seed_checks::registry::proxy::{Proxy, Speed};
use serde_json::Value;

use super::{Contents, Found, Machine, PATIENCE, ends};
use crate::up::Scene;

/// For how long a read waits here, in seconds.
const WAIT: u32 = 2;

/// How many read at a time.
const READERS: usize = 3;

/// For how long the kernel may try to get a part of a file: in one go with what follows, and once more alone.
const BOUND: Duration = Duration::from_secs(3 * WAIT as u64 + 2);

/// For how long a registry may have a client wait at most (`Retry-After`).
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// What a fault does to those who read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// All is right: it is asked for again, or otherwise.
    None,
    /// Nothing can be read.
    All,
    /// What can be read, is right.
    Some,
}

const FAULTS: [(Fault, Effect); 17] = [
    (Fault::Cut(1000), Effect::Some),
    (Fault::Cut(0), Effect::All),
    (Fault::Truncate(1000), Effect::Some),
    (Fault::Corrupt(0), Effect::All),
    (Fault::Corrupt(30_000), Effect::Some),
    (Fault::Stall(0), Effect::All),
    (Fault::Stall(20_000), Effect::Some),
    (Fault::Status { status: 500, retry_after: None }, Effect::All),
    (Fault::Status { status: 503, retry_after: Some(1) }, Effect::All),
    (Fault::Status { status: 429, retry_after: Some(3600) }, Effect::All),
    (Fault::Status { status: 404, retry_after: None }, Effect::All),
    (Fault::Unauthorized, Effect::None),
    (Fault::IgnoreRange, Effect::None),
    (Fault::OtherRange { sent: 64, said: 0 }, Effect::All),
    (Fault::OtherTotal(1 << 40), Effect::All),
    (Fault::OtherLength(-1), Effect::Some),
    (Fault::Redirect, Effect::None),
];

impl Machine<'_> {
    /// Mounts, with reads that wait for a short time.
    fn mounts_hasty(&self, location: &str) -> Value {
        let mut command = self.command(&["up", "--mount", "--json", location]);
        super::said(command.env("NIX_SEED_READ_TIMEOUT", WAIT.to_string())).json()
    }

    /// All files of the cache of frames.
    fn kept(&self) -> Vec<PathBuf> {
        let below = |folder: &Path| {
            let entries = fs::read_dir(self.seen(folder)).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).collect::<Vec<_>>()
        };
        let folders = below(&self.cache().join("frames")).into_iter().filter(|path| path.is_dir());
        folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())).collect()
    }
}

impl Contents {
    /// What several readers find at one time, each within the bound for each file.
    fn found(&self, machine: &Machine<'_>) -> Found {
        let began = Instant::now();
        let readers: Vec<_> =
            (0..READERS).map(|number| self.reader(machine, &mut Random::new(number as u64))).collect();
        let bound = BOUND * u32::try_from(self.hashes.len()).unwrap();
        let mut all = Found::default();
        for reader in readers {
            let Found { right, failed } = self.check(&ends(reader, bound.saturating_sub(began.elapsed())));
            all.right += right;
            all.failed += failed;
        }
        all
    }

    /// All is right again when those who have asked the registry before have asked it once more.
    fn recovers(&self, machine: &Machine<'_>) {
        let (began, limit) = (Instant::now(), RETRY_AFTER + PATIENCE);
        let left = || limit.saturating_sub(began.elapsed());
        while self.check(&ends(self.reader(machine, &mut Random::new(7)), left())).failed > 0 {
            assert!(!left().is_zero(), "nothing is right again: {}", machine.log());
            std::thread::sleep(super::PAUSE);
        }
        self.assert_right(machine, READERS);
    }
}

/// From when the seed is mounted on, a fault concerns everything that is fetched; then it is gone.
fn under(scene: &Scene, contents: &Contents, fault: Fault, effect: Effect) -> String {
    let proxy = Proxy::start(scene.registry.address()).unwrap();
    for layer in scene.store_layers() {
        proxy.rule(Rule::blobs(fault).path(&layer));
    }
    let machine = Machine::new(&scene.publisher);
    machine.mounts_hasty(&scene.seed.at(proxy.address()));
    let some = contents.some(&["-large-1.0", "-small-3", "-small-17", "-library-2.1"]);
    let began = Instant::now();
    let found = some.found(&machine);
    let took = began.elapsed();
    let told = format!("{fault:?}: {found:?} after {took:?}: {}", machine.log().lines().next().unwrap_or_default());
    match effect {
        Effect::None => assert_eq!(found.failed, 0, "{fault:?}: {}", machine.log()),
        Effect::All => assert_eq!(found.right, 0, "{fault:?}: {}", machine.log()),
        Effect::Some => {}
    }
    if found.failed > 0 {
        assert!(machine.log().contains("cannot be read"), "{fault:?}: {}", machine.log());
    }
    proxy.forget_rules();
    proxy.release();
    contents.recovers(&machine);
    machine.discards();
    machine.assert_gone();
    told
}

#[test]
fn each_fault_of_a_registry() {
    let scene = Scene::open();
    let contents = Contents::of(&scene.seed);
    std::thread::scope(|scope| {
        // All at once: most of the time is spent waiting.
        let start = |(fault, effect)| {
            scope.spawn({
                let (scene, contents) = (&scene, &contents);
                move || under(scene, contents, fault, effect)
            })
        };
        let all: Vec<_> = FAULTS.into_iter().map(start).collect();
        let ended: Vec<_> = all.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        ended.iter().flatten().for_each(|told| println!("{told}"));
        let failed = ended.iter().filter(|ended| ended.is_err()).count();
        assert_eq!(failed, 0, "faults whose tests have failed");
    });
}

/// Faults of every kind, one after the other, while all is read from a cache that is gone each time.
#[test]
fn faults_come_and_go_while_others_read() {
    let scene = Scene::open();
    let contents = Contents::of(&scene.seed);
    let (machine, mut random) = (scene.machine(), Random::new(3));
    let mut found = Found::default();
    for (fault, effect) in FAULTS {
        if matches!(fault, Fault::Status { retry_after: Some(3600), .. }) {
            continue;
        }
        machine.mounts_hasty(&scene.location);
        let readers: Vec<_> = (0..READERS).map(|_| contents.reader(&machine, &mut random)).collect();
        let nth = u64::try_from(random.within(1, 3)).unwrap();
        for layer in scene.store_layers() {
            scene.proxy.rule(Rule::blobs(fault).path(&layer).nth(nth));
        }
        for reader in readers {
            let Found { right, failed } = contents.check(&ends(reader, PATIENCE));
            assert!(failed == 0 || effect != Effect::None, "{fault:?}: {}", machine.log());
            found.right += right;
            found.failed += failed;
        }
        scene.proxy.forget_rules();
        scene.proxy.release();
        contents.recovers(&machine);
        machine.discards();
        machine.assert_gone();
        fs::remove_dir_all(machine.cache()).unwrap();
    }
    println!("{found:?}");
}

#[test]
fn a_registry_that_is_gone_for_good() {
    let scene = Scene::open();
    let contents = Contents::of(&scene.seed);
    // So slow that hardly anything has come before.
    scene.proxy.set_speed(Speed { latency: Duration::ZERO, bytes_per_second: 200_000 });
    let machine = scene.machine();
    machine.mounts_hasty(&scene.location);
    scene.proxy.disappear();
    let found = contents.some(&["-large-1.0", "-small-3", "-small-17", "-library-2.1"]).found(&machine);
    assert!(found.failed > 0, "{found:?}");
    // Names and modes are known, and it goes as it came.
    let listed =
        super::said(&mut machine.shell("find \"$0/nix/store\" -printf '%m %s %l' >&2 -type f | wc -l; test -e \"$0\""));
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    let began = Instant::now();
    machine.discards();
    assert!(began.elapsed() < Duration::from_secs(10));
    machine.assert_gone();
}

/// What a file holds after it was damaged.
type Damage<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

#[test]
fn a_cache_that_is_damaged() {
    let scene = Scene::open();
    let contents = Contents::of(&scene.seed);
    let machine = scene.machine();
    machine.mounts_hasty(&scene.location);
    contents.assert_right(&machine, 1);
    let flipped = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        bytes
    };
    let cut = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let longer = |bytes: &[u8]| [bytes, b"!"].concat();
    let damages: [Damage<'_>; 4] = [&flipped, &cut, &longer, &|_| Vec::new()];
    for damage in damages {
        // Whoever serves begins anew, with nothing in memory.
        machine.kill_server();
        let kept = machine.kept();
        assert!(kept.len() > 20, "{kept:?}");
        for file in &kept {
            fs::write(file, damage(&fs::read(file).unwrap())).unwrap();
        }
        for layer in scene.store_layers() {
            scene.proxy.rule(Rule::blobs(Fault::status(404)).path(&layer));
        }
        machine.mounts_hasty(&scene.location);
        let found = contents.some(&["-large-1.0", "-small-3", "-library-2.1"]).found(&machine);
        assert_eq!(found.right, 0, "{}", machine.log());
        scene.proxy.forget_rules();
        contents.recovers(&machine);
    }
    // Each is a folder.
    machine.kill_server();
    for file in machine.kept() {
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
    }
    machine.mounts_hasty(&scene.location);
    contents.assert_right(&machine, READERS);
    assert!(machine.log().contains("is damaged, and is fetched again"), "{}", machine.log());
    machine.discards();
    machine.assert_gone();
}

#[test]
fn a_cache_that_is_deleted_while_it_is_used() {
    let scene = Scene::open();
    let contents = Contents::of(&scene.seed);
    let machine = scene.machine();
    for _ in 0..5 {
        machine.mounts_hasty(&scene.location);
        let readers: Vec<_> =
            (0..READERS).map(|number| contents.reader(&machine, &mut Random::new(number as u64))).collect();
        let deleted = std::thread::scope(|scope| {
            let all = scope.spawn(|| readers.into_iter().map(|reader| ends(reader, PATIENCE)).collect::<Vec<_>>());
            let mut deleted = 0;
            while !all.is_finished() {
                // Others write to it meanwhile.
                deleted += u32::from(fs::remove_dir_all(machine.cache()).is_ok());
            }
            for output in all.join().unwrap() {
                assert_eq!(contents.check(&output).failed, 0, "{}", machine.log());
            }
            deleted
        });
        assert!(deleted > 0);
        contents.assert_right(&machine, 1);
        machine.discards();
        machine.assert_gone();
    }
}

#[test]
fn a_cache_on_a_full_disk() {
    let scene = Scene::open();
    let contents = Contents::of(&scene.seed);
    for size in ["size=256k", "size=4m", "size=64m,nr_inodes=8", "size=64m,ro"] {
        let script = format!("mkdir \"$0/cache\"; mount -t tmpfs -o mode=700,{size} tmpfs \"$0/cache\"");
        let machine = Machine::with(&scene.publisher, &script);
        if size.ends_with("ro") {
            let said = machine.say(&["up", "--mount", &scene.location]);
            assert_eq!(said.code, Some(1), "{}", said.err);
            assert!(said.err.contains("cache"), "{}", said.err);
            machine.assert_gone();
            continue;
        }
        let said = machine.say(&["up", "--mount", &scene.location]);
        assert_eq!(said.code, Some(0), "{size}: {}", said.err);
        contents.assert_right(&machine, READERS);
        machine.assert_valid(scene.seed.paths);
        // Once, to whoever listens at that moment.
        let told = said.err + &machine.log();
        assert_eq!(told.matches("cannot be kept").count(), 1, "{size}: {told}");
        machine.discards();
        machine.assert_gone();
    }
}

/// What is done to a file that holds this.
type DamageTo = fn(&Path, &[u8]) -> std::io::Result<()>;

/// A layout on this machine is read where it lies, for as long as it is used.
#[test]
fn a_layout_that_is_damaged_or_gone() {
    let scene = Scene::open();
    let (machine, contents) = (scene.machine(), Contents::of(&scene.seed));
    let some = contents.some(&["-large-1.0", "-small-3", "-library-2.1"]);
    let blobs: Vec<_> = scene.seed.layout.layers().unwrap().into_iter().take(2).collect();
    let kept: Vec<_> = blobs.iter().map(|blob| fs::read(blob).unwrap()).collect();
    let location = scene.seed.dir.to_str().unwrap();
    let damages: [DamageTo; 3] = [
        |blob, bytes| fs::write(blob, bytes.iter().map(|byte| byte ^ 1).collect::<Vec<_>>()),
        |blob, _| fs::write(blob, ""),
        |blob, _| fs::OpenOptions::new().write(true).open(blob)?.set_len(1000),
    ];
    for damage in damages {
        machine.mounts(location);
        for (blob, bytes) in blobs.iter().zip(&kept) {
            damage(blob, bytes).unwrap();
        }
        assert_eq!(some.found(&machine).right, 0, "{}", machine.log());
        for (blob, bytes) in blobs.iter().zip(&kept) {
            fs::write(blob, bytes).unwrap();
        }
        contents.assert_right(&machine, READERS);
        machine.discards();
        machine.assert_gone();
    }
    // What is deleted stays open for whoever serves.
    machine.mounts(location);
    for blob in &blobs {
        fs::remove_file(blob).unwrap();
    }
    contents.assert_right(&machine, READERS);
    machine.discards();
    machine.assert_gone();
}

#[test]
fn a_timeout_that_is_no_number() {
    let scene = Scene::open();
    let machine = scene.machine();
    for text in ["0", "-1", "1.5", "soon"] {
        let mut command = machine.command(&["up", "--mount", &scene.location]);
        let said = super::said(command.env("NIX_SEED_READ_TIMEOUT", text));
        assert_eq!(said.code, Some(1), "{}", said.err);
        assert!(said.err.contains("NIX_SEED_READ_TIMEOUT") && said.err.contains("a number of seconds"), "{}", said.err);
        machine.assert_gone();
    }
}
