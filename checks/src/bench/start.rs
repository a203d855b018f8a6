//! From nothing, or from most of it, to a command that runs: seeds, mounted and unpacked, images, binary caches and archives.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::bench::child::until_nobody_runs;
use crate::bench::far;
use crate::bench::ground::Ground;
use crate::bench::measure::{Bench, Measure, Subject};
use crate::bench::origins::Origins;
use crate::bench::seeds::Seeds;
use crate::bench::store::{self, Commands};
use crate::machine::cache::Cache;
use crate::machine::{files, process, progress};
use crate::registry::proxy::Speed;
use crate::seed::layout::Layout;
use crate::seed::podman::Podman;

pub const MOUNTED: &str = "nix-seed up, mounted";
pub const UNPACKED: &str = "nix-seed up, unpacked";
pub const AGAIN: &str = "nix-seed up, nothing missing";
pub const PODMAN: &str = "podman, zstd";
pub const GZIP: &str = "podman, gzip";
pub const COPY: &str = "nix copy, zstd";
pub const ARCHIVE: &str = "tar.zst";

/// What is fetched, by each of its names.
pub struct Published {
    /// The image, by digest; the same with gzip.
    pub image: String,
    pub gzip: String,
    /// Where it was asked for, the image that lacks what is missing later; the same with gzip.
    pub old: String,
    pub old_gzip: String,
    pub digest: String,
}

/// All that takes part.
pub struct Starts<'a> {
    pub bench: &'a Bench,
    pub seeds: &'a Seeds,
    pub origins: &'a Origins,
    pub commands: &'a Commands,
    pub published: &'a Published,
    pub folder: PathBuf,
}

impl Published {
    /// Publishes the images, and what the peers fetch: a binary cache with zstd, and an archive of the store with its database.
    pub fn prepare(origins: &Origins, seeds: &Seeds, layout: &Path, old: Option<&Path>, folder: &Path) -> Result<Self> {
        progress::say("publishing the images, a binary cache and an archive");
        let podman = Podman::open(&Cache::at(folder.join("skopeo"))?)?;
        let nix = &seeds.workbench.nix;
        let mut copy = nix.command("nix");
        copy.args(["copy", "--to", &format!("file://{}?compression=zstd", origins.folder.join("cache").display())]);
        process::output(copy.args(seeds.all.paths()))?;
        let root = folder.join("archived");
        process::output(
            Command::new(&origins.client)
                .args(["up", "--insecure-skip-verify", "--unpack", "--root"])
                .arg(&root)
                .arg(layout),
        )?;
        let mut archive = Command::new("tar");
        archive.args(["--sort=name", "--create", "--use-compress-program=zstd -3 -T2", "--file"]);
        process::output(archive.arg(origins.folder.join("store.tar.zst")).arg("--directory").arg(&root).arg("nix"))?;
        files::remove(&root)?;
        Ok(Self {
            image: origins.publish(layout, "seed")?,
            gzip: origins.publish_gzip(&podman, layout, "gzip")?,
            old: old.map(|old| origins.publish(old, "seed")).transpose()?.unwrap_or_default(),
            old_gzip: old.map(|old| origins.publish_gzip(&podman, old, "old-gzip")).transpose()?.unwrap_or_default(),
            digest: Layout::open(layout)?.manifest_digest,
        })
    }
}

impl Starts<'_> {
    /// From nothing.
    pub fn cold(&self, name: &'static str, title: String, command: store::Command) -> Result<Measure> {
        self.begin(name, title, command, Speed::default())
    }

    /// The same over a link to far away, which is tried before.
    pub fn far(&self, name: &'static str, title: &str, command: store::Command, quick: bool) -> Result<Measure> {
        let found = far::try_out(self.origins)?;
        found.ensure(quick)?;
        self.begin(name, format!("{title} The link: {found}."), command, far::SPEED)
    }

    /// With nothing there.
    fn begin(&self, name: &'static str, title: String, command: store::Command, speed: Speed) -> Result<Measure> {
        let ground = Ground::new(self.folder.join("root"));
        let root = ground.path();
        let (zstd, gzip) = (self.podman("podman-zstd")?, self.podman("podman-gzip")?);
        let in_store = |script: String| format!("{script}{}", self.commands.in_store(root, command));
        let archives = &self.origins.archives;
        let mut subjects = vec![
            self.mounted(&ground, in_store(self.up(root, Way::Mount))),
            self.unpacked(&ground, in_store(self.up(root, Way::Unpack))),
            Subject { proxies: vec![archives], ..to_ground(ARCHIVE, &ground, in_store(self.restore(root))) },
            Subject { proxies: vec![archives], ..to_ground(COPY, &ground, in_store(self.copy(root))) },
            self.cold_podman(PODMAN, &zstd, &self.published.image, command),
        ];
        if speed == Speed::default() {
            subjects.push(self.cold_podman(GZIP, &gzip, &self.published.gzip, command));
        }
        for subject in &mut subjects {
            subject.speed = speed;
        }
        let measured = self.bench.interleave(name, title, &subjects);
        drop(subjects);
        ground.remove()?;
        measured
    }

    /// From nothing to the end of reading all files.
    pub fn read(&self, title: String) -> Result<Measure> {
        let ground = Ground::new(self.folder.join("root"));
        let root = ground.path();
        let read = format!("find '{}/nix/store' -type f -print0 | xargs -0 cat >/dev/null\n", root.display());
        let subjects = [
            self.mounted(&ground, self.up(root, Way::Mount) + &read),
            self.unpacked(&ground, self.up(root, Way::Unpack) + &read),
        ];
        let measured = self.bench.interleave("read", title, &subjects);
        drop(subjects);
        ground.remove()?;
        measured
    }

    fn mounted<'a>(&'a self, ground: &'a Ground, script: String) -> Subject<'a> {
        mounted(MOUNTED, self.origins, ground, script)
    }

    fn unpacked<'a>(&'a self, ground: &'a Ground, script: String) -> Subject<'a> {
        let own = Some(self.origins.client.clone());
        Subject { proxies: vec![&self.origins.images], own, ..to_ground(UNPACKED, ground, script) }
    }

    /// From a store or a storage that lacks a few paths.
    pub fn warm(&self, title: String) -> Result<Measure> {
        let grounds = ["warm", "warm-copy"].map(|name| Ground::new(self.folder.join(name)));
        for ground in &grounds {
            ground.renew()?;
        }
        let [root, copied] = grounds.each_ref().map(Ground::path);
        let (zstd, gzip) = (self.podman("podman-zstd")?, self.podman("podman-gzip")?);
        progress::say("making stores that lack a few paths");
        let client = || Command::new(&self.origins.client);
        process::output(
            client().args(["up", "--insecure-skip-verify", "--unpack", "--root"]).arg(root).arg(&self.published.old),
        )?;
        process::output(
            self.nix_copy(copied).args(self.seeds.all.paths().filter(|path| !self.seeds.missing.contains(*path))),
        )?;
        let subjects = [
            Subject {
                proxies: vec![&self.origins.images],
                makes: Some(root.into()),
                ..Subject::new(
                    UNPACKED,
                    self.up(root, Way::Unpack) + &self.commands.in_store(root, store::Command::First),
                )
            },
            Subject {
                after: Box::new(|| {
                    // What was built is no part of a seed, and stays.
                    let down = client().args(["down", &self.published.digest, "--root"]).arg(root).output()?;
                    ensure!(down.status.success(), "{}", String::from_utf8_lossy(&down.stderr));
                    Ok(())
                }),
                proxies: vec![&self.origins.images],
                makes: Some(root.into()),
                ..Subject::new(AGAIN, self.up(root, Way::Unpack) + &self.commands.in_store(root, store::Command::First))
            },
            Subject {
                after: Box::new(|| {
                    let mut delete = self.seeds.workbench.nix.command("nix");
                    delete.args(["store", "delete", "--ignore-liveness", "--store", &local(copied)]);
                    process::output(delete.args(&self.seeds.missing)).map(drop)
                }),
                proxies: vec![&self.origins.archives],
                makes: Some(copied.into()),
                ..Subject::new(COPY, self.copy(copied) + &self.commands.in_store(copied, store::Command::First))
            },
            self.warm_podman(PODMAN, &zstd, &self.published.old, &self.published.image)?,
            self.warm_podman(GZIP, &gzip, &self.published.old_gzip, &self.published.gzip)?,
        ];
        let measured = self.bench.interleave("warm", title, &subjects);
        drop(subjects);
        let storages = [&zstd, &gzip].map(|podman| Ground::new(storage(podman)));
        for ground in grounds.iter().chain(&storages) {
            ground.remove()?;
        }
        measured
    }

    fn cold_podman<'a>(
        &'a self,
        name: &str,
        podman: &'a Podman,
        image: &'a str,
        command: store::Command,
    ) -> Subject<'a> {
        Subject {
            before: Box::new(|| Ground::new(storage(podman)).renew()),
            after: Box::new(|| Ground::new(storage(podman)).remove()),
            proxies: vec![&self.origins.images],
            makes: Some(storage(podman)),
            ..Subject::new(name, self.pull(podman, image, command))
        }
    }

    fn warm_podman<'a>(&'a self, name: &str, podman: &'a Podman, old: &str, image: &'a str) -> Result<Subject<'a>> {
        Ground::new(storage(podman)).renew()?;
        process::output(podman.command("podman").args(["pull", "--quiet", "--tls-verify=false", old]))?;
        Ok(Subject {
            after: Box::new(move || {
                process::output(podman.command("podman").args(["image", "rm", "--force", image])).map(drop)
            }),
            proxies: vec![&self.origins.images],
            makes: Some(storage(podman)),
            ..Subject::new(name, self.pull(podman, image, store::Command::First))
        })
    }

    fn up(&self, root: &Path, way: Way) -> String {
        up(&self.origins.client, root, way, &self.published.image)
    }

    fn restore(&self, root: &Path) -> String {
        let address = self.origins.archives.address();
        let root = root.display();
        format!(
            "curl --silent --show-error --fail http://{address}/store.tar.zst | zstd -dc | tar --extract --directory '{root}'\n"
        )
    }

    fn copy(&self, root: &Path) -> String {
        let command = self.nix_copy(root);
        let variables = self.seeds.workbench.nix.environment().iter();
        let variables = variables.map(|(name, value)| format!("export {name}='{}'\n", value.replace('\'', r"'\''")));
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<_> = words.map(|word| format!("'{}'", word.display())).collect();
        let paths: Vec<_> = self.seeds.all.paths().collect();
        format!("({}{} {})\n", variables.collect::<String>(), words.join(" "), paths.join(" "))
    }

    fn nix_copy(&self, root: &Path) -> Command {
        let mut copy = self.seeds.workbench.nix.command("nix");
        let cache = format!("http://{}/cache", self.origins.archives.address());
        copy.args(["copy", "--quiet", "--no-check-sigs", "--from", &cache, "--to", &local(root)]);
        copy
    }

    fn pull(&self, podman: &Podman, image: &str, command: store::Command) -> String {
        let variables = podman.environment().iter();
        let variables = variables.map(|(name, value)| format!("export {name}='{}'\n", value.display()));
        format!(
            "{}podman pull --quiet --tls-verify=false '{image}' >/dev/null\n{}",
            variables.collect::<String>(),
            self.commands.in_container(image, command)
        )
    }

    /// With a storage of its own.
    fn podman(&self, name: &str) -> Result<Podman> {
        Podman::open(&Cache::at(self.folder.join(name))?)
    }
}

/// How a seed comes to a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Mount,
    Unpack,
}

/// A command for `sh` that brings a seed up, unverified, as a peer's pull is; what it keeps of frames lies beside the store, so that the next one has nothing of it.
pub fn up(client: &Path, root: &Path, way: Way, image: &str) -> String {
    let way = match way {
        Way::Mount => "--mount",
        Way::Unpack => "--unpack",
    };
    let [client, root] = [client, root].map(Path::display);
    format!(
        "NIX_SEED_CACHE='{root}/cache' '{client}' up --insecure-skip-verify {way} --root '{root}' '{image}' >/dev/null\n"
    )
}

/// A subject that mounts a seed on ground of its own, which is down again before the next.
pub fn mounted<'a>(name: &str, origins: &'a Origins, ground: &'a Ground, script: String) -> Subject<'a> {
    Subject {
        after: Box::new(|| {
            let mut down = Command::new(&origins.client);
            process::output(down.args(["down", "--discard", "--root"]).arg(ground.path()))?;
            // It ends when the kernel has let go of what it served.
            ensure!(until_nobody_runs(&origins.client), "somebody still serves a mount that is down");
            ground.remove()
        }),
        proxies: vec![&origins.images],
        own: Some(origins.client.clone()),
        serves: true,
        ..to_ground(name, ground, script)
    }
}

/// A subject that begins with ground on which nothing is.
fn to_ground<'a>(name: &str, ground: &'a Ground, script: String) -> Subject<'a> {
    Subject {
        before: Box::new(|| ground.renew()),
        after: Box::new(|| ground.remove()),
        makes: Some(ground.path().into()),
        ..Subject::new(name, script)
    }
}

/// A store in a folder, as Nix names it.
fn local(root: &Path) -> String {
    format!("local?root={}", root.display())
}

/// Where it keeps images.
pub fn storage(podman: &Podman) -> PathBuf {
    let settings = podman.environment().iter().find(|(name, _)| *name == "CONTAINERS_STORAGE_CONF");
    settings.map(|(_, file)| file.with_file_name("storage")).unwrap_or_default()
}
