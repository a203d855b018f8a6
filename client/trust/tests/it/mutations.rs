//! Every change of one field of a valid set of bundles is refused, but for those that change nothing of what they say.

use data_encoding::BASE64;
use nix_seed_cfg::Cfg;
use nix_seed_trust::sigstore::{self, TrustRoot};
use nix_seed_trust::{Bundle, Policy, decide};
use serde_json::{Value, json};

use super::case::{Case, SETS, entry, statement};
use super::mutation::{self, Exception, Mutation, check};

/// A set as it is read, so that this is done once.
pub(crate) struct Read {
    pub(crate) case: Case,
    root: TrustRoot,
    policy: Policy,
    release: String,
    provenance: String,
}

impl Read {
    pub(crate) fn of(set: &str) -> Self {
        let case = Case::of(set);
        let root = TrustRoot::parse(case.root.to_string().as_bytes(), "the root").unwrap();
        let policy = Policy::of(&Cfg::from_json(case.policy.to_string().as_bytes()).unwrap()).unwrap();
        let (release, provenance) = (case.release.to_string(), case.provenance.to_string());
        let read = Self { case, root, policy, release, provenance };
        assert!(read.believes(&read.release, &read.provenance));
        read
    }

    fn decides(&self, policy: &Policy, release: &str, provenance: &str) -> bool {
        let bundle = |text: &str| Bundle { at: "a bundle".into(), bytes: text.into() };
        decide(policy, &self.root, &self.case.expected, &[bundle(release), bundle(provenance)]).is_ok()
    }

    fn believes(&self, release: &str, provenance: &str) -> bool {
        self.decides(&self.policy, release, provenance)
    }

    /// Whether the release is signed, by what this root says.
    pub(crate) fn is_signed_with(&self, root: &TrustRoot) -> bool {
        sigstore::verify(self.release.as_bytes(), root, &self.policy.keys(), "a bundle").is_ok()
    }

    /// Whether the set is believed under this policy.
    pub(crate) fn believes_under(&self, policy: &Policy) -> bool {
        self.decides(policy, &self.release, &self.provenance)
    }

    fn is_signed(&self, bundle: &Value) -> bool {
        sigstore::verify(bundle.to_string().as_bytes(), &self.root, &self.policy.keys(), "a bundle").is_ok()
    }
}

/// Where a log signs its time, there is no time stamp; the client writes that down, and cosign does not.
const WITHOUT_TIME_STAMP: &[Exception] = &[Exception {
    path: "verificationMaterial",
    what: "relieved of timestampVerificationData",
    why: "it is empty, and to be left out says the same",
}];

const WITH_TIME_STAMP: &[Exception] = &[Exception {
    path: "verificationMaterial.timestampVerificationData.rfc3161Timestamps[].signedTimestamp",
    what: "altered in",
    why: "its middle is a copy of the authority's certificate, and that in the trusted root is used; see `time_stamp`",
}];

fn bundles(set: &str, exceptions: &[Exception]) {
    let read = Read::of(set);
    let mut accepted = mutation::all(&read.case.release);
    accepted.retain(|mutation| read.believes(&mutation.text, &read.provenance));
    let mut others = mutation::all(&read.case.provenance);
    others.retain(|mutation| read.believes(&read.release, &mutation.text));
    accepted.extend(others);
    check(set, &accepted, exceptions);
}

/// A bundle whose signature does not hold counts for nothing, so that a decision need not be asked for.
fn statements(set: &str) {
    let read = Read::of(set);
    for bundle in [&read.case.release, &read.case.provenance] {
        let is_signed = |payload: &Mutation| {
            let mut bundle = bundle.clone();
            bundle["dsseEnvelope"]["payload"] = json!(BASE64.encode(payload.text.as_bytes()));
            read.is_signed(&bundle)
        };
        let mut accepted = mutation::all(&statement(bundle));
        accepted.retain(is_signed);
        check(set, &accepted, &[]);
    }
}

/// A field of base 64 in a bundle.
type Field = fn(&mut Value) -> &mut Value;

fn stamp(bundle: &mut Value) -> &mut Value {
    &mut bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"][0]["signedTimestamp"]
}

/// The bytes of a field of the release, and of every `step`-th those of which one bit may be altered.
fn loose(read: &Read, field: Field, step: usize) -> (Vec<u8>, Vec<usize>) {
    let mut bundle = read.case.release.clone();
    let Some(text) = field(&mut bundle).as_str().map(str::to_owned) else { return (Vec::new(), Vec::new()) };
    let bytes = BASE64.decode(text.as_bytes()).unwrap();
    let mut is_loose = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        *field(&mut bundle) = json!(BASE64.encode(&bytes));
        read.is_signed(&bundle)
    };
    let loose = (0..bytes.len()).step_by(step).filter(|at| is_loose(*at)).collect();
    (bytes, loose)
}

/// One bit of each byte of what is signed, and of what signs.
fn bits(set: &str) {
    let read = Read::of(set);
    let fields: [(&str, usize, Field); 5] = [
        ("payload", 1, |bundle| &mut bundle["dsseEnvelope"]["payload"]),
        ("signature", 1, |bundle| &mut bundle["dsseEnvelope"]["signatures"][0]["sig"]),
        ("certificate", 5, |bundle| &mut bundle["verificationMaterial"]["certificate"]["rawBytes"]),
        ("promise", 1, |bundle| &mut entry(bundle)["inclusionPromise"]["signedEntryTimestamp"]),
        // It holds the others once more, and is hashed as a whole: not each byte has to be tried.
        ("log entry", 11, |bundle| &mut entry(bundle)["canonicalizedBody"]),
    ];
    for (name, step, field) in fields {
        assert_eq!(loose(&read, field, step).1, [0; 0], "{set}: {name}");
    }
}

/// Each character of the checkpoint.
fn checkpoint(set: &str) {
    let read = Read::of(set);
    let mut bundle = read.case.release.clone();
    let text = entry(&mut bundle)["inclusionProof"]["checkpoint"]["envelope"].as_str().unwrap().to_owned();
    for (at, c) in text.char_indices() {
        for other in ["", "x", " ", "\n", "0"] {
            let altered = format!("{}{other}{}", &text[..at], &text[at + c.len_utf8()..]);
            if altered != text {
                entry(&mut bundle)["inclusionProof"]["checkpoint"]["envelope"] = json!(altered);
                assert!(!read.is_signed(&bundle), "{set}: {altered:?}");
            }
        }
    }
}

/// What a time stamp's authority signed is not altered; what RFC 3161 and RFC 5652 put around it may be, and says nothing.
#[test]
fn time_stamp() {
    let read = Read::of("keyless-rekor-v2");
    let (bytes, loose) = loose(&read, stamp, 3);
    let authority = &read.case.root["timestampAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"];
    let certificate = super::case::decoded(authority);
    let at = |part: &[u8]| bytes.windows(part.len()).position(|window| window == part).unwrap();
    let first = at(&certificate);
    let copy = first..first + certificate.len();
    let (copied, rest): (Vec<_>, Vec<_>) = loose.into_iter().partition(|at| copy.contains(at));
    assert!(!copied.is_empty(), "the copy of the certificate is no exception any more");
    // SHA-256 and ecdsa-with-SHA256, as these stand first and last: the algorithms that a signer uses are said again where they count.
    let digest = at(b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01");
    let algorithm = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
    let signature = bytes.windows(algorithm.len()).rposition(|window| window == algorithm).unwrap();
    let is_known = |at: &usize| {
        // Granted as asked, or with changes; versions of formats; the class of a tag.
        let small = [8, 34, 69, copy.end + 10];
        small.contains(at) || (digest..digest + 11).contains(at) || (signature..signature + 10).contains(at)
    };
    assert_eq!(rest.iter().filter(|at| !is_known(at)).collect::<Vec<_>>(), Vec::<&usize>::new());
}

macro_rules! each_set {
    ($($module:ident = $set:literal, $exceptions:ident;)+) => {
        $(mod $module {
            #[test]
            fn bundles() {
                super::bundles($set, super::$exceptions);
            }

            #[test]
            fn statements() {
                super::statements($set);
            }

            #[test]
            fn bits() {
                super::bits($set);
            }

            #[test]
            fn checkpoint() {
                super::checkpoint($set);
            }
        })+

        #[test]
        fn all_sets_are_altered() {
            assert_eq!([$($set),+], SETS);
        }
    };
}

each_set! {
    keyless_rekor_v1 = "keyless-rekor-v1", WITHOUT_TIME_STAMP;
    keyless_rekor_v2 = "keyless-rekor-v2", WITH_TIME_STAMP;
    ed25519_rekor_v1 = "ed25519-rekor-v1", WITHOUT_TIME_STAMP;
    p256_rekor_v2 = "p256-rekor-v2", WITH_TIME_STAMP;
}
