//! What single values cannot show: that somebody is believed at all, that nobody is counted twice, that a level has what it
//! needs. As `lib/seed-cfg/rules.nix` has it.

use crate::forms::is_builder;
use crate::output::{Output, path};
use crate::parse::shortened;
use crate::secret::has_secret;
use crate::{Builder, Cfg, Fault, Level};

/// The most builders.
const MAX_BUILDERS: usize = 64;

struct Rules<'a> {
    cfg: &'a Cfg,
    faults: Vec<Fault>,
}

/// All mistakes, of the first kind first.
pub(crate) fn faults(cfg: &Cfg) -> Vec<Fault> {
    let mut rules = Rules { cfg, faults: Vec::new() };
    rules.names();
    for (name, builder) in &cfg.builders {
        rules.builder(name, builder);
    }
    rules.pairs();
    rules.services();
    rules.quorum();
    rules.levels();
    rules.faults
}

impl Rules<'_> {
    fn require(&mut self, condition: bool, at: &str, why: impl Into<String>) {
        if !condition {
            self.faults.push(Fault { at: shortened(at.into()), why: shortened(why.into()) });
        }
    }

    fn names(&mut self) {
        let count = self.cfg.builders.len();
        self.require(count > 0, "builders", "there is none, so nobody could vouch for anything");
        self.require(count <= MAX_BUILDERS, "builders", format!("there are {count}, more than {MAX_BUILDERS}"));
        for name in self.cfg.builders.keys() {
            if let Err(why) = is_builder(name) {
                self.require(false, "builders", why);
            }
        }
        for output in self.cfg.outputs.keys() {
            let why = format!("{output:?} is no output, as packages.default or packages.x86_64-linux.default are");
            self.require(output.len() <= 255 && Output::parse(output).is_some(), "outputs", why);
        }
    }

    fn builder(&mut self, name: &str, builder: &Builder) {
        let at = path(&["builders", name]);
        let (has_issuer, has_subjects) = (builder.issuer.is_some(), !builder.subjects.is_empty());
        let is_known = has_issuer || has_subjects || !builder.keys.is_empty();
        let why = "it has an issuer, but no subjects: anybody whom the issuer knows would be this builder";
        self.require(!has_issuer || has_subjects, &at, why);
        let why = "it has subjects, but no issuer: a subject is worth as much as who says so";
        self.require(has_issuer || !has_subjects, &at, why);
        let why = "it has neither an issuer with subjects nor keys: no signature could be its own";
        self.require(is_known, &at, why);
        let has_no_secret = builder.signer.as_ref().is_none_or(|signer| !has_secret(signer));
        let why = "it has a PIN or a password in it, which is not repeated here: have the command read it from the environment \
                   or from a file";
        self.require(has_no_secret, &format!("{at}.signer"), why);
        for (fact, is_there) in [
            ("parent", builder.parent.is_some()),
            ("jurisdictions", !builder.jurisdictions.is_empty()),
            ("infrastructure", builder.infrastructure.is_some()),
        ] {
            self.at_level(Level::Two, is_there, &format!("{at}.{fact}"), "by which independent builders are counted");
        }
    }

    fn pairs(&mut self) {
        let builders: Vec<_> = self.cfg.builders.iter().collect();
        for (index, (name, one)) in builders.iter().enumerate() {
            for (other_name, other) in &builders[index + 1..] {
                let at = path(&["builders", name]);
                let other_at = path(&["builders", other_name]);
                let why =
                    |what: &str| format!("it and {other_at} have {what} in common: they would be one under two names");
                let shares_key = one.keys.iter().any(|key| other.keys.contains(key));
                self.require(!shares_key, &at, why("a key"));
                let shares_subject =
                    one.issuer == other.issuer && one.subjects.iter().any(|subject| other.subjects.contains(subject));
                self.require(!shares_subject, &at, why("an issuer and a subject"));
            }
        }
    }

    fn services(&mut self) {
        let (rekor, version) = (self.cfg.services.rekor.is_some(), self.cfg.services.rekor_version.is_some());
        let why = "it is given without services.rekorVersion: the two versions are spoken to in different ways";
        self.require(!rekor || version, "services.rekor", why);
        let why = "it is given without services.rekor, whose version it is";
        self.require(rekor || !version, "services.rekorVersion", why);
    }

    fn quorum(&mut self) {
        let Some(quorum) = &self.cfg.quorum else { return };
        let (n, m, count) = (quorum.n, quorum.m, self.cfg.builders.len() as u64);
        let why = format!("it is {m}, but there are {count} builders, and it is counted of all of them");
        self.require(m == count, "quorum.m", why);
        let why = format!("it is {n}, more than quorum.m, which is {m}: no release could ever reach it");
        self.require(n <= m, "quorum.n", why);
        let why = format!(
            "it is {n}, not more than half of quorum.m, which is {m}: two different releases could both reach it"
        );
        self.require(2 * n > m, "quorum.n", why);
    }

    fn levels(&mut self) {
        let cfg = self.cfg;
        self.at_level(Level::Two, cfg.quorum.is_some(), "quorum", "a quorum");
        self.at_level(
            Level::Two,
            cfg.build.sandbox,
            "build.sandbox",
            "true: honest builders get the same bytes only in a sandbox",
        );
        let why = "to be empty: builders that take results from one cache are not independent";
        self.at_level(Level::Two, cfg.build.substituters.is_empty(), "build.substituters", why);
        let is_enough = cfg.quorum.as_ref().is_none_or(|quorum| quorum.m >= 3);
        self.at_level(Level::Three, is_enough, "quorum.m", "three builders at least");
        self.at_level(Level::Three, cfg.contract.is_some(), "contract", "a contract");
    }

    fn at_level(&mut self, least: Level, condition: bool, at: &str, what: &str) {
        let levels = self.cfg.outputs.values().map(|output| output.level).chain([self.cfg.level]);
        let highest = levels.max().unwrap_or(Level::One);
        self.require(highest < least || condition, at, format!("Level {highest} needs this: {what}"));
    }
}
