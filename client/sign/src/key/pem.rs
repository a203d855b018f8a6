use data_encoding::BASE64;
use pkcs8::EncryptedPrivateKeyInfoRef;
use secrecy::{ExposeSecret, SecretSlice};

use super::{Password, cosign};
use crate::{Error, Result};

/// The DER of a private key in PEM (RFC 7468); decrypted where it is encrypted.
pub(super) fn decode(text: &str, password: &Password, at: &str) -> Result<SecretSlice<u8>> {
    let wrong = |why: &str| Error::Key { at: at.into(), why: why.into() };
    let (label, body) =
        block(text).ok_or_else(|| wrong("it is no private key in PEM (-----BEGIN … PRIVATE KEY-----)"))?;
    let digits: Vec<u8> = body.bytes().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = BASE64.decode(&digits).map_err(|_| wrong("what is between BEGIN and END is no base 64"))?;
    let bytes: SecretSlice<u8> = bytes.into();
    let password = || match password {
        Some(password) => Ok(password.expose_secret().as_bytes()),
        None => Err(Error::Password { at: at.into() }),
    };
    match label {
        "PRIVATE KEY" | "EC PRIVATE KEY" => Ok(bytes),
        "ENCRYPTED PRIVATE KEY" => {
            let info = EncryptedPrivateKeyInfoRef::try_from(bytes.expose_secret()).map_err(|_| {
                wrong("it is encrypted in a way that is not known; see: openssl pkcs8 -topk8 -v2 aes-256-cbc")
            })?;
            let decrypted = info.decrypt(password()?);
            let decrypted = decrypted.map_err(|_| wrong("it cannot be decrypted: is the password right?"))?;
            Ok(decrypted.as_bytes().to_vec().into())
        }
        "ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY" => {
            cosign::decrypt(bytes.expose_secret(), password()?).map_err(wrong)
        }
        "PUBLIC KEY" => Err(wrong("it is a public key; the private one signs")),
        _ => Err(wrong("it is of a kind that is not known: give PKCS#8 or SEC 1 in PEM, or a key of cosign's")),
    }
}

/// The first block whose label ends in `KEY`, with its label: `openssl ecparam` writes another one before it.
fn block(text: &str) -> Option<(&str, &str)> {
    let mut rest = text;
    loop {
        let (_, after) = rest.split_once("-----BEGIN ")?;
        let (label, after) = after.split_once("-----")?;
        let (body, after) = after.split_once("-----END ")?;
        let ended = after.strip_prefix(label)?.strip_prefix("-----")?;
        if label.ends_with("KEY") {
            return Some((label, body));
        }
        rest = ended;
    }
}
