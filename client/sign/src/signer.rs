use nix_seed_trust::sigstore::PublicKey;

use crate::{CommandSigner, PrivateKey, Result, Token};

/// What signs.
pub enum Signer {
    /// A key for the moment, for which the token's identity gets a certificate.
    Keyless(Token),
    /// A key in a file.
    Key(PrivateKey),
    /// A program that has a key.
    Command(CommandSigner),
}

/// Something with a key of its own, for as long as it signs.
pub(crate) enum Hand<'a> {
    Own(&'a PrivateKey),
    Program(&'a CommandSigner),
}

impl Hand<'_> {
    pub(crate) fn public(&self) -> &PublicKey {
        match self {
            Self::Own(key) => key.public(),
            Self::Program(signer) => signer.public(),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::Own(key) => key.sign(message),
            Self::Program(signer) => signer.sign(message),
        }
    }
}
