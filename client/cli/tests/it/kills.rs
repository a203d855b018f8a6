use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Machine, valid};

/// How often a run is killed, in each of the two kinds of stores.
const KILLS: usize = 110;

/// Runs to its end, or is killed after `time`; whether it was.
fn kill_after(mut child: Child, time: Duration) -> bool {
    let start = Instant::now();
    while start.elapsed() < time {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

/// Kills `up` at moments spread over the time that it takes. After each, what is valid is whole; the next run goes on,
/// and once it is not killed all is there.
fn killed_again_and_again(machine: &Machine, seed: &str, before: &[nix_seed_store::StorePath]) {
    let root = machine.path("root");
    let arguments = ["up", seed, "--root", "root"];
    let spawn = || {
        let mut command = machine.command(&arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let undisturbed = {
        let start = Instant::now();
        assert!(spawn().wait().unwrap().success());
        start.elapsed()
    };
    let digest = digest_of(machine, seed);
    machine.succeeds(&["down", &digest, "--root", "root"]);

    let journal = root.join(format!("nix/var/nix-seed/up/{}.json", &digest["sha256:".len()..][..16]));
    let mut random = fastrand::Rng::with_seed(7);
    let all = before.len() + machine.closure.iter().filter(|info| !before.contains(&info.path)).count();
    let (mut kills, mut halves) = (0, 0);
    while kills < KILLS {
        let time = undisturbed.mul_f64(random.f64());
        if kill_after(spawn(), time) {
            kills += 1;
            let valid = valid(&root).len();
            assert!(valid == before.len() || valid == all, "{valid} of {all}");
            halves += usize::from(valid == before.len() && journal.exists());
        } else {
            assert_eq!(valid(&root).len(), all);
            kills += usize::from(kill_after(down(machine, &digest), undisturbed.mul_f64(random.f64() / 4.0)));
            // Whatever a killed `down` has left, the next one takes away.
            if Path::new(&root).join("nix/var/nix-seed/up").exists()
                && !machine.run(&["down", &digest, "--root", "root"]).status.success()
            {
                assert!(machine.fails(1, &["down", &digest, "--root", "root"]).contains("no seed is up"));
            }
        }
        let now = valid(&root);
        assert!(before.iter().all(|path| now.contains(path)));
    }
    machine.succeeds(&arguments);
    assert_eq!(valid(&root).len(), machine.closure.iter().len());
    let hidden = std::fs::read_dir(root.join("nix/store")).unwrap();
    assert_eq!(hidden.count(), machine.closure.iter().len());
    assert!(halves > KILLS / 4, "of {KILLS} kills, {halves} came midway");
    machine.succeeds(&["down", &digest, "--root", "root"]);
    assert_eq!(valid(&root), before);
}

fn down(machine: &Machine, digest: &str) -> Child {
    let mut command = machine.command(&["down", digest, "--root", "root"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn digest_of(machine: &Machine, seed: &str) -> String {
    let layout: serde_json::Value =
        serde_json::from_slice(&std::fs::read(machine.path(seed).join("index.json")).unwrap()).unwrap();
    layout["manifests"][0]["digest"].as_str().unwrap().to_owned()
}

#[test]
fn killed_at_any_moment_where_no_store_was() {
    let machine = Machine::new(60);
    machine.seed("seed");
    killed_again_and_again(&machine, "./seed", &[]);
    assert!(!machine.path("root/nix").exists());
}

#[test]
fn killed_at_any_moment_beside_what_is_there() {
    let mut machine = Machine::new(10);
    machine.seed("first");
    machine.succeeds(&["up", "./first", "--root", "root"]);
    let before = valid(&machine.path("root"));
    for number in 100..150 {
        machine.add(&format!("p{number}"), before[..2].to_vec(), number);
    }
    machine.seed("seed");
    killed_again_and_again(&machine, "./seed", &before);
}
