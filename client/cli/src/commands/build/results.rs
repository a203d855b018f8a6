//! What a build left is taken out of the run, and compared with what is said of it.

use std::path::{Path, PathBuf};

use nix_seed_run::{Finished, Machine, ResultLink, copy_out, registered};
use nix_seed_statement::release::{Output, ReleaseStatement};
use serde_json::json;

use super::{DOCUMENT_MAX, RELEASE, io};
use crate::args::Global;
use crate::commands::verify_bundle::read;
use crate::error::Error;
use crate::print;

/// Copies results and documents to `out`. Gives the folder of the documents.
pub(super) fn take(finished: &Finished, documents: &Path, out: &Path, global: &Global) -> Result<PathBuf, Error> {
    let path = documents.join(RELEASE);
    let wrong = |why: String| Error::Statement { path: path.clone(), why };
    let statement = ReleaseStatement::from_bytes(&read(&path, DOCUMENT_MAX)?);
    let statement = statement.map_err(|error| wrong(error.to_string()))?;
    let outputs = &statement.release().outputs;
    let all = || outputs.iter().flat_map(|output| &output.paths).map(|named| named.path.clone());
    let closure = registered(finished, all())?;
    for path in all() {
        let found = closure.get(&path).map(|info| info.nar_hash);
        if found.is_none() || found != statement.subject(&path.to_string()) {
            return Err(wrong(format!("what it says of {path} is not what was built")));
        }
    }
    std::fs::create_dir_all(out).map_err(|source| io("creating", out, source))?;
    let folder = std::path::absolute(out).map_err(|source| io("finding", out, source))?;
    let links: Vec<_> = outputs.iter().flat_map(|output| links(output, &folder)).collect();
    let copied = copy_out(finished, &links, out)?;
    for name in names(documents)? {
        let (from, to) = (documents.join(&name), out.join(&name));
        let aside = out.join(format!("{name}.partial"));
        std::fs::copy(&from, &aside).map_err(|source| io("writing", &aside, source))?;
        std::fs::rename(&aside, &to).map_err(|source| io("writing", &to, source))?;
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
    Ok(out.into())
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
    let entries = std::fs::read_dir(folder).map_err(|source| io("reading", folder, source))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<_> = names.collect();
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
