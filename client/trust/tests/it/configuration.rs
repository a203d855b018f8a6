//! Every change of one field of what a reader believes: the trusted root, and the policy.
//!
//! Both are the reader's own, so an altered one is no attack. But what is in there and makes no difference should be known.

use nix_seed_cfg::Cfg;
use nix_seed_trust::Policy;
use nix_seed_trust::sigstore::TrustRoot;

use super::case::SETS;
use super::mutation::{self, Exception, check};
use super::mutations::Read;

const fn is(path: &'static str, what: &'static str, why: &'static str) -> Exception {
    Exception { path, what, why }
}

const NEWER: &str = "a root may be of a newer version, whose further fields are read past";
const PEOPLE: &str = "a name for people";
const ALWAYS: &str = "without it, somebody is trusted for ever; so the format says it";
const ORDER: &str = "the order says nothing";
const TWICE: &str = "whoever stands there twice is trusted once";
const ANCHOR: &str = "of an anchor, name and key count; nobody above it is asked, nor its own signature";

const OF_THE_ROOT: &[Exception] = &[
    is("*", "given a field more", NEWER),
    is("certificateAuthorities[].subject*", "", PEOPLE),
    is("certificateAuthorities[].uri", "", PEOPLE),
    is("certificateAuthorities[]", "relieved of subject", PEOPLE),
    is("certificateAuthorities[]", "given another name for subject", PEOPLE),
    is("certificateAuthorities[]", "relieved of validFor", ALWAYS),
    is("certificateAuthorities[]", "given another name for validFor", ALWAYS),
    is("certificateAuthorities[].validFor", "made null", ALWAYS),
    is("certificateAuthorities", "given item 0 twice", TWICE),
    is("certificateAuthorities[].certChain.certificates", "", ANCHOR),
    is("certificateAuthorities[].certChain.certificates[].rawBytes", "altered", ANCHOR),
    is("timestampAuthorities[].subject*", "", PEOPLE),
    is("timestampAuthorities[].uri", "", PEOPLE),
    is("timestampAuthorities[]", "relieved of subject", PEOPLE),
    is("timestampAuthorities[]", "given another name for subject", PEOPLE),
    is("timestampAuthorities[]", "relieved of uri", PEOPLE),
    is("timestampAuthorities[]", "given another name for uri", PEOPLE),
    is("timestampAuthorities[]", "relieved of validFor", ALWAYS),
    is("timestampAuthorities[]", "given another name for validFor", ALWAYS),
    is("timestampAuthorities[].validFor", "made null", ALWAYS),
    is("timestampAuthorities", "given item 0 twice", TWICE),
    is("timestampAuthorities[].certChain.certificates", "given item 0 twice", TWICE),
    is("timestampAuthorities[].certChain.certificates", "given item 1 twice", TWICE),
    is("timestampAuthorities[].certChain.certificates", "given item 2 twice", TWICE),
    is("timestampAuthorities[].certChain.certificates", "relieved of item 2", ANCHOR),
    is("timestampAuthorities[].certChain.certificates[].rawBytes", "altered", ANCHOR),
    is("ctlogs[].baseUrl", "", PEOPLE),
    is("ctlogs[].publicKey.keyDetails", "", "the key itself says of which algorithm it is"),
    is("ctlogs[].publicKey", "relieved of validFor", ALWAYS),
    is("ctlogs[].publicKey", "given another name for validFor", ALWAYS),
    is("ctlogs[].publicKey.validFor", "made null", ALWAYS),
    is("tlogs", "reversed", ORDER),
    is("tlogs[].baseUrl", "altered", "checkpoints name the host, without scheme and port"),
    is("tlogs[].publicKey.keyDetails", "", "the key itself says of which algorithm it is"),
    is("tlogs[].publicKey", "relieved of validFor", ALWAYS),
    is("tlogs[].publicKey", "given another name for validFor", ALWAYS),
    is("tlogs[].publicKey.validFor", "made null", ALWAYS),
];

/// A trusted root that was altered is none, or one of the sets is not signed any more by what it says.
#[test]
fn trusted_root() {
    let sets = SETS.map(Read::of);
    let is_believed = |text: &str| {
        let root = TrustRoot::parse(text.as_bytes(), "the root");
        root.is_ok_and(|root| sets.iter().all(|set| set.is_signed_with(&root)))
    };
    let mut accepted = mutation::all(&sets[0].case.root);
    accepted.retain(|mutation| is_believed(&mutation.text));
    check("the trusted root", &accepted, OF_THE_ROOT);
}

const LEVELS: &str = "level 1 does not ask for it";
const SIGNING: &str = "it says where to sign, and not what to believe";

const OF_THE_POLICY: &[Exception] = &[
    is("builders", "given another name for", "the name is the policy's own"),
    is("builders.github.parent", "given a value", LEVELS),
    is("builders.github.infrastructure", "given a value", LEVELS),
    is("builders.own.parent", "given a value", LEVELS),
    is("builders.own.infrastructure", "given a value", LEVELS),
    is("builders.github.subjects", "given item 0 twice", TWICE),
    is("builders.own.keys", "given item 0 twice", TWICE),
    is("services*", "", SIGNING),
    is("freshness.maxAge", "", "the signature is young enough for that, too"),
    is("build.sandbox", "flipped", "a build in a sandbox is enough where none is asked for"),
];

/// A policy that was altered is none, or does not believe its set any more.
#[test]
fn policy() {
    let mut accepted = Vec::new();
    for set in SETS.map(Read::of) {
        let policy = |text: &str| Policy::of(&Cfg::from_json(text.as_bytes()).ok()?).ok();
        let is_believed = |text: &str| policy(text).is_some_and(|policy| set.believes_under(&policy));
        accepted.extend(mutation::all(&set.case.policy).into_iter().filter(|mutation| is_believed(&mutation.text)));
    }
    check("the policy", &accepted, OF_THE_POLICY);
}
