use std::path::PathBuf;

use nix_seed_image::Error as Image;
use nix_seed_publish::Error as Publish;
use nix_seed_registry::Error as Registry;
#[cfg(target_os = "linux")]
use nix_seed_run::Error as Run;
use nix_seed_source::Error as Source;
use nix_seed_start::Error as Start;

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
    #[error("{file}: {differences}; set it with: nix-seed lock update")]
    Differs { file: String, differences: String },
    #[error("which seed? Name an image, a folder with a layout, or --digest")]
    NoSeedGiven,
    #[error("{image}: a whole repository is pruned; leave out tag and digest, and name tags to keep with --keep")]
    WholeRepository { image: String },
    #[error("--github: {variable} is not set; it names a file in a step of GitHub Actions")]
    NoRunner { variable: &'static str },
    /// The second process of `run` has said why.
    #[cfg(target_os = "linux")]
    #[error("the command did not begin")]
    NotBegun { code: u8 },
    #[error("{doing} {path}: {source}", path = path.display())]
    Io { doing: &'static str, path: PathBuf, source: std::io::Error },
}

impl Error {
    /// The exit code, as `--help` lists them.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Io { .. } => 1,
            Self::NoRunner { .. } | Self::NoSeedGiven | Self::WholeRepository { .. } => 2,
            Self::Differs { .. } => 5,
            Self::Publish(error) => publish(error),
            Self::Image(error) => image(error),
            Self::Registry(error) => registry(error),
            Self::Source(error) => source(error),
            Self::Start(error) => start(error),
            #[cfg(target_os = "linux")]
            Self::Run(error) => run(error),
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
        false
    }
}

fn publish(error: &Publish) -> u8 {
    match error {
        Publish::Image(error) => image(error),
        Publish::Registry(error) => registry(error),
        Publish::Source(error) => source(error),
        Publish::Target { .. } | Publish::OtherRepository { .. } | Publish::Field { .. } => 2,
        Publish::NoSeed { .. }
        | Publish::NotJoinable { .. }
        | Publish::Lock { .. }
        | Publish::Shallow { .. }
        | Publish::Partial { .. }
        | Publish::NoSuchTag { .. } => 3,
        Publish::Restricted { .. } | Publish::NothingKept { .. } => 5,
        _ => 1,
    }
}

fn start(error: &Start) -> u8 {
    match error {
        Start::Image(error) => image(error),
        Start::Source(error) => source(error),
        _ => 1,
    }
}

#[cfg(target_os = "linux")]
fn run(error: &Run) -> u8 {
    match error {
        Run::Image(error) => image(error),
        Run::Source(error) => source(error),
        Run::Start(error) => start(error),
        Run::NoStore { .. } => 3,
        Run::Layer { .. } => 4,
        Run::NoSandbox { .. } => 5,
        Run::Ended { signal } => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        // As shells have it.
        Run::Command { source, .. } if source.kind() == std::io::ErrorKind::NotFound => 127,
        Run::Command { .. } => 126,
        _ => 1,
    }
}

fn source(error: &Source) -> u8 {
    match error {
        Source::Image(error) => image(error),
        Source::Registry(error) => registry(error),
        _ => 3,
    }
}

fn image(error: &Image) -> u8 {
    match error {
        // What a registry could not give is no damage of the seed.
        Image::Io { .. } | Image::Stopped => 1,
        Image::NoLayout { .. } => 3,
        _ => 4,
    }
}

fn registry(error: &Registry) -> u8 {
    match error {
        Registry::Reference { .. } | Registry::Algorithm { .. } | Registry::NotFound { .. } => 3,
        Registry::Mismatch { .. } => 4,
        _ => 1,
    }
}
