//! OCI image layouts, read independently of the helper that writes them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

pub struct Layout {
    folder: PathBuf,
    pub manifest_digest: String,
    pub manifest: Value,
    pub config: Value,
}

impl Layout {
    /// Opens the layout in `folder`, which holds one image.
    pub fn open(folder: &Path) -> Result<Self> {
        let index = read(&folder.join("index.json"))?;
        let manifest_digest = text(&index["manifests"][0]["digest"])?;
        let manifest = read(&blob(folder, &manifest_digest))?;
        let config = read(&blob(folder, &text(&manifest["config"]["digest"])?))?;
        Ok(Self { folder: folder.into(), manifest_digest, manifest, config })
    }

    /// The name under which podman and docker know the image: its configuration's digest, without the algorithm.
    pub fn id(&self) -> Result<String> {
        Ok(text(&self.manifest["config"]["digest"])?.trim_start_matches("sha256:").to_owned())
    }

    /// The layers' files, lowest first.
    pub fn layers(&self) -> Result<Vec<PathBuf>> {
        let layers = self.manifest["layers"].as_array().context("the manifest has no layers")?;
        layers.iter().map(|layer| Ok(blob(&self.folder, &text(&layer["digest"])?))).collect()
    }

    /// The environment that the image sets, as `NAME=value`.
    pub fn environment(&self) -> Result<Vec<String>> {
        let variables = self.config["config"]["Env"].as_array().context("the config has no Env")?;
        variables.iter().map(text).collect()
    }
}

fn blob(folder: &Path, digest: &str) -> PathBuf {
    folder.join("blobs").join(digest.replace(':', "/"))
}

fn read(path: &Path) -> Result<Value> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is not JSON", path.display()))
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().with_context(|| format!("expected a string, found {value}"))?.to_owned())
}
