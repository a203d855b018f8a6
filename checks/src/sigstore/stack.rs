//! All services together.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::addresses::Addresses;
use super::authority::Authority;
use super::job::JobTokens;
use super::key::{Algorithm, Key, pem, sha256};
use super::log::{Log, usual_algorithm};
use super::programs::Programs;
use super::timestamp::Timestamp;
use super::token::Kind;
use super::trust;
use crate::machine::cache::Cache;

/// What a stack is made of.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many logs of Rekor v2 there are.
    pub rekor_v2: u8,
    /// Whether there is a Rekor v1.
    pub rekor_v1: bool,
    /// What all logs sign with; else v2 has Ed25519 and v1 P-256, as the public ones do.
    pub log_keys: Option<Algorithm>,
}

impl Default for Options {
    fn default() -> Self {
        Self { rekor_v2: 2, rekor_v1: true, log_keys: None }
    }
}

/// Fulcio with a certificate log and an issuer of tokens, logs, and a time-stamp authority, until it is dropped.
pub struct Stack {
    // Dropped in this order: programs end before their folders go.
    rekor_v2: Vec<Log>,
    rekor_v1: Option<Log>,
    timestamp: Timestamp,
    authority: Authority,
    _folder: TempDir,
    _addresses: Addresses,
}

impl Stack {
    /// Starts everything, which takes about a second.
    pub fn start(cache: &Cache) -> Result<Self> {
        Self::start_with(cache, Options::default())
    }

    pub fn start_with(cache: &Cache, options: Options) -> Result<Self> {
        ensure!(options.rekor_v2 < 100, "a stack has less than 100 logs");
        let programs = &Programs::prepare(cache)?;
        let folder = tempfile::tempdir_in(cache.folder("stacks")?).context("cannot make a folder for a stack")?;
        let addresses = Addresses::claim()?;
        let at = folder.path();
        let key = |version| Key::generate(options.log_keys.unwrap_or(usual_algorithm(version)));
        let start_v2 = |number: u8| {
            let host = 100 + number;
            let ports = [0, 1, 2].map(|port| addresses.get(host, port));
            Log::v2(programs, at.join(format!("rekor-v2-{number}")), ports, key(2)?)
        };
        let start_v1 = |authority: &Authority| -> Result<Option<Log>> {
            if !options.rekor_v1 {
                return Ok(None);
            }
            Log::v1(programs, at.join("rekor-v1"), addresses.get(4, 0), key(1)?, authority).map(Some)
        };
        // Side by side: most of them wait for themselves.
        let (authority, rekor_v1, timestamp, rekor_v2) = thread::scope(|scope| {
            let timestamp = scope.spawn(|| Timestamp::start(programs, at, addresses.get(3, 0)));
            let logs: Vec<_> = (0..options.rekor_v2).map(|number| scope.spawn(move || start_v2(number))).collect();
            let authority = Authority::start(programs, at, addresses.get(2, 0), addresses.get(2, 1))?;
            let rekor_v1 = start_v1(&authority)?;
            let rekor_v2 = logs.into_iter().map(joined).collect::<Result<Vec<_>>>()?;
            anyhow::Ok((authority, rekor_v1, joined(timestamp)?, rekor_v2))
        })?;
        Ok(Self { rekor_v2, rekor_v1, timestamp, authority, _folder: folder, _addresses: addresses })
    }

    /// Fulcio's URL.
    pub fn fulcio(&self) -> String {
        self.authority.url()
    }

    /// The URL of the time-stamp authority, to which requests are posted.
    pub fn timestamp(&self) -> String {
        self.timestamp.url()
    }

    pub fn rekor_v2(&self) -> &[Log] {
        &self.rekor_v2
    }

    /// None where the options leave it out.
    pub fn rekor_v1(&self) -> Option<&Log> {
        self.rekor_v1.as_ref()
    }

    /// All logs, those of Rekor v2 first.
    pub fn logs(&self) -> impl Iterator<Item = &Log> {
        self.rekor_v2.iter().chain(&self.rekor_v1)
    }

    /// What tokens of this kind name as their issuer.
    pub fn issuer(&self, kind: Kind) -> String {
        self.authority.issuer(kind)
    }

    /// A token that says [`Kind::claims`], but `claims` where these say otherwise (null: nothing of that name): also of another
    /// issuer (`iss`), for somebody else (`aud`), or one that has ended (`exp`).
    pub fn mint(&self, kind: Kind, claims: &Value) -> Result<String> {
        self.authority.mint(kind, claims)
    }

    /// Where a job asks for its tokens, which are those of [`Self::mint`].
    pub fn job_tokens(&self, kind: Kind) -> Result<JobTokens> {
        self.job_tokens_with(kind, json!({}))
    }

    /// The same, of a job of which a token says something else than usual.
    pub fn job_tokens_with(&self, kind: Kind, claims: Value) -> Result<JobTokens> {
        JobTokens::start(self.authority.address(), kind, claims)
    }

    /// What clients have to trust to believe this stack, and all of its logs.
    pub fn trusted_root(&self) -> Value {
        let keys: Vec<_> = self.logs().map(|log| log.key().public_der()).collect();
        let logs: Vec<_> = self.logs().zip(&keys).map(|(log, key)| known(log, key)).collect();
        let certificate_log = trust::Log {
            url: self.authority.certificate_log_url(),
            id: sha256(self.authority.certificate_log_key()),
            key: self.authority.certificate_log_key(),
            details: "PKIX_ECDSA_P256_SHA_256",
        };
        let timestamp = trust::Authority { url: self.timestamp(), chain: self.timestamp.chain(), name: "time stamps" };
        let fulcio = trust::Authority { url: self.fulcio(), chain: self.authority.chain(), name: "certificates" };
        trust::trusted_root(&logs, &[fulcio], &[certificate_log], &[timestamp])
    }

    /// Where to sign: with Fulcio, the time-stamp authority, and the first log.
    pub fn signing_config(&self) -> Value {
        self.signing_config_for(&self.logs().take(1).collect::<Vec<_>>())
    }

    /// As [`Self::signing_config`]; what is signed goes to all of these logs.
    pub fn signing_config_for(&self, logs: &[&Log]) -> Value {
        let service = |url, version, operator: &str| trust::Service { url, version, operator: operator.into() };
        let logs: Vec<_> = logs.iter().map(|log| service(log.url(), log.version(), &log.origin())).collect();
        trust::signing_config(
            &service(self.fulcio(), 1, "nix-seed"),
            &service(self.issuer(Kind::Email), 1, "nix-seed"),
            &logs,
            &[service(self.timestamp(), 1, "nix-seed")],
        )
    }

    /// What cosign 2 has to find in its environment to believe this stack when it signs; files that it names are written to `folder`.
    pub fn environment(&self, folder: &Path) -> Result<Vec<(&'static str, PathBuf)>> {
        let certificates = self.authority.chain().iter().map(|der| pem("CERTIFICATE", der)).collect();
        let certificate_log = pem("PUBLIC KEY", self.authority.certificate_log_key());
        let mut files = vec![
            ("SIGSTORE_ROOT_FILE", "fulcio.pem", certificates),
            ("SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", "certificate-log.pem", certificate_log),
        ];
        if let Some(log) = &self.rekor_v1 {
            files.push(("SIGSTORE_REKOR_PUBLIC_KEY", "rekor.pem", log.key().public_pem()));
        }
        let write = |(variable, name, text): (&'static str, &str, String)| {
            let file = folder.join(name);
            fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
            Ok((variable, file))
        };
        files.into_iter().map(write).collect()
    }

    /// What Fulcio and its neighbours, and the time-stamp authority, have written so far; a log has its own.
    pub fn output(&self) -> String {
        [self.authority.output(), self.timestamp.output()].concat()
    }
}

fn known<'a>(log: &'a Log, key: &'a [u8]) -> trust::Log<'a> {
    trust::Log { url: log.url(), id: log.id(), key, details: log.key().details() }
}

fn joined<T>(thread: thread::ScopedJoinHandle<Result<T>>) -> Result<T> {
    thread.join().map_err(|_| anyhow!("a thread has panicked"))?
}
