use std::fmt;

/// Why something is not believed, with what a person needs: the reason, where it was found, and what was found there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// The reason.
    pub reason: Reason,
    /// What was looked at: "the release statement of builder `github`".
    pub at: String,
    /// What was found.
    pub found: String,
}

impl Refusal {
    pub(crate) fn new(reason: Reason, at: impl Into<String>, found: impl fmt::Display) -> Self {
        // What is found may come from a stranger.
        let found = found.to_string().chars().filter(|c| !c.is_control()).take(600).collect();
        Self { reason, at: at.into(), found }
    }

    /// The same, found in `at`.
    pub(crate) fn within(mut self, at: &str) -> Self {
        self.at = at.into();
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, at, found } = self;
        write!(f, "{}: {at}: {found}; {}", reason.name(), reason.mend())
    }
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal, $name:literal, $mend:literal;)+) => {
        /// The reasons. Each has a name, an exit code and a sentence on how to mend it.
        ///
        /// They are in the order in which a bundle is looked at, so that a later one tells of a bundle that came further.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Reason {
            /// All reasons.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// What it is called where a script reads it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The exit code of `nix-seed`.
            pub fn exit_code(self) -> u8 {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What can be done about it.
            pub fn mend(self) -> &'static str {
                match self { $(Self::$variant => $mend,)+ }
            }

            /// What it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc,)+),)+ }
            }
        }
    };
}

reasons! {
    /// Nothing that is signed speaks of this digest.
    NoStatement = 20, "no-statement",
        "sign it with: nix-seed attest, or ask whoever published it for its statements";
    /// Its signature is still to be logged: `nix-seed attest` could not reach the log.
    Pending = 21, "pending",
        "finish it with: nix-seed attest --resume";

    /// It has more bytes than a reader takes.
    TooLarge = 22, "too-large", "such a document was not written by nix-seed; do not use what it speaks of";
    /// Arrays and objects lie too deep in each other.
    TooDeep = 23, "too-deep", "such a document was not written by nix-seed; do not use what it speaks of";
    /// An object has a key twice, so that two readers may read two things.
    DuplicateKeys = 24, "duplicate-keys", "such a document was made to deceive; do not use what it speaks of";
    /// Something follows the document.
    TrailingBytes = 25, "trailing-bytes", "such a document was made to deceive, or two were put into one file";
    /// It is no JSON, or no Sigstore bundle.
    Malformed = 26, "malformed", "give a Sigstore bundle of version 0.1 to 0.3, as nix-seed and cosign write it";
    /// The payload is of no type that nix-seed knows.
    UnknownPayloadType = 27, "unknown-payload-type", "statements are in-toto's: application/vnd.in-toto+json";
    /// There is no signature.
    Unsigned = 28, "unsigned", "sign it with: nix-seed attest";

    /// The key or signature is of an algorithm that is not known, or not good enough.
    UnknownAlgorithm = 30, "unknown-algorithm", "sign with Ed25519, P-256 or P-384";
    /// The key is too short.
    WeakKey = 31, "weak-key", "sign with Ed25519, P-256 or P-384, or with RSA of 3072 bits and more";
    /// A managed key signed that the policy does not name.
    UnknownKey = 32, "unknown-key", "if this key is to be believed, add it to `keys` of a builder in seedCfg";
    /// No time of signing is proved, so that nobody knows whether the certificate was valid.
    NoTime = 33, "no-time", "sign again, with a time-stamp authority (Rekor v2) or a log that signs its times (Rekor v1)";
    /// A time stamp is not one of this signature, or of no authority that is trusted.
    WrongTimeStamp = 34, "wrong-time-stamp", "sign again; where the authority is your own, add it to the trusted root";
    /// A time lies outside of the validity of the authority that signed it.
    TimeStampOutsideValidity = 35, "time-stamp-outside-validity", "sign again, with a time-stamp authority that is valid";
    /// The certificate was not valid when it was used.
    CertificateExpired = 36, "certificate-expired", "sign again: a certificate of Fulcio is valid for ten minutes";
    /// The certificate is of no authority that is trusted.
    UntrustedCertificate = 37, "untrusted-certificate",
        "if the authority is to be believed, give its trusted root: --trusted-root, or `trustedRoot` in seedCfg";
    /// The certificate is in no certificate transparency log that is trusted.
    NoSct = 38, "no-sct", "sign again, with an authority that logs its certificates";

    /// There is no proof that the signature is logged.
    NoLogProof = 40, "no-log-proof", "sign again, or finish it with: nix-seed attest --resume";
    /// The log is none that the policy trusts.
    UnknownLog = 41, "unknown-log", "if the log is to be believed, add it to the trusted root, and to `logs` in seedCfg";
    /// One log stands there twice, so that counting logs would count it twice.
    DuplicateLogEntry = 42, "duplicate-log-entry", "such a bundle was made to deceive; do not use what it speaks of";
    /// The log's checkpoint is of another log.
    WrongOrigin = 43, "wrong-origin", "such a proof was taken from another log; do not use what it speaks of";
    /// The log's checkpoint is not signed by the log.
    UnsignedCheckpoint = 44, "unsigned-checkpoint", "such a proof was made up; do not use what it speaks of";
    /// The proof does not lead to the log's checkpoint.
    WrongLogProof = 45, "wrong-log-proof", "such a proof was made up; do not use what it speaks of";
    /// The log's time was not signed by the log, or lies outside of the certificate's validity.
    WrongLogTime = 46, "wrong-log-time", "such a time was made up; do not use what it speaks of";
    /// The proof is of another entry: of another signature, key or payload.
    OtherLogEntry = 47, "other-log-entry", "such a proof was taken from another bundle; do not use what it speaks of";
    /// The signature is not one of this payload.
    WrongSignature = 48, "wrong-signature", "what was signed has been altered; do not use what it speaks of";

    /// Nobody whom the policy names has this identity.
    WrongSigner = 50, "wrong-signer", "if this identity is to be believed, add it to `subjects` of a builder in seedCfg";
    /// The identity is one that the policy names, but somebody else vouches for it.
    WrongIssuer = 51, "wrong-issuer", "if this issuer is to be believed, name it as `issuer` of a builder in seedCfg";
    /// The repository is one that the policy names, but another workflow or branch of it signed; or another repository called the workflow, or a
    /// request started it under a branch's name.
    WrongWorkflow = 52, "wrong-workflow",
        "if this workflow and this ref may release, add them to `subjects` of a builder in seedCfg; let no pull request start it";

    /// The statement is of a version that is not known.
    UnknownPredicate = 55, "unknown-predicate", "use the version of nix-seed that wrote it, or a newer one";
    /// The statement has not the form that its specification gives it.
    WrongStatement = 56, "wrong-statement", "such a statement was not written by nix-seed; do not use what it speaks of";
    /// The statement speaks of something else.
    OtherSubject = 57, "other-subject", "such a statement was taken from something else; do not use this";
    /// It was built from another repository.
    OtherSource = 58, "other-source", "if this repository is meant, name it as `source` in seedCfg";
    /// It was built from another commit.
    OtherCommit = 59, "other-commit", "build this commit, or check out that one; for a seed, see `commit` in .seed.lock";
    /// It was built from another flake.lock.
    OtherLock = 60, "other-lock", "make a seed of this flake.lock: nix build .#seed";
    /// It was built for another system.
    OtherSystem = 61, "other-system", "take the image of this system: --platform";
    /// It was built in another seed.
    OtherSeed = 62, "other-seed", "build it again, in the seed that .seed.lock names";

    /// The builder says what it built, but not how.
    NoProvenance = 65, "no-provenance", "have the same identity sign release and provenance: nix-seed attest signs both";
    /// Release and provenance are signed by different identities.
    DifferentSigners = 66, "different-signers", "have the same identity sign release and provenance: nix-seed attest signs both";
    /// The provenance is of another release.
    OtherRelease = 67, "other-release", "such a provenance was taken from another build; do not use what it speaks of";
    /// The build was not kept apart from the machine.
    Unsandboxed = 68, "unsandboxed", "build again with: nix-seed build, where sandboxes work";
    /// Results may have come from somewhere else.
    Substituters = 69, "substituters", "build again without substituters, or allow these in `build.substituters` of seedCfg";
    /// It was signed too long ago.
    Stale = 70, "stale", "build and sign it again, or raise `freshness.maxAge` in seedCfg";
    /// It was signed in the future.
    FromTheFuture = 71, "from-the-future", "set this machine's clock";
    /// Believed builders say different things of one source, commit and system.
    Disagreement = 72, "disagreement", "find out which builder is wrong before you use either: build it yourself and compare";
    /// Fewer independent builders say the same than the policy wants.
    TooFew = 73, "too-few", "wait for more builders, or see which are missing with: nix-seed verify --json";
    /// The policy asks for a level that this version does not serve.
    UnknownLevel = 74, "unknown-level", "this version decides level 1; take a newer one, or set `level = 1;` in seedCfg";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../doc/refusals.md");

    /// The page is written by this test where UPDATE_PAGES is set.
    #[test]
    fn the_page_says_the_same() {
        let mut page = String::from(
            "# Refusals\n\nWhy `nix-seed` does not believe something. Each reason has a name, which `--json` shows, and an exit code of its own. \
             Of several refusals, the one of the document that came furthest decides the exit code; `--json` and the table show all. The page is written from the \
             source (`client/trust/src/refusal.rs`).\n\n\
             | Exit code | Name | What it means | What to do |\n|---|---|---|---|\n",
        );
        for reason in Reason::ALL {
            let (code, name, meaning, mend) =
                (reason.exit_code(), reason.name(), reason.meaning().trim(), reason.mend());
            page.push_str(&format!("| {code} | `{name}` | {meaning} | {mend} |\n"));
        }
        if std::env::var_os("UPDATE_PAGES").is_some() {
            std::fs::write(PAGE, &page).unwrap();
        }
        assert_eq!(std::fs::read_to_string(PAGE).unwrap(), page, "write it again: UPDATE_PAGES=1 cargo test");
    }

    #[test]
    fn names_and_exit_codes_are_distinct_and_leave_other_commands_theirs() {
        let names: HashSet<_> = Reason::ALL.iter().map(|reason| reason.name()).collect();
        let codes: HashSet<_> = Reason::ALL.iter().map(|reason| reason.exit_code()).collect();
        assert_eq!((names.len(), codes.len()), (Reason::ALL.len(), Reason::ALL.len()));
        // 126 and above are what shells make of a command that could not be run, or was killed.
        assert!(codes.iter().all(|code| (20..126).contains(code)));
    }
}
