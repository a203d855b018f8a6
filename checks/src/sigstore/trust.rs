//! The files by which clients know a stack (`sigstore_trustroot.proto` of protobuf-specs): whom to trust, and where to sign.

use data_encoding::BASE64;
use serde_json::{Value, json};

/// The one that all clients read; `…trustedroot.v0.2+json`, which says the same, cosign 3.1 does not take.
const TRUSTED_ROOT: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
const SIGNING_CONFIG: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";

/// Since when services of a stack are valid: long before it is started.
const START: &str = "2024-01-01T00:00:00Z";

/// A transparency log, of entries or of certificates.
pub(super) struct Log<'a> {
    pub url: String,
    pub id: [u8; 32],
    /// `SubjectPublicKeyInfo`, DER.
    pub key: &'a [u8],
    /// A name of `PublicKeyDetails`.
    pub details: &'a str,
}

/// Who gives certificates, or time stamps.
pub(super) struct Authority<'a> {
    pub url: String,
    /// DER, the root last.
    pub chain: &'a [Vec<u8>],
    pub name: &'a str,
}

/// Where something is asked for.
pub(super) struct Service {
    pub url: String,
    pub version: u32,
    /// Clients take one service of each operator.
    pub operator: String,
}

pub(super) fn trusted_root(
    logs: &[Log],
    fulcio: &[Authority],
    certificate_logs: &[Log],
    timestamps: &[Authority],
) -> Value {
    json!({
        "mediaType": TRUSTED_ROOT,
        "tlogs": logs.iter().map(log).collect::<Vec<_>>(),
        "certificateAuthorities": fulcio.iter().map(authority).collect::<Vec<_>>(),
        "ctlogs": certificate_logs.iter().map(log).collect::<Vec<_>>(),
        "timestampAuthorities": timestamps.iter().map(authority).collect::<Vec<_>>(),
    })
}

pub(super) fn signing_config(fulcio: &Service, issuer: &Service, logs: &[Service], timestamps: &[Service]) -> Value {
    let services = |services: &[Service]| services.iter().map(service).collect::<Vec<_>>();
    json!({
        "mediaType": SIGNING_CONFIG,
        "caUrls": [service(fulcio)],
        "oidcUrls": [service(issuer)],
        "rekorTlogUrls": services(logs),
        "rekorTlogConfig": { "selector": "ALL" },
        "tsaUrls": services(timestamps),
        "tsaConfig": { "selector": "ALL" },
    })
}

fn log(log: &Log) -> Value {
    json!({
        "baseUrl": log.url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": BASE64.encode(log.key),
            "keyDetails": log.details,
            "validFor": { "start": START },
        },
        "logId": { "keyId": BASE64.encode(&log.id) },
    })
}

fn authority(authority: &Authority) -> Value {
    let certificate = |der: &Vec<u8>| json!({ "rawBytes": BASE64.encode(der) });
    json!({
        "subject": { "organization": "nix-seed", "commonName": authority.name },
        "uri": authority.url,
        "certChain": { "certificates": authority.chain.iter().map(certificate).collect::<Vec<_>>() },
        "validFor": { "start": START },
    })
}

fn service(service: &Service) -> Value {
    json!({
        "url": service.url,
        "majorApiVersion": service.version,
        "validFor": { "start": START },
        "operator": service.operator,
    })
}
