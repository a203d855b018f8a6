//! `nix-seed build`.

mod results;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use nix_seed_attest::Kept;
use nix_seed_publish::lock::head;
use nix_seed_run::{Cache, Finished, Options, Ready};
use nix_seed_sign::Http;
use nix_seed_source::Location;
use nix_seed_statement::release::ReleaseStatement;
use nix_seed_trust::Refused;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use super::attest::{Built, Place, Release, Signed, Signing, Target};
use super::run::{Over, Wish, told, variables};
use super::verify::Trusted;
use crate::args::Global;
use crate::error::Error;
use crate::files::read;
use crate::flake::Flake;
use crate::verified::{SeedTrust, Wanted, locked};

/// The program of the seed's own that builds, and writes what is signed.
const HELPER: &str = "nix-seed-helper";
/// The attribute that a seed usually is.
const SEED: &str = "seed";
/// What is built where nothing is named.
const DEFAULT: &str = "packages.default";
/// How Nix was set, as the helper writes it.
const SETTINGS: &str = "nix.json";
/// The statement, as the helper writes it.
const RELEASE: &str = "release.json";
/// A document has at most so many bytes.
const DOCUMENT_MAX: u64 = 64 << 20;

/// What of this machine's environment a build's Nix sees: no token, no settings of Nix, no folders of the user's, no programs.
const INHERITED: [&str; 8] = ["COLORTERM", "LANG", "LC_ALL", "LOGNAME", "NO_COLOR", "TERM", "TZ", "USER"];

/// What may be said of Nix where the result is signed: how hard it works, and how long. What else changes a build is the seed's to say.
const OPTIONS: [&str; 7] =
    ["cores", "keep-going", "log-lines", "max-jobs", "max-silent-time", "system-features", "timeout"];
/// What builders see of the machine: nothing may be added.
const SANDBOX_PATHS: &str = "sandbox-paths";

/// Build outputs in the flake's seed, offline and sandboxed, and sign what came out
///
/// The seed is verified and brought here as a whole; all outputs are built in one go; what was built, from what and how, is written
/// down, signed, logged and published. The signing token is asked for when the build is over, and out of its reach.
#[derive(Args)]
#[command(
    after_help = "Results go to a store in --out, with a link for each output; beside them release.json, the bills of materials, nix.json and the bundles.\n\n\
    Examples:\n  \
    nix-seed build\n  \
    nix-seed build packages.default checks.unit\n  \
    nix-seed build --no-attest --seed ./result packages.default"
)]
pub(crate) struct Build {
    /// What to build: packages.default is that of this system, and default a package [default: packages.default]
    #[arg(value_name = "OUTPUT")]
    outputs: Vec<String>,
    /// The flake, and the attribute of its seed
    #[arg(long, value_name = "FLAKE#ATTRIBUTE", default_value = ".#seed")]
    flake: String,
    /// The seed to build in [default: what .seed.lock names for this system]
    #[arg(long, value_name = "IMAGE|DIR")]
    seed: Option<Location>,
    /// The folder for results and statements
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
    /// An option of Nix for this build; where it is signed, one of those that change no result, or sandbox-paths ""
    #[arg(long, num_args = 2, value_names = ["NAME", "VALUE"])]
    option: Vec<String>,
    /// Build, and write what would be signed, but sign and publish nothing
    #[arg(long)]
    no_attest: bool,
    #[command(flatten)]
    trust: SeedTrust,
    #[command(flatten)]
    signing: Signing,
}

pub(crate) fn run(build: &Build, global: &Global) -> Result<(), Error> {
    let flake = Flake::parse(&build.flake, SEED)?;
    if !build.no_attest {
        build.check_attested(&flake)?;
    }
    // A build that gets out of its sandbox finds no token in what this process was given.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| io("protecting the memory of", Path::new("nix-seed"), error.into()))?;
    let location = &locked::seed(build.seed.as_ref(), &flake, "build --seed", global)?;
    let cache = Cache::of_user()?;
    // What is signed stands on what is known of the seed now.
    let kept = build.no_attest.then(|| Kept::at(cache.statements()));
    let wanted = Wanted { location, flake: &flake, is_for_flake: true, may_be_own: build.no_attest, kept };
    let guard = build.trust.guard(wanted, global)?;
    // What cannot be signed or published is found out before it is built.
    let policy = match guard.trusted() {
        Some(trusted) if !build.no_attest => {
            build.signing.check(&trusted.cfg)?;
            Some((trusted, Target::of_policy(&trusted.cfg)?))
        }
        _ => None,
    };

    let scratch = tempfile::tempdir().map_err(|source| io("creating a folder in", &std::env::temp_dir(), source))?;
    let documents = scratch.path().join("documents");
    let began = SystemTime::now();
    let wish = Wish { is_unpacked: false, is_complete: true };
    let over = Over { guard: &guard, wish, global, cache: &cache };
    let (seed, finished) = over.run(|seed| {
        let finished = build.over(seed, &cache, &flake, scratch.path(), &documents, global)?;
        Ok((seed.digest(), finished))
    })?;
    let said = results::check(&finished, &documents, &seed, global)?;
    if let Some((trusted, _)) = policy {
        check_source(&said, trusted, &flake)?;
    }
    let held = results::take(&finished, &said, &documents, &build.out, global)?;
    drop(finished);
    if let Some((trusted, target)) = policy {
        let release = Release::read(&documents.join(RELEASE), Some(&documents))?;
        let path = documents.join(SETTINGS);
        let built = Built::told(&read(&path, DOCUMENT_MAX)?, &path, Some(began))?;
        let place = Place { global, out: Some(&build.out) };
        let refuse = |refused: Refused| Err(Error::Refused(Box::new(refused.first)));
        Signed { release, built, target }.sign(&build.signing, trusted, &Http::new()?, &place, refuse)?;
    }
    drop(held);
    Ok(())
}

/// Whether a statement is of the commit that is checked out, and of the policy's source: what Nix says of a folder is what that, or a
/// reference, says of itself.
fn check_source(said: &ReleaseStatement, trusted: &Trusted, flake: &Flake) -> Result<(), Error> {
    let source = &said.release().source;
    let differs = |why: String| Err(Error::OtherCommit { why });
    if source.uri != trusted.policy.source {
        return differs(format!(
            "the flake's seedCfg has the source {}, and the policy {}",
            source.uri, trusted.policy.source
        ));
    }
    let Some(folder) = flake.folder() else {
        return differs(format!("{flake} is not checked out here"));
    };
    let head = head(&folder)?;
    if source.commit != head {
        return differs(format!("Nix says that the flake is of {}, and git that it is of {head}", source.commit));
    }
    Ok(())
}

impl Build {
    /// Whether what comes out may be signed.
    fn check_attested(&self, flake: &Flake) -> Result<(), Error> {
        if self.trust.insecure_skip_verify {
            return Err(Error::Worthless);
        }
        // It may say any commit of itself.
        if flake.parts().0.starts_with("path:") {
            return Err(Error::OtherCommit { why: format!("{flake} is a folder to Nix, and not a git repository") });
        }
        for pair in self.option.chunks(2) {
            let is_allowed = match pair {
                [name, value] => OPTIONS.contains(&&**name) || (name == SANDBOX_PATHS && value.is_empty()),
                _ => false,
            };
            if !is_allowed {
                let name = pair.first().cloned().unwrap_or_default();
                return Err(Error::NotForAttested { name, allowed: OPTIONS.join(", ") });
            }
        }
        Ok(())
    }

    /// Has the seed's helper build.
    fn over(
        &self,
        seed: &Ready,
        cache: &Cache,
        flake: &Flake,
        scratch: &Path,
        documents: &Path,
        global: &Global,
    ) -> Result<Finished, Error> {
        let no_helper = |why| Error::NoHelper { seed: seed.digest(), why };
        let helper = seed.program(cache, HELPER);
        let helper =
            helper.ok_or_else(|| no_helper("it has no nix-seed-helper in its PATH, as older seeds have none"))?;
        let mut command: Vec<OsString> = vec![helper.into(), "results".into()];
        let (flake, attribute) = flake.parts();
        for (name, value) in [("--flake", flake), ("--seed", attribute), ("--digest", &seed.digest())] {
            command.extend([name.into(), value.into()]);
        }
        command.extend(["--out".into(), documents.into()]);
        for pair in self.option.chunks(2) {
            command.push("--option".into());
            command.extend(pair.iter().map(OsString::from));
        }
        command.push("--".into());
        let default = [DEFAULT.to_owned()];
        let outputs = if self.outputs.is_empty() { &default[..] } else { &self.outputs };
        command.extend(outputs.iter().map(OsString::from));
        let mut own = variables();
        // No settings of the user's, nor anything else that he keeps: trusted settings, registries, caches.
        own.push(("NIX_USER_CONF_FILES".into(), String::new()));
        let home = scratch.join("home");
        std::fs::create_dir_all(&home).map_err(|source| io("creating", &home, source))?;
        own.push(("HOME".into(), home.display().to_string()));
        let options = Options {
            no_network: true,
            require_sandbox: true,
            json: global.json,
            inherited: Some(INHERITED.map(ToOwned::to_owned).into()),
            variables: own,
            command: command.clone(),
        };
        let finished = nix_seed_run::run(cache, seed, &options)?;
        told(&finished, &command)?;
        match finished.code {
            0 => Ok(finished),
            // As its --help lists them.
            2 => Err(no_helper("its nix-seed-helper is of another version, and does not understand what it was asked")),
            code => Err(Error::NotBuilt { code }),
        }
    }
}

fn io(doing: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io { doing, path: path.into(), source }
}
