use std::path::PathBuf;

use crate::push::Refused;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a seed is not published, compared, locked or pruned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The seed is at fault, or the files that hold it.
    #[error(transparent)]
    Image(#[from] nix_seed_image::Error),
    /// The registry is at fault, or what was asked of it.
    #[error(transparent)]
    Registry(#[from] nix_seed_registry::Error),
    /// The seed is not found where it should be.
    #[error(transparent)]
    Source(#[from] nix_seed_source::Error),
    /// A reference cannot be a target of a push.
    #[error("{text} is no target: {why}")]
    Target {
        /// The reference.
        text: String,
        /// What is wrong with it, and what to write instead.
        why: String,
    },
    /// An ordinary image is to be pushed as a seed.
    #[error(
        "{what} is no seed but an ordinary image ({why}); push it with: skopeo copy --preserve-digests oci:{what} docker://…"
    )]
    NoSeed {
        /// The image.
        what: String,
        /// What a seed would have.
        why: String,
    },
    /// A seed that is in a registry already is to be pushed to another place.
    #[error(
        "{what} is in a registry already: from there it can be tagged and joined in its own repository alone, not pushed \
         to {target}; copy it with: skopeo copy --preserve-digests docker://{what} docker://{target}"
    )]
    OtherRepository {
        /// The seed.
        what: String,
        /// The target.
        target: String,
    },
    /// The seed holds what must not be given to everyone.
    #[error(
        "the seed holds {}; where all who can pull it may have this, add: {}",
        refused.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        refused.iter().map(Refused::option).collect::<Vec<_>>().join(" ")
    )]
    Restricted {
        /// The paths that no option allows, in the order of their paths.
        refused: Vec<Refused>,
    },
    /// What a registry has after a push is not what was pushed.
    #[error("{repository}: {what} {why} after it was pushed; push again, and if it stays so, the registry is at fault")]
    ReadBack {
        /// The registry and repository.
        repository: String,
        /// The blob, manifest or tag.
        what: String,
        /// What it is instead.
        why: String,
    },
    /// A tag stands for what no image can be joined to.
    #[error("{tag} is {found}, so no system can be joined to it; push to another tag, or delete that one")]
    NotJoinable {
        /// The tag, with its repository.
        tag: String,
        /// What it stands for.
        found: String,
    },
    /// Others kept changing a tag.
    #[error("{tag}: others changed it {attempts} times while this system was joined to it; push again")]
    Contended {
        /// The tag, with its repository.
        tag: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// A lock file cannot be believed.
    #[error("{at}: {why}")]
    Lock {
        /// The file, with the branch that it is on where it is not in the working tree.
        at: String,
        /// What is wrong, and how to mend it.
        why: String,
    },
    /// What should go into a lock file cannot.
    #[error("{field} {value:?}: {why}")]
    Field {
        /// Which: "digest", "commit", "system", "image".
        field: &'static str,
        /// What was given.
        value: String,
        /// What it should be.
        why: &'static str,
    },
    /// git fails.
    #[error("git {command} in {dir}: {why}", dir = dir.display())]
    Git {
        /// The folder.
        dir: PathBuf,
        /// The arguments.
        command: String,
        /// What git says.
        why: String,
    },
    /// A remote does not take a commit, and will not if it is asked again.
    #[error(
        "{remote} takes no commit on {branch}: {why}; let the job write to it (GitHub: permissions: contents: write, and a branch \
         whose rules let it), or ask by a pull request: nix-seed ci record --as pull-request"
    )]
    NotTaken {
        /// The remote's name.
        remote: String,
        /// The branch.
        branch: String,
        /// What git says.
        why: String,
    },
    /// Others kept writing to a branch.
    #[error("{branch}: others wrote to it {attempts} times while .seed.lock was written there; run it again")]
    BranchContended {
        /// The branch.
        branch: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// A repository of git lacks branches or tags that may name seeds.
    #[error(
        "{dir} is a shallow clone: it may lack branches and tags whose .seed.lock names seeds that are to be kept; fetch \
         them: git fetch --unshallow --tags origin '+refs/heads/*:refs/remotes/origin/*' (actions/checkout: fetch-depth: 0)",
        dir = dir.display()
    )]
    Shallow {
        /// The folder.
        dir: PathBuf,
    },
    /// Nothing says what is to be kept.
    #[error(
        "no branch or tag of {dir} has a {file}, and no tag is to be kept: all seeds in {repository} would go; name the \
         tags to keep (--keep TAG), or the git repository (--repository DIR)",
        dir = dir.display()
    )]
    NothingKept {
        /// The folder of the git repository.
        dir: PathBuf,
        /// The lock file's name.
        file: String,
        /// The registry and repository.
        repository: String,
    },
    /// A tag that is to be kept is none.
    #[error("{repository} has no tag {tag:?}, which is to be kept; see its tags, and mend --keep")]
    NoSuchTag {
        /// The registry and repository.
        repository: String,
        /// The tag.
        tag: String,
    },
    /// A tag that is to be kept has been pushed to since all was looked at.
    #[error("{repository}: tag {tag} has changed meanwhile, and nothing was deleted; run the same command again")]
    Moved {
        /// The registry and repository.
        repository: String,
        /// The tag.
        tag: String,
    },
    /// A git repository lacks what a remote has now.
    #[error(
        "{dir} has not what {reference} of the remote {remote:?} is now, whose .seed.lock may name seeds that are to be kept; \
         fetch it: git fetch --tags {remote} '+refs/heads/*:refs/remotes/{remote}/*' (actions/checkout: fetch-depth: 0)",
        dir = dir.display()
    )]
    Partial {
        /// The folder.
        dir: PathBuf,
        /// The remote.
        remote: String,
        /// The branch or tag.
        reference: String,
    },
    /// The operating system refuses.
    #[error("{doing} {path}: {source}", path = path.display())]
    Io {
        /// What was tried: "reading".
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// Another thread failed; its error is the one to show.
    #[error("stopped, since another part of the work failed")]
    Stopped,
}

impl Error {
    /// An [`Error::Io`], for `map_err`.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }
}
