//! Whether what builders say is what is expected.

use nix_seed_statement::provenance::ProvenanceStatement;
use nix_seed_statement::release::ReleaseStatement;
use nix_seed_store::Sha256Hash;
use sha2::{Digest, Sha256};

use super::examine::Candidate;
use super::{Check, Expected, claims};
use crate::sigstore::{Signed, Signer, TrustRoot};
use crate::{Policy, Reason, Refusal};

/// How far clocks may differ, in seconds.
const SKEW: i64 = 300;

/// What has to be.
pub(super) struct Checks<'a> {
    pub(super) policy: &'a Policy,
    pub(super) expected: &'a Expected,
}

type Release<'a> = Candidate<'a, ReleaseStatement>;
type Provenance<'a> = Candidate<'a, ProvenanceStatement>;

impl Checks<'_> {
    /// Whether a release statement says what is expected, and its signer may say it.
    pub(super) fn release(&self, candidate: &Release<'_>) -> Result<Vec<Check>, Refusal> {
        let at = &*candidate.at;
        let Expected { digest, name, commit, lock, system, seed, .. } = self.expected;
        let (statement, release) = (&candidate.statement, candidate.statement.release());
        let differs = |reason, found: &str, wanted: &str| {
            Err(Refusal::new(reason, at, format!("it says {found}, and {wanted} is expected")))
        };
        let is_subject = |subject: &&nix_seed_statement::Subject| {
            subject.digest.sha256 == *digest && name.as_ref().is_none_or(|name| *name == subject.name)
        };
        if statement.subjects().iter().find(is_subject).is_none() {
            let found: Vec<_> =
                statement.subjects().iter().take(4).map(|subject| subject.digest.sha256.hex()).collect();
            return differs(Reason::OtherSubject, &found.join(", "), &digest.hex());
        }
        if release.source.uri != self.policy.source {
            return differs(Reason::OtherSource, &release.source.uri, &self.policy.source);
        }
        if let Some(commit) = commit.as_ref().filter(|commit| **commit != release.source.commit) {
            return differs(Reason::OtherCommit, &release.source.commit, commit);
        }
        let found = release.source.lock.map(|lock| lock.sha256);
        if let Some(lock) = lock.filter(|lock| Some(*lock) != found) {
            return differs(Reason::OtherLock, &found.map_or("none".into(), |found| found.hex()), &lock.hex());
        }
        if let Some(system) = system.as_ref().filter(|system| **system != release.system) {
            return differs(Reason::OtherSystem, &release.system, system);
        }
        let found = release.seed.map(|seed| seed.sha256);
        if let Some(seed) = seed.filter(|seed| Some(*seed) != found) {
            return differs(Reason::OtherSeed, &found.map_or("none".into(), |found| found.hex()), &seed.hex());
        }
        claims::check(&candidate.signed, &release.source, &self.policy.source, at)?;
        self.check_time(&candidate.signed, at)?;
        Ok(signature_checks(candidate.builder.name.as_str(), &candidate.known_as, &candidate.signed, "release"))
    }

    fn check_time(&self, signed: &Signed, at: &str) -> Result<(), Refusal> {
        let (Some(max_age), now) = (self.policy.max_age, self.expected.now) else {
            return self.check_future(signed, at);
        };
        self.check_future(signed, at)?;
        // Whoever vouches for the earliest time is right about that: the signature was there then.
        let Some(first) = signed.times.first() else {
            return Err(Refusal::new(
                Reason::NoTime,
                at,
                "nobody vouches for when it was signed, and the policy asks for that",
            ));
        };
        let age = now.saturating_sub(*first);
        if age > 0 && age.unsigned_abs() > max_age {
            return Err(Refusal::new(
                Reason::Stale,
                at,
                format!("it was signed {age} seconds ago, and at most {max_age} are allowed"),
            ));
        }
        Ok(())
    }

    fn check_future(&self, signed: &Signed, at: &str) -> Result<(), Refusal> {
        match signed.times.last() {
            Some(last) if *last > self.expected.now.saturating_add(SKEW) => {
                let why = format!("it was signed {} seconds after now", last - self.expected.now);
                Err(Refusal::new(Reason::FromTheFuture, at, why))
            }
            _ => Ok(()),
        }
    }

    /// A provenance that goes with a release, of the same signer and of the same bytes, and fits it.
    ///
    /// There may be several, as a job that is run again attaches another: one that fits is enough. Where none does, the refusal of the
    /// one that came furthest says most.
    pub(super) fn built<'p>(
        &self,
        release: &Release<'_>,
        all: &'p [Provenance<'p>],
    ) -> Result<(&'p Provenance<'p>, Vec<Check>), Refusal> {
        let digest = Sha256Hash(Sha256::digest(&release.signed.payload).into());
        let goes_with = |candidate: &&Provenance<'_>| candidate.statement.release() == Some(digest);
        let is_same = |candidate: &&Provenance<'_>| is_same(&candidate.signed.signer, &release.signed.signer);
        let mut furthest: Option<Refusal> = None;
        for candidate in all.iter().filter(goes_with).filter(is_same) {
            match self.provenance(release, candidate) {
                Ok(checks) => return Ok((candidate, checks)),
                Err(refusal) if furthest.as_ref().is_none_or(|other| other.reason < refusal.reason) => {
                    furthest = Some(refusal);
                }
                Err(_) => {}
            }
        }
        if let Some(refusal) = furthest {
            return Err(refusal);
        }
        let at = &*release.at;
        if let Some(other) = all.iter().find(goes_with) {
            let why = format!(
                "the release is signed by {}, its provenance by {}",
                of(&release.signed.signer),
                of(&other.signed.signer)
            );
            return Err(Refusal::new(Reason::DifferentSigners, at, why));
        }
        match all.iter().find(is_same) {
            Some(_) => Err(Refusal::new(Reason::OtherRelease, at, "its signer's provenance names another release")),
            None => Err(Refusal::new(Reason::NoProvenance, at, "nobody says how it was built")),
        }
    }

    /// Whether a provenance fits its release, and the policy.
    fn provenance(&self, release: &Release<'_>, candidate: &Provenance<'_>) -> Result<Vec<Check>, Refusal> {
        let at = &*candidate.at;
        let said = release.statement.release();
        let definition = &candidate.statement.provenance.build_definition;
        let parameters = &definition.external_parameters;
        let differs = |reason, found: &str, wanted: &str| {
            Err(Refusal::new(reason, at, format!("the provenance says {found}, and the release {wanted}")))
        };
        if candidate.statement.subjects != release.statement.subjects() {
            return Err(Refusal::new(
                Reason::OtherSubject,
                at,
                "the provenance's subjects are not those of the release",
            ));
        }
        if parameters.source != said.source.uri {
            return differs(Reason::OtherSource, &parameters.source, &said.source.uri);
        }
        if parameters.commit != said.source.commit {
            return differs(Reason::OtherCommit, &parameters.commit, &said.source.commit);
        }
        if parameters.system != said.system {
            return differs(Reason::OtherSystem, &parameters.system, &said.system);
        }
        claims::check(&candidate.signed, &said.source, &self.policy.source, at)?;
        self.check_time(&candidate.signed, at)?;
        let nix = &definition.internal_parameters.nix;
        let is_sandboxed = nix.sandbox == "true" && !nix.sandbox_fallback;
        if self.policy.sandbox && !is_sandboxed {
            let why = format!("sandbox = {}, sandbox-fallback = {}", nix.sandbox, nix.sandbox_fallback);
            return Err(Refusal::new(Reason::Unsandboxed, at, why));
        }
        // Whoever builds elsewhere says nothing of the sandbox there.
        if let Some(builders) = nix.other.get("builders").filter(|builders| self.policy.sandbox && !builders.is_empty())
        {
            return Err(Refusal::new(Reason::Unsandboxed, at, format!("results may have been built by {builders}")));
        }
        // One place has two spellings: Nix' own has a slash at the end.
        let plain = |address: &str| address.trim_end_matches('/').to_owned();
        let allowed: Vec<_> = self.policy.substituters.iter().map(|one| plain(one)).collect();
        if let Some(other) = nix.substituters.iter().find(|one| !allowed.contains(&plain(one))) {
            return Err(Refusal::new(Reason::Substituters, at, format!("results may have come from {other}")));
        }
        let substituters = if nix.substituters.is_empty() { "none".into() } else { nix.substituters.join(" ") };
        let run = &candidate.statement.provenance.run_details;
        let mut checks =
            signature_checks(&candidate.builder.name, &candidate.known_as, &candidate.signed, "provenance");
        // Who it is has been said of the release.
        checks.retain(|check| check.what != "builder");
        checks.push(Check::new("built by", &run.builder.id, format!("until {}", run.metadata.finished_on)));
        checks.push(Check::new(
            "sandbox",
            format!("{}", is_sandboxed),
            if self.policy.sandbox { "the policy asks for it" } else { "the policy does not ask" },
        ));
        checks.push(Check::new("substituters", substituters, "none but the policy's"));
        Ok(checks)
    }

    /// What holds of the release, whoever signed it.
    pub(super) fn all(&self, statement: &ReleaseStatement, root: &TrustRoot) -> Vec<Check> {
        let release = statement.release();
        let Expected { digest, commit, lock, system, seed, .. } = self.expected;
        let asked = |is: bool, why: &str| if is { why.to_owned() } else { "as stated; not asked for".to_owned() };
        let name = statement.subjects().iter().find(|subject| subject.digest.sha256 == *digest);
        let mut checks = vec![
            Check::new(
                "subject",
                format!("sha256:{}", digest.hex()),
                format!("the statement's `{}`", name.map_or("", |name| &name.name)),
            ),
            Check::new("source", &release.source.uri, "the policy's source"),
            Check::new("commit", &release.source.commit, asked(commit.is_some(), "the one expected")),
            Check::new(
                "flake.lock",
                release.source.lock.map_or("none".into(), |lock| format!("sha256:{}", lock.sha256.hex())),
                asked(lock.is_some(), "this flake's"),
            ),
            Check::new("system", &release.system, asked(system.is_some(), "the one expected")),
        ];
        if let Some(built_in) = release.seed {
            checks.push(Check::new(
                "seed",
                format!("sha256:{}", built_in.sha256.hex()),
                asked(seed.is_some(), "the one expected"),
            ));
        }
        checks.push(Check::new("trusted root", root.name(), "the policy's"));
        checks
    }
}

fn signature_checks(builder: &str, known_as: &str, signed: &Signed, what: &'static str) -> Vec<Check> {
    let who = match &signed.signer {
        Signer::Identity { subject, issuer, .. } => {
            Check::new("builder", builder, format!("{subject} ({issuer}) is {known_as}"))
        }
        Signer::Key(_) => Check::new("builder", builder, format!("its {known_as}")),
    };
    let logs =
        signed.entries.iter().map(|entry| format!("{} #{}", entry.log, entry.index)).collect::<Vec<_>>().join(", ");
    let times = signed.times.iter().map(|time| rfc3339(*time)).collect::<Vec<_>>().join(", ");
    let why = if times.is_empty() {
        "signature and proof of inclusion hold".into()
    } else {
        format!("signature, time ({times}) and proof of inclusion hold")
    };
    vec![who, Check::new(what, logs, why)]
}

fn rfc3339(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

fn is_same(one: &Signer, other: &Signer) -> bool {
    match (one, other) {
        (Signer::Identity { subject: a, issuer: b, .. }, Signer::Identity { subject: c, issuer: d, .. }) => {
            (a, b) == (c, d)
        }
        (Signer::Key(a), Signer::Key(b)) => a == b,
        _ => false,
    }
}

fn of(signer: &Signer) -> String {
    match signer {
        Signer::Identity { subject, .. } => subject.clone(),
        Signer::Key(key) => format!("key {}", key.fingerprint()),
    }
}
