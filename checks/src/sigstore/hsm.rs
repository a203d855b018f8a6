//! A real PKCS #11 token, in files: Debian's softhsm2, by pkcs11-tool.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::key::sha256;
use crate::machine::process;

/// Where packages of Debian's have put the library.
const LIBRARIES: [&str; 2] = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];
const LABEL: &str = "nix-seed";
/// By this name the tool finds the PIN in its environment.
const PIN: (&str, &str) = ("TOKEN_PIN", "123456");
const OFFICER_PIN: &str = "87654321";

/// A token with one key of P-256, until it is dropped.
pub struct SoftHsm {
    folder: TempDir,
    library: PathBuf,
}

impl SoftHsm {
    /// The number of the key.
    pub const KEY: &str = "01";

    pub fn new() -> Result<Self> {
        let library = LIBRARIES.map(Path::new).into_iter().find(|library| library.exists());
        let library = library.context("there is no SoftHSM: install softhsm2 and opensc")?.to_owned();
        let folder = tempfile::tempdir().context("cannot make a folder for a token")?;
        let tokens = folder.path().join("tokens");
        fs::create_dir(&tokens)?;
        let settings = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
        fs::write(folder.path().join("softhsm2.conf"), settings)?;
        let token = Self { folder, library };
        let mut init = Command::new("softhsm2-util");
        init.args(["--init-token", "--free", "--label", LABEL, "--pin", PIN.1, "--so-pin", OFFICER_PIN]);
        process::output(init.envs(token.environment()))?;
        let mut generate = token.tool();
        generate.args(["--keypairgen", "--key-type", "EC:prime256v1", "--id", Self::KEY, "--label", "key"]);
        process::output(&mut generate)?;
        Ok(token)
    }

    /// What any program has to find in its environment to use the token.
    pub fn environment(&self) -> [(&'static str, PathBuf); 1] {
        [("SOFTHSM2_CONF", self.folder.path().join("softhsm2.conf"))]
    }

    /// The library that speaks PKCS #11.
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// `pkcs11-tool`, logged into the token.
    pub fn tool(&self) -> Command {
        let mut tool = Command::new("pkcs11-tool");
        tool.arg("--module").arg(&self.library).args(["--token-label", LABEL, "--login", "--pin"]);
        tool.arg(format!("env:{}", PIN.0)).env(PIN.0, PIN.1).envs(self.environment());
        tool
    }

    /// The public key (`SubjectPublicKeyInfo`, DER).
    pub fn public_key(&self) -> Result<Vec<u8>> {
        let file = self.folder.path().join("public.der");
        let mut read = self.tool();
        read.args(["--read-object", "--type", "pubkey", "--id", Self::KEY, "--output-file"]).arg(&file);
        process::output(&mut read)?;
        fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
    }

    /// Signs a message (ECDSA over its SHA-256; the signature is DER).
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let [input, output] = ["digest", "signature"].map(|name| self.folder.path().join(name));
        // SoftHSM leaves the digest to whoever asks.
        fs::write(&input, sha256(message))?;
        let mut sign = self.tool();
        sign.args(["--sign", "--id", Self::KEY, "--mechanism", "ECDSA", "--signature-format", "openssl"]);
        sign.arg("--input-file").arg(&input).arg("--output-file").arg(&output);
        process::output(&mut sign)?;
        fs::read(&output).with_context(|| format!("cannot read {}", output.display()))
    }
}
