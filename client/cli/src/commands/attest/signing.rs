//! What signs, and who vouches for it: from the command line, or from `seedCfg`.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;
use nix_seed_cfg::{Builder, Cfg};
use nix_seed_registry::SecretString;
use nix_seed_sign::{
    CommandSigner, Http, Password, PrivateKey, Rekor, RekorVersion, Services, Signer, Token, TokenSource,
};
use nix_seed_trust::sigstore::PublicKey;
use url::Url;

use crate::error::Error;
use crate::files::read;
use crate::print;

/// A password has at most so many bytes.
const PASSWORD_MAX: u64 = 64 << 10;
/// Where a key's password is looked for: ours, and cosign's, whose keys are read too.
const PASSWORD_VARIABLES: [&str; 2] = ["NIX_SEED_PASSWORD", "COSIGN_PASSWORD"];

/// What signs, and who vouches for it.
#[derive(Args)]
#[command(next_help_heading = "Signing")]
pub(crate) struct Signing {
    /// Sign with this private key: PEM, encrypted or not, or a key of cosign's; env://VARIABLE is one that is in a variable. Its password is
    /// in NIX_SEED_PASSWORD or COSIGN_PASSWORD
    #[arg(long, value_name = "FILE", conflicts_with_all = ["builder", "identity_token_file", "identity_token_env", "identity_token_stdin"])]
    key: Option<PathBuf>,
    /// Read the key's password from this file
    #[arg(long, value_name = "FILE", requires = "key")]
    password_file: Option<PathBuf>,
    /// Sign with the `signer` of this builder in seedCfg: a program that has its key
    #[arg(long, value_name = "NAME")]
    builder: Option<String>,
    /// Sign with the identity in this file's token, instead of the CI's
    #[arg(long, value_name = "FILE", group = "token")]
    identity_token_file: Option<PathBuf>,
    /// Sign with the identity in this variable's token
    #[arg(long, value_name = "VARIABLE", group = "token")]
    identity_token_env: Option<String>,
    /// Sign with the identity in the token on standard input
    #[arg(long, group = "token")]
    identity_token_stdin: bool,
    /// The certificate authority, instead of the policy's
    #[arg(long, value_name = "URL")]
    fulcio: Option<Url>,
    /// A transparency log, instead of the policy's; may be given many times
    #[arg(long, value_name = "URL")]
    rekor: Vec<Url>,
    /// What these logs speak
    #[arg(long, value_name = "1|2", requires = "rekor", value_parser = clap::value_parser!(u8).range(1..=2))]
    rekor_version: Option<u8>,
    /// A time-stamp authority, instead of the policy's; may be given many times
    #[arg(long, value_name = "URL")]
    timestamp: Vec<Url>,
}

impl Signing {
    /// What signs.
    pub(crate) fn signer(&self, cfg: &Cfg, http: &Http) -> Result<Signer, Error> {
        if let Some(path) = &self.key {
            let password = self.password()?;
            let key = match variable(path) {
                Some(name) => {
                    let text =
                        std::env::var(name).map_err(|_| Error::NoVariable { option: "--key", name: name.into() })?;
                    PrivateKey::parse(&SecretString::from(text), &password, &path.display().to_string())?
                }
                None => PrivateKey::read(path, &password)?,
            };
            self.say(key.public());
            return Ok(Signer::Key(key));
        }
        if let Some(name) = &self.builder {
            let builder = cfg.builders.get(name).ok_or_else(|| Error::NoBuilder { name: name.clone() })?;
            let signer = command(name, builder)?;
            self.say(signer.public());
            return Ok(Signer::Command(signer));
        }
        let source = match (&self.identity_token_file, &self.identity_token_env) {
            (Some(path), _) => TokenSource::File(path.clone()),
            (None, Some(name)) => TokenSource::Variable(name.clone()),
            _ if self.identity_token_stdin => TokenSource::Stdin,
            _ => TokenSource::Ci,
        };
        Ok(Signer::Keyless(Token::get(&source, http)?))
    }

    /// Whether there will be something to sign with, as far as can be said before; no secret is read.
    pub(crate) fn check(&self, cfg: &Cfg) -> Result<(), Error> {
        self.services(cfg)?;
        for path in self.key.iter().chain(&self.identity_token_file).filter(|path| variable(path).is_none()) {
            File::open(path).map_err(|source| Error::Io { doing: "reading", path: path.clone(), source })?;
        }
        if let Some(name) = &self.builder {
            let builder = cfg.builders.get(name).ok_or_else(|| Error::NoBuilder { name: name.clone() })?;
            command(name, builder)?;
        }
        let key = self.key.as_deref().and_then(variable).map(|name| ("--key", name));
        let token = self.identity_token_env.as_deref().map(|name| ("--identity-token-env", name));
        match key.into_iter().chain(token).find(|(_, name)| std::env::var_os(name).is_none()) {
            Some((option, name)) => Err(Error::NoVariable { option, name: name.into() }),
            None => Ok(()),
        }
    }

    /// Which key signs, and what that means for others.
    fn say(&self, key: &PublicKey) {
        print::note(&format!("signing with the {} key {}", key.algorithm(), key.fingerprint()));
        if key.algorithm() == "Ed25519" {
            print::note(
                "Ed25519: Rekor v1 takes it, Rekor v2 does not; cosign verifies such bundles, and signs none itself",
            );
        }
    }

    fn password(&self) -> Result<Password, Error> {
        if let Some(path) = &self.password_file {
            let bytes = read(path, PASSWORD_MAX)?;
            let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned();
            return Ok(Some(SecretString::from(text)));
        }
        Ok(PASSWORD_VARIABLES.iter().find_map(|name| std::env::var(name).ok()).map(SecretString::from))
    }

    /// Who vouches for it: what is said here goes before what the policy says, and that before the public-good instance.
    pub(crate) fn services(&self, cfg: &Cfg) -> Result<Services, Error> {
        let own = &cfg.services;
        let parse = |text: &String| Url::parse(text).map_err(|_| Error::Url { text: text.clone() });
        let public = Services::public_good();
        let version = |number: Option<u64>| if number == Some(2) { RekorVersion::V2 } else { RekorVersion::V1 };
        let fulcio = match (&self.fulcio, &own.fulcio) {
            (Some(url), _) => Some(url.clone()),
            (None, Some(text)) => Some(parse(text)?),
            (None, None) => public.fulcio,
        };
        let rekor = if !self.rekor.is_empty() {
            let version = version(self.rekor_version.map(u64::from));
            self.rekor.iter().map(|url| Rekor { url: url.clone(), version }).collect()
        } else if let Some(text) = &own.rekor {
            vec![Rekor { url: parse(text)?, version: version(own.rekor_version) }]
        } else {
            public.rekor
        };
        let timestamp = if !self.timestamp.is_empty() {
            self.timestamp.clone()
        } else if let Some(text) = &own.timestamp {
            vec![parse(text)?]
        } else if own.rekor.is_some() || !self.rekor.is_empty() {
            // Whoever has a log of his own is not sent to somebody else's authority.
            Vec::new()
        } else {
            public.timestamp
        };
        Ok(Services { fulcio, timestamp, rekor })
    }
}

/// The variable that a key is in, as cosign writes it: `env://NAME`.
fn variable(path: &Path) -> Option<&str> {
    path.to_str()?.strip_prefix("env://")
}

fn command(name: &str, builder: &Builder) -> Result<CommandSigner, Error> {
    let none = |what| Error::NoSigner { name: name.into(), what };
    let command = builder.signer.as_ref().ok_or_else(|| none("no `signer`"))?;
    let key =
        builder.keys.first().ok_or_else(|| none("no `keys`, of which the first is what its signatures are of"))?;
    Ok(CommandSigner::new(command, PublicKey::from_pem(key)?)?)
}
