//! How a mount comes, is used, and goes.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix_seed_checks::property::random::Random;

use super::{Contents, Machine, PATIENCE, ends, kill, part, until};
use crate::up::{Scene, Small};

/// How often `up` is killed before it has ended.
const KILLS: u32 = 40;

impl Machine<'_> {
    /// Adds a path with real Nix, as a build would; gives it.
    fn adds(&self, name: &str, content: &str) -> String {
        let file = self.folder.path().join(name);
        fs::write(&file, content).unwrap();
        let said = self.nix(&["store", "add", file.to_str().unwrap()]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        said.out.trim().to_owned()
    }

    fn content(&self, path: &str) -> String {
        fs::read_to_string(self.seen(&self.root()).join(&path[1..])).unwrap()
    }

    fn refuses(&self, arguments: &[&str], code: i32, words: &[&str]) {
        let said = self.say(arguments);
        assert_eq!(said.code, Some(code), "{arguments:?}: {}", said.err);
        for word in words {
            assert!(said.err.contains(word), "{word:?} is not in: {}", said.err);
        }
        assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    }
}

#[test]
fn up_again_another_seed_and_down() {
    let scene = Scene::open();
    let (machine, contents) = (scene.machine(), Contents::of(&scene.seed));
    let (digest, paths) = (&scene.seed.layout.manifest_digest, scene.seed.paths);
    let up = machine.mounts(&scene.location);
    assert_eq!((&up["digest"], &up["paths"], &up["missing"]), (&digest.clone().into(), &paths.into(), &paths.into()));
    assert!(up["path"].is_array() && up["variables"].is_object(), "{up}");
    let server = machine.server();
    machine.assert_valid(paths);
    contents.assert_right(&machine, 2);

    // Again, in each way: there is nothing to do.
    for arguments in [&["up", "--mount", "--json"][..], &["up", "--json"], &["up", "--unpack", "--json"]] {
        let up = machine.say(&[arguments, &[&scene.location]].concat()).json()["up"].clone();
        assert_eq!((&up["missing"], &up["fetched"]), (&0.into(), &0.into()), "{arguments:?}");
        assert_eq!(machine.server(), server);
    }
    let said = machine.say(&["up", "--mount", &scene.location]);
    assert_eq!((said.code, said.err.lines().count()), (Some(0), 1), "{}", said.err);
    assert!(said.err.contains(digest.as_str()) && said.err.contains("mounted"), "{}", said.err);

    // Another seed joins it.
    let other = Small::new(&scene.publisher, "app-2.0");
    let location = other.push(&scene.publisher, scene.registry.address(), scene.proxy.address());
    let other = &other.layout.manifest_digest;
    machine.refuses(&["up", "--mount", &location], 1, &["cannot be mounted here", digest, "is mounted there"]);
    let up = machine.say(&["up", "--json", &location]).json()["up"].clone();
    assert_eq!((&up["missing"], &up["mounted"]), (&1.into(), &false.into()));
    machine.assert_valid(paths + 1);
    for arguments in [&["down"][..], &["down", digest], &["down", "--discard"]] {
        machine.refuses(arguments, 5, &[other, "came up over", "take it down first"]);
    }
    machine.refuses(&["down", &digest.replace("sha256:", "sha256:0")], 1, &["no seed is up", other, digest]);
    assert_eq!(machine.say(&["down", other, "--json"]).json()["down"]["removed"], 1);
    machine.assert_valid(paths);
    let down = machine.say(&["down", digest, "--json"]).json()["down"].clone();
    assert_eq!(
        (&down["removed"], &down["removedStore"], &down["kept"]),
        (&paths.into(), &true.into(), &serde_json::json!([]))
    );
    machine.assert_gone();
    machine.refuses(&["down"], 1, &["no seed is up"]);
    machine.assert_gone();
}

#[test]
fn what_was_built_over_it() {
    let scene = Scene::open();
    let machine = scene.machine();
    machine.mounts(&scene.location);
    let built = machine.adds("built", "by somebody");
    machine.assert_valid(scene.seed.paths + 1);
    // What nothing leads to is nobody's result.
    let root = machine.seen(&machine.root()).join("nix/var/nix/gcroots/mine");
    std::os::unix::fs::symlink(&built, &root).unwrap();
    machine.refuses(&["down"], 5, &[&built, "was built over the seed", "--discard"]);
    assert_eq!(machine.content(&built), "by somebody");

    // Whoever serves is killed, and comes again: all that was there is there.
    for _ in 0..3 {
        machine.kill_server();
        let other = Small::new(&scene.publisher, "app-2.0");
        let location = other.push(&scene.publisher, scene.registry.address(), scene.proxy.address());
        let dead = ["was mounted here, the process that served it has ended", "nix-seed down"];
        machine.refuses(&["up", "--mount", &location], 1, &dead);
        machine.mounts(&scene.location);
        assert_eq!(machine.content(&built), "by somebody");
        machine.assert_valid(scene.seed.paths + 1);
    }
    // What is collected is gone, and nothing of the seed with it.
    fs::remove_file(machine.seen(&machine.root()).join("nix/var/nix/gcroots/mine")).unwrap();
    let said = machine.nix(&["store", "delete", &built]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    machine.assert_valid(scene.seed.paths);
    machine.adds("built", "again");
    let down = machine.discards();
    assert_eq!((&down["removed"], &down["removedStore"]), (&scene.seed.paths.into(), &true.into()));
    machine.assert_gone();
}

/// Somebody takes the mount away by hand, and has a store of their own there.
#[test]
fn attack_what_lies_where_the_mount_was_stays() {
    let scene = Scene::open();
    let other = Small::new(&scene.publisher, "app-3.0");
    let other = other.push(&scene.publisher, scene.registry.address(), scene.proxy.address());
    for arguments in [&["down", "--discard"][..], &["up", "--mount", &scene.location], &["up", "--mount", &other]] {
        let machine = scene.machine();
        machine.mounts(&scene.location);
        let by_hand = r#"umount "$0/nix"; mkdir -p "$0/nix/store"; echo mine >"$0/nix/store/file""#;
        assert_eq!(super::said(&mut machine.shell(by_hand)).code, Some(0));
        until("whoever served has ended", || machine.servers().is_empty());
        let said = machine.say(arguments);
        if arguments[0] == "down" {
            assert_eq!(said.code, Some(0), "{}", said.err);
        } else {
            assert!(said.code == Some(1) && said.err.contains("nix is there already"), "{}", said.err);
            machine.say(&["down", "--discard"]);
        }
        let file = machine.seen(&machine.root()).join("nix/store/file");
        assert_eq!(fs::read_to_string(file).unwrap(), "mine\n", "{arguments:?}");
        fs::remove_dir_all(machine.seen(&machine.root()).join("nix")).unwrap();
        machine.assert_gone();
    }
}

#[test]
fn down_while_programs_use_it() {
    let scene = Scene::open();
    let (machine, contents) = (scene.machine(), Contents::of(&scene.seed));
    machine.mounts(&scene.location);
    // One is in it, and one has a file of it open, of which it has read nothing yet.
    let mut shell =
        machine.shell(r#"cd "$0/nix/store"; exec 4<"$(echo *-large-1.0)"; echo; read -r _ || true; sha256sum <&4; ls"#);
    let mut user = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0];
    user.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    let said = machine.say(&["down"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("programs still use"), "{}", said.err);
    assert_eq!(machine.mounted(), Vec::<String>::new());
    assert!(!machine.seen(&machine.root()).join("nix").exists());
    machine.refuses(&["down"], 1, &["no seed is up"]);
    // Both see what they saw, and the same seed comes up beside.
    machine.mounts(&scene.location);
    contents.assert_right(&machine, 1);
    drop(user.stdin.take());
    let output = ends(user, PATIENCE);
    let found = String::from_utf8_lossy(&output.stdout);
    let large = contents.some(&["large-1.0"]);
    assert!(found.starts_with(large.hashes.values().next().unwrap().as_str()), "{found}");
    until("the first one who serves has ended", || machine.servers().len() == 1);
    contents.assert_right(&machine, 1);
    machine.say(&["down", "--json"]).json();
    machine.assert_gone();
}

#[test]
fn complete_and_the_machine_needs_no_registry() {
    let scene = Scene::open();
    let (machine, contents) = (scene.machine(), Contents::of(&scene.seed));
    let up = machine.say(&["up", "--mount", "--complete", "--json", &scene.location]).json()["up"].clone();
    let layers: u64 = scene.seed.layer_sizes()[..2].iter().sum();
    assert_eq!(up["mounted"], true);
    // Hardly anything comes twice.
    assert!((layers - 10_000..layers + (1 << 20)).contains(&up["fetched"].as_u64().unwrap()), "{up} of {layers}");
    scene.proxy.disappear();
    // What others do with the cache does not matter any more.
    fs::remove_dir_all(machine.cache()).unwrap();
    contents.assert_right(&machine, 2);
    machine.assert_valid(scene.seed.paths);
    machine.discards();
    machine.assert_gone();
}

#[test]
fn two_at_once() {
    let scene = Scene::open();
    let machine = scene.machine();
    for _ in 0..10 {
        let start = || {
            let mut command = machine.command(&["up", "--mount", "--json", &scene.location]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let missing = [start(), start()].map(|child| {
            let output = ends(child, PATIENCE);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(said["up"]["mounted"], true);
            said["up"]["missing"].as_u64().unwrap()
        });
        assert!(missing.contains(&0) && missing.contains(&(scene.seed.paths as u64)), "{missing:?}");
        until("one serves", || machine.servers().len() == 1);
        // So do two who take it down.
        let start = || {
            let mut command = machine.command(&["down", "--json"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let codes = [start(), start()].map(|child| {
            let output = ends(child, PATIENCE);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success() || said.contains("no seed is up"), "{said}");
            output.status.code()
        });
        assert!(codes.contains(&Some(0)), "{codes:?}");
        machine.assert_gone();
    }
}

/// Whatever part of it is killed, `down` leaves nothing, and the next `up` is as the first.
#[test]
fn up_is_killed_at_any_moment() {
    let scene = Scene::open();
    let (machine, mut random) = (scene.machine(), Random::new(1));
    let began = Instant::now();
    machine.mounts(&scene.location);
    let takes = began.elapsed();
    machine.discards();
    let mut halves = 0;
    for number in 0..KILLS {
        let mut command = machine.command(&["up", "--mount", &scene.location]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(part(takes, &mut random));
        let all = machine.processes();
        // The second process, the first one, which takes the second with it, or both.
        let is_chosen = |line: &str| match number % 3 {
            0 => line.starts_with(super::SERVING),
            1 => !line.starts_with(super::SERVING),
            _ => true,
        };
        all.iter().filter(|(_, line)| is_chosen(line)).for_each(|(process, _)| kill(*process));
        ends(child, PATIENCE);
        until("nobody is on the way", || machine.processes().iter().all(|(_, line)| line.starts_with(super::SERVING)));
        halves += u32::from(!machine.seen(&machine.root()).join("nix/var/nix/db/db.sqlite").exists());
        if number % 4 == 3 {
            machine.mounts(&scene.location);
            machine.assert_valid(scene.seed.paths);
        }
        let said = machine.say(&["down", "--discard"]);
        assert!(said.code == Some(0) || said.err.contains("no seed is up"), "{}", said.err);
        machine.assert_gone();
    }
    // How fast a machine is decides how many; that there are some shows that kills came while it was on its way.
    assert!(halves > 0, "of {KILLS} kills, {halves} came before there was a store");
    machine.mounts(&scene.location);
    machine.assert_valid(scene.seed.paths);
    machine.discards();
    machine.assert_gone();
    println!("{KILLS} kills of up, {halves} of them before there was a store");
}

/// Programs that look at a mount whose server is stopped, not ended, wait; they go on with it, and can be killed meanwhile.
#[test]
fn whoever_serves_is_stopped_for_a_while() {
    let scene = Scene::open();
    let (machine, contents) = (scene.machine(), Contents::of(&scene.seed));
    machine.mounts(&scene.location);
    let server = rustix::process::Pid::from_raw(machine.server().cast_signed()).unwrap();
    rustix::process::kill_process(server, rustix::process::Signal::STOP).unwrap();
    let reader = contents.reader(&machine, &mut Random::new(1));
    let other = contents.reader(&machine, &mut Random::new(2));
    std::thread::sleep(Duration::from_millis(300));
    let all = machine.processes();
    let hashing: Vec<_> = all.iter().filter(|(_, line)| line.starts_with("sha256sum")).collect();
    assert!(!hashing.is_empty(), "{all:?}");
    kill(hashing[0].0);
    rustix::process::kill_process(server, rustix::process::Signal::CONT).unwrap();
    for reader in [reader, other] {
        contents.check(&ends(reader, PATIENCE));
    }
    contents.assert_right(&machine, 1);
    machine.discards();
}

/// A file of the mount that a program has mapped is an error for it when it cannot be had, and nothing else.
#[test]
fn files_that_are_open_when_the_server_ends() {
    let scene = Scene::open();
    let (machine, contents) = (scene.machine(), Contents::of(&scene.seed));
    machine.mounts(&scene.location);
    let store = machine.seen(&machine.root()).join("nix/store");
    let large = fs::read_dir(&store)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.ends_with(large(path)))
        .unwrap();
    let mut file = File::open(large).unwrap();
    let mut half = vec![0; 1 << 20];
    file.read_exact(&mut half).unwrap();
    machine.kill_server();
    let began = Instant::now();
    let error = file.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::IO.raw_os_error()));
    assert!(began.elapsed() < Duration::from_secs(5));
    drop(file);
    machine.mounts(&scene.location);
    contents.assert_right(&machine, 1);
    machine.discards();
}

/// The name of a path that ends as the large one's does.
fn large(path: &Path) -> String {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    if name.ends_with("-large-1.0") { name } else { "no such path".into() }
}
