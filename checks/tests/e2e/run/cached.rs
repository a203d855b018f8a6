//! What is unpacked once is used again, unless it is not what was unpacked.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix_seed_checks::machine::{files, process};
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};
use nix_seed_checks::seed::layout::Layout;

use super::{Runner, Small, say};

type Damage = fn(&Path);

const UNPACK: [&str; 1] = ["--unpack"];

const CAT: [&str; 3] = ["sh", "-c", "cat /nix/store/*-data/file"];

/// The unpacked file that [`CAT`] shows.
fn unpacked(runner: &Runner) -> PathBuf {
    let script = "ls -d cache/seeds/*/nix/store/*-data/file";
    let said = say(Runner::root_in(runner.folder.path(), "sh").args(["-c", script]));
    runner.path(said.out.trim())
}

/// Shows the seed, with that remark; without one, as it was unpacked before.
fn assert_shown(runner: &Runner, layout: &Path, remark: &str) {
    let said = say(&mut runner.run(&UNPACK, layout, &CAT));
    assert_eq!((said.code, &*said.out), (Some(0), "in the seed"), "{said:?}");
    let is_unpacked = ["changed since", "unpacked whole", "store paths"].iter().any(|text| said.err.contains(text));
    assert!(said.err.contains(remark) && is_unpacked != remark.is_empty(), "{said:?}");
}

/// The seed as an ordinary image, which is unpacked whole.
fn ordinary(seed: &Small, folder: &Path) -> PathBuf {
    let copy = folder.join("gzip");
    let mut command = seed.journey.podman.command("skopeo");
    command.args(["--insecure-policy", "copy", "--quiet", "--dest-compress", "--dest-compress-format", "gzip"]);
    command.arg(format!("oci:{}:latest", seed.layout.display())).arg(format!("oci:{}:latest", copy.display()));
    process::output(&mut command).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    copy
}

#[test]
fn a_digest_that_is_known_needs_no_registry() {
    let (seed, runner) = (Small::open(), Runner::nobody());
    let registry = DockerRegistry::start(&seed.journey.workbench.cache, Auth::Everybody).unwrap();
    let name = format!("{}/team/seed", registry.address());
    let mut push = runner.command(&runner.program);
    push.args(["push", "--json", "--index", "--allow", "data", "--allow", "user"]).arg(&seed.layout);
    let said = say(push.arg(format!("{name}:main")));
    assert_eq!(said.code, Some(0), "{said:?}");
    let said: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let index = said["push"]["targets"][0]["indexes"]["main"].as_str().unwrap();
    let image = Layout::open(&seed.layout).unwrap().manifest_digest;
    assert_ne!(index, image);
    let [index, image] = [index, &image].map(|digest| format!("{name}@{digest}"));
    let shows = |location: &str| {
        let said = say(&mut runner.run(&UNPACK, location, &CAT));
        assert_eq!((said.code, &*said.out), (Some(0), "in the seed"), "{location}: {said:?}");
    };
    shows(&index);
    drop(registry);
    shows(&index);
    shows(&image);
    let other = say(&mut runner.run(&["--unpack", "--platform", "linux/arm64"], &index, &CAT));
    assert_ne!(other.code, Some(0), "what another platform has nobody knows: {other:?}");
}

#[test]
fn fault_a_damaged_cache_is_mended() {
    let seed = Small::open();
    let folder = tempfile::tempdir().unwrap();
    for layout in [seed.layout.clone(), ordinary(&seed, folder.path())] {
        let runner = Runner::nobody();
        say(&mut runner.run(&UNPACK, &layout, &CAT));
        assert_shown(&runner, &layout, "");
        let file = unpacked(&runner);
        let damages: [(&str, Damage); 4] = [
            ("another content, of the same length", |file| fs::write(file, "IN THE SEED").unwrap()),
            ("a file is gone", |file| fs::remove_file(file).unwrap()),
            ("a store path is gone", |file| fs::remove_dir_all(file.parent().unwrap()).unwrap()),
            ("the database is gone", |file| {
                fs::remove_dir_all(file.ancestors().nth(3).unwrap().join("var/nix/db")).unwrap();
            }),
        ];
        for (what, damage) in damages {
            damage(&file);
            let said = say(&mut runner.run(&UNPACK, &layout, &CAT));
            assert_eq!((said.code, &*said.out), (Some(0), "in the seed"), "{what}: {said:?}");
            assert!(said.err.contains("has changed since"), "{what}: {said:?}");
            assert_shown(&runner, &layout, "");
        }
        // All of it.
        fs::remove_dir_all(file.ancestors().nth(4).unwrap()).unwrap();
        assert_shown(&runner, &layout, "has changed since");
        assert_shown(&runner, &layout, "");
    }
}

#[test]
fn fault_an_interrupted_unpacking_is_gone_on_with() {
    let seed = Small::open();
    let folder = tempfile::tempdir().unwrap();
    for layout in [seed.layout.clone(), ordinary(&seed, folder.path())] {
        let runner = Runner::nobody();
        let part = folder.path().join("part");
        files::copy_tree(&layout, &part).unwrap();
        let layer = Layout::open(&part).unwrap().layers().unwrap()[0].clone();
        let whole = fs::read(&layer).unwrap();
        fs::write(&layer, &whole[..whole.len() / 2]).unwrap();
        for _ in 0..2 {
            let said = say(&mut runner.run(&UNPACK, &part, &CAT));
            assert!(said.code != Some(0) && said.out.is_empty(), "{said:?}");
        }
        fs::write(&layer, whole).unwrap();
        let said = say(&mut runner.run(&UNPACK, &part, &CAT));
        assert_eq!((said.code, &*said.out), (Some(0), "in the seed"), "{said:?}");
        assert_shown(&runner, &part, "");
        fs::remove_dir_all(&part).unwrap();
    }
}

#[test]
fn attack_a_cache_of_somebody_else_is_refused() {
    let (seed, runner) = (Small::open(), Runner::nobody());
    fs::create_dir(runner.path("cache")).unwrap();
    let said = say(&mut runner.run(&UNPACK, &seed.layout, &CAT));
    assert_ne!(said.code, Some(0));
    assert!(said.err.contains("belongs to user 0"), "{said:?}");

    let runner = Runner::root();
    fs::create_dir(runner.path("cache")).unwrap();
    fs::set_permissions(runner.path("cache"), fs::Permissions::from_mode(0o777)).unwrap();
    let said = say(&mut runner.run(&UNPACK, &seed.layout, &CAT));
    assert_ne!(said.code, Some(0));
    assert!(said.err.contains("chmod go-w"), "{said:?}");
}
