//! The exit codes of what the crates below find wrong.

#[cfg(target_os = "linux")]
use nix_seed_frames::Error as Frames;
use nix_seed_image::Error as Image;
use nix_seed_publish::Error as Publish;
use nix_seed_registry::Error as Registry;
#[cfg(target_os = "linux")]
use nix_seed_run::Error as Run;
use nix_seed_source::Error as Source;
use nix_seed_start::Error as Start;

pub(super) fn publish(error: &Publish) -> u8 {
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
        Publish::Restricted { .. } | Publish::NothingKept { .. } | Publish::NotTaken { .. } => 5,
        _ => 1,
    }
}

pub(super) fn start(error: &Start) -> u8 {
    match error {
        Start::Image(error) => image(error),
        Start::Source(error) => source(error),
        #[cfg(target_os = "linux")]
        Start::Frames(error) => frames(error),
        Start::OthersUp { .. } | Start::Results { .. } => 5,
        _ => 1,
    }
}

#[cfg(target_os = "linux")]
pub(super) fn frames(error: &Frames) -> u8 {
    match error {
        Frames::Image(error) => image(error),
        Frames::Source(error) => source(error),
        Frames::Damaged { .. } | Frames::Outside { .. } => 4,
        _ => 1,
    }
}

#[cfg(target_os = "linux")]
pub(super) fn run(error: &Run) -> u8 {
    match error {
        Run::Image(error) => image(error),
        Run::Source(error) => source(error),
        Run::Start(error) => start(error),
        Run::Frames(error) => frames(error),
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

pub(super) fn source(error: &Source) -> u8 {
    match error {
        Source::Image(error) => image(error),
        Source::Registry(error) => registry(error),
        _ => 3,
    }
}

pub(super) fn image(error: &Image) -> u8 {
    match error {
        // What a registry could not give is no damage of the seed.
        Image::Io { .. } | Image::Stopped => 1,
        Image::NoLayout { .. } => 3,
        _ => 4,
    }
}

pub(super) fn registry(error: &Registry) -> u8 {
    match error {
        Registry::Reference { .. } | Registry::Algorithm { .. } | Registry::NotFound { .. } => 3,
        Registry::Mismatch { .. } => 4,
        _ => 1,
    }
}
