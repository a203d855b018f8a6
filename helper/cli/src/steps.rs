//! What a derivation may ask for; by hand, each is a command.

use std::path::{Path, PathBuf};

use nix_seed_image::image::{Spec, write_image};
use nix_seed_image::layer::{Group, read_index};
use nix_seed_image::layout::Layout;
use nix_seed_image::{Error as ImageError, verify};
use nix_seed_store::{Closure, Graph};
use serde::Deserialize;

use crate::error::Error;
use crate::input::read_json;
use crate::print::{self, TOP};

pub(crate) fn closure(closure: &Closure, max_size: Option<u64>, out: &Path) -> Result<(), Error> {
    closure.check_complete()?;
    let size = closure.nar_size();
    if let Some(limit) = max_size.filter(|limit| size > *limit) {
        let top = closure.largest(TOP).iter().map(|info| print::contributor(info.nar_size, size, &info.path)).collect();
        return Err(ImageError::TooLarge { size, limit, top }.into());
    }
    let document = serde_json::json!({ "narSize": size, "paths": closure.to_json() });
    std::fs::write(out, format!("{document:#}\n")).map_err(ImageError::io("writing", out))?;
    Ok(())
}

pub(crate) fn layers(group: &Group<'_>, closure: &Closure, earlier: &Closure, out: &Path) -> Result<(), Error> {
    closure.check_complete()?;
    let index = group.write(&closure.without(earlier), out)?;
    print::group(group.name, &index)
}

/// Refuses groups that together hold less than `closure`, or more.
pub(crate) fn check_groups(groups: &[PathBuf], closure: &Path) -> Result<(), Error> {
    let document: ClosureDocument = read_json(closure)?;
    let expected = Closure::from_graph(document.paths)?;
    let mut found = Closure::default();
    for group in groups {
        for info in read_index(group)?.closure().iter() {
            found.insert(info.clone())?;
        }
    }
    let differs = |why, one: &Closure, other: &Closure| match one.without(other).iter().next() {
        Some(info) => Err(Error::request("groups", format!("{} {why}", info.path))),
        None => Ok(()),
    };
    differs("is in the closure, but in no group", &expected, &found)?;
    differs("is in a group, but not in the closure", &found, &expected)
}

#[derive(Deserialize)]
struct ClosureDocument {
    paths: Graph,
}

pub(crate) fn image(spec: &Spec, groups: &[PathBuf], out: &Path) -> Result<(), Error> {
    let digest = write_image(spec, groups, out)?;
    print::line(&digest)
}

pub(crate) fn verify(image: &Path, out: &Path) -> Result<(), Error> {
    let report = verify::verify(&Layout::open(image)?)?;
    let json = serde_json::to_string_pretty(&report).map_err(|error| Error::request("the report", error))?;
    std::fs::write(out, json + "\n").map_err(ImageError::io("writing", out))?;
    Ok(())
}
