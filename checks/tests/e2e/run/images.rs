//! Whatever has become of a seed on its way, it is the same store.

use std::fs;

use nix_seed_checks::machine::process;
use nix_seed_checks::registry::docker::{Auth, DockerRegistry};

use super::{Runner, Small, say};

/// All store paths: names, modes, times, owners, contents.
const SUM: &str = "cd /nix/store && tar --create --sort=name * | sha256sum";

#[test]
fn a_seed_that_skopeo_has_compressed_again_is_the_same_store() {
    let (seed, runner) = (Small::open(), Runner::nobody());
    let sum = |location: &str| {
        let said = say(&mut runner.run(&[], location, &["sh", "-c", SUM]));
        assert_eq!(said.code, Some(0), "{said:?}");
        (said.out, said.err)
    };
    let layout = seed.layout.to_str().unwrap();
    let (expected, quiet) = sum(layout);
    assert!(!quiet.contains("no seed"), "{quiet}");

    let skopeo = |from: &str, options: &[&str], to: &str| {
        let mut command = seed.journey.podman.command("skopeo");
        command.args(["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"]).args(options);
        process::output(command.arg(format!("oci:{from}:latest")).arg(to)).unwrap();
    };
    let gzip = ["--dest-compress", "--dest-compress-format", "gzip"];
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("gzip");
    let copy = copy.to_str().unwrap();
    skopeo(layout, &gzip, &format!("oci:{copy}:latest"));
    std::os::unix::fs::chown(folder.path(), runner.user, runner.user).unwrap();

    let registry = DockerRegistry::start(&seed.journey.workbench.cache, Auth::Everybody).unwrap();
    let images = ["oci", "v2s2"].map(|format| (format, format!("{}/{format}:latest", registry.address())));
    for (format, image) in &images {
        skopeo(copy, &["--format", format], &format!("docker://{image}"));
    }
    for location in [copy, &images[0].1, &images[1].1] {
        // The tag of OCI's image stands for the same digest as the copy.
        let is_new = location != images[0].1;
        let (found, remark) = sum(location);
        assert_eq!(found, expected, "{location}");
        assert_eq!(remark.contains("unpacked whole"), is_new, "{remark}");
        let (found, remark) = sum(location);
        assert_eq!(found, expected, "{location}");
        assert!(!remark.contains("unpacked"), "it is there: {remark}");
    }
}

#[test]
fn a_damaged_image_is_never_shown() {
    let (seed, runner) = (Small::open(), Runner::nobody());
    let mut command = seed.journey.podman.command("skopeo");
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("gzip");
    command.args(["--insecure-policy", "copy", "--quiet", "--dest-compress", "--dest-compress-format", "gzip"]);
    command.arg(format!("oci:{}:latest", seed.layout.display())).arg(format!("oci:{}:latest", copy.display()));
    process::output(&mut command).unwrap();
    let layer = nix_seed_checks::seed::layout::Layout::open(&copy).unwrap().layers().unwrap()[0].clone();
    let mut bytes = fs::read(&layer).unwrap();
    // The operating system in gzip's header: what is unpacked stays the same.
    bytes[9] ^= 1;
    fs::write(&layer, bytes).unwrap();
    std::os::unix::fs::chown(folder.path(), runner.user, runner.user).unwrap();
    for _ in 0..2 {
        let said = say(&mut runner.run(&[], &copy, &["true"]));
        assert_eq!(said.code, Some(4), "{said:?}");
        assert!(said.err.contains("another digest"), "{said:?}");
    }
}
