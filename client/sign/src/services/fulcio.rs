//! Fulcio: a certificate for a key, to whoever has a token (Fulcio, "API", `/api/v2/signingCert`).

use data_encoding::BASE64;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;
use sigstore_types::DerCertificate;
use url::Url;

use super::Http;
use crate::{Error, PrivateKey, Result, Token};

const SERVICE: &str = "the certificate authority";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(alias = "signedCertificateDetachedSct")]
    signed_certificate_embedded_sct: Signed,
}

#[derive(Deserialize)]
struct Signed {
    chain: Chain,
}

#[derive(Deserialize)]
struct Chain {
    certificates: Vec<String>,
}

/// The certificate of `key` for the token's identity.
pub(crate) fn certificate(http: &Http, url: &Url, token: &Token, key: &PrivateKey) -> Result<DerCertificate> {
    let endpoint = endpoint(url, "api/v2/signingCert");
    let failed = |why: String| Error::Service { service: SERVICE, url: endpoint.to_string(), why };
    let proof = key.sign(token.identity().as_bytes())?;
    let question = json!({
        "credentials": { "oidcIdentityToken": token.secret().expose_secret() },
        "publicKeyRequest": {
            "publicKey": { "algorithm": "ECDSA", "content": key.public().to_pem() },
            "proofOfPossession": BASE64.encode(&proof),
        },
    });
    let question = serde_json::to_vec(&question).map_err(|error| Error::Document(error.to_string()))?;
    let answer = http.post(SERVICE, &endpoint, "application/json", &question)?;
    if !matches!(answer.status, 200 | 201) {
        return Err(failed(answer.said()));
    }
    let answer: Answer = serde_json::from_slice(&answer.body).map_err(|error| failed(error.to_string()))?;
    let leaf = answer.signed_certificate_embedded_sct.chain.certificates.into_iter().next();
    let leaf = leaf.ok_or_else(|| failed("it gave no certificate".into()))?;
    DerCertificate::from_pem(&leaf).map_err(|error| failed(error.to_string()))
}

/// A path below a base URL.
pub(super) fn endpoint(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}
