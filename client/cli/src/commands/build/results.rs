//! What a build left is taken out of the run, and compared with what is said of it.

use std::fs::File;
use std::path::{Path, PathBuf};

use nix_seed_run::{Finished, Machine, ResultLink, copy_out, registered};
use nix_seed_statement::release::{Kind, Output, ReleaseStatement};
use nix_seed_store::{NarHasher, StorePath};
use serde_json::json;

use super::{DOCUMENT_MAX, RELEASE, SETTINGS, io};
use crate::args::Global;
use crate::error::Error;
use crate::files::{read, write};
use crate::print;

/// What the helper writes.
const DOCUMENTS: [&str; 4] = [RELEASE, SETTINGS, "bom.cdx.json", "bom.spdx.json"];

/// What the helper says of the results, where it is what was asked and built.
pub(super) fn check(
    finished: &Finished,
    documents: &Path,
    seed: &str,
    global: &Global,
) -> Result<ReleaseStatement, Error> {
    let path = documents.join(RELEASE);
    let wrong = |why: String| Error::Statement { path: path.clone(), why };
    let statement = ReleaseStatement::from_bytes(&read(&path, DOCUMENT_MAX)?);
    let statement = statement.map_err(|error| wrong(error.to_string()))?;
    let release = statement.release();
    let built_in = release.seed.map(|seed| format!("sha256:{}", seed.sha256.hex()));
    if release.kind != Kind::Results || built_in.as_deref() != Some(seed) {
        return Err(wrong("it is not of results that were built in this seed".into()));
    }
    let system = global.platform().nix_system();
    if release.system != system {
        return Err(wrong(format!("it is of {}, and this is {system}", release.system)));
    }
    let closure = registered(finished, paths(&statement))?;
    for path in paths(&statement) {
        let found = closure.get(&path).map(|info| info.nar_hash);
        if found.is_none() || found != statement.subject(&path.to_string()) {
            return Err(wrong(format!("what it says of {path} is not what was built")));
        }
    }
    Ok(statement)
}

fn paths(statement: &ReleaseStatement) -> impl Iterator<Item = StorePath> + '_ {
    statement.release().outputs.iter().flat_map(|output| &output.paths).map(|named| named.path.clone())
}

/// Copies results and documents to `out`, which nobody else writes to while what comes back is held.
pub(super) fn take(
    finished: &Finished,
    statement: &ReleaseStatement,
    documents: &Path,
    out: &Path,
    global: &Global,
) -> Result<File, Error> {
    std::fs::create_dir_all(out).map_err(|source| io("creating", out, source))?;
    let held = File::open(out).map_err(|source| io("opening", out, source))?;
    held.lock().map_err(|source| io("locking", out, source))?;
    clear(out)?;
    let folder = std::path::absolute(out).map_err(|source| io("finding", out, source))?;
    let links: Vec<_> = statement.release().outputs.iter().flat_map(|output| links(output, &folder)).collect();
    let copied = copy_out(finished, &links, out)?;
    // What was there before is not copied again.
    for path in paths(statement) {
        let at = path.below(out);
        let (hash, _) = NarHasher::of(&at).map_err(nix_seed_image::Error::from)?;
        if statement.subject(&path.to_string()) != Some(hash) {
            let why = "it is there already, and is not what was built; remove the folder, and build again".into();
            return Err(Error::Statement { path: at, why });
        }
    }
    for name in names(documents)? {
        write(&out.join(&name), &read(&documents.join(&name), DOCUMENT_MAX)?)?;
    }
    let is_here = copied.machine == Machine::Valid;
    for (link, at) in links.iter().zip(&copied.links) {
        if global.json {
            let result = json!({ "link": at, "path": link.path.to_string(), "inThisMachinesStore": is_here });
            print::json(&json!({ "result": result }))?;
        } else {
            let also = if is_here { ", and in this machine's /nix" } else { "" };
            print::line(&format!("{}: {}{also}", at.display(), link.path))?;
        }
    }
    Ok(held)
}

/// Removes what an earlier build has said, and its links: beside a new statement it would be taken for part of that.
fn clear(out: &Path) -> Result<(), Error> {
    for name in names(out)? {
        let path = out.join(&name);
        let is_link = std::fs::read_link(&path).is_ok_and(|target| target.starts_with("nix/store"));
        if is_link || DOCUMENTS.contains(&&*name) || name.ends_with(".sigstore.json") {
            std::fs::remove_file(&path).map_err(|source| io("removing", &path, source))?;
        }
    }
    Ok(())
}

/// A link for each path of an output, named after its attribute, and after the path's own name where it has several.
fn links<'a>(output: &'a Output, folder: &'a Path) -> impl Iterator<Item = ResultLink> + 'a {
    output.paths.iter().map(move |named| {
        let mut name = output.attribute.replace(['/', '"'], "_");
        if output.paths.len() > 1 && named.name != "out" {
            name = format!("{name}-{}", named.name);
        }
        ResultLink { at: folder.join(name), path: named.path.clone(), rest: PathBuf::new() }
    })
}

fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|source| io("reading", folder, source))? {
        let name = entry.map_err(|source| io("reading", folder, source))?.file_name();
        names.extend(name.into_string().ok());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use nix_seed_statement::release::NamedPath;
    use nix_seed_store::StorePath;

    use super::*;

    #[test]
    fn every_path_of_an_output_has_a_link() {
        let path = |name: &str| {
            let path = StorePath::from_base_name(&format!("{}-{name}", "0".repeat(32))).unwrap();
            NamedPath { name: name.into(), path }
        };
        let output = |names: &[&str]| Output {
            attribute: "packages.x86_64-linux.\"a/b\"".into(),
            paths: names.iter().map(|name| path(name)).collect(),
            image: None,
        };
        let at = |names| {
            links(&output(names), Path::new("/r")).map(|link| link.at.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(at(&["out"]), ["/r/packages.x86_64-linux._a_b_"]);
        assert_eq!(at(&["program"]), ["/r/packages.x86_64-linux._a_b_"]);
        assert_eq!(at(&["dev", "out"]), ["/r/packages.x86_64-linux._a_b_-dev", "/r/packages.x86_64-linux._a_b_"]);
    }
}
