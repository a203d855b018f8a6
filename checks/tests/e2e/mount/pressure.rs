//! Little memory.

use std::fs;
use std::path::{Path, PathBuf};

use nix_seed_checks::property::random::Random;

use super::{Contents, Machine, PATIENCE, all_end};
use crate::publish::Publisher;
use crate::seed::Seed;

/// What those who serve and those who read have together, in bytes: less than the seed, and little more than who serves needs
/// at most.
const MEMORY: u64 = 320 << 20;

/// A group of processes with a limit of memory.
struct Group(PathBuf);

impl Group {
    fn new(memory: u64) -> Self {
        let name = format!("nix-seed-checks-{}", std::process::id());
        // The first version of the kernel's interface, where it is in use, else the second.
        let root = Path::new("/sys/fs/cgroup");
        let (folder, limit) = if root.join("memory").is_dir() {
            (root.join("memory").join(name), "memory.limit_in_bytes")
        } else {
            let _ = fs::write(root.join("cgroup.subtree_control"), "+memory");
            (root.join(name), "memory.max")
        };
        fs::create_dir(&folder).unwrap();
        let group = Self(folder);
        fs::write(group.0.join(limit), memory.to_string()).unwrap();
        group
    }

    /// Takes a process that may have ended since it was seen.
    fn take(&self, process: u32) {
        match fs::write(self.0.join("cgroup.procs"), process.to_string()) {
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => {}
            result => result.unwrap(),
        }
    }

    /// How often something could not be had at once.
    fn pressed(&self) -> u64 {
        let first = fs::read_to_string(self.0.join("memory.failcnt")).ok();
        let second = || {
            let events = fs::read_to_string(self.0.join("memory.events")).unwrap();
            events.lines().find_map(|line| line.strip_prefix("max ").map(ToOwned::to_owned)).unwrap()
        };
        first.unwrap_or_else(second).trim().parse().unwrap()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let began = std::time::Instant::now();
        // It is busy for as long as its last process ends.
        while fs::remove_dir(&self.0).is_err() && began.elapsed() < PATIENCE {
            std::thread::sleep(super::PAUSE);
        }
    }
}

#[test]
fn little_memory() {
    let (seed, publisher) = (Seed::of_example("c"), Publisher::open());
    let location = seed.layout.to_str().unwrap();
    let unpacked = Machine::new(&publisher);
    unpacked.say(&["up", "--unpack", "--json", location]).json();
    let contents = Contents::below(&unpacked.root().join("nix/store"));
    drop(unpacked);

    let group = Group::new(MEMORY);
    let machine = Machine::new(&publisher);
    machine.mounts(location);
    group.take(machine.server());
    let readers: Vec<_> = (0..4).map(|number| contents.reader(&machine, &mut Random::new(number))).collect();
    for (process, line) in machine.processes() {
        if !line.starts_with(super::SERVING) {
            group.take(process);
        }
    }
    for output in all_end(readers, PATIENCE * 2) {
        let found = contents.check(&output);
        let said: String = String::from_utf8_lossy(&output.stderr).lines().take(5).collect();
        assert_eq!(
            found.failed,
            0,
            "{said}\n{}\n{:?}, pressed {} times",
            machine.log(),
            machine.processes(),
            group.pressed()
        );
    }
    assert!(group.pressed() > 0, "there was memory enough");
    println!("{} times there was no memory at once", group.pressed());
    machine.server();
    machine.discards();
    machine.assert_gone();
    drop(machine);
}
