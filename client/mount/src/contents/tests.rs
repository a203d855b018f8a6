use std::time::Instant;

use std::os::unix::fs::symlink;

use nix_seed_image::layout::blob_path;

use super::*;
use crate::testing::Made;

/// All files of a seed that hold something: path, entry, length.
fn files(made: &Made) -> Vec<(u32, u32, usize)> {
    let paths = (0..).zip(&made.seed.index.paths);
    let entries = paths.flat_map(|(path, found)| (0..).zip(&found.entries).map(move |(at, entry)| (path, at, entry)));
    entries
        .filter_map(|(path, at, entry)| match entry.node {
            Node::File { size, .. } if size > 0 => Some((path, at, size as usize)),
            _ => None,
        })
        .collect()
}

/// Everything lies in the machine's own store as well.
fn local(made: &Made) -> Local {
    (0..).take(made.seed.index.paths.len()).map(|path| (path, made.place(path))).collect()
}

fn read(contents: &Contents, (path, entry, length): (u32, u32, usize)) -> Result<Vec<u8>, Error> {
    let mut buffer = vec![9; length + 10];
    contents.read(path, entry, 0, &mut buffer, Instant::now())?;
    assert_eq!(buffer.split_off(length), [0; 10], "zeros stand behind its end");
    Ok(buffer)
}

#[test]
fn what_is_no_file_holds_zeros() {
    let made = Made::new();
    let contents = made.contents(local(&made));
    for (path, entry) in [(0, 0), (0, 999), (999, 0)] {
        assert!(read(&contents, (path, entry, 0)).unwrap().is_empty());
    }
    let file = files(&made)[0];
    let mut buffer = [9; 4];
    contents.read(file.0, file.1, u64::MAX, &mut buffer, Instant::now()).unwrap();
    assert_eq!(buffer, [0; 4], "far behind its end");
}

#[test]
fn what_the_machine_has_is_read_from_there() {
    let made = Made::new();
    let contents = made.contents(local(&made));
    for layer in &made.seed.index.layers {
        std::fs::write(blob_path(&made.layout, &layer.digest), "").unwrap();
    }
    for file in files(&made) {
        assert!(read(&contents, file).unwrap() == made.bytes(file.0, file.1), "{file:?}");
    }
    let (path, entry, length) = files(&made).into_iter().find(|(_, _, length)| *length > 3).unwrap();
    let mut buffer = vec![9; length];
    contents.read(path, entry, 3, &mut buffer, Instant::now()).unwrap();
    assert_eq!(buffer[..length - 3], made.bytes(path, entry)[3..]);
    assert!(contents.frames().touched().is_empty());
    assert!(
        made.contents(Local::new()).read(path, entry, 0, &mut buffer, Instant::now()).is_err(),
        "frames are all gone"
    );
}

#[test]
fn what_the_machine_has_no_more_or_otherwise_comes_from_frames() {
    let made = Made::new();
    let contents = made.contents(local(&made));
    for (number, file) in files(&made).into_iter().enumerate() {
        let (place, good) = (made.file(file.0, file.1), made.bytes(file.0, file.1));
        std::fs::remove_file(&place).unwrap();
        match number % 6 {
            0 => {}
            1 => std::fs::write(&place, &good[1..]).unwrap(),
            2 => std::fs::write(&place, [&good[..], b"x"].concat()).unwrap(),
            // Of the same length, but a link: it is not followed, wherever it leads.
            3 => {
                let elsewhere = made.dir.path().join("elsewhere");
                std::fs::write(&elsewhere, vec![1; good.len()]).unwrap();
                symlink(elsewhere, &place).unwrap();
            }
            4 => std::fs::create_dir(&place).unwrap(),
            _ => assert!(std::process::Command::new("mkfifo").arg(&place).status().unwrap().success()),
        }
        assert!(read(&contents, file).unwrap() == good, "{number}");
    }
    // All of it is gone.
    std::fs::remove_dir_all(made.dir.path().join("nix")).unwrap();
    for file in files(&made) {
        read(&contents, file).unwrap();
    }
}
