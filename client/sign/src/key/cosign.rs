//! Keys of cosign's: scrypt (RFC 7914) makes a key of the password, and NaCl's secretbox opens the rest
//! (go-securesystemslib, `encrypted`).

use crypto_secretbox::aead::{Aead, KeyInit};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};
use data_encoding::BASE64;
use secrecy::SecretSlice;
use serde::Deserialize;

/// The most that a file may ask for: cosign asks for 2^16 with r = 8, which takes 64 MiB.
const LOG_N_MAX: u32 = 20;
const RP_MAX: u32 = 64;

#[derive(Deserialize)]
struct Encrypted {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Deserialize)]
struct Kdf {
    name: String,
    params: Params,
    salt: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Params {
    n: u64,
    #[serde(rename = "r")]
    r: u32,
    #[serde(rename = "p")]
    p: u32,
}

#[derive(Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

const FORM: &str = "it has not the form of a key of cosign's";

pub(super) fn decrypt(json: &[u8], password: &[u8]) -> Result<SecretSlice<u8>, &'static str> {
    let Encrypted { kdf, cipher, ciphertext } = serde_json::from_slice(json).map_err(|_| FORM)?;
    if kdf.name != "scrypt" || cipher.name != "nacl/secretbox" {
        return Err("it is encrypted in a way that is not known: cosign uses scrypt and nacl/secretbox");
    }
    let decode = |text: &str| BASE64.decode(text.as_bytes()).map_err(|_| FORM);
    let log_n = kdf.params.n.checked_ilog2().filter(|log_n| 1u64 << log_n == kdf.params.n).ok_or(FORM)?;
    if log_n > LOG_N_MAX || kdf.params.r > RP_MAX || kdf.params.p > RP_MAX {
        return Err("opening it would take more memory or time than cosign's own settings do");
    }
    let params = scrypt::Params::new(u8::try_from(log_n).map_err(|_| FORM)?, kdf.params.r, kdf.params.p);
    let mut key = [0; 32];
    scrypt::scrypt(password, &decode(&kdf.salt)?, &params.map_err(|_| FORM)?, &mut key).map_err(|_| FORM)?;
    let nonce: [u8; 24] = decode(&cipher.nonce)?.try_into().map_err(|_| FORM)?;
    let opened =
        XSalsa20Poly1305::new(Key::from_slice(&key)).decrypt(Nonce::from_slice(&nonce), &*decode(&ciphertext)?);
    Ok(opened.map_err(|_| "it cannot be decrypted: is the password right?")?.into())
}
