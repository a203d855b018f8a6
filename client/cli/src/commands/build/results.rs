//! What a build left is taken out of the run, and compared with what is said of it.

use std::fs::File;
use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use nix_seed_run::{Finished, Machine, ResultLink, copy_out, registered};
use nix_seed_statement::release::{Kind, Output, ReleaseStatement};
use nix_seed_store::{Closure, LiveDatabase, NarHasher, StorePath, database_folder};
use serde_json::json;

use super::{DOCUMENT_MAX, RELEASE, SETTINGS, io};
use crate::args::Global;
use crate::error::Error;
use crate::files::{read, write};
use crate::print;

/// What the helper writes.
const DOCUMENTS: [&str; 4] = [RELEASE, SETTINGS, "bom.cdx.json", "bom.spdx.json"];

/// Where results are.
pub(super) enum Results {
    /// Where the build had a `/nix` of its own, which goes with this.
    #[cfg(target_os = "linux")]
    Apart(Finished),
    /// In this machine's `/nix`.
    Here,
}

/// A result, and the name of the link to it.
struct Link {
    at: PathBuf,
    path: StorePath,
}

impl Results {
    /// What the helper says of the results, where it is what was asked and built.
    pub(super) fn check(&self, documents: &Path, seed: &str, global: &Global) -> Result<ReleaseStatement, Error> {
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
        let closure = self.registered(paths(&statement).collect())?;
        for path in paths(&statement) {
            let found = closure.get(&path).map(|info| info.nar_hash);
            if found.is_none() || found != statement.subject(&path.to_string()) {
                return Err(wrong(format!("what it says of {path} is not what was built")));
            }
        }
        Ok(statement)
    }

    /// What Nix has noted of store paths.
    fn registered(&self, paths: Vec<StorePath>) -> Result<Closure, Error> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Apart(finished) => Ok(registered(finished, paths)?),
            Self::Here => {
                let database =
                    LiveDatabase::open(&database_folder(Path::new("/"))).map_err(nix_seed_image::Error::from)?;
                Ok(database.closure(paths).map_err(nix_seed_image::Error::from)?)
            }
        }
    }

    /// Brings results and documents to `out`, which nobody else writes to while what comes back is held.
    pub(super) fn take(
        &self,
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
        let (root, is_here) = self.bring(&links, out)?;
        // What was there before is not copied again.
        for path in paths(statement) {
            let at = path.below(root);
            let (hash, _) = NarHasher::of(&at).map_err(nix_seed_image::Error::from)?;
            if statement.subject(&path.to_string()) != Some(hash) {
                let why = "it is there already, and is not what was built; remove the folder, and build again".into();
                return Err(Error::Statement { path: at, why });
            }
        }
        for name in names(documents)? {
            write(&out.join(&name), &read(&documents.join(&name), DOCUMENT_MAX)?)?;
        }
        for link in &links {
            let path = link.path.to_string();
            if global.json {
                let result = json!({ "link": link.at, "path": path, "inThisMachinesStore": is_here });
                print::json(&json!({ "result": result }))?;
            } else {
                let also = if is_here { ", and in this machine's /nix" } else { "" };
                print::line(&format!("{}: {path}{also}", link.at.display()))?;
            }
        }
        Ok(held)
    }

    /// Brings results to where links can lead to: to a store in `out`, unless they are in this machine's. Gives the folder that the store is in, and
    /// whether they are in the machine's, too.
    #[cfg_attr(not(target_os = "linux"), allow(unused_variables, reason = "nothing is brought anywhere"))]
    fn bring<'a>(&self, links: &[Link], out: &'a Path) -> Result<(&'a Path, bool), Error> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Apart(finished) => {
                let of =
                    |link: &Link| ResultLink { at: link.at.clone(), path: link.path.clone(), rest: PathBuf::new() };
                let copied = copy_out(finished, &links.iter().map(of).collect::<Vec<_>>(), out)?;
                Ok((out, copied.machine == Machine::Valid))
            }
            Self::Here => {
                for link in links {
                    std::os::unix::fs::symlink(link.path.to_string(), &link.at)
                        .map_err(|source| io("writing", &link.at, source))?;
                }
                Ok((Path::new("/"), true))
            }
        }
    }
}

fn paths(statement: &ReleaseStatement) -> impl Iterator<Item = StorePath> + '_ {
    statement.release().outputs.iter().flat_map(|output| &output.paths).map(|named| named.path.clone())
}

/// Removes what an earlier build has said, and its links: beside a new statement it would be taken for part of that.
fn clear(out: &Path) -> Result<(), Error> {
    for name in names(out)? {
        let path = out.join(&name);
        let is_link = |target: PathBuf| target.starts_with("nix/store") || target.starts_with("/nix/store");
        let is_link = std::fs::read_link(&path).is_ok_and(is_link);
        if is_link || DOCUMENTS.contains(&&*name) || name.ends_with(".sigstore.json") {
            std::fs::remove_file(&path).map_err(|source| io("removing", &path, source))?;
        }
    }
    Ok(())
}

/// A link for each path of an output, named after its attribute, and after the path's own name where it has several.
fn links<'a>(output: &'a Output, folder: &'a Path) -> impl Iterator<Item = Link> + 'a {
    output.paths.iter().map(move |named| {
        let mut name = output.attribute.replace(['/', '"'], "_");
        if output.paths.len() > 1 && named.name != "out" {
            name = format!("{name}-{}", named.name);
        }
        Link { at: folder.join(name), path: named.path.clone() }
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
