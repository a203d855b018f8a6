use std::path::{Path, PathBuf};

use nix_seed_image::image::{Spec, write_image};
use nix_seed_image::layer::Group;
use nix_seed_image::layout::Layout;
use nix_seed_image::output::write_aside;
use nix_seed_image::summary::Summary;
use nix_seed_image::{Error as ImageError, threads, verify};
use nix_seed_store::Closure;
use serde::de::DeserializeOwned;

use crate::args::Command;
use crate::error::Error;
use crate::{derivation, print};

/// How many contributors a report names.
const TOP: usize = 10;

pub(crate) fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Derivation => derivation::run(),
        Command::Closure { graph, max_size, out } => aside(&out, |out| closure(&read_graph(&graph)?, max_size, out)),
        Command::Layers { graph, earlier, group, max_layers, root, threads: count, out } => {
            let closure = read_graph(&graph)?;
            let earlier = earlier.map(|earlier| read_graph(&earlier)).transpose()?.unwrap_or_default();
            let group =
                Group { name: &group, max_layers, root: &root, threads: count.map_or_else(threads, usize::from) };
            aside(&out, |out| layers(&group, &closure, &earlier, out))
        }
        Command::Image { spec, groups, out } => {
            let spec: Spec = read_json(&spec)?;
            aside(&out, |out| image(&spec, &groups, out))
        }
        Command::Inspect { layout, verify, paths, json } => inspect(&layout, verify, paths, json),
    }
}

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

fn inspect(dir: &Path, verify: bool, paths: bool, json: bool) -> Result<(), Error> {
    let layout = Layout::open(dir)?;
    let summary = Summary::read(&layout)?;
    let report = verify.then(|| verify::verify(&layout)).transpose()?;
    if json {
        let document = serde_json::json!({ "seed": summary, "verified": report });
        print::line(&format!("{document:#}"))
    } else {
        print::summary(&summary, if paths { usize::MAX } else { TOP })?;
        report.as_ref().map_or(Ok(()), print::report)
    }
}

/// [`write_aside`] for this program's errors.
fn aside(out: &Path, write: impl FnOnce(&Path) -> Result<(), Error>) -> Result<(), Error> {
    let mut failure = None;
    let result = write_aside(out, |aside| {
        write(aside).map_err(|error| {
            failure = Some(error);
            ImageError::Stopped
        })
    });
    match failure {
        Some(error) => Err(error),
        None => Ok(result?),
    }
}

fn read_graph(path: &Path) -> Result<Closure, Error> {
    let bytes = std::fs::read(path).map_err(ImageError::io("reading", path))?;
    Ok(Closure::parse(&bytes)?)
}

pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = std::fs::read(path).map_err(ImageError::io("reading", path))?;
    serde_json::from_slice(&bytes).map_err(|error| Error::request(path.display(), error))
}
