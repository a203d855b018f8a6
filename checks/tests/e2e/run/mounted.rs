//! A seed that is mounted for a run, by root as a file system of the kernel's, by anybody else file by file.

use std::fs;
use std::path::Path;

use nix_seed_checks::machine::process;
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::registry::proxy::Proxy;
use nix_seed_checks::registry::traffic::Kind;
use serde_json::Value;

use super::{Runner, Said, Small, say};
use crate::mount::{NO_EROFS, failing};
use crate::publish::UNVERIFIED;
use crate::seed::Seed;

const SHOW: &str = "cat /nix/store/*-data/link && echo mine > /nix/store/mine && cat /nix/store/mine";

/// Whether a run had its seed mounted: nothing is unpacked then.
fn assert_mounted(runner: &Runner, said: &Said) {
    assert!(!said.err.contains("instead of mounting"), "{said:?}");
    let seeds = fs::read_dir(runner.path("cache/seeds")).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(seeds.filter(|path| path.is_dir()).count(), 0, "{said:?}");
    assert!(runner.left().is_empty());
}

#[test]
fn what_a_command_writes_goes_and_nothing_is_left() {
    let seed = Small::open();
    for runner in [Runner::root(), Runner::nobody()] {
        for _ in 0..2 {
            let said = runner.with_fuse(&runner.run(&[], &seed.layout, &["sh", "-c", SHOW]));
            assert_eq!((said.code, said.out.as_str()), (Some(0), "in the seedmine\n"), "{said:?}");
            assert_mounted(&runner, &said);
        }
        // The file system, too, is what it says.
        let script = "stat -f -c %T /nix; find /nix/store -mindepth 1 -printf '%P %y %m %l %T@ %U\n' | LC_ALL=C sort";
        let mounted = runner.with_fuse(&runner.run(&[], &seed.layout, &["sh", "-c", script]));
        let unpacked = runner.with_fuse(&runner.run(&["--unpack"], &seed.layout, &["sh", "-c", script]));
        assert_eq!((mounted.code, &mounted.out), (Some(0), &unpacked.out), "{mounted:?} {unpacked:?}");
    }
}

#[test]
fn where_nobody_may_serve_the_seed_is_unpacked_and_a_line_says_why() {
    let (seed, runner) = (Small::open(), Runner::nobody());
    let closed = "mknod fuse c 10 229 && chmod 600 fuse && mount --bind fuse /dev/fuse";
    let said = runner.after(closed, &runner.run(&[], &seed.layout, &["sh", "-c", SHOW]));
    assert_eq!((said.code, said.out.as_str()), (Some(0), "in the seedmine\n"), "{said:?}");
    let told: Vec<_> =
        said.err.lines().filter(|line| line.contains("instead of mounting it: there is no FUSE")).collect();
    assert_eq!(told.len(), 1, "{said:?}");

    // Without FUSE, without the right to mount, and where no overlay can be laid.
    for (what, script) in [
        ("no FUSE", "mount --bind /dev/null /dev/fuse"),
        (
            "the root of a container",
            "mkdir -p lower upper work && mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay cache",
        ),
    ] {
        let runner = Runner::root();
        fs::create_dir(runner.path("cache")).unwrap();
        let said = runner.after(script, &runner.run(&[], &seed.layout, &["sh", "-c", SHOW]));
        assert_eq!((said.code, said.out.as_str()), (Some(0), "in the seedmine\n"), "{what}: {said:?}");
        assert!(said.err.contains("instead of mounting it: "), "{what}: {said:?}");
    }
}

#[test]
fn without_erofs_files_are_served_one_by_one() {
    let (seed, runner) = (Small::open(), Runner::root());
    let run = runner.run(&[], &seed.layout, &["sh", "-c", SHOW]);
    let [strace, arguments @ ..] = failing(NO_EROFS);
    let mut traced = runner.command(Path::new(strace));
    let said = say(traced.args(arguments).arg(run.get_program()).args(run.get_args()));
    assert_eq!((said.code, said.out.as_str()), (Some(0), "in the seedmine\n"), "{said:?}");
    assert!(said.err.contains("served file by file"), "{said:?}");
    assert_mounted(&runner, &said);
}

#[test]
fn a_digest_that_is_known_and_complete_needs_no_registry() {
    let (seed, runner) = (Small::open(), Runner::root());
    let registry = DockerRegistry::start(&seed.journey.workbench.cache, Auth::Everybody).unwrap();
    let proxy = Proxy::start(registry.address()).unwrap();
    let name = format!("{}/team/seed", proxy.address());
    let mut push = runner.command(&runner.program);
    push.args(["push", "--json", "--allow", "data", "--allow", "user"]).arg(&seed.layout);
    let said = say(push.arg(format!("{name}:main")));
    assert_eq!(said.code, Some(0), "{said:?}");
    let pushed: Value = serde_json::from_str(&said.out).unwrap();
    let image = format!("{name}@{}", pushed["push"]["digest"].as_str().unwrap());
    proxy.forget_traffic();
    let complete = say(&mut runner.run(&["--complete"], &image, &["sh", "-c", SHOW]));
    assert_eq!((complete.code, complete.out.as_str()), (Some(0), "in the seedmine\n"), "{complete:?}");
    let blobs = proxy.traffic().of("GET", Kind::Blob).requests;
    assert!(blobs > 0);
    // Neither documents nor frames are asked for again.
    proxy.forget_traffic();
    drop(registry);
    let again = say(&mut runner.run(&[], &image, &["sh", "-c", SHOW]));
    assert_eq!((again.code, again.out.as_str()), (Some(0), "in the seedmine\n"), "{again:?}");
    assert_eq!(proxy.traffic().total().requests, 0);
    assert_mounted(&runner, &again);
}

#[test]
fn what_a_start_touches_is_recorded_for_the_next_seed() {
    let (seed, runner) = (Small::open(), Runner::root());
    let record = |command: &str| {
        let mut record = runner.command(&runner.program);
        say(record.args(["record", UNVERIFIED]).arg(&seed.layout).args(["--", "sh", "-c", command]))
    };
    let file = runner.path(".seed.recording.json");
    let failed = record("cat /nix/store/*-data/file; exit 3");
    assert_eq!((failed.code, file.exists()), (Some(3), false), "{failed:?}");

    let said = record("cat /nix/store/*-user; cat /nix/store/*-data/file");
    assert_eq!(said.code, Some(0), "{said:?}");
    let recording: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let touched = recording["touched"].as_array().unwrap();
    let names: Vec<_> =
        touched.iter().map(|touched| touched["path"].as_str().unwrap().split_once('-').unwrap().1).collect();
    assert_eq!(names, ["user", "data"], "{recording}");
    assert_eq!(touched[0]["frames"], serde_json::json!([[0, 1]]));
}

#[test]
fn a_real_build_is_recorded_and_kept() {
    let (seed, runner) = (Seed::of_example("c"), Runner::root());
    seed.edit("libgreet/greet.c", "snprintf", " snprintf");
    nix_seed_checks::machine::files::copy_tree(seed.source(), &runner.path("flake")).unwrap();
    let build = ["nix", "build", "path:flake"];
    let said =
        runner.with_fuse(&runner.run(&["--no-network", "--require-sandbox", "--out", "out"], &seed.layout, &build));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_mounted(&runner, &said);
    let store = runner.path("out");
    let mut verify = seed.workbench.nix.command("nix");
    process::output(verify.args(["store", "verify", "--no-trust", "--all", "--store"]).arg(&store)).unwrap();

    // Of an image that is complete, the store in which the command runs is whole as well.
    let verify = ["nix", "store", "verify", "--no-trust", "--all"];
    let said = say(&mut runner.run(&["--complete"], &seed.layout, &verify));
    assert_eq!(said.code, Some(0), "{said:?}");

    let mut record = runner.command(&runner.program);
    record.arg("record").arg(&seed.layout).args(["--", "nix", "build", "--no-link", "path:flake"]);
    let said = say(&mut record);
    assert_eq!(said.code, Some(0), "{said:?}");
    let recording: Value = serde_json::from_slice(&fs::read(runner.path(".seed.recording.json")).unwrap()).unwrap();
    let first = recording["touched"][0]["path"].as_str().unwrap();
    assert!(first.contains("-nix-") || first.contains("-glibc-"), "Nix is touched first: {recording}");
}
