use std::fs::File;
use std::io::Read;
use std::path::Path;

use nix_seed_image::Error as ImageError;
use nix_seed_store::{Closure, GRAPH_MAX};
use serde::de::DeserializeOwned;

use crate::error::Error;

pub(crate) fn read_graph(path: &Path) -> Result<Closure, Error> {
    Ok(Closure::parse(&read(path)?)?)
}

pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    serde_json::from_slice(&read(path)?).map_err(|error| Error::request(path.display(), error))
}

/// A file that is no longer than any input is. It may be a pipe, whose length nobody knows beforehand.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(GRAPH_MAX + 1).read_to_end(&mut bytes));
    read.map_err(ImageError::io("reading", path))?;
    if bytes.len() as u64 > GRAPH_MAX {
        return Err(Error::request(path.display(), "it is longer than 256 MiB"));
    }
    Ok(bytes)
}
