mod codes;

use std::path::PathBuf;

use nix_seed_attest::Error as Attest;
use nix_seed_image::Error as Image;
use nix_seed_publish::Error as Publish;
use nix_seed_registry::Error as Registry;
#[cfg(target_os = "linux")]
use nix_seed_run::Error as Run;
use nix_seed_sign::Error as Sign;
use nix_seed_source::Error as Source;
use nix_seed_start::Error as Start;
use nix_seed_suit::Error as Suit;
use nix_seed_trust::sigstore::RootError;
use nix_seed_trust::{Reason, Refusal};

/// What ends a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Image(#[from] Image),
    #[error(transparent)]
    Registry(#[from] Registry),
    #[error(transparent)]
    Source(#[from] Source),
    #[error(transparent)]
    Start(#[from] Start),
    #[error(transparent)]
    Publish(#[from] Publish),
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Run(#[from] Run),
    #[error(transparent)]
    Suit(#[from] Suit),
    #[error(transparent)]
    Attest(#[from] Attest),
    #[error(transparent)]
    Sign(#[from] Sign),
    #[error(transparent)]
    Root(#[from] RootError),
    #[error(transparent)]
    Tuf(#[from] nix_seed_tuf::Error),
    #[error("refused: {0}")]
    Refused(Box<Refusal>),
    #[error("pending: {count} signatures are made and not logged: {why}; they wait in {folder}; go on with: nix-seed attest --resume", folder = folder.display())]
    Pending { count: usize, folder: PathBuf, why: String },
    #[error("{path}: {why}", path = path.display())]
    Statement { path: PathBuf, why: String },
    #[error(
        "{location} is a folder; statements are attached in a registry: nix-seed push {location} HOST/NAME, and name that"
    )]
    NotInRegistry { location: String },
    #[error(
        "nobody says where statements on {what} are: name them with --bundle, or the repository as `registry` in seedCfg"
    )]
    NoBundles { what: String },
    #[error(
        "what is built in a seed that nobody has verified proves nothing: build it with --no-attest, or leave out --insecure-skip-verify"
    )]
    Worthless,
    /// Nix, or the seed's helper, has said why.
    #[error(
        "nothing is signed or published: the seed's nix-seed-helper ended with exit code {code}; what it said is above"
    )]
    NotBuilt { code: u8 },
    #[error(
        "nothing is signed: {why}; build in the folder of a git repository, of which the policy is, as it was committed"
    )]
    OtherCommit { why: String },
    #[error(
        "what is signed is not built with --option {name}, which may change it; allowed are: {allowed}; or build with --no-attest"
    )]
    NotForAttested { name: String, allowed: String },
    #[error("nobody says where results are published: name the repository as `registry` in seedCfg")]
    NoRegistry,
    #[error("{text:?} is no digest; write sha256: and 64 digits 0-9, a-f")]
    Digest { text: String },
    #[error("{option}: there is no variable {name}")]
    NoVariable { option: &'static str, name: String },
    #[error("{text:?} is no URL, as https://host/path is one")]
    Url { text: String },
    #[error("seedCfg has no builder `{name}`; see: nix-seed cfg show")]
    NoBuilder { name: String },
    #[error("the builder `{name}` has {what} in seedCfg, so that it cannot sign; see doc/seed-cfg.md")]
    NoSigner { name: String, what: &'static str },
    #[error("{command}: {why}; a provenance says how Nix is set, so Nix 2.18 or newer has to be in PATH")]
    Nix { command: &'static str, why: String },
    #[error("{file}: {differences}; set it with: nix-seed lock update")]
    Differs { file: String, differences: String },
    #[error("which seed? Name an image, a folder with a layout, or --digest")]
    NoSeedGiven,
    #[error("{image}: a whole repository is pruned; leave out tag and digest, and name tags to keep with --keep")]
    WholeRepository { image: String },
    #[cfg(target_os = "linux")]
    #[error("the seed cannot be mounted here: {why}; without --mount it is unpacked")]
    NotMounted { why: String },
    #[error("--github: {variable} is not set; it names a file in a step of GitHub Actions")]
    NoRunner { variable: &'static str },
    #[error("{text:?} is no flake with an attribute: {why}; write FLAKE#ATTRIBUTE, as in .#{usual}")]
    Flake { text: String, why: &'static str, usual: &'static str },
    #[cfg(not(target_os = "linux"))]
    #[error("a seed is tried on Linux alone; here, ask whether it suits: nix-seed check --quick")]
    OnlyQuick,
    #[error(
        "which seed? None is named, {lock} names none for {system}, and there is none at /nix; name one: nix-seed check --quick SEED"
    )]
    NoSeedAtHand { lock: String, system: String },
    #[error(
        "{lock} names no image for {system}, only a digest; name the seed: nix-seed {command} HOST/NAME@{digest}, or set it \
         with: nix-seed lock update --image HOST/NAME"
    )]
    NoImage { lock: String, system: String, digest: String, command: &'static str },
    #[error(
        "which seed? None is named, and no .seed.lock beside a flake here names one for {system}; name it: nix-seed {command} \
         HOST/NAME@sha256:…, or write it down: nix-seed lock update HOST/NAME:TAG"
    )]
    NoSeedLocked { system: String, command: &'static str },
    #[error("{file} is not what the flake's seedCfg says; write it again: nix-seed cfg show --json > {file}", file = file.display())]
    Drifted { file: PathBuf },
    #[error(
        "nobody says whom to believe about {seed}: name a policy with --policy FLAKE|FILE, or put one beside the flake here: \
         nix-seed cfg show --json > .seed.cfg.json; --insecure-skip-verify uses the seed unverified"
    )]
    NoPolicy { seed: String },
    #[cfg(target_os = "linux")]
    #[error(
        "{location} is not {digest} any more, which was verified; let nobody write to it meanwhile, and start again"
    )]
    Changed { location: String, digest: String },
    #[error("there is no `nix` in PATH, which alone can evaluate {attribute}; install Nix, or {instead}")]
    NoNix { attribute: String, instead: &'static str },
    /// What Nix has said is told.
    #[error("Nix cannot evaluate {attribute}; what it said is above. {hint}")]
    Evaluation { attribute: String, hint: &'static str },
    #[error("{path}: {error}; a trace is what --trace FILE of any command adds to a file: nix-seed up SEED --trace FILE", path = path.display())]
    Trace { path: PathBuf, error: nix_seed_report::Error },
    #[error("{place}: {error}")]
    Cfg { place: String, error: nix_seed_cfg::Error },
    #[error(
        "{seed} cannot be tried: {why}; build it again with this version of nix-seed, or ask with --quick whether it suits"
    )]
    NoHelper { seed: String, why: &'static str },
    /// The second process of `run` has said why.
    #[cfg(target_os = "linux")]
    #[error("the command did not begin")]
    NotBegun { code: u8 },
    #[error(
        "the seed {digest} is not up at /nix, where it is to be built in (--here); bring it there: eval \"$(nix-seed up)\""
    )]
    NotUpHere { digest: String },
    #[error(
        "what is signed is not built through a Nix daemon, whose settings may be others than it says: build where nix-seed up has made /nix, \
         without --here, or with --no-attest"
    )]
    ThroughDaemon,
    #[error(
        "what is signed says how Nix was set, and {store}, which builds, does not do as this user says: name the user in trusted-users in its \
         nix.conf, or build as the store's owner, or say with --nix-settings how it was set"
    )]
    OthersNix { store: String },
    #[error("{path} is not what the seed holds; somebody has written to it: nix-seed down, and nix-seed up", path = path.display())]
    ChangedHere { path: PathBuf },
    #[error(
        "{path} is in the store, and no part of the seed, so whoever put it there may have made what would be signed; build without --here, or \
         remove what keeps it there, and: nix-store --gc"
    )]
    OthersHere { path: String },
    #[error("the job is refused: {why}")]
    Untrusted { why: &'static str },
    #[error(transparent)]
    NoJobPolicy(#[from] nix_seed_ci::NoPolicy),
    #[error(
        "the flake has a seedCfg, and a machine without Nix cannot evaluate it before it uses the seed: commit what it says beside it: nix-seed cfg show --json > {folder}/.seed.cfg.json",
        folder = folder.display()
    )]
    NoPolicyFile { folder: PathBuf },
    #[error("{place} is a policy of level {level}, and this job wants {wanted} at least (--posture)")]
    Posture { place: String, level: u64, wanted: u8 },
    #[error(
        "nobody says where the seed goes: name the repository with --registry HOST/NAME, or as `registry` in seedCfg"
    )]
    NoRegistryForJob,
    #[error("{flake} is not checked out here; take this step in the folder of the flake")]
    NotCheckedOut { flake: String },
    #[error(
        "give a registry's login by NIX_SEED_REGISTRY_USERNAME and NIX_SEED_REGISTRY_PASSWORD: a step has other commands ask for it"
    )]
    StepLogin,
    #[error("there is no folder for what the steps of this job leave: name one with --state DIR, or set HOME")]
    NoState,
    #[error(
        "{folder} is another user's, or others may write to it, who could say what is published; name another with --state DIR, or: chmod go-w {folder}",
        folder = folder.display()
    )]
    StateShared { folder: PathBuf },
    #[error("no seed suits, and nothing else is to be done (--without-seed fail): {why}")]
    NoSuitableSeed { why: String },
    #[error(
        "there is no Nix for {system}: none in PATH, none in a seed that is up, and none is named with --nix; install one before, as with \
         cachix/install-nix-action"
    )]
    NoNixForJob { system: String },
    #[error("no step has brought up a seed: nix-seed ci start")]
    NotStarted,
    #[error("no step has made a seed: nix-seed ci seed")]
    NothingSeeded,
    #[error("what is built would not be signed (--attest always): {why}")]
    NotAttested { why: String },
    #[error("the output {text:?}: {why}")]
    Output { text: String, why: String },
    #[error("on which branch? This job runs on none; name it with --branch")]
    NoBranch,
    #[error("no pull request from {head} to {base}: {why}")]
    NoPullRequest { head: String, base: String, why: String },
    #[error(transparent)]
    Workflow(nix_seed_ci::workflow::Error),
    #[error("{path} is there already, and other than it would be written; look at it, and write over it with --force", path = path.display())]
    WorkflowThere { path: PathBuf },
    #[error("drifted: {differences}; write the files anew: nix-seed init --force, with the same options")]
    WorkflowDrifted { differences: String },
    /// What it ran has said why.
    #[error("a command of this step failed")]
    StepFailed { code: u8 },
    #[error("{doing} {path}: {source}", path = path.display())]
    Io { doing: &'static str, path: PathBuf, source: std::io::Error },
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl Error {
    /// The exit code, as `--help` lists them.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Io { .. } => 1,
            Self::NoNix { .. } => 1,
            #[cfg(target_os = "linux")]
            Self::NotMounted { .. } => 1,
            Self::NoRunner { .. }
            | Self::NoSeedGiven
            | Self::NoSeedAtHand { .. }
            | Self::NoSeedLocked { .. }
            | Self::Flake { .. }
            | Self::WholeRepository { .. }
            | Self::Cfg { error: nix_seed_cfg::Error::Output { .. }, .. } => 2,
            #[cfg(not(target_os = "linux"))]
            Self::OnlyQuick => 2,
            Self::Suit(_) | Self::NoImage { .. } | Self::Evaluation { .. } | Self::Trace { .. } | Self::Cfg { .. } => 3,
            Self::NoHelper { .. } => 3,
            Self::Worthless | Self::NotForAttested { .. } => 2,
            Self::StepFailed { code } => *code,
            Self::NoVariable { .. }
            | Self::NotCheckedOut { .. }
            | Self::StepLogin
            | Self::NotStarted
            | Self::NothingSeeded
            | Self::Output { .. }
            | Self::NoBranch
            | Self::Workflow(_) => 2,
            Self::NoJobPolicy(_) | Self::NoPolicyFile { .. } | Self::NoRegistryForJob => 3,
            Self::ChangedHere { .. } => 4,
            Self::NotUpHere { .. } | Self::ThroughDaemon | Self::OthersNix { .. } | Self::OthersHere { .. } => 5,
            Self::WorkflowThere { .. } | Self::WorkflowDrifted { .. } => 5,
            Self::Untrusted { .. } | Self::Posture { .. } | Self::StateShared { .. } | Self::NotAttested { .. } => 5,
            Self::NoSuitableSeed { .. } => 6,
            Self::NoState | Self::NoNixForJob { .. } | Self::NoPullRequest { .. } => 1,
            Self::OtherCommit { .. } => 3,
            Self::NotBuilt { code } => match code {
                7 => 8,
                code => *code,
            },
            #[cfg(target_os = "linux")]
            Self::Changed { .. } => 4,
            Self::Differs { .. } | Self::Drifted { .. } | Self::NoPolicy { .. } => 5,
            Self::Refused(refusal) => refusal.reason.exit_code(),
            Self::Sign(Sign::Refused(refusal)) => refusal.reason.exit_code(),
            Self::Pending { .. } => Reason::Pending.exit_code(),
            Self::Attest(Attest::Registry(error)) => codes::registry(error),
            Self::Digest { .. } | Self::Url { .. } | Self::NotInRegistry { .. } | Self::NoBuilder { .. } => 2,
            Self::Root(_)
            | Self::Statement { .. }
            | Self::NoBundles { .. }
            | Self::NoSigner { .. }
            | Self::NoRegistry => 3,
            Self::Attest(_) | Self::Sign(_) | Self::Tuf(_) | Self::Nix { .. } => 1,
            Self::Publish(error) => codes::publish(error),
            Self::Image(error) => codes::image(error),
            Self::Registry(error) => codes::registry(error),
            Self::Source(error) => codes::source(error),
            Self::Start(error) => codes::start(error),
            #[cfg(target_os = "linux")]
            Self::Run(error) => codes::run(error),
            #[cfg(target_os = "linux")]
            Self::NotBegun { code } => *code,
        }
    }

    /// Whether a person or a script has been told already.
    pub(crate) fn is_told(&self) -> bool {
        #[cfg(target_os = "linux")]
        if matches!(self, Self::NotBegun { .. }) {
            return true;
        }
        matches!(self, Self::StepFailed { .. })
    }
}
