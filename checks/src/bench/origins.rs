//! Where seeds and archives are fetched from: a registry and a server of files on loopback, each behind what counts its bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::machine::{files, process};
use crate::registry::docker::{Auth, DockerRegistry};
use crate::registry::files::FileServer;
use crate::registry::proxy::Proxy;
use crate::seed::flake::Workbench;
use crate::seed::layout::Layout;
use crate::seed::podman::Podman;

/// All of them.
pub struct Origins {
    // Dropped before what they are in front of.
    pub images: Proxy,
    pub archives: Proxy,
    registry: DockerRegistry,
    _server: FileServer,
    /// What the file server serves.
    pub folder: PathBuf,
    pub client: PathBuf,
}

impl Origins {
    pub fn start(workbench: &Workbench, client: PathBuf, folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder)?;
        let registry = DockerRegistry::start(&workbench.cache, Auth::Everybody)?;
        let server = FileServer::start(&folder)?;
        let (images, archives) = (Proxy::start(registry.address())?, Proxy::start(server.address())?);
        Ok(Self { images, archives, registry, _server: server, folder, client })
    }

    /// The name of an image in the registry, without tag and digest.
    pub fn name(&self, repository: &str) -> String {
        format!("{}/bench/{repository}", self.images.address())
    }

    /// Publishes a layout with the client, and gives its name with its digest.
    pub fn publish(&self, layout: &Path, repository: &str) -> Result<String> {
        let name = self.name(repository);
        process::output(Command::new(&self.client).arg("push").arg(layout).arg(format!("{name}:latest")))?;
        Ok(format!("{name}@{}", Layout::open(layout)?.manifest_digest))
    }

    /// Publishes a layout's image with layers that gzip has compressed.
    pub fn publish_gzip(&self, podman: &Podman, layout: &Path, repository: &str) -> Result<String> {
        let name = format!("{}:latest", self.name(repository));
        let gzip = ["--dest-compress-format", "gzip", "--dest-tls-verify=false"];
        let [from, to] = [format!("oci:{}:latest", layout.display()), format!("docker://{name}")];
        process::output(podman.command("skopeo").args(["copy", "--quiet"]).args(gzip).args([&from, &to]))?;
        let mut inspect = podman.command("skopeo");
        let manifest = process::output(inspect.args(["inspect", "--raw", "--tls-verify=false", &to]))?;
        ensure!(!manifest.contains("+zstd"), "skopeo has left layers as zstd had compressed them:\n{manifest}");
        Ok(name)
    }

    /// Makes the registry forget all that these repositories have and an image has not, with the tag: also blobs that a tool
    /// compressed anew, which it and others would take over from there by its record of what blob came of which.
    pub fn forget(&self, repositories: &[String], image: &Layout, tag: &str) -> Result<()> {
        let storage = self.registry.storage().join("docker/registry/v2");
        let layers = image.manifest["layers"].as_array().into_iter().flatten();
        let kept: Vec<_> =
            layers.chain([&image.manifest["config"]]).filter_map(|blob| blob["digest"].as_str()).collect();
        for repository in repositories {
            let folder = storage.join("repositories/bench").join(repository);
            let blobs = names(&folder.join("_layers/sha256"))?;
            for digest in blobs.iter().filter(|digest| !kept.contains(&format!("sha256:{digest}").as_str())) {
                files::remove(&folder.join("_layers/sha256").join(digest))?;
                files::remove(&storage.join("blobs/sha256").join(digest.get(..2).unwrap_or_default()).join(digest))?;
            }
            files::remove(&folder.join("_manifests/tags").join(tag))?;
            for digest in names(&folder.join("_manifests/revisions/sha256"))? {
                if format!("sha256:{digest}") != image.manifest_digest {
                    files::remove(&folder.join("_manifests/revisions/sha256").join(digest))?;
                }
            }
        }
        Ok(())
    }
}

/// What lies in a folder.
fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect::<std::io::Result<_>>().with_context(|| format!("cannot read {}", folder.display()))
}
