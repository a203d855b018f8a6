//! Machines on which a seed cannot be mounted, or not in the fastest way: it is said why in one line, and nothing is left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix_seed_checks::machine::process;

use super::{Contents, Machine, NO_EROFS, NO_EROFS_OF_FILES, PATIENCE, digest, ends, failing, until};
use crate::host::{Host, PIVOT};
use crate::publish::without_warning;
use crate::up::Scene;

const NO_FUSE: &str = r#"
    mount -t tmpfs -o mode=755 tmpfs "$0/root"
    mkdir "$0/dev"; mount --rbind /dev "$0/dev"
    mount -t tmpfs -o mode=755 tmpfs /dev
    for name in null zero full random urandom loop-control; do touch /dev/$name; mount --bind "$0/dev/$name" /dev/$name; done
    umount "$0/root"
"#;

#[test]
fn refused_with_a_reason_and_nothing_is_left() {
    let scene = Scene::open();
    let overlay = failing("inject=fsopen:error=ENODEV");
    let attach = failing("inject=move_mount:error=EPERM");
    let configure = failing("inject=fsconfig:error=EINVAL");
    let everything = failing("inject=mount:error=EPERM");
    let lacks = [
        (NO_FUSE, &[][..], "there is no FUSE, or not for this user: No such file"),
        ("mount --bind /dev/null /dev/fuse", &[], "the kernel mounts no FUSE: Invalid argument"),
        ("true", &overlay, "the kernel mounts no overlay here: No such device"),
        ("true", &configure, "the kernel mounts no overlay here: Invalid argument"),
        ("true", &attach, "the kernel does not attach the mount: Operation not permitted"),
        ("true", &everything, "the kernel does not keep mounts to itself: Operation not permitted"),
        (
            "true",
            &["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"],
            "this user may not mount, which takes CAP_SYS_ADMIN: Operation not permitted",
        ),
        ("true", &["setpriv", "--reuid", "65534", "--clear-groups"], "only root may mount"),
        ("true", &["unshare", "--user", "--map-root-user"], "the kernel mounts no overlay here"),
        ("mount --bind \"$0/root\" \"$0/root\"; mount -o remount,bind,ro \"$0/root\"", &[], "read-only file system"),
        (
            // As in a container, whose own root is an overlay.
            "mkdir \"$0/up\" \"$0/work\" \"$0/low\"; mount -t overlay -o lowerdir=\"$0/low\",upperdir=\"$0/up\",workdir=\"$0/work\" o \"$0/root\"",
            &[],
            "the kernel mounts no overlay here",
        ),
        (
            "mkdir \"$0/root/nix\"; mount -t tmpfs tmpfs \"$0/root/nix\"; mkdir \"$0/root/nix/mine\"",
            &[],
            "nix is there already",
        ),
        ("touch \"$0/root/nix\"", &[], "Not a directory"),
    ];
    for (script, by, reason) in lacks {
        let machine = Machine::with(&scene.publisher, script);
        let before = listing(&machine);
        let said = super::said(&mut machine.command_by(by, &["up", "--mount", &scene.location]));
        assert_eq!(said.code, Some(1), "{script} {by:?}: {}", said.err);
        assert_eq!(said.err.lines().count(), 1, "{script} {by:?}: {}", said.err);
        assert!(said.err.contains("the seed cannot be mounted here"), "{script} {by:?}: {}", said.err);
        assert!(said.err.contains(reason), "{script} {by:?}: {}", said.err);
        until("nobody serves", || machine.processes().is_empty());
        assert_eq!(listing(&machine), before, "{script} {by:?}");
    }
}

/// What lies in the root, and what is mounted there.
fn listing(machine: &Machine<'_>) -> (Vec<String>, Vec<String>) {
    let root = machine.root();
    let said = super::said(machine.program(Path::new("find")).arg(&root).args(["-printf", "%p %m %U %y\n"]));
    (said.out.lines().map(ToOwned::to_owned).collect(), machine.mounted())
}

#[test]
fn served_file_by_file_where_the_kernel_has_no_erofs_or_no_loop_devices() {
    let scene = Scene::open();
    let contents = Contents::of(&scene.seed);
    for (script, lack, reason) in [
        ("true", NO_EROFS, "the kernel mounts no EROFS: No such device"),
        ("mount --bind /dev/null /dev/loop-control", NO_EROFS_OF_FILES, "the kernel gives no loop device"),
        (
            "mount -t tmpfs tmpfs /sys; for n in /dev/loop[0-9]*; do mount --bind /dev/null $n; done",
            NO_EROFS_OF_FILES,
            "loop",
        ),
    ] {
        let machine = Machine::with(&scene.publisher, script);
        let child = machine.mounts_without(lack, &scene.location);
        contents.assert_right(&machine, 2);
        machine.assert_valid(scene.seed.paths);
        machine.discards();
        machine.assert_gone();
        let output = ends(child, PATIENCE);
        let said = without_warning(&String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("the seed is served file by file, which takes longer to list"), "{script}: {said}");
        assert!(said.contains(reason), "{script}: {said}");
        assert_eq!(said.lines().count(), 2, "{said}");
    }
}

#[test]
fn on_a_loop_device_where_the_kernels_erofs_takes_no_file() {
    let scene = Scene::open();
    let contents = Contents::of(&scene.seed);
    let machine = Machine::new(&scene.publisher);
    for is_killed in [false, true] {
        let child = machine.mounts_without(NO_EROFS_OF_FILES, &scene.location);
        let devices = loop_devices(machine.server());
        assert_eq!(devices.len(), 1, "a mount has one loop device");
        contents.assert_right(&machine, 3);
        machine.assert_valid(scene.seed.paths);
        if is_killed {
            machine.kill_server();
        }
        machine.discards();
        machine.assert_gone();
        until("the loop device is free", || !is_taken(&devices[0]));
        let said = without_warning(&String::from_utf8_lossy(&ends(child, PATIENCE).stderr));
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

/// The loop devices of files that a process serves.
pub(super) fn loop_devices(server: u32) -> Vec<String> {
    // Threads have tables of open files of their own, and may end meanwhile.
    let below = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let threads = below(PathBuf::from(format!("/proc/{server}/task")));
    let infos = threads.flat_map(|thread| below(thread.join("fdinfo")));
    let infos: Vec<_> = infos.filter_map(|info| fs::read_to_string(info).ok()).collect();
    let connections =
        infos.iter().flat_map(|info| info.lines()).filter_map(|line| line.strip_prefix("fuse_connection:"));
    let connections: Vec<_> = connections.map(|number| format!("0:{}", number.trim())).collect();
    let mut list = Command::new("losetup");
    let list = process::output(list.args(["--list", "--noheadings", "--output", "NAME,BACK-MAJ:MIN"])).unwrap();
    let rows = list.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
    let ours = rows.filter(|(_, of)| connections.iter().any(|ours| ours == of.trim()));
    ours.map(|(name, _)| name.rsplit('/').next().unwrap_or_default().to_owned()).collect()
}

/// Whether a loop device has the file of a mount: others take it again.
fn is_taken(device: &str) -> bool {
    fs::read_to_string(format!("/sys/block/{device}/loop/backing_file")).is_ok_and(|file| file.trim() == "/device")
}

/// What a machine says on which a seed comes up at `/` by itself, where `script` has run.
fn at_root(host: &Host, script: &str, by: &str) -> String {
    host.run(&format!(
        r#"
        {PIVOT}
        {script}
        before=$(find / -xdev -path /proc -prune -o -path /work -prune -o -path /tmp -prune -o -print)
        {by} ./nix-seed up --insecure-skip-verify "$PWD/seed" >environment 2>said || {{ cat said >&2; exit 1; }}
        sed -i "/NOT VERIFIED/d" said
        ( . ./environment; HOME=/tmp nix store verify --no-trust --all )
        grep -q /nix/store environment
        down 2>gone
        test "$(find / -xdev -path /proc -prune -o -path /work -prune -o -path /tmp -prune -o -print)" = "$before"
        answer said "$(head -n 1 said)"
        answer lines "$(wc -l <said)"
        answer mounted "$(grep -c ', mounted:' said || true)"
        "#
    ))
    .join("\n")
}

#[test]
fn at_the_root_a_seed_is_mounted_or_unpacked_and_said_why() {
    let host = Host::of_example("c");
    let unpacked = |script: &str, by: &str, reason: &str| {
        let said = at_root(&host, script, by);
        assert!(
            said.contains("unpacking the seed instead of mounting it") && said.contains(reason),
            "{script} {by}: {said}"
        );
        assert!(said.contains("lines=2\nmounted=0"), "{script} {by}: {said}");
    };
    let said = at_root(&host, "true", "");
    assert!(said.contains("lines=1\nmounted=1") && said.contains(&digest(&host.seed.layout)), "{said}");
    unpacked("mount --bind /dev/null /dev/fuse", "", "the kernel mounts no FUSE: Invalid argument");
    unpacked("true", "setpriv --bounding-set -sys_admin --inh-caps -sys_admin", "CAP_SYS_ADMIN");
    unpacked("true", &failing("inject=fsopen:error=EPERM").join(" "), "the kernel mounts no overlay here");
    // Whoever plays the kernel stays for as long as whoever serves, and is not waited for.
    let said = at_root(&host, "true", &format!("strace -D {}", failing(NO_EROFS)[1..].join(" ")));
    assert!(said.contains("is served file by file") && said.contains("lines=2\nmounted=1"), "{said}");
}
