use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;

use super::*;

#[test]
fn names_come_in_byte_order_and_folders_close() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("b")).unwrap();
    std::fs::write(dir.path().join("B"), "x").unwrap();
    std::fs::write(dir.path().join("a-"), "").unwrap();
    symlink("nowhere", dir.path().join("a")).unwrap();
    let mut seen = Vec::new();
    walk::<Error>(dir.path(), &mut |event| {
        seen.push(format!("{event:?}"));
        Ok(())
    })
    .unwrap();
    let text = |bytes: &[u8]| format!("{bytes:?}");
    let expected = [
        format!("Directory {{ name: {} }}", text(b"")),
        format!("File {{ name: {}, executable: false, size: 1 }}", text(b"B")),
        format!("Data({})", text(b"x")),
        "EndFile".into(),
        format!("Symlink {{ name: {}, target: {} }}", text(b"a"), text(b"nowhere")),
        format!("File {{ name: {}, executable: false, size: 0 }}", text(b"a-")),
        "EndFile".into(),
        format!("Directory {{ name: {} }}", text(b"b")),
        "EndDirectory".into(),
        "EndDirectory".into(),
    ];
    assert_eq!(seen, expected);
}

fn message(root: &Path) -> String {
    walk::<Error>(root, &mut |_| Ok(())).unwrap_err().to_string()
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_socket_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let _socket = UnixListener::bind(dir.path().join("s")).unwrap();
    assert!(message(dir.path()).contains("/s is a socket, which Nix cannot store"));
    assert!(message(&dir.path().join("s")).contains("/s is a socket, which Nix cannot store"));
}

#[test]
fn a_named_pipe_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    fifo(&dir.path().join("p"));
    assert!(message(dir.path()).contains("/p is a named pipe, which Nix cannot store"));
    assert!(message(&dir.path().join("p")).contains("/p is a named pipe, which Nix cannot store"));
}

#[test]
fn a_device_is_refused_by_name() {
    assert!(message(Path::new("/dev/null")).starts_with("/dev/null is a device, which Nix cannot store"));
}

/// What [`walk`] says of a folder with the files `a` and `b`, the folder `c` and the link `d` where `change` is made to
/// it as soon as there is the event of the entry `at`.
fn changed(at: &str, change: impl Fn(&Path)) -> String {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a"), "").unwrap();
    std::fs::write(dir.path().join("b"), vec![0; 3 * BUFFER]).unwrap();
    std::fs::create_dir(dir.path().join("c")).unwrap();
    symlink("a", dir.path().join("d")).unwrap();
    let walked = walk::<Error>(dir.path(), &mut |event| {
        if matches!(event, Event::File { name, .. } if name == at.as_bytes()) {
            change(dir.path());
        }
        Ok(())
    });
    let message = walked.unwrap_err().to_string();
    message.strip_prefix(&format!("{}/", dir.path().display())).unwrap().to_owned()
}

const REPLACED: &str = " was replaced while it was read; let nothing write to the store meanwhile";

fn replace_file(make: impl Fn(&Path)) {
    let message = changed("a", |dir| {
        std::fs::remove_file(dir.join("b")).unwrap();
        make(&dir.join("b"));
    });
    assert_eq!(message, format!("b{REPLACED}"));
}

#[test]
fn a_file_that_becomes_a_named_pipe_is_not_waited_for() {
    replace_file(fifo);
}

#[test]
fn a_file_that_becomes_a_link_is_refused() {
    // Even to a file of the same content.
    replace_file(|path| {
        std::fs::write(path.with_file_name("e"), vec![0; 3 * BUFFER]).unwrap();
        symlink("e", path).unwrap();
    });
    replace_file(|path| symlink("nowhere", path).unwrap());
}

#[test]
fn a_file_that_becomes_a_folder_is_refused() {
    replace_file(|path| std::fs::create_dir(path).unwrap());
}

#[test]
fn a_file_that_becomes_a_socket_is_refused() {
    replace_file(|path| drop(UnixListener::bind(path).unwrap()));
}

#[test]
fn a_file_that_becomes_a_device_is_refused() {
    let device = open(Path::new("/dev/null")).unwrap();
    assert!(!device.metadata().unwrap().is_file(), "so walk refuses it");
}

#[test]
fn a_folder_or_link_that_becomes_something_else_is_refused() {
    for (name, remove) in [("c", std::fs::remove_dir as fn(PathBuf) -> _), ("d", std::fs::remove_file)] {
        let message = changed("b", |dir| {
            remove(dir.join(name)).unwrap();
            std::fs::write(dir.join(name), "").unwrap();
        });
        assert_eq!(message, format!("{name}{REPLACED}"));
    }
}

#[test]
fn what_vanishes_is_refused_by_name() {
    for (name, remove) in
        [("b", std::fs::remove_file as fn(PathBuf) -> _), ("c", std::fs::remove_dir), ("d", std::fs::remove_file)]
    {
        let message = changed("a", |dir| remove(dir.join(name)).unwrap());
        assert!(message.starts_with(&format!("{name} vanished while it was read")), "{message}");
    }
}

#[test]
fn a_file_that_grows_or_shrinks_is_refused() {
    for (length, how) in [(0, "shrank"), (3 * BUFFER - 1, "shrank"), (3 * BUFFER + 1, "grew")] {
        let message = changed("b", |dir| {
            OpenOptions::new().write(true).open(dir.join("b")).unwrap().set_len(length as u64).unwrap();
        });
        assert!(message.starts_with(&format!("b {how} while it was read")), "{message}");
    }
}
