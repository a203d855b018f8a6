use std::path::Path;

use nix_seed_image::Error as ImageError;
use nix_seed_store::Closure;
use serde::de::DeserializeOwned;

use crate::error::Error;

pub(crate) fn read_graph(path: &Path) -> Result<Closure, Error> {
    let bytes = std::fs::read(path).map_err(ImageError::io("reading", path))?;
    Ok(Closure::parse(&bytes)?)
}

pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = std::fs::read(path).map_err(ImageError::io("reading", path))?;
    serde_json::from_slice(&bytes).map_err(|error| Error::request(path.display(), error))
}
