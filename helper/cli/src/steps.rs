//! What a derivation may ask for; by hand, each is a command.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use nix_seed_frontier::Request;
use nix_seed_image::image::{Spec, write_image};
use nix_seed_image::layer::{Group, read_index};
use nix_seed_image::layout::Layout;
use nix_seed_image::{Error as ImageError, verify};
use nix_seed_store::Closure;
use serde::Serialize;

use crate::error::Error;
use crate::input::read_graph;
use crate::print::{self, TOP};

pub(crate) fn closure(closure: &Closure, max_size: Option<u64>, out: &Path) -> Result<(), Error> {
    closure.check_complete()?;
    let size = closure.nar_size();
    if let Some(limit) = max_size.filter(|limit| size > *limit) {
        let top = closure.largest(TOP).iter().map(|info| print::contributor(info.nar_size, size, &info.path)).collect();
        return Err(ImageError::TooLarge { size, limit, top }.into());
    }
    let document = ClosureDocument { nar_size: size, paths: closure };
    let written = File::create(out).map(BufWriter::new).and_then(|mut file| {
        serde_json::to_writer_pretty(&mut file, &document)?;
        file.write_all(b"\n")?;
        file.flush()
    });
    Ok(written.map_err(ImageError::io("writing", out))?)
}

/// Written as it is read, a path after the other: a large one is not held as text, too.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClosureDocument<'a> {
    nar_size: u64,
    paths: &'a Closure,
}

/// Gives what a person is told of the group.
pub(crate) fn layers(group: &Group<'_>, closure: &Closure, earlier: &Closure, out: &Path) -> Result<String, Error> {
    closure.check_complete()?;
    Ok(print::group(group.name, &group.write(&closure.without(earlier)?, out)?))
}

/// Refuses groups that together hold less than `closure`, more, or something else under the same path.
pub(crate) fn check_groups(groups: &[PathBuf], closure: &Path) -> Result<(), Error> {
    let expected = read_graph(closure)?;
    let mut found = Closure::default();
    for group in groups {
        for info in read_index(group)?.closure().iter() {
            found.insert(info.clone()).map_err(|_| ImageError::Shared { path: info.path.clone() })?;
        }
    }
    let differs = |why, one: &Closure, other: &Closure| match one.without(other)?.iter().next() {
        Some(info) => Err(Error::request("groups", format!("{} {why}", info.path))),
        None => Ok(()),
    };
    differs("is in the closure, but in no group", &expected, &found)?;
    differs("is in a group, but not in the closure", &found, &expected)
}

/// Gives the image's digest.
pub(crate) fn image(spec: &Spec, groups: &[PathBuf], out: &Path) -> Result<String, Error> {
    Ok(write_image(spec, groups, out)?)
}

/// Plans what has to be in a seed, from the derivations in the store below `root`.
pub(crate) fn plan(request: &Request, root: &Path, out: &Path) -> Result<(), Error> {
    let plan = nix_seed_frontier::plan_store(request, root)?;
    let json = serde_json::to_string(&plan).map_err(|error| Error::request("the plan", error))?;
    Ok(std::fs::write(out, json + "\n").map_err(ImageError::io("writing", out))?)
}

pub(crate) fn verify(image: &Path, out: &Path) -> Result<(), Error> {
    let report = verify::verify(&Layout::open(image)?)?;
    let json = serde_json::to_string_pretty(&report).map_err(|error| Error::request("the report", error))?;
    std::fs::write(out, json + "\n").map_err(ImageError::io("writing", out))?;
    Ok(())
}
