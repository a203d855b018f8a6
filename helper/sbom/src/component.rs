use std::collections::BTreeSet;

use nix_seed_store::{ContentHash, PathInfo, StorePath, parse_drv_name};

use crate::address::{Address, addresses};
use crate::origins::Maker;
use crate::{Origins, Package, Packages};

/// A store path in a [`Bom`](crate::Bom).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The store path.
    pub path: StorePath,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Where name and version are from.
    pub named_by: NamedBy,
    /// Which output of its derivation it is.
    pub output: Option<String>,
    /// What the store knows of it; none for a source that is not in the closure.
    pub info: Option<PathInfo>,
    /// The hash by which its content is known, where it is.
    pub content: Option<ContentHash>,
    /// What it says of itself.
    pub package: Package,
    /// The fixed outputs that it was built from.
    pub sources: BTreeSet<StorePath>,
    /// Where it is fetched from.
    pub(crate) addresses: BTreeSet<Address>,
}

/// Where a component's name and version are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// The package says `pname`, and may say `version`.
    Package,
    /// The name of the derivation that made it, cut as Nix cuts it.
    Derivation,
    /// The name of the store path, cut as Nix cuts it.
    StorePath,
    /// The name of the store path, whole: it is that of a file.
    File,
}

impl NamedBy {
    /// As documents call it.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Derivation => "derivation",
            Self::StorePath => "store path",
            Self::File => "file",
        }
    }
}

impl Component {
    /// What is known of `path`. `info` is none for what is not in the closure.
    pub(crate) fn new(path: &StorePath, info: Option<&PathInfo>, packages: &Packages, origins: &Origins) -> Self {
        let fixed = origins.fixed(path).unwrap_or_default();
        let of_store = info.and_then(|info| ContentHash::parse(info.ca.as_deref()?).ok());
        let content = of_store.or(fixed.hash);
        let (output, package) = packages
            .get(path)
            .map_or((None, Package::default()), |(output, package)| (Some(output.to_owned()), package.clone()));
        let maker = origins.maker(path);
        let is_file = content.as_ref().is_some_and(ContentHash::is_of_file);
        let (name, version, named_by) = name(path, &package, maker.as_ref(), is_file);
        Self {
            path: path.clone(),
            name,
            version,
            named_by,
            output: maker.map(|maker| maker.output.to_owned()).or(output),
            info: info.cloned(),
            content,
            package,
            sources: origins.sources(path),
            addresses: addresses(fixed.urls.iter().map(String::as_str)),
        }
    }

    /// Whether it is one file, whose own hash is known.
    pub(crate) fn is_file(&self) -> bool {
        self.content.as_ref().is_some_and(ContentHash::is_of_file)
    }

    /// The store paths that it refers to, but for itself.
    pub(crate) fn references(&self) -> impl Iterator<Item = &StorePath> {
        let references = self.info.as_ref().map_or(&[][..], |info| &info.references);
        references.iter().filter(|reference| **reference != self.path)
    }

    /// Its homepages, those that are addresses.
    pub(crate) fn homepages(&self) -> impl Iterator<Item = Address> {
        self.package.homepages.iter().filter_map(|url| Address::parse(url)).filter(Address::is_whole)
    }
}

/// Nothing is taken from one place and completed from another: a version belongs to the name beside which it stands.
fn name(
    path: &StorePath,
    package: &Package,
    maker: Option<&Maker<'_>>,
    is_file: bool,
) -> (String, Option<String>, NamedBy) {
    if let Some(name) = &package.name {
        return (name.clone(), package.version.clone(), NamedBy::Package);
    }
    if is_file {
        return (path.name().to_owned(), None, NamedBy::File);
    }
    let (whole, named_by) = match maker {
        Some(maker) => (maker.name, NamedBy::Derivation),
        None => (path.name(), NamedBy::StorePath),
    };
    let (name, version) = parse_drv_name(whole);
    // Nix takes the whole for a name where nothing stands before the version.
    let (name, version) =
        if name.is_empty() { (whole, None) } else { (name, version.filter(|version| !version.is_empty())) };
    (name.to_owned(), version.map(ToOwned::to_owned), named_by)
}
