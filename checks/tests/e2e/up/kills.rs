//! Killed while it brings a seed from a registry: whatever is valid then, real Nix finds whole.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Host, Scene};

/// How often a run is killed, in each of the two kinds of stores.
const KILLS: u32 = 100;

fn spawn(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// How a run ended that is killed after some time.
#[derive(PartialEq)]
enum End {
    /// By itself, before that.
    Finished,
    /// Killed.
    Killed,
    /// Killed while the shell still made the mounts that it is confined by.
    Early,
}

fn kill_after(mut child: Child, time: Duration) -> End {
    let start = Instant::now();
    while start.elapsed() < time {
        if child.try_wait().unwrap().is_some() {
            return End::Finished;
        }
        std::thread::yield_now();
    }
    let program = std::fs::read_link(format!("/proc/{}/exe", child.id())).unwrap_or_default();
    child.kill().unwrap();
    child.wait().unwrap();
    if program.ends_with("nix-seed") { End::Killed } else { End::Early }
}

/// Fractions of one that fill it evenly: multiples of the golden section.
fn moments() -> impl Iterator<Item = f64> {
    (1..).map(|number| (f64::from(number) * 0.618_033_988_749_895).fract())
}

/// Kills `up`, and now and then `down`, at moments spread over the time that each takes. `before` is what was valid.
fn killed_again_and_again(scene: &Scene, host: &Host, before: usize) {
    let digest = &scene.seed.layout.manifest_digest;
    let (up, down) = (["up", &scene.location], ["down", digest.as_str()]);
    let timed = |arguments: &[&str]| {
        let start = Instant::now();
        assert!(spawn(host.command(arguments)).wait().unwrap().success());
        start.elapsed()
    };
    let (up_takes, down_takes) = (timed(&up), timed(&down));
    let all = before + scene.seed.paths;
    let (mut kills, mut halves) = (0, 0);
    for moment in moments() {
        if kills == KILLS {
            break;
        }
        let end = kill_after(spawn(host.command(&up)), up_takes.mul_f64(moment));
        if end == End::Finished {
            host.assert_valid(all);
            let end = kill_after(spawn(host.command(&down)), down_takes.mul_f64(moment));
            kills += u32::from(end == End::Killed);
            assert!((before..=all).contains(&host.valid()));
            // Where nothing is up any more, there is nothing to undo.
            let said = host.say(&down);
            assert!(said.code == Some(0) || said.err.contains("no seed is up"), "{}", said.err);
            host.assert_valid(before);
            host.assert_nothing_else(before);
        } else {
            kills += u32::from(end == End::Killed);
            let valid = host.valid();
            assert!(
                valid == before || valid == all,
                "{valid} paths are valid, of {before} before and {all} in the end"
            );
            halves += u32::from(end == End::Killed && valid == before);
        }
    }
    assert!(halves > KILLS / 4, "of {KILLS} kills, {halves} came before all was valid");
    let said = host.comes_up(&scene.location);
    host.assert_valid(all);
    assert_eq!(said["paths"], scene.seed.paths);
    let left = std::fs::read_dir(host.root().join("nix/store")).unwrap();
    let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(left.filter(|name| name.starts_with(".nix-seed-")).count(), 0);
    let undone: Value = host.say(&["down", digest, "--json"]).json();
    assert_eq!(undone["down"]["removed"], scene.seed.paths);
    host.assert_valid(before);
    host.assert_nothing_else(before);

    // Interrupted, and not gone on with: what it has left goes as well.
    for moment in moments().take(10) {
        kill_after(spawn(host.command(&up)), up_takes.mul_f64(moment));
        let said = host.say(&down);
        assert!(said.code == Some(0) || said.err.contains("no seed is up"), "{}", said.err);
        host.assert_valid(before);
        host.assert_nothing_else(before);
    }
}

#[test]
fn killed_at_any_moment_where_no_store_was() {
    let scene = Scene::open();
    let host = scene.host();
    killed_again_and_again(&scene, &host, 0);
    assert!(!host.root().join("nix").exists());
}

#[test]
fn killed_at_any_moment_in_a_store_that_nix_made() {
    let scene = Scene::open();
    let host = scene.host();
    let mine = host.mine();
    killed_again_and_again(&scene, &host, 1);
    assert_eq!(host.nix(&["path-info", "--all"]).unwrap().trim(), mine);
}
