//! `nix-seed verify-bundle`: the client protocol of Sigstore's conformance suite (sigstore-conformance,
//! `docs/cli_protocol.md`).

use std::path::{Path, PathBuf};

use clap::Args;
use nix_seed_store::Sha256Hash;
use nix_seed_trust::sigstore::{Artifact, BlobSigner, TrustRoot, verify_blob};

use super::verify::root;
use crate::error::Error;
use crate::files::{hash, read};
use crate::print;

/// A bundle, a key or a trusted root has at most so many bytes.
const DOCUMENT_MAX: u64 = 16 << 20;
/// A file of more bytes than this is known by its hash, which is enough for all but Ed25519.
const WHOLE_MAX: u64 = 256 << 20;

/// Verify the Sigstore bundle of any file, as other clients do; no seedCfg is asked
#[derive(Args)]
#[command(
    after_help = "The options are those of Sigstore's conformance suite, so that it can be run against this program.\n\n\
    Example:\n  nix-seed verify-bundle --bundle app.sigstore.json --certificate-identity me@example.org \\\n    \
    --certificate-oidc-issuer https://accounts.example.org app"
)]
pub(crate) struct VerifyBundle {
    /// Take the trusted root of Sigstore's staging instance
    #[arg(long, conflicts_with = "trusted_root")]
    staging: bool,
    /// The bundle
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// Who has to be the signer, as the certificate names it
    #[arg(
        long,
        value_name = "IDENTITY",
        requires = "certificate_oidc_issuer",
        required_unless_present = "key",
        conflicts_with = "key"
    )]
    certificate_identity: Option<String>,
    /// Who has to vouch for the signer
    #[arg(long, value_name = "URL", requires = "certificate_identity")]
    certificate_oidc_issuer: Option<String>,
    /// The public key that has to have signed, in PEM
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A trusted root instead of the public-good instance's
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// What is signed: a file, or sha256:… where there is no such file
    #[arg(value_name = "FILE_OR_DIGEST")]
    artifact: String,
}

pub(crate) fn run(args: &VerifyBundle) -> Result<(), Error> {
    let root = match args.staging {
        true => TrustRoot::staging()?,
        false => root(args.trusted_root.as_deref(), None)?,
    };
    let bundle = read(&args.bundle, DOCUMENT_MAX)?;
    let key = args.key.as_deref().map(|path| read(path, DOCUMENT_MAX)).transpose()?;
    let key = key.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let signer = match (&key, &args.certificate_identity, &args.certificate_oidc_issuer) {
        (Some(key), ..) => BlobSigner::Key(key),
        (None, Some(subject), Some(issuer)) => BlobSigner::Identity { subject, issuer },
        // The command line lets nothing else through.
        _ => BlobSigner::Identity { subject: "", issuer: "" },
    };
    let path = Path::new(&args.artifact);
    let digest = args.artifact.strip_prefix("sha256:").and_then(|hex| Sha256Hash::from_hex(hex).ok());
    let bytes;
    let artifact = match digest {
        Some(digest) if !path.exists() => Artifact::Sha256(digest.0),
        _ if path.metadata().is_ok_and(|metadata| metadata.len() > WHOLE_MAX) => Artifact::Sha256(hash(path)?),
        _ => {
            bytes = read(path, WHOLE_MAX)?;
            Artifact::Bytes(&bytes)
        }
    };
    verify_blob(&bundle, artifact, &signer, &root)?;
    print::note(&format!("{} holds, by {}", args.bundle.display(), root.name()));
    Ok(())
}
