//! Machines on which a seed cannot be mounted, or not in the fastest way: it is said why in one line, and nothing is left.

use std::path::Path;
use std::process::{Command, Stdio};

use super::{Contents, Machine, PATIENCE, digest, ends, until};
use crate::host::{Host, PIVOT};
use crate::up::Scene;

/// A kernel that has this system call fail where it is called for that time by a thread.
fn failing(call: &'static str) -> [&'static str; 6] {
    ["strace", "-f", "-o", "/dev/null", "-e", call]
}

/// `nix-seed`, run by a program that takes something from it.
fn command(machine: &Machine<'_>, by: &[&str], arguments: &[&str]) -> Command {
    let bare = machine.command(arguments);
    let all: Vec<_> = bare.get_args().collect();
    let (enter, run) = all.split_at(all.iter().position(|argument| *argument == "--").unwrap() + 1);
    let mut command = Command::new(bare.get_program());
    command.args(enter).args(by).args(run).stdin(Stdio::null());
    command.envs(bare.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

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
        let said = super::said(&mut command(&machine, by, &["up", "--mount", &scene.location]));
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
    // The thread's third mount; what comes before it keeps mounts to itself, and is FUSE's.
    let no_erofs = failing("inject=mount:error=ENODEV:when=3");
    for (script, by, reason) in [
        ("true", &no_erofs[..], "the kernel mounts no EROFS: No such device"),
        ("mount --bind /dev/null /dev/loop-control", &[], "the kernel gives no loop device"),
        ("mount -t tmpfs tmpfs /sys; for n in /dev/loop[0-9]*; do mount --bind /dev/null $n; done", &[], "loop"),
    ] {
        let machine = Machine::with(&scene.publisher, script);
        // Whoever traces stays for as long as whoever is traced.
        let mut command = command(&machine, by, &["up", "--mount", &scene.location]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let is_up = || {
            let all = machine.processes();
            all.iter().all(|(_, line)| line.starts_with(super::SERVING) || line.starts_with("strace"))
                && !machine.servers().is_empty()
        };
        until("the seed is up", is_up);
        contents.assert_right(&machine, 2);
        machine.assert_valid(scene.seed.paths);
        machine.discards();
        machine.assert_gone(&[]);
        let output = ends(child, PATIENCE);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("the seed is served file by file, which takes longer to list"), "{script}: {said}");
        assert!(said.contains(reason), "{script}: {said}");
        assert_eq!(said.lines().count(), 2, "{said}");
    }
}

/// What a machine says on which a seed comes up at `/` by itself, where `script` has run.
fn at_root(host: &Host, script: &str, by: &str) -> String {
    host.run(&format!(
        r#"
        {PIVOT}
        {script}
        before=$(find / -xdev -path /proc -prune -o -path /work -prune -o -path /tmp -prune -o -print)
        {by} ./nix-seed up "$PWD/seed" >environment 2>said || {{ cat said >&2; exit 1; }}
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
    unpacked("true", "strace -f -o /dev/null -e inject=fsopen:error=EPERM", "the kernel mounts no overlay here");
    let said = at_root(&host, "mount --bind /dev/null /dev/loop-control", "");
    assert!(said.contains("is served file by file") && said.contains("lines=2\nmounted=1"), "{said}");
}
