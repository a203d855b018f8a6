//! A seed is verified before any byte of it is used.
//!
//! What is fetched meanwhile is compared with its digest and kept aside; nothing of it is run, unpacked or mounted before the
//! policy believes the digest.

mod guard;
pub(crate) mod locked;

use std::path::{Path, PathBuf};

use clap::Args;
use nix_seed_attest::Kept;
use nix_seed_source::Location;
use nix_seed_store::STORE_DIR;

use crate::args::Global;
use crate::cfg::Place;
use crate::commands::verify::Trusted;
use crate::error::Error;
use crate::flake::Flake;
use crate::print;
pub(crate) use guard::Guard;
use guard::Rules;

/// The file beside a flake that says whom to believe where there is no Nix yet: what `nix-seed cfg show --json` writes.
pub(crate) const POLICY_NAME: &str = ".seed.cfg.json";

/// Whom a seed has to be from.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Trust")]
pub(crate) struct SeedTrust {
    /// The flake whose seedCfg says whom to believe, or a file that `nix-seed cfg show --json` wrote [default: .seed.cfg.json
    /// beside the flake here, else that flake]
    #[arg(long, value_name = "FLAKE|FILE")]
    pub(crate) policy: Option<String>,
    /// A trusted root instead of the policy's
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted_root: Option<PathBuf>,
    /// Take these bundles instead of those that are attached to the seed; may be given many times
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Vec<PathBuf>,
    /// Use the seed unverified: whoever can write to its registry then decides what runs here
    #[arg(long, conflicts_with_all = ["policy", "trusted_root", "bundle"])]
    pub(crate) insecure_skip_verify: bool,
}

/// A seed that is to be used.
pub(crate) struct Wanted<'a> {
    /// Where it is.
    pub(crate) location: &'a Location,
    /// The flake around it.
    pub(crate) flake: &'a Flake,
    /// Whether it is used for this flake, so that its lock files count whatever the policy is.
    pub(crate) is_for_flake: bool,
    /// Whether it may be one of this machine's own store, on which there are no statements yet.
    pub(crate) may_be_own: bool,
    /// What was enough before.
    pub(crate) kept: Option<Kept>,
}

impl SeedTrust {
    /// What a seed has to prove. Asked before the seed is asked for.
    pub(crate) fn guard(&self, wanted: Wanted<'_>, global: &Global) -> Result<Guard, Error> {
        let Wanted { location, flake, is_for_flake, may_be_own, kept } = wanted;
        if self.insecure_skip_verify {
            print::warning(
                "the seed is NOT VERIFIED (--insecure-skip-verify): whoever can write to where it lies decides what runs here, with \
                 your rights, and what it builds proves nothing",
            );
            return Ok(Guard::none(location.clone()));
        }
        if may_be_own
            && self.policy.is_none()
            && let Some(folder) = own(location)
        {
            print::note(&format!("{location} is in this machine's own store: no statements are asked for"));
            return Ok(Guard::none(Location::Layout(folder)));
        }
        let (place, of_policy) = self.place(location, flake)?;
        let trusted = Trusted::load(&place, None, self.trusted_root.as_deref()).map_err(|error| match error {
            Error::NoNix { .. } if self.policy.is_none() => Error::NoPolicy { seed: location.to_string() },
            error => error,
        })?;
        let folder = if is_for_flake { flake.folder().or(of_policy) } else { of_policy };
        if folder.is_none() {
            print::note("the policy is no flake's here: which flake.lock and which commit the seed is of is not asked");
        }
        let rules = Rules { trusted, bundles: self.bundle.clone(), folder, kept, global: global.clone() };
        Ok(Guard::of(rules, location.clone()))
    }

    /// Where the policy is: where somebody says, else beside the flake, else in it. And the folder of the flake that it is of.
    fn place(&self, location: &Location, flake: &Flake) -> Result<(Place, Option<PathBuf>), Error> {
        if let Some(text) = &self.policy {
            let place = Place::parse(text)?;
            let folder = flake_folder(&place);
            return Ok((place, folder));
        }
        let folder = flake.folder().ok_or_else(|| Error::NoPolicy { seed: location.to_string() })?;
        let file = folder.join(POLICY_NAME);
        let place = if file.exists() { Place::File(file) } else { Place::of_flake(flake) };
        Ok((place, Some(folder)))
    }
}

/// A seed that is a path of this machine's own store: whoever can put one there needs no seed to be believed.
fn own(location: &Location) -> Option<PathBuf> {
    let Location::Layout(folder) = location else { return None };
    folder.canonicalize().ok().filter(|path| path.starts_with(STORE_DIR))
}

/// The folder of the flake that a policy is of; none where it lies elsewhere.
fn flake_folder(place: &Place) -> Option<PathBuf> {
    match place {
        Place::Flake(flake) => flake.folder(),
        Place::File(file) => {
            let folder = file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
            folder.join("flake.nix").is_file().then(|| folder.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_named_or_lies_beside_the_flake_or_in_it() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        std::fs::write(root.join("flake.nix"), "{ }").unwrap();
        let location: Location = "ghcr.io/owner/seed".parse().unwrap();
        let flake = Flake::parse(&root.display().to_string(), "seed").unwrap();
        let place = |trust: &SeedTrust| trust.place(&location, &flake).unwrap();
        let here = SeedTrust::default();
        let (found, folder) = place(&here);
        assert_eq!((found.to_string(), folder), (format!("{}#seedCfg", root.display()), Some(root.clone())));
        std::fs::write(root.join(POLICY_NAME), "{}").unwrap();
        assert_eq!(place(&here), (Place::File(root.join(POLICY_NAME)), Some(root.clone())));
        let named = SeedTrust { policy: Some("/elsewhere/policy.json".into()), ..SeedTrust::default() };
        assert_eq!(place(&named), (Place::File("/elsewhere/policy.json".into()), None));
        let beside = SeedTrust { policy: Some(root.join(POLICY_NAME).display().to_string()), ..SeedTrust::default() };
        assert_eq!(place(&beside), (Place::File(root.join(POLICY_NAME)), Some(root.clone())));

        let nowhere = Flake::parse("github:owner/app", "seed").unwrap();
        assert!(matches!(here.place(&location, &nowhere), Err(Error::NoPolicy { .. })));
    }

    #[test]
    fn attack_a_link_is_no_path_of_the_store() {
        let root = tempfile::tempdir().unwrap();
        let layout = root.path().join("nix/store/seed");
        std::fs::create_dir_all(&layout).unwrap();
        assert_eq!(own(&Location::Layout(layout)), None);
        assert_eq!(own(&Location::Layout(format!("{STORE_DIR}/../..{}", root.path().display()).into())), None);
        assert_eq!(own(&"ghcr.io/owner/seed".parse().unwrap()), None);
    }
}
