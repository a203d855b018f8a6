/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a seed cannot be found or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The seed is at fault, or the files that hold it.
    #[error(transparent)]
    Image(#[from] nix_seed_image::Error),
    /// The registry is at fault, or what was asked of it.
    #[error(transparent)]
    Registry(#[from] nix_seed_registry::Error),
    /// A string is neither a layout nor a reference.
    #[error("{text:?} is neither a folder with an OCI image layout nor an image: {why}")]
    Location {
        /// The string as it was given.
        text: String,
        /// Why it is no image.
        why: String,
    },
    /// A reference names neither a tag nor a digest.
    #[error("{reference} names no image: add a tag or a digest, as in {reference}@sha256:…")]
    Unnamed {
        /// The reference.
        reference: String,
    },
    /// An image is for other machines only.
    #[error("{what} is for {found}, not for {wanted}; build a seed on {wanted}, or name another with --platform")]
    Platform {
        /// The image.
        what: String,
        /// Its platforms.
        found: String,
        /// The one that was asked for.
        wanted: String,
    },
    /// A manifest is neither an image nor a list of images.
    #[error(
        "{what} is neither an OCI image nor an OCI image index but {media_type:?}; push the seed with: nix-seed push"
    )]
    Type {
        /// The image.
        what: String,
        /// What the registry calls it.
        media_type: String,
    },
}
