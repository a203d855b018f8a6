use std::collections::{BTreeMap, BTreeSet};

use nix_seed_store::{Closure, Sha256Hash, StorePath};

use crate::identity::timestamp;
use crate::text::line;
use crate::{Component, Error, Origins, Packages, Result};

/// A bill of materials: what it is about, and all that is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bom {
    /// What it is about.
    pub subject: Subject,
    /// When: RFC 3339, in UTC.
    pub time: String,
    /// The store paths that are in it, each with all that it refers to.
    pub components: BTreeMap<StorePath, Component>,
    /// The fixed outputs that components were built from, and that are not in it.
    pub sources: BTreeMap<StorePath, Component>,
}

/// What a [`Bom`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A container image, and all store paths that it holds.
    Image {
        /// Its name, with a registry where it has one.
        name: String,
        /// Its version, where it has one.
        version: Option<String>,
        /// Its digest: that of its manifest.
        manifest: Sha256Hash,
        /// The store paths that it is for. What none of them leads to is added.
        roots: BTreeSet<StorePath>,
    },
    /// A store path, and all that it refers to.
    Result {
        /// The store path.
        path: StorePath,
    },
    /// Several store paths that were made together, and all that they refer to.
    Results {
        /// What they are of: a repository's address.
        name: String,
        /// The store paths.
        paths: BTreeSet<StorePath>,
    },
}

impl Bom {
    /// What `closure` holds for `subject`, what `packages` say of it, and what it was built from by `origins`. `time` is in seconds since 1970.
    pub fn new(subject: Subject, time: u64, closure: &Closure, packages: &Packages, origins: &Origins) -> Result<Self> {
        closure.check_complete()?;
        let time = timestamp(time)?;
        let (subject, paths) = match subject {
            Subject::Image { name, version, manifest, mut roots } => {
                let name = line(&name).ok_or(Error::NoName)?;
                roots.retain(|root| closure.contains(root));
                lead_to_all(&mut roots, closure);
                let paths = closure.iter().map(|info| info.path.clone()).collect();
                (Subject::Image { name, version: version.as_deref().and_then(line), manifest, roots }, paths)
            }
            Subject::Result { path } => {
                let paths = below([&path], closure)?;
                (Subject::Result { path }, paths)
            }
            Subject::Results { name, paths: roots } => {
                let name = line(&name).ok_or(Error::NoName)?;
                let paths = below(&roots, closure)?;
                (Subject::Results { name, paths: roots }, paths)
            }
        };
        let component = |path: &StorePath| {
            (path.clone(), Component::new(path, closure.get(path).filter(|_| paths.contains(path)), packages, origins))
        };
        let components: BTreeMap<_, _> = paths.iter().map(component).collect();
        let used: BTreeSet<_> = components.values().flat_map(|component| &component.sources).collect();
        let sources = used.into_iter().filter(|source| !paths.contains(source)).map(component).collect();
        Ok(Self { subject, time, components, sources })
    }

    /// The components, then the sources.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Component> {
        self.components.values().chain(self.sources.values())
    }
}

/// Adds to `roots` what they do not lead to: what nothing else refers to, and, of what only refers to each other, the first.
fn lead_to_all(roots: &mut BTreeSet<StorePath>, closure: &Closure) {
    let referrers = closure.iter().flat_map(|info| info.references.iter().filter(|reference| **reference != info.path));
    let referred: BTreeSet<_> = referrers.collect();
    let mut reached = BTreeSet::new();
    roots.iter().for_each(|root| reach(root, closure, &mut reached));
    let unreferred = closure.iter().filter(|info| !referred.contains(&info.path));
    for info in unreferred.chain(closure.iter()) {
        if !reached.contains(&info.path) {
            roots.insert(info.path.clone());
            reach(&info.path, closure, &mut reached);
        }
    }
}

/// All that `roots` refer to, themselves included.
fn below<'a>(roots: impl IntoIterator<Item = &'a StorePath>, closure: &Closure) -> Result<BTreeSet<StorePath>> {
    let mut paths = BTreeSet::new();
    for root in roots {
        if !closure.contains(root) {
            return Err(Error::NoSubject { path: root.clone() });
        }
        reach(root, closure, &mut paths);
    }
    Ok(paths)
}

/// Adds what `root` refers to, itself included, as far as `closure` holds it.
fn reach(root: &StorePath, closure: &Closure, reached: &mut BTreeSet<StorePath>) {
    let mut open = vec![root];
    while let Some(path) = open.pop() {
        if let Some(info) = closure.get(path).filter(|_| reached.insert(path.clone())) {
            open.extend(&info.references);
        }
    }
}

#[cfg(test)]
mod tests {
    use nix_seed_store::PathInfo;

    use super::*;

    fn path(name: &str) -> StorePath {
        StorePath::from_base_name(&format!("00000000000000000000000000000000-{name}")).unwrap()
    }

    /// Store paths and what they refer to: `a:b,c`.
    fn closure(paths: &[&str]) -> Closure {
        let info = |text: &&str| {
            let (name, references) = text.split_once(':').unwrap();
            PathInfo {
                path: path(name),
                nar_hash: Sha256Hash([0; 32]),
                nar_size: 1,
                references: references.split(',').filter(|name| !name.is_empty()).map(path).collect(),
                ca: None,
            }
        };
        paths.iter().map(info).collect()
    }

    fn image(roots: &[&str], closure: &Closure) -> Result<Bom> {
        let roots = roots.iter().map(|name| path(name)).collect();
        let subject = Subject::Image { name: "image".into(), version: None, manifest: Sha256Hash([1; 32]), roots };
        Bom::new(subject, 1, closure, &Packages::default(), &Origins::default())
    }

    fn roots(bom: Result<Bom>) -> Vec<String> {
        match bom.unwrap().subject {
            Subject::Image { roots, .. } => roots.iter().map(|root| root.name().to_owned()).collect(),
            Subject::Result { .. } | Subject::Results { .. } => Vec::new(),
        }
    }

    #[test]
    fn the_roots_of_an_image_lead_to_all_of_it() {
        let tree = closure(&["app:lib,app", "lib:", "tool:lib"]);
        assert_eq!(roots(image(&["app", "tool"], &tree)), ["app", "tool"]);
        assert_eq!(roots(image(&["app", "gone"], &tree)), ["app", "tool"]);
        assert_eq!(roots(image(&[], &tree)), ["app", "tool"]);
        // No store holds such a thing.
        let circles = closure(&["a:b", "b:a", "c:c", "d:e,a", "e:d"]);
        assert_eq!(roots(image(&[], &circles)), ["a", "c", "d"]);
    }

    #[test]
    fn a_result_has_what_it_refers_to_and_no_more() {
        let tree = closure(&["app:lib,app", "lib:", "tool:lib"]);
        let result =
            |name| Bom::new(Subject::Result { path: path(name) }, 1, &tree, &Packages::default(), &Origins::default());
        assert_eq!(result("app").unwrap().components.into_keys().collect::<Vec<_>>(), [path("app"), path("lib")]);
        assert!(matches!(result("gone"), Err(Error::NoSubject { .. })));
        let results = |names: &[&str]| {
            let paths = names.iter().map(|name| path(name)).collect();
            let subject = Subject::Results { name: "git+https://example.org/app".into(), paths };
            Bom::new(subject, 1, &tree, &Packages::default(), &Origins::default())
        };
        let components = results(&["app", "tool"]).unwrap().components;
        assert_eq!(components.into_keys().collect::<Vec<_>>(), [path("app"), path("lib"), path("tool")]);
        assert!(matches!(results(&["app", "gone"]), Err(Error::NoSubject { .. })));
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        let broken = closure(&["app:lib"]);
        assert!(matches!(image(&[], &broken), Err(Error::Store(nix_seed_store::Error::Incomplete { .. }))));
        let subject =
            Subject::Image { name: "\n".into(), version: None, manifest: Sha256Hash([1; 32]), roots: BTreeSet::new() };
        let bom = Bom::new(subject, 1, &closure(&[]), &Packages::default(), &Origins::default());
        assert!(matches!(bom, Err(Error::NoName)));
    }
}
