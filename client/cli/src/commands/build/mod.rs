//! `nix-seed build`.

mod results;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use nix_seed_attest::Kept;
use nix_seed_run::{Cache, Options, Ready};
use nix_seed_sign::Http;
use nix_seed_source::Location;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use super::attest::{Built, Place, Release, Signed, Signing, Target};
use super::run::{Over, Wish, told, variables};
use super::verify::Trusted;
use super::verify_bundle::read;
use crate::args::Global;
use crate::error::Error;
use crate::flake::Flake;
use crate::verified::{SeedTrust, locked};

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

/// What of this machine's environment a build's Nix sees: above all no token, and no settings of Nix.
const INHERITED: [&str; 12] = [
    "HOME",
    "LANG",
    "LC_ALL",
    "LOGNAME",
    "NO_COLOR",
    "PATH",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CACHE_HOME",
    "COLORTERM",
];

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
    /// An option of Nix for this build; it stands in the provenance
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
    if build.trust.insecure_skip_verify && !build.no_attest {
        return Err(Error::Worthless);
    }
    // A build that gets out of its sandbox finds no token in what this process was given.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let flake = Flake::parse(&build.flake, SEED)?;
    let location = locked::seed(build.seed.as_ref(), &flake, "build --seed", global)?;
    let cache = Cache::of_user()?;
    let guard = build.trust.guard(&location, &flake, Some(Kept::at(cache.statements())), global)?;
    // What cannot be signed or published is found out before it is built.
    let policy = if build.no_attest {
        None
    } else {
        let trusted = match guard.trusted() {
            Some(trusted) => trusted.clone(),
            None => build.trust.trusted(&location, &flake)?,
        };
        let target = Target::of_policy(&trusted.cfg)?;
        Some((trusted, target))
    };

    let scratch = tempfile::tempdir().map_err(|source| io("creating a folder in", &std::env::temp_dir(), source))?;
    let documents = scratch.path().join("documents");
    let began = SystemTime::now();
    let wish = Wish { is_unpacked: false, is_complete: true };
    let over = Over { location: &location, guard: &guard, wish, global, cache: &cache };
    let finished = over.run(|seed| build.over(seed, &cache, &flake, &documents, global))?;
    let built = results::take(&finished, &documents, &build.out, global)?;
    drop(finished);
    match policy {
        None => Ok(()),
        Some((trusted, target)) => sign(build, &built, began, trusted, target, global),
    }
}

impl Build {
    /// Has the seed's helper build.
    fn over(
        &self,
        seed: &Ready,
        cache: &Cache,
        flake: &Flake,
        documents: &Path,
        global: &Global,
    ) -> Result<nix_seed_run::Finished, Error> {
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
        // Empty: no settings of the user's.
        own.push(("NIX_USER_CONF_FILES".into(), String::new()));
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
            3 => Err(Error::NotAsked),
            code => Err(Error::NotBuilt { code }),
        }
    }
}

fn sign(
    build: &Build,
    documents: &Path,
    began: SystemTime,
    trusted: Trusted,
    target: Target,
    global: &Global,
) -> Result<(), Error> {
    let release = Release::read(&documents.join(RELEASE), Some(documents))?;
    let path = documents.join(SETTINGS);
    let built = Built::told(&read(&path, DOCUMENT_MAX)?, &path, Some(began))?;
    let place = Place { global, out: Some(documents) };
    Signed { release, built, target }.sign(&build.signing, &trusted, &Http::new()?, &place)
}

fn io(doing: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io { doing, path: path.into(), source }
}
