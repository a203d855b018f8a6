use std::collections::{BTreeMap, BTreeSet};

use nix_seed_store::{ContentHash, Derivation, StorePath};

/// What store paths were made by, and what that was made from: derivations, as far as they are known.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    derivations: BTreeMap<StorePath, Known>,
    /// The derivations that make a path; several where they differ only in where they fetch the same from.
    makers: BTreeMap<StorePath, BTreeSet<(StorePath, String)>>,
}

#[derive(Debug, Clone)]
struct Known {
    inputs: Vec<StorePath>,
    outputs: Vec<StorePath>,
    fixed: Option<Fixed>,
}

/// What is known of a fixed output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fixed {
    pub hash: Option<ContentHash>,
    pub urls: Vec<String>,
}

/// What made a store path.
#[derive(Debug, Default)]
pub(crate) struct Maker<'a> {
    /// The derivation's name.
    pub name: &'a str,
    /// Which output it is.
    pub output: &'a str,
}

impl Origins {
    /// Adds a derivation, which `path` is the `.drv` file of.
    pub fn add(&mut self, path: &StorePath, derivation: &Derivation) {
        for output in &derivation.outputs {
            if let Some(out) = &output.path {
                self.makers.entry(out.clone()).or_default().insert((path.clone(), output.name.clone()));
            }
        }
        let known = Known {
            inputs: derivation.inputs.iter().map(|(input, _)| input.clone()).collect(),
            outputs: derivation.outputs.iter().filter_map(|output| output.path.clone()).collect(),
            fixed: derivation.fixed.as_ref().map(|fixed| Fixed { hash: fixed.hash.clone(), urls: fixed.urls() }),
        };
        self.derivations.insert(path.clone(), known);
    }

    /// What made `path`. Of several, one: they give their results the same name.
    pub(crate) fn maker(&self, path: &StorePath) -> Option<Maker<'_>> {
        let (derivation, output) = self.makers.get(path)?.first()?;
        let name = derivation.name();
        Some(Maker { name: name.strip_suffix(".drv").unwrap_or(name), output })
    }

    /// What was fetched to `path`, if that is a fixed output.
    pub(crate) fn fixed(&self, path: &StorePath) -> Option<Fixed> {
        let mut found = self.makers(path).filter_map(|known| known.fixed.as_ref());
        let mut fixed = found.next()?.clone();
        fixed.urls.extend(found.flat_map(|other| other.urls.iter().cloned()));
        Some(fixed)
    }

    /// The fixed outputs that `path` was made from: those that its derivation names, and not what these were made from in turn.
    pub(crate) fn sources(&self, path: &StorePath) -> BTreeSet<StorePath> {
        if self.fixed(path).is_some() {
            return BTreeSet::new();
        }
        let inputs = self.makers(path).flat_map(|known| &known.inputs);
        let fixed = inputs.filter_map(|input| self.derivations.get(input)).filter(|known| known.fixed.is_some());
        fixed.flat_map(|known| known.outputs.iter().cloned()).collect()
    }

    fn makers(&self, path: &StorePath) -> impl Iterator<Item = &Known> {
        let makers = self.makers.get(path).into_iter().flatten();
        makers.filter_map(|(derivation, _)| self.derivations.get(derivation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> StorePath {
        StorePath::from_base_name(&format!("{:0>32}-{name}", name.len())).unwrap()
    }

    /// Adds a derivation of this name, whose output is `out`.
    fn add(origins: &mut Origins, name: &str, out: &str, inputs: &[&str], hash: &str, url: &str) {
        let inputs: Vec<_> = inputs.iter().map(|input| format!(r#"("{}",["out"])"#, path(input))).collect();
        let aterm = format!(
            r#"Derive([("out","{}",{hash})],[{}],[],"s","b",[],[("url","{url}")])"#,
            path(out),
            inputs.join(",")
        );
        origins.add(&path(name), &Derivation::parse(aterm.as_bytes()).unwrap());
    }

    #[test]
    fn what_a_path_was_made_from() {
        let mut origins = Origins::default();
        let hash = format!(r#""sha256","{}""#, "0".repeat(64));
        add(&mut origins, "fetch.drv", "tarball", &["curl.drv"], &hash, "https://a.example");
        add(&mut origins, "fetch-2.drv", "tarball", &[], &hash, "https://b.example");
        add(&mut origins, "gcc.drv", "gcc", &["gcc-source.drv"], r#""","""#, "");
        add(&mut origins, "hello-1.drv", "hello", &["fetch.drv", "gcc.drv", "unknown.drv"], r#""","""#, "");
        assert_eq!(origins.sources(&path("hello")), BTreeSet::from([path("tarball")]));
        assert_eq!(origins.fixed(&path("tarball")).unwrap().urls, ["https://a.example", "https://b.example"]);
        assert_eq!(origins.maker(&path("hello")).unwrap().name, "hello-1");
        for nothing in ["tarball", "gcc", "nowhere"] {
            assert!(origins.sources(&path(nothing)).is_empty(), "{nothing}");
        }
        assert!(origins.fixed(&path("hello")).is_none() && origins.maker(&path("nowhere")).is_none());
    }
}
