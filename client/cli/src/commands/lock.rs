//! `nix-seed lock`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use nix_seed_image::layout::Layout;
use nix_seed_publish::lock::{Difference, Entry, LOCK_NAME, Lock as Locked, LockFile, Updated, head};
use nix_seed_registry::{Digest, Error as RegistryError, Reference, Registry};
use nix_seed_source::{Found, Location, Platform};
use serde_json::json;

use crate::args::Global;
use crate::error::Error;
use crate::print;

/// Write down, or check, which seed each system of a flake uses: .seed.lock
#[derive(Args)]
pub(crate) struct Lock {
    #[command(subcommand)]
    command: LockCommand,
}

#[derive(Subcommand)]
enum LockCommand {
    Update(Update),
    Check(Check),
}

#[derive(Args)]
struct Common {
    /// The seed: an image in a registry, or a folder with an OCI image layout
    #[arg(conflicts_with = "digest")]
    location: Option<Location>,
    /// The system, as Nix writes it [default: the seed's, or this machine's]
    #[arg(long)]
    system: Option<String>,
    /// The image's digest: sha256:…
    #[arg(long)]
    digest: Option<String>,
    /// The commit that the seed was built from
    #[arg(long)]
    commit: Option<String>,
    /// The lock file
    #[arg(long, default_value = LOCK_NAME, value_name = "FILE")]
    file: PathBuf,
}

/// Set a system's seed; those of other systems stay
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    nix-seed lock update ghcr.io/owner/seed:main\n  \
    nix-seed lock update --digest \"$(nix-seed push ./result ghcr.io/owner/seed)\" --image ghcr.io/owner/seed")]
struct Update {
    #[command(flatten)]
    common: Common,
    /// Where the image is: HOST/NAME [default: the seed's, or what the lock file says already]
    #[arg(long, value_name = "HOST/NAME")]
    image: Option<Reference>,
}

/// Ask whether a system has a seed, and this one; the exit code is 5 if not
#[derive(Args)]
struct Check {
    #[command(flatten)]
    common: Common,
    /// Ask the registry whether it has the image
    #[arg(long)]
    registry: bool,
}

pub(crate) fn run(args: &Lock, global: &Global) -> Result<(), Error> {
    match &args.command {
        LockCommand::Update(args) => update(args, global),
        LockCommand::Check(args) => check(args, global),
    }
}

/// What an image or the options say of a seed.
struct Known {
    system: String,
    digest: Option<String>,
    /// `HOST/NAME`.
    image: Option<String>,
}

impl Common {
    fn known(&self, global: &Global) -> Result<Known, Error> {
        let platform = self.system.as_deref().map(platform);
        let Some(location) = &self.location else {
            let system = self.system.clone().unwrap_or_else(|| global.platform().nix_system());
            return Ok(Known { system, digest: self.digest.clone(), image: None });
        };
        let platform = match (platform, location) {
            (Some(platform), _) => platform,
            // A layout holds one image, of whatever system.
            (None, Location::Layout(dir)) => {
                let config = Layout::open(dir)?.documents.config;
                Platform { os: config.os().to_string(), architecture: config.architecture().to_string() }
            }
            (None, Location::Registry(_)) => global.platform(),
        };
        let found = Found::find(location, &global.registry()?, &platform)?;
        let image = match location {
            Location::Registry(reference) => Some(format!("{}/{}", reference.registry(), reference.repository())),
            Location::Layout(_) => None,
        };
        Ok(Known { system: platform.nix_system(), digest: Some(found.digest()), image })
    }
}

/// `x86_64-linux` as OCI says it.
fn platform(system: &str) -> Platform {
    let (architecture, os) = system.split_once('-').unwrap_or((system, ""));
    let architecture = match architecture {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    Platform { os: os.into(), architecture: architecture.into() }
}

fn update(args: &Update, global: &Global) -> Result<(), Error> {
    let known = args.common.known(global)?;
    let digest = known.digest.ok_or(Error::NoSeedGiven)?;
    let file = LockFile::new(&args.common.file);
    let commit = args.common.commit.clone().map_or_else(|| head(file.folder()), Ok)?;
    let image = args.image.as_ref().map(ToString::to_string).or(known.image);
    let updated = file.update(&known.system, Entry::new(&digest, &commit, image.as_deref())?)?;
    let word = match updated {
        Updated::Added => "added",
        Updated::Changed => "changed",
        Updated::Unchanged => "unchanged",
    };
    if global.json {
        let lock = json!({ "system": known.system, "digest": digest, "commit": commit, "updated": word });
        return print::json(&json!({ "lock": lock }));
    }
    print::line(&format!("{}: {}: {word}: {digest}", args.common.file.display(), known.system))
}

fn check(args: &Check, global: &Global) -> Result<(), Error> {
    let Known { system, digest, image } = args.common.known(global)?;
    let lock = LockFile::new(&args.common.file).read()?;
    let is_there = lock.is_some();
    let lock = lock.unwrap_or_default();
    let mut differences = lock.check(&system, digest.as_deref(), args.common.commit.as_deref());
    if !is_there {
        differences = vec!["there is no such file".into()];
    }
    if args.registry && differences.is_empty() {
        differences.extend(missing(&lock, &system, image, &global.registry()?)?);
    }
    if global.json {
        let entry = lock.get(&system);
        print::json(&json!({ "lock": { "system": system, "entry": entry, "differences": differences } }))?;
    }
    if !differences.is_empty() {
        let file = args.common.file.display().to_string();
        return Err(Error::Differs { file, differences: differences.join("; ") });
    }
    match lock.get(&system) {
        Some(entry) if !global.json => print::line(&format!("{system}: {}", entry.digest)),
        _ => Ok(()),
    }
}

/// Says so where the registry lacks the image that the lock file names.
fn missing(
    lock: &Locked,
    system: &str,
    image: Option<String>,
    registry: &Registry,
) -> Result<Option<Difference>, Error> {
    let Some(entry) = lock.get(system) else { return Ok(None) };
    let Some(image) = entry.image.clone().or(image) else {
        return Ok(Some(format!("{system}: it names no image; set it with: nix-seed lock update --image HOST/NAME")));
    };
    let reference: Reference = image.parse()?;
    let Ok(digest) = entry.digest.parse::<Digest>() else { return Ok(None) };
    match registry.repository(&reference).manifest(&digest) {
        Ok(_) => Ok(None),
        Err(RegistryError::NotFound { .. }) => Ok(Some(format!("{system}: {image} has no {digest}"))),
        Err(error) => Err(error.into()),
    }
}
