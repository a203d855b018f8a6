//! A program that signs: for keys in an HSM, a KMS or a PKCS#11 token.
//!
//! The message to be signed comes on its standard input, the signature goes to its standard output: as bytes, or as base 64.
//! ECDSA signs with the curve's own hash (P-256 with SHA-256, P-384 with SHA-384), as ASN.1 or as the two numbers one after the
//! other, which is what PKCS#11 gives; Ed25519 signs the message. What it gives is verified before it is used.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use data_encoding::BASE64;
use der::asn1::UintRef;
use der::{Encode, Sequence};
use nix_seed_trust::sigstore::PublicKey;

use crate::{Error, Result};

/// The most bytes of a signature, in base 64, and of what the program says.
const OUTPUT_MAX: u64 = 64 << 10;
/// The most characters of its complaint that an error shows.
const MESSAGE_MAX: usize = 500;

/// A program that signs, and the public key of what it signs with.
#[derive(Debug)]
pub struct CommandSigner {
    command: Vec<String>,
    public: PublicKey,
}

/// An ECDSA signature (RFC 3279, section 2.2.3).
#[derive(Sequence)]
struct Signature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

impl CommandSigner {
    /// `command` is the program with its arguments; `public` is what its signatures have to be of.
    pub fn new(command: &[String], public: PublicKey) -> Result<Self> {
        if command.is_empty() {
            let mend = "name the program and its arguments in `signer` of the builder in seedCfg";
            return Err(Error::Missing { what: "the signer's program", mend });
        }
        Ok(Self { command: command.to_vec(), public })
    }

    /// The public key.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Has it sign.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let output = self.run(message)?;
        let text: Vec<u8> = output.iter().copied().filter(|c| !c.is_ascii_whitespace()).collect();
        let decoded = BASE64.decode(&text).ok();
        let candidates = [Some(output), decoded];
        let candidates = candidates.into_iter().flatten().flat_map(|bytes| [numbers(&bytes), Some(bytes)]).flatten();
        let mut fitting = candidates.filter(|signature| self.public.verifies(message, signature));
        fitting.next().ok_or_else(|| {
            let public = &self.public;
            let (algorithm, key) = (public.algorithm(), &public.fingerprint()[..16]);
            self.failed(format!("what it gave is no signature of the {algorithm} key {key}; check which key it uses, and which `keys` the builder has in seedCfg"))
        })
    }

    fn run(&self, message: &[u8]) -> Result<Vec<u8>> {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| self.failed(format!("it cannot be run: {error}")))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        fn read(stream: Option<impl Read>) -> Vec<u8> {
            let mut bytes = Vec::new();
            // What can be read of a program that fails is enough.
            let _ = stream.map(|stream| stream.take(OUTPUT_MAX).read_to_end(&mut bytes));
            bytes
        }
        let (out, said) = std::thread::scope(|scope| {
            // A program may answer, or give up, before it has read all.
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(message)));
            let said = scope.spawn(move || read(stderr));
            (read(stdout), said.join().unwrap_or_default())
        });
        let status = child.wait().map_err(|error| self.failed(error.to_string()))?;
        if !status.success() {
            let said: String = String::from_utf8_lossy(&said).trim().chars().take(MESSAGE_MAX).collect();
            return Err(self.failed(format!("it failed ({status}): {said}")));
        }
        Ok(out)
    }

    fn failed(&self, why: String) -> Error {
        Error::Command { program: self.command[0].clone(), why }
    }
}

/// The ASN.1 of two numbers one after the other, where these bytes can be that.
fn numbers(bytes: &[u8]) -> Option<Vec<u8>> {
    if !matches!(bytes.len(), 64 | 96) {
        return None;
    }
    let (r, s) = bytes.split_at(bytes.len() / 2);
    Signature { r: UintRef::new(r).ok()?, s: UintRef::new(s).ok()? }.to_der().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PrivateKey;

    const PUBLIC: &str = include_str!("key/fixtures/p256.pub");
    const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/key/fixtures/p256.pem");

    fn signer(script: &str) -> CommandSigner {
        let command = ["sh", "-c", script].map(ToOwned::to_owned);
        CommandSigner::new(&command, PublicKey::from_pem(PUBLIC).unwrap()).unwrap()
    }

    #[test]
    fn bytes_and_base_64_are_taken() {
        let key = PrivateKey::read(KEY.as_ref(), &None).unwrap();
        let signature = BASE64.encode(&key.sign(b"message").unwrap());
        for script in
            [format!("cat >/dev/null; echo {signature}"), format!("cat >/dev/null; echo {signature} | base64 -d")]
        {
            let signed = signer(&script).sign(b"message").unwrap();
            assert_eq!(BASE64.encode(&signed), signature);
        }
    }

    #[test]
    fn a_signature_of_another_key_or_message() {
        let other = PrivateKey::ephemeral().unwrap();
        let key = PrivateKey::read(KEY.as_ref(), &None).unwrap();
        for signature in [other.sign(b"message").unwrap(), key.sign(b"another").unwrap(), Vec::new(), vec![1; 64]] {
            let error =
                signer(&format!("cat >/dev/null; echo {}", BASE64.encode(&signature))).sign(b"message").unwrap_err();
            assert!(error.to_string().contains("no signature of the P-256 key"), "{error}");
        }
    }

    #[test]
    fn the_two_numbers_of_pkcs_11() {
        let key = PrivateKey::read(KEY.as_ref(), &None).unwrap();
        let signature = key.sign(b"message").unwrap();
        let Signature { r, s } = der::Decode::from_der(&signature).unwrap();
        let mut numbers = vec![0; 64];
        numbers[32 - r.as_bytes().len()..32].copy_from_slice(r.as_bytes());
        numbers[64 - s.as_bytes().len()..].copy_from_slice(s.as_bytes());
        let script = format!("cat >/dev/null; echo {} | base64 -d", BASE64.encode(&numbers));
        assert_eq!(signer(&script).sign(b"message").unwrap(), signature);
    }

    #[test]
    fn a_program_that_fails_is_shown_with_what_it_said() {
        let error = signer("echo no token in the slot >&2; exit 3").sign(&vec![7; 1 << 20]).unwrap_err().to_string();
        assert!(error.contains("no token in the slot") && error.contains("exit status: 3"), "{error}");
        let missing = CommandSigner::new(&["/no/such/program".into()], PublicKey::from_pem(PUBLIC).unwrap()).unwrap();
        assert!(missing.sign(b"m").unwrap_err().to_string().contains("cannot be run"));
    }
}
