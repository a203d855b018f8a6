//! What Nix cannot store is refused, by the program itself.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use nix_seed_checks::machine::process;

use crate::journey::Journey;

/// A path is hashed, then something is made in it that was not there before.
fn assert_refused(says: &str, make: impl FnOnce(&Path)) {
    let journey = Journey::open();
    let mut store = journey.store();
    let path = store.add("path", &[], |path| fs::create_dir(path).unwrap());
    let hashes = store.nar_hashes(&journey.workbench.nix, store.root());
    let graph = store.graph(&hashes);
    make(&store.path(&path).join("it"));
    let output = journey.layers(&store, &graph).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{message}");
    let expected = format!("{path}/it is {says}, which Nix cannot store");
    assert!(message.contains(&expected), "{message}");
    assert!(!store.root().join("layers").exists());
}

fn run(program: &str, path: &Path, arguments: &[&str]) {
    process::output(Command::new(program).arg(path).args(arguments)).unwrap();
}

#[test]
fn a_named_pipe_is_refused() {
    assert_refused("a named pipe", |path| run("mkfifo", path, &[]));
}

#[test]
fn a_socket_is_refused() {
    assert_refused("a socket", |path| drop(UnixListener::bind(path).unwrap()));
}

#[test]
fn a_device_is_refused() {
    assert_refused("a device", |path| run("mknod", path, &["c", "1", "3"]));
}
