use std::io::Write;
use std::net::Shutdown;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixListener;

use crate::common::{Machine, listing, valid};

#[test]
fn a_flipped_byte_makes_nothing_valid_and_its_path_is_named() {
    let machine = Machine::new(20);
    let seed = machine.seed("seed");
    let blobs = std::fs::read_dir(seed.join("blobs/sha256")).unwrap().map(|blob| blob.unwrap().path());
    let layer = blobs.max_by_key(|blob| blob.metadata().unwrap().len()).unwrap();
    let file = std::fs::File::options().read(true).write(true).open(layer).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, 5_000).unwrap();
    file.write_all_at(&[byte[0] ^ 1], 5_000).unwrap();
    let message = machine.fails(4, &["up", "./seed", "--root", "root"]);
    assert!(message.contains("/nix/store/") && message.contains("SHA-256 is not the one in the index"), "{message}");
    assert_eq!(valid(&machine.path("root")).len(), 0);
    // What it left is known, and goes.
    machine.succeeds(&["down", "--root", "root"]);
    assert!(!machine.path("root/nix").exists());
    // With the byte mended, all is well.
    file.write_all_at(&byte, 5_000).unwrap();
    machine.succeeds(&["up", "./seed", "--root", "root"]);
    assert_eq!(valid(&machine.path("root")).len(), 20);
}

#[test]
fn a_store_of_another_schema_is_left_alone() {
    let machine = Machine::new(3);
    machine.seed("seed");
    machine.succeeds(&["up", "./seed", "--root", "root"]);
    std::fs::write(machine.path("root/nix/var/nix/db/schema"), "7").unwrap();
    let before = listing(&machine.path("root"));
    let message = machine.fails(1, &["up", "./seed", "--root", "root"]);
    assert!(message.contains("has schema 7, this program writes schema 10"), "{message}");
    assert_eq!(listing(&machine.path("root")), before);
}

#[test]
fn what_is_no_store_is_left_alone() {
    let machine = Machine::new(3);
    machine.seed("seed");
    std::fs::create_dir_all(machine.path("root/nix/photos")).unwrap();
    let before = listing(&machine.path("root"));
    let message = machine.fails(1, &["up", "./seed", "--root", "root"]);
    assert!(message.contains("no Nix store"), "{message}");
    assert_eq!(listing(&machine.path("root")), before);
}

#[test]
fn what_is_not_there_is_named() {
    let machine = Machine::new(3);
    machine.seed("seed");
    assert!(machine.fails(3, &["up", "./nothing"]).contains("./nothing"));
    assert!(machine.fails(3, &["--platform", "linux/arm64", "up", "./seed"]).contains("is for linux/amd64, not for"));
    assert!(machine.fails(1, &["down", "--root", "root"]).contains("no seed is up in root"));
}

/// A machine with a store, and what answers where its daemon would, with these bytes.
fn with_daemon(says: &'static [u8]) -> Machine {
    let machine = Machine::new(3);
    machine.seed("seed");
    machine.succeeds(&["up", "./seed", "--root", "root"]);
    let folder = machine.path("root/nix/var/nix/daemon-socket");
    std::fs::create_dir(&folder).unwrap();
    let daemon = UnixListener::bind(folder.join("socket")).unwrap();
    std::thread::spawn(move || {
        for stream in daemon.incoming() {
            let mut stream = stream.unwrap();
            stream.write_all(says).unwrap();
            let _ = stream.shutdown(Shutdown::Write);
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    machine
}

/// What answers with this is refused with a message that has `expected` in it, and its store stays as it was.
fn is_left_alone(says: &'static [u8], expected: &str) {
    let machine = with_daemon(says);
    let before = listing(&machine.path("root"));
    for arguments in [&["up", "./seed", "--root", "root"][..], &["down", "--root", "root"]] {
        let message = machine.fails(1, arguments);
        assert!(message.contains("daemon-socket/socket") && message.contains(expected), "{message}");
    }
    assert_eq!(listing(&machine.path("root")), before);
}

#[test]
fn the_store_of_a_daemon_that_says_nothing_is_left_alone() {
    is_left_alone(b"", "it closed the connection; if it does so at once, this user is not among its `allowed-users`");
}

#[test]
fn the_store_of_what_is_no_nix_daemon_is_left_alone() {
    is_left_alone(b"HTTP/1.1 400 Bad Request\r\n\r\n", "another greeting");
}

#[test]
fn the_store_of_a_daemon_that_is_too_old_is_left_alone() {
    is_left_alone(b"oixd\0\0\0\0\x21\x01\0\0\0\0\0\0", "speaks version 1.33 of Nix' protocol");
}

#[test]
fn a_socket_that_nobody_listens_to_is_no_daemon() {
    let machine = Machine::new(3);
    machine.seed("seed");
    machine.succeeds(&["up", "./seed", "--root", "root"]);
    let folder = machine.path("root/nix/var/nix/daemon-socket");
    std::fs::create_dir(&folder).unwrap();
    drop(UnixListener::bind(folder.join("socket")).unwrap());
    machine.succeeds(&["up", "./seed", "--root", "root"]);
    machine.succeeds(&["down", "--root", "root"]);
    assert!(!machine.path("root/nix").exists());
}
