//! Where seeds and archives are fetched from: a registry and a server of files on loopback, each behind what counts its bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

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

    /// Makes the registry forget what one image in a repository has and another has not, and its manifests but that of the other.
    pub fn forget(&self, repository: &str, image: &Layout, other: &Layout) -> Result<()> {
        let repository = self.registry.storage().join("docker/registry/v2/repositories/bench").join(repository);
        let digests = |layout: &Layout| -> Vec<String> {
            let layers = layout.manifest["layers"].as_array().into_iter().flatten();
            let blobs = layers.chain([&layout.manifest["config"]]).filter_map(|blob| blob["digest"].as_str());
            blobs.map(|digest| digest.replace(':', "/")).collect()
        };
        let kept = digests(other);
        for digest in digests(image).iter().filter(|digest| !kept.contains(digest)) {
            files::remove(&repository.join("_layers").join(digest))?;
        }
        files::remove(&repository.join("_manifests/tags/changed"))?;
        files::remove(&repository.join("_manifests/revisions").join(image.manifest_digest.replace(':', "/")))
    }
}
