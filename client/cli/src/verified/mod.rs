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

/// What names a policy where the command line does not. Nothing in the environment takes one away.
const POLICY_VARIABLE: &str = "NIX_SEED_POLICY";

/// Whom a seed has to be from.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Trust")]
pub(crate) struct SeedTrust {
    /// The flake whose seedCfg says whom to believe, or a file that `nix-seed cfg show --json` wrote [default: what NIX_SEED_POLICY
    /// says, else .seed.cfg.json beside the flake here, else that flake]
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

impl SeedTrust {
    /// What the seed at `location` has to prove, for the flake that it is used with. Asked before the seed is asked for.
    pub(crate) fn guard(
        &self,
        location: &Location,
        flake: &Flake,
        kept: Option<Kept>,
        global: &Global,
    ) -> Result<Guard, Error> {
        if self.insecure_skip_verify {
            print::warning(
                "the seed is NOT VERIFIED (--insecure-skip-verify): whoever can write to where it lies decides what runs here, with \
                 your rights, and what it builds proves nothing",
            );
            return Ok(Guard::none());
        }
        let is_named = self.policy.is_some() || std::env::var_os(POLICY_VARIABLE).is_some();
        if !is_named && is_own(location) {
            print::note(&format!("{location} is in this machine's own store: no statements are asked for"));
            return Ok(Guard::none());
        }
        let place = self.place(location, flake)?;
        let trusted = self.load(&place, location)?;
        let folder = flake_folder(&place);
        Ok(Guard::of(Rules { trusted, bundles: self.bundle.clone(), folder, kept, global: global.clone() }))
    }

    /// The policy, for a seed that is used without.
    #[cfg(target_os = "linux")]
    pub(crate) fn trusted(&self, location: &Location, flake: &Flake) -> Result<Trusted, Error> {
        self.load(&self.place(location, flake)?, location)
    }

    fn load(&self, place: &Place, location: &Location) -> Result<Trusted, Error> {
        Trusted::load(place, None, self.trusted_root.as_deref()).map_err(|error| match error {
            Error::NoNix { .. } if self.policy.is_none() => Error::NoPolicy { seed: location.to_string() },
            error => error,
        })
    }

    /// Where the policy is: where somebody says, else beside the flake, else in it.
    fn place(&self, location: &Location, flake: &Flake) -> Result<Place, Error> {
        if let Some(text) = self.policy.clone().or_else(|| std::env::var(POLICY_VARIABLE).ok()) {
            return Place::parse(&text);
        }
        let folder = flake.folder().ok_or_else(|| Error::NoPolicy { seed: location.to_string() })?;
        let file = folder.join(POLICY_NAME);
        if file.exists() { Ok(Place::File(file)) } else { Place::parse(&folder.display().to_string()) }
    }
}

/// Whether a seed is a path of this machine's own store: whoever can put one there needs no seed to be believed.
fn is_own(location: &Location) -> bool {
    let Location::Layout(folder) = location else { return false };
    folder.canonicalize().is_ok_and(|path| path.starts_with(STORE_DIR))
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
        assert_eq!(place(&here).to_string(), format!("{}#seedCfg", root.display()));
        assert_eq!(flake_folder(&place(&here)), Some(root.clone()));
        std::fs::write(root.join(POLICY_NAME), "{}").unwrap();
        assert_eq!(place(&here), Place::File(root.join(POLICY_NAME)));
        assert_eq!(flake_folder(&place(&here)), Some(root.clone()));
        let named = SeedTrust { policy: Some("/elsewhere/policy.json".into()), ..SeedTrust::default() };
        assert_eq!(place(&named), Place::File("/elsewhere/policy.json".into()));
        assert_eq!(flake_folder(&place(&named)), None);

        let nowhere = Flake::parse("github:owner/app", "seed").unwrap();
        assert!(matches!(here.place(&location, &nowhere), Err(Error::NoPolicy { .. })));
    }

    #[test]
    fn attack_a_link_is_no_path_of_the_store() {
        let root = tempfile::tempdir().unwrap();
        let layout = root.path().join("nix/store/seed");
        std::fs::create_dir_all(&layout).unwrap();
        assert!(!is_own(&Location::Layout(layout)));
        assert!(!is_own(&Location::Layout(format!("{STORE_DIR}/../..{}", root.path().display()).into())));
        assert!(!is_own(&"ghcr.io/owner/seed".parse().unwrap()));
    }
}
