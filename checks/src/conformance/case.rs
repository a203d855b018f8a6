//! One bundle, and what to make of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    pub bundle: PathBuf,
    pub signer: Signer,
    /// Else that of the public instance.
    pub trusted_root: Option<PathBuf>,
    pub artifact: Artifact,
    pub expected: Verdict,
}

/// Who has to have signed.
#[derive(Debug, Clone)]
pub enum Signer {
    /// Whoever has this key (a file, PEM).
    Key(PathBuf),
    /// Whom this issuer knows by this name.
    Identity { subject: String, issuer: String },
}

/// What has to have been signed.
#[derive(Debug, Clone)]
pub enum Artifact {
    /// Of a file, both its path and its digest are asked about.
    File(PathBuf),
    /// `sha256:…`, where there is no file.
    Digest(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    Refused,
    /// It ended by a signal, or panicked as Rust programs do. That is never right.
    Crashed,
}

/// How an artifact is named to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    Path,
    Digest,
}

impl Case {
    /// The ways in which the client is asked.
    pub fn inputs(&self) -> &'static [Input] {
        match self.artifact {
            Artifact::File(_) => &[Input::Path, Input::Digest],
            Artifact::Digest(_) => &[Input::Digest],
        }
    }

    /// What the client is called with. The order is the protocol's.
    pub fn arguments(&self, input: Input) -> Result<Vec<String>> {
        let mut arguments = vec!["verify-bundle".to_owned(), "--bundle".to_owned(), text(&self.bundle)];
        match &self.signer {
            Signer::Key(key) => arguments.extend(["--key".to_owned(), text(key)]),
            Signer::Identity { subject, issuer } => {
                let pairs = [("--certificate-identity", subject), ("--certificate-oidc-issuer", issuer)];
                arguments.extend(pairs.into_iter().flat_map(|(option, value)| [option.to_owned(), value.clone()]));
            }
        }
        if let Some(root) = &self.trusted_root {
            arguments.extend(["--trusted-root".to_owned(), text(root)]);
        }
        arguments.push(match (&self.artifact, input) {
            (Artifact::File(file), Input::Path) => text(file),
            (Artifact::File(file), Input::Digest) => digest(file)?,
            (Artifact::Digest(digest), _) => digest.clone(),
        });
        Ok(arguments)
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn digest(file: &Path) -> Result<String> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(bytes))))
}
