//! Writing an image of a store, and publishing one of which a leaf has changed.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::bench::ground::Ground;
use crate::bench::measure::{Bench, Measure, Subject};
use crate::bench::origins::Origins;
use crate::bench::seeds::{Group, Seeds};
use crate::bench::start::storage;
use crate::machine::cache::Cache;
use crate::machine::{files, process};
use crate::seed::layout::Layout;
use crate::seed::podman::Podman;

pub const HELPER: &str = "nix-seed-helper";
pub const TAR: &str = "tar | zstd -3 -T2";
pub const BUILD: &str = "podman build";
pub const PUSH: &str = "nix-seed push";

/// The image of the whole closure.
pub fn write(
    bench: &Bench,
    seeds: &Seeds,
    client: &Path,
    layout: &Path,
    title: String,
    folder: &Path,
) -> Result<Measure> {
    let (out, archive, list) = (folder.join("written"), folder.join("written-tar"), folder.join("written.list"));
    let paths: Vec<_> = seeds.all.paths().map(|path| path.trim_start_matches('/')).collect();
    fs::write(&list, paths.join("\n"))?;
    fs::create_dir_all(&archive)?;
    let podman = Podman::open(&Cache::at(folder.join("podman-build"))?)?;
    let remove_image = || {
        files::remove(&out)?;
        seeds.remove_parts(&out)
    };
    let whole = [Group { graph: &seeds.all, root: Path::new("/") }];
    let tar = format!(
        "tar --sort=name --create --directory / --use-compress-program 'zstd -3 -T2' --file '{}' --files-from '{}'\n",
        archive.join("store.tar.zst").display(),
        list.display()
    );
    // What podman copies is a folder: the store's closure alone, as it is unpacked from the image.
    let (context, recipe) = (folder.join("context"), folder.join("written.Containerfile"));
    process::output(
        Command::new(client).args(["up", "--insecure-skip-verify", "--unpack", "--root"]).arg(&context).arg(layout),
    )?;
    fs::write(&recipe, "FROM scratch\nCOPY nix/store /nix/store/\n")?;
    let variables = podman.environment().iter().map(|(name, value)| format!("export {name}='{}'\n", value.display()));
    let build = format!(
        "{}podman build --quiet --file '{}' '{}' >/dev/null\n",
        variables.collect::<String>(),
        recipe.display(),
        context.display()
    );
    let subjects = [
        Subject {
            before: Box::new(remove_image),
            makes: Some(out.clone()),
            ..Subject::new(HELPER, seeds.write_script(&whole, &out)?)
        },
        Subject {
            before: Box::new(|| files::remove(&archive.join("store.tar.zst"))),
            makes: Some(archive.clone()),
            ..Subject::new(TAR, tar)
        },
        Subject {
            before: Box::new(|| Ground::new(storage(&podman)).renew()),
            after: Box::new(|| Ground::new(storage(&podman)).remove()),
            makes: Some(storage(&podman)),
            ..Subject::new(BUILD, build)
        },
    ];
    let measured = bench.interleave("write", title, &subjects);
    drop(subjects);
    remove_image()?;
    for folder in [archive, context] {
        files::remove(&folder)?;
    }
    measured
}

/// The image `changed`, where the registry has `layout`, which differs in one leaf.
pub fn push(
    bench: &Bench,
    origins: &Origins,
    layout: &Path,
    changed: &Path,
    title: String,
    folder: &Path,
) -> Result<Measure> {
    let (old, new) = (Layout::open(layout)?, Layout::open(changed)?);
    let podman = Podman::open(&Cache::at(folder.join("podman-push"))?)?;
    let target = |tool: &str, tag: &str| format!("{}:{tag}", origins.name(&format!("push-{tool}")));
    let repositories = ["ours", "skopeo", "podman"].map(|tool| format!("push-{tool}"));
    for repository in &repositories {
        origins.publish(layout, repository)?;
    }
    Ground::new(storage(&podman)).renew()?;
    // podman has pulled the one, so that it knows the layers, and has made the other.
    let pull = ["pull", "--quiet", "--tls-verify=false", &target("podman", "latest")];
    process::output(podman.command("podman").args(pull))?;
    podman.load(changed)?;
    let variables = podman.environment().iter().map(|(name, value)| format!("export {name}='{}'\n", value.display()));
    let variables = variables.collect::<String>();
    let source = changed.display();
    let scripts = [
        (PUSH, format!("'{}' push '{source}' '{}' >/dev/null\n", origins.client.display(), target("ours", "changed"))),
        (
            "skopeo copy",
            format!(
                "{variables}skopeo copy --quiet --dest-tls-verify=false 'oci:{source}:latest' 'docker://{}'\n",
                target("skopeo", "changed")
            ),
        ),
        (
            "podman push",
            format!(
                "{variables}podman push --quiet --tls-verify=false '{}' '{}'\n",
                new.id()?,
                target("podman", "changed")
            ),
        ),
    ];
    let subjects = scripts.map(|(name, script)| Subject {
        before: Box::new({
            let (old, repositories) = (&old, &repositories);
            move || origins.forget(repositories, old, "changed")
        }),
        proxies: vec![&origins.images],
        ..Subject::new(name, script)
    });
    let measured = bench.interleave("push", title, &subjects);
    drop(subjects);
    Ground::new(storage(&podman)).remove()?;
    measured
}
