//! The circumstances under which the helper writes a seed again.

use super::orders::Direction;

/// One set of circumstances: shell commands that come before the helper's, and how it is called.
#[derive(Debug, Clone)]
pub struct Variant {
    pub name: &'static str,
    /// Run in the recipe's folder, in a mount namespace of their own.
    pub setup: &'static str,
    /// A program that starts the helper.
    pub prefix: &'static str,
    pub threads: u16,
    pub build: Build,
    pub store: Store,
}

/// Which helper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// The one that the package set hands over: optimised, and linked statically.
    Release,
    /// What `cargo build` gives: not optimised, with all assertions, and with this machine's C library.
    Debug,
}

/// Which files it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Original,
    /// A copy in the folder `copy`, made in one direction: files with other owners, times and modes.
    Copied(Direction),
}

const USUAL: Variant =
    Variant { name: "", setup: "", prefix: "", threads: 2, build: Build::Release, store: Store::Original };

const TMPFS: &str = "mount -t tmpfs nix-seed copy";
/// The recipe's folder may lie where only its owner comes.
const LET_NOBODY_IN: &str = "chown 65534:65534 out && mount --bind . /mnt && cd /mnt";
const BE_NOBODY: &str = "setpriv --reuid=65534 --regid=65534 --clear-groups";

pub const ALL: [Variant; 11] = [
    Variant { name: "1 thread", threads: 1, ..USUAL },
    Variant { name: "8 threads", threads: 8, ..USUAL },
    Variant { name: "umask 000", setup: "umask 000", ..USUAL },
    Variant { name: "umask 077", setup: "umask 077", ..USUAL },
    Variant { name: "TZ=Asia/Kathmandu", setup: "export TZ=Asia/Kathmandu", ..USUAL },
    Variant { name: "LANG, LC_ALL=tr_TR.UTF-8", setup: "export LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8", ..USUAL },
    Variant { name: "user nobody", setup: LET_NOBODY_IN, prefix: BE_NOBODY, ..USUAL },
    Variant { name: "store copied backwards", store: Store::Copied(Direction::Backwards), ..USUAL },
    Variant {
        name: "store copied forwards to tmpfs",
        setup: TMPFS,
        store: Store::Copied(Direction::Forwards),
        ..USUAL
    },
    Variant {
        name: "store copied backwards to tmpfs",
        setup: TMPFS,
        store: Store::Copied(Direction::Backwards),
        ..USUAL
    },
    Variant { name: "debug build of the helper", build: Build::Debug, ..USUAL },
];
