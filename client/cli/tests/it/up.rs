use std::os::unix::fs::MetadataExt;

use crate::common::{Machine, listing, valid};

#[test]
fn a_seed_comes_up_where_nothing_is_and_goes_down_to_nothing() {
    let machine = Machine::new(30);
    machine.seed("seed");
    std::fs::create_dir(machine.path("root")).unwrap();
    let before = listing(&machine.path("root"));
    let shell = machine.succeeds(&["up", "./seed", "--root", "root"]);
    assert!(shell.starts_with("export PATH='/nix/store/") && shell.contains("export NIX_CONF_DIR="), "{shell}");
    assert_eq!(valid(&machine.path("root")).len(), 30);
    for info in machine.closure.iter() {
        let metadata = info.path.below(&machine.path("root")).metadata().unwrap();
        assert_eq!((metadata.mode() & 0o7777, metadata.mtime()), (0o555, 1));
    }
    machine.succeeds(&["down", "--root", "root"]);
    // The root's own time has changed, since /nix came and went.
    assert_eq!(listing(&machine.path("root")).len(), before.len());
}

#[test]
fn a_second_run_fetches_nothing() {
    let machine = Machine::new(10);
    machine.seed("seed");
    machine.succeeds(&["up", "./seed", "--root", "root"]);
    let second = machine.succeeds(&["up", "./seed", "--root", "root", "--json"]);
    let second: serde_json::Value = serde_json::from_str(&second).unwrap();
    assert_eq!((&second["up"]["missing"], &second["up"]["fetched"]), (&0.into(), &0.into()));
}

#[test]
fn a_store_is_joined_and_left_as_it_was() {
    let mut machine = Machine::new(20);
    machine.seed("one");
    let mine = machine.add("mine", Vec::new(), 900);
    machine.seed("other");
    machine.succeeds(&["up", "./one", "--root", "root"]);
    let before = valid(&machine.path("root"));
    let joined = machine.succeeds(&["up", "./other", "--root", "root", "--json"]);
    let joined: serde_json::Value = serde_json::from_str(&joined).unwrap();
    assert_eq!(joined["up"]["missing"], 1);
    assert_eq!(valid(&machine.path("root")).len(), 21);
    let digest = joined["up"]["digest"].as_str().unwrap();
    machine.succeeds(&["down", digest, "--root", "root"]);
    assert_eq!(valid(&machine.path("root")), before);
    assert!(!mine.below(&machine.path("root")).exists());
    // Which one is meant would be a guess as long as both are up; now it is not.
    machine.succeeds(&["down", "--root", "root"]);
    assert!(!machine.path("root/nix").exists());
}

#[test]
fn what_something_else_needs_now_stays() {
    let machine = Machine::new(12);
    machine.seed("seed");
    machine.succeeds(&["up", "./seed", "--root", "root"]);
    let root = machine.path("root");
    // Somebody keeps a path, as an out-link does.
    let kept = machine.closure.iter().next().unwrap().path.clone();
    std::os::unix::fs::symlink(kept.to_string(), root.join("nix/var/nix/gcroots/result")).unwrap();
    let report: serde_json::Value =
        serde_json::from_str(&machine.succeeds(&["down", "--root", "root", "--json"])).unwrap();
    assert_eq!(report["down"]["kept"], serde_json::json!([kept.to_string()]));
    assert_eq!(valid(&root), [kept]);
}

#[test]
fn a_path_that_is_registered_but_not_there_is_brought_again() {
    let machine = Machine::new(12);
    machine.seed("seed");
    machine.succeeds(&["up", "./seed", "--root", "root"]);
    let lost = machine.closure.iter().nth(5).unwrap().path.below(&machine.path("root"));
    let away = machine.path("away");
    std::fs::rename(&lost, &away).unwrap();
    let report = machine.succeeds(&["up", "./seed", "--root", "root", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["up"]["missing"], 1);
    assert_eq!(valid(&machine.path("root")).len(), 12);
}

#[test]
fn two_at_once_end_as_one() {
    let machine = Machine::new(40);
    machine.seed("seed");
    let arguments = ["up", "./seed", "--root", "root"];
    let both = [machine.command(&arguments).spawn().unwrap(), machine.command(&arguments).spawn().unwrap()];
    for mut child in both {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(valid(&machine.path("root")).len(), 40);
    let hidden = std::fs::read_dir(machine.path("root/nix/store")).unwrap();
    assert_eq!(hidden.count(), 40);
}

#[test]
fn github_is_told_by_its_files() {
    let machine = Machine::new(3);
    machine.seed("seed");
    let mut command = machine.command(&["up", "./seed", "--root", "root", "--github"]);
    let (path, env) = (machine.path("path"), machine.path("env"));
    std::fs::write(&path, "/earlier\n").unwrap();
    assert!(command.env("GITHUB_PATH", &path).env("GITHUB_ENV", &env).output().unwrap().status.success());
    let path = std::fs::read_to_string(path).unwrap();
    assert!(path.starts_with("/earlier\n/nix/store/") && path.ends_with("/bin\n"), "{path}");
    assert!(std::fs::read_to_string(env).unwrap().starts_with("NIX_CONF_DIR=/nix/var/nix-seed/etc/"));
}

#[test]
fn without_githubs_files_nothing_is_brought() {
    let machine = Machine::new(3);
    machine.seed("seed");
    for set in [&[][..], &["GITHUB_PATH"]] {
        let mut command = machine.command(&["up", "./seed", "--root", "root", "--github"]);
        command.env_remove("GITHUB_PATH").env_remove("GITHUB_ENV");
        command.envs(set.iter().map(|name| (name, machine.path("file"))));
        assert_eq!(command.output().unwrap().status.code(), Some(2));
        assert!(!machine.path("root/nix").exists());
    }
}
