//! `nix-seed build`.

#[cfg(target_os = "linux")]
mod apart;
mod here;
mod results;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use nix_seed_publish::lock::head;
use nix_seed_sign::Http;
use nix_seed_source::Location;
use nix_seed_statement::release::ReleaseStatement;
use nix_seed_trust::Refused;

use super::attest::{Built, Place, Release, Signed, Signing, Target};
use super::verify::Trusted;
use crate::args::Global;
use crate::error::Error;
use crate::files::read;
use crate::flake::Flake;
use crate::verified::{Guard, SeedTrust, Wanted, locked};
use results::Results;

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
/// The seed is verified and, where results are signed, brought here as a whole first; all outputs are built in one go; what was built, from what and how, is written
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
    /// The repository that the flake is of, where it does not say so in a seedCfg [default: the policy's]
    #[arg(long, value_name = "git+https://…")]
    source: Option<String>,
    /// Leave out what is no output of the flake, as long as something is left
    #[arg(long)]
    existing: bool,
    /// An option of Nix for this build; where it is signed, one of those that change no result, or sandbox-paths ""
    #[arg(long, num_args = 2, value_names = ["NAME", "VALUE"])]
    option: Vec<String>,
    /// Build in the seed that is up at this machine's /nix, instead of apart from it; on macOS there is no other way
    #[arg(long)]
    here: bool,
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
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(|error| io("protecting the memory of", Path::new("nix-seed"), error.into()))?;
    let location = &locked::seed(build.seed.as_ref(), &flake, "build --seed", global)?;
    // What is signed stands on what is known of the seed now.
    let kept = if build.no_attest { kept()? } else { None };
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
    let source = build.source.as_deref().or_else(|| guard.trusted().map(|trusted| &*trusted.policy.source));
    let job = Job { build, flake: &flake, source, documents: &documents, global };
    let (seed, built_results) = job.run(&guard)?;
    let said = built_results.check(&documents, &seed, global)?;
    if let Some((trusted, _)) = policy {
        check_source(&said, trusted, &flake)?;
    }
    let held = built_results.take(&said, &documents, &build.out, global)?;
    drop(built_results);
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
}

/// What the seed's helper is asked to do.
struct Job<'a> {
    build: &'a Build,
    flake: &'a Flake,
    source: Option<&'a str>,
    /// Where it writes.
    documents: &'a Path,
    global: &'a Global,
}

impl Job<'_> {
    /// Does it; gives the seed's digest.
    fn run(&self, guard: &Guard) -> Result<(String, Results), Error> {
        #[cfg(target_os = "linux")]
        if !self.build.here {
            return apart::run(self, guard);
        }
        here::run(self, guard)
    }

    /// The helper's command line.
    fn command(&self, helper: &Path, digest: &str) -> Vec<OsString> {
        let mut command: Vec<OsString> = vec![helper.into(), "results".into()];
        let (flake, attribute) = self.flake.parts();
        for (name, value) in [("--flake", flake), ("--seed", attribute), ("--digest", digest)] {
            command.extend([name.into(), value.into()]);
        }
        command.extend(["--out".into(), self.documents.into()]);
        if let Some(source) = self.source {
            command.extend(["--source".into(), source.into()]);
        }
        if self.build.existing {
            command.push("--existing".into());
        }
        for pair in self.build.option.chunks(2) {
            command.push("--option".into());
            command.extend(pair.iter().map(OsString::from));
        }
        command.push("--".into());
        let default = [DEFAULT.to_owned()];
        let outputs = if self.build.outputs.is_empty() { &default[..] } else { &self.build.outputs };
        command.extend(outputs.iter().map(OsString::from));
        command
    }

    /// No settings of the user's, nor anything else that he keeps: trusted settings, registries, caches.
    fn variables(&self) -> Result<Vec<(String, String)>, Error> {
        let home = self.documents.with_file_name("home");
        std::fs::create_dir_all(&home).map_err(|source| io("creating", &home, source))?;
        Ok(vec![("NIX_USER_CONF_FILES".into(), String::new()), ("HOME".into(), home.display().to_string())])
    }

    /// What the helper's exit code means.
    fn ended(&self, seed: &str, code: u8) -> Result<(), Error> {
        match code {
            0 => Ok(()),
            // As its --help lists them.
            2 => Err(no_helper(
                seed,
                "its nix-seed-helper is of another version, and does not understand what it was asked",
            )),
            code => Err(Error::NotBuilt { code }),
        }
    }
}

fn no_helper(seed: &str, why: &'static str) -> Error {
    Error::NoHelper { seed: seed.into(), why }
}

/// What was enough before to believe a seed, where this user keeps it.
fn kept() -> Result<Option<nix_seed_attest::Kept>, Error> {
    #[cfg(target_os = "linux")]
    return Ok(Some(nix_seed_attest::Kept::at(nix_seed_run::Cache::of_user()?.statements())));
    #[cfg(not(target_os = "linux"))]
    Ok(None)
}

fn io(doing: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io { doing, path: path.into(), source }
}
