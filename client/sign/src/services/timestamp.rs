//! Time-stamp authorities (RFC 3161): that a signature was there at a time.

use der::asn1::{Int, OctetString, Uint};
use der::oid::ObjectIdentifier;
use der::{Any, Decode, Encode};
use sha2::{Digest, Sha256};
use sigstore_types::TimestampToken;
use spki::AlgorithmIdentifier;
use url::Url;
use x509_tsp::{MessageImprint, TimeStampReq, TimeStampResp, TspVersion};

use super::Http;
use crate::{Error, Result};

const SERVICE: &str = "the time-stamp authority";
/// SHA-256 (RFC 5754, section 2.2).
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// A time stamp of a signature. Whether it holds is found out with the rest of the bundle.
pub(crate) fn timestamp(http: &Http, url: &Url, signature: &[u8]) -> Result<TimestampToken> {
    let failed = |why: String| Error::Service { service: SERVICE, url: url.to_string(), why };
    let broken = |error: der::Error| Error::Document(format!("a time-stamp request: {error}"));
    let mut nonce = [0; 16];
    nonce.fill_with(|| fastrand::u8(..));
    let request = TimeStampReq {
        version: TspVersion::V1,
        message_imprint: MessageImprint {
            hash_algorithm: AlgorithmIdentifier { oid: SHA256, parameters: Some(Any::null()) },
            hashed_message: OctetString::new(Sha256::digest(signature).to_vec()).map_err(broken)?,
        },
        req_policy: None,
        nonce: Some(Int::from(Uint::new(&nonce).map_err(broken)?)),
        cert_req: true,
        extensions: None,
    };
    let answer = http.post(SERVICE, url, "application/timestamp-query", &request.to_der().map_err(broken)?)?;
    if !matches!(answer.status, 200 | 201) {
        return Err(failed(answer.said()));
    }
    let response =
        TimeStampResp::from_der(&answer.body).map_err(|error| failed(format!("what is no time stamp: {error}")))?;
    if response.time_stamp_token.is_none() {
        return Err(failed(format!("it gives no time stamp: {:?}", response.status.status)));
    }
    Ok(TimestampToken::new(answer.body))
}
