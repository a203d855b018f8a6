//! A configuration for a person to read.

use crate::key::shown_key;
use crate::{Builder, Cfg, Level};

/// The width of the first column.
const FIRST: usize = 14;
/// The width of the second, below a builder.
const SECOND: usize = 16;

impl Cfg {
    /// Lines of a table: what is said, and what holds where nothing is.
    pub fn table(&self) -> Vec<String> {
        let or = |text: &Option<String>, default: &str| text.clone().unwrap_or_else(|| default.to_owned());
        let mut lines = vec![row("source", self.source.as_str()), row("level", &level(self.level))];
        lines.extend(self.outputs.iter().map(|(output, cfg)| row("", &format!("{}, for {output}", level(cfg.level)))));
        lines.push(row("registry", &or(&self.registry, "named on the command line")));
        for (index, (name, builder)) in self.builders.iter().enumerate() {
            lines.push(row(if index == 0 { "builders" } else { "" }, name));
            lines.extend(of_builder(builder).map(|(what, value)| row("", &format!("  {what:<SECOND$}{value}"))));
        }
        let root = self.trusted_root.as_ref().map(|root| format!("one of its own, of {} bytes", root.len()));
        lines.push(row("trusted root", &or(&root, "the public-good instance's")));
        lines.push(row(
            "logs",
            &self.logs.as_ref().map_or_else(|| "all of the trusted root's".into(), |logs| logs.join(", ")),
        ));
        let services = &self.services;
        let version = services.rekor_version.map(|version| format!(", version {version}")).unwrap_or_default();
        let rekor = services.rekor.as_ref().map(|rekor| format!("{rekor}{version}"));
        let given = [("certificates", &services.fulcio), ("log", &rekor), ("time stamps", &services.timestamp)];
        let given: Vec<_> =
            given.iter().filter_map(|(what, url)| url.as_ref().map(|url| format!("{what} {url}"))).collect();
        lines.push(row("services", if given.is_empty() { "the public-good instance's" } else { &given[0] }));
        lines.extend(given.iter().skip(1).map(|service| row("", service)));
        let age = self.freshness.max_age.map(|age| format!("statements of at most {age} s"));
        lines.push(row("freshness", &or(&age, "statements of any age")));
        let sandbox = if self.build.sandbox { "in a sandbox" } else { "also without a sandbox" };
        let caches = &self.build.substituters;
        let caches = if caches.is_empty() { "no substituters".into() } else { format!("from {}", caches.join(", ")) };
        lines.push(row("builds", &format!("{sandbox}, {caches}")));
        if let Some(quorum) = &self.quorum {
            lines.push(row("quorum", &format!("{} of {}", quorum.n, quorum.m)));
        }
        if let Some(contract) = &self.contract {
            lines.push(row("contract", &format!("{} on chain {}", contract.address, contract.chain_id)));
        }
        lines
    }
}

fn row(what: &str, value: &str) -> String {
    format!("{what:<FIRST$}{value}")
}

fn level(level: Level) -> String {
    match level {
        Level::One => "1: one builder and a log".into(),
        Level::Two => "2: a quorum and a log (not served yet)".into(),
        Level::Three => "3: a quorum and a contract (not served yet)".into(),
    }
}

fn of_builder(builder: &Builder) -> impl Iterator<Item = (&'static str, String)> {
    let of = |what: &'static str, text: &Option<String>| text.clone().map(|text| (what, text));
    let signer = builder.signer.as_ref().map(|signer| ("signs by", signer.join(" ")));
    let law = (!builder.jurisdictions.is_empty()).then(|| ("jurisdictions", builder.jurisdictions.join(", ")));
    let subjects = builder.subjects.iter().map(|subject| ("subject", subject.to_string()));
    let keys = builder.keys.iter().map(|key| ("key", shown_key(key)));
    of("issuer", &builder.issuer)
        .into_iter()
        .chain(subjects)
        .chain(keys)
        .chain(signer)
        .chain(of("parent", &builder.parent))
        .chain(law)
        .chain(of("infrastructure", &builder.infrastructure))
        .collect::<Vec<_>>()
        .into_iter()
}
