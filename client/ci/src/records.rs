//! What the steps of a job have done, and the job's summary.

use serde::{Deserialize, Serialize};

use crate::markdown::{code, seconds, sentence, table};

/// What a job builds with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum How {
    /// The seed that the lock file names: verified, and up.
    Seed,
    /// A seed that this job has built, and nobody has signed.
    Built,
    /// This machine's Nix, with a network.
    Fallback,
}

/// What `ci start` has done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Started {
    /// The system, as Nix writes it.
    pub system: String,
    /// What the job builds with.
    pub how: How,
    /// The seed: `HOST/NAME@sha256:…`, or a folder.
    pub seed: Option<String>,
    /// Why it is not the lock file's.
    pub why: Option<String>,
    /// Where the policy is.
    pub policy: Option<String>,
    /// What a new seed would be better by.
    pub fresher: bool,
    /// How long it took.
    pub seconds: f64,
}

/// An output, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its attribute.
    pub name: String,
    /// Its store path.
    pub path: String,
    /// The SHA-256 of its NAR, in hexadecimal digits, where it is known.
    pub nar: Option<String>,
}

/// What `ci build` has done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Built {
    /// What was built.
    pub outputs: Vec<Output>,
    /// The folder with links to it.
    pub folder: String,
    /// Whether it is signed, logged and published.
    pub attested: bool,
    /// Why not.
    pub why: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

/// Whether a seed is a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kept {
    /// It is new, or signed anew.
    New,
    /// It is the one that the lock file names, and that suits as it is.
    Same,
}

/// What `ci seed` has done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seeded {
    /// The system, as Nix writes it.
    pub system: String,
    /// The image's digest.
    pub digest: String,
    /// Where it is: `HOST/NAME`; none where it is not published.
    pub image: Option<String>,
    /// The commit that it was built from.
    pub commit: String,
    /// The SHA-256 of `flake.nix` there.
    pub flake: Option<String>,
    /// The SHA-256 of `flake.lock` there.
    pub lock: Option<String>,
    /// Whether it is a new one.
    pub kept: Kept,
    /// Why it is not published.
    pub why: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

/// What `ci record` has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recorded {
    /// The branch that the lock file was written to; none where nothing was to be written.
    pub branch: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// The pull request.
    pub url: Option<String>,
    /// Why nothing was written.
    pub why: Option<String>,
}

/// What a job's steps have done so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Records {
    /// `ci start`.
    pub started: Option<Started>,
    /// `ci build`.
    pub built: Option<Built>,
    /// `ci seed`.
    pub seeded: Option<Seeded>,
    /// `ci record`.
    pub recorded: Option<Recorded>,
}

impl Records {
    /// The job's summary, in Markdown; none where nothing was done.
    pub fn markdown(&self) -> Option<String> {
        let system = match (&self.started, &self.seeded) {
            (Some(started), _) => &started.system,
            (None, Some(seeded)) => &seeded.system,
            (None, None) => return None,
        };
        let mut text = format!("### nix-seed: {}\n\n", code(system));
        let mut rows = Vec::new();
        if let Some(seeded) = &self.seeded {
            rows.extend(of_seed(seeded));
        }
        if let Some(recorded) = &self.recorded {
            rows.push(("recorded".into(), of_record(recorded)));
        }
        if let Some(started) = &self.started {
            rows.extend(of_start(started));
        }
        if let Some(built) = &self.built {
            rows.extend(of_build(built));
        }
        text.push_str(&table(["", ""], &rows));
        if let Some(built) = &self.built {
            text.push_str("\n| output | store path | SHA-256 of its NAR |\n|---|---|---|\n");
            for Output { name, path, nar } in &built.outputs {
                let nar = nar.as_deref().map(code).unwrap_or_default();
                text.push_str(&format!("| {} | {} | {nar} |\n", code(name), code(path)));
            }
        }
        Some(text)
    }
}

fn of_seed(seeded: &Seeded) -> Vec<(String, String)> {
    let mut rows = vec![("seed".to_owned(), code(&seeded.digest))];
    match (&seeded.image, &seeded.why) {
        (Some(image), _) if seeded.kept == Kept::Same => {
            rows.push(("published".into(), format!("it is the one that is locked, in {}", code(image))));
        }
        (Some(image), _) => rows.push(("published".into(), format!("signed, logged and attached, in {}", code(image)))),
        (None, Some(why)) => rows.push(("published".into(), format!("no: {}", sentence(why)))),
        (None, None) => {}
    }
    rows.push(("commit".into(), code(&seeded.commit)));
    rows.push(("time to make it".into(), seconds(seeded.seconds)));
    rows
}

fn of_record(recorded: &Recorded) -> String {
    match (&recorded.branch, &recorded.url, &recorded.why) {
        (Some(branch), Some(url), _) => format!("asked for by {}, from {}", sentence(url), code(branch)),
        (Some(branch), None, _) => format!("in `.seed.lock` on {}", code(branch)),
        (None, _, Some(why)) => format!("no: {}", sentence(why)),
        (None, ..) => "no".into(),
    }
}

fn of_start(started: &Started) -> Vec<(String, String)> {
    let seed = started.seed.as_deref().map(code).unwrap_or_default();
    let (with, what) = match started.how {
        How::Seed => ("seed", format!("{seed}, verified")),
        How::Built => ("seed", format!("built by this job ({seed}), signed by nobody")),
        How::Fallback => ("seed", "none: built with this machine's Nix, and a network".into()),
    };
    let mut rows = vec![(with.to_owned(), what)];
    if let Some(why) = &started.why {
        rows.push(("why".into(), sentence(why)));
    }
    if started.fresher {
        rows.push(("fresher".into(), "a new seed would hold newer dependencies-only builds, or less".into()));
    }
    rows.push(("time to ready".into(), seconds(started.seconds)));
    rows
}

fn of_build(built: &Built) -> Vec<(String, String)> {
    let attested = match (&built.why, built.attested) {
        (_, true) => "yes: signed, logged and published".into(),
        (Some(why), false) => format!("no: {}", sentence(why)),
        (None, false) => "no".into(),
    };
    vec![("time to build".into(), seconds(built.seconds)), ("attested".into(), attested)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(how: How) -> Started {
        Started {
            system: "x86_64-linux".into(),
            how,
            seed: Some("ghcr.io/owner/app-seed@sha256:aa".into()),
            why: None,
            policy: None,
            fresher: false,
            seconds: 0.4,
        }
    }

    #[test]
    fn a_job_that_did_nothing_has_no_summary() {
        assert_eq!(Records::default().markdown(), None);
    }

    #[test]
    fn a_build_in_a_seed_is_summed_up() {
        let built = Built {
            outputs: vec![Output {
                name: "packages.x86_64-linux.default".into(),
                path: "/nix/store/x-tally".into(),
                nar: Some("ab".into()),
            }],
            folder: "/r".into(),
            attested: true,
            why: None,
            seconds: 3.0,
        };
        let records = Records { started: Some(started(How::Seed)), built: Some(built), ..Records::default() };
        let expected = "### nix-seed: `x86_64-linux`\n\n|  |  |\n|---|---|\n\
            | seed | `ghcr.io/owner/app-seed@sha256:aa`, verified |\n\
            | time to ready | 0.40 s |\n\
            | time to build | 3.00 s |\n\
            | attested | yes: signed, logged and published |\n\
            \n| output | store path | SHA-256 of its NAR |\n|---|---|---|\n\
            | `packages.x86_64-linux.default` | `/nix/store/x-tally` | `ab` |\n";
        assert_eq!(records.markdown().unwrap(), expected);
    }

    #[test]
    fn a_seed_that_is_not_published_says_why() {
        let seeded = Seeded {
            system: "aarch64-linux".into(),
            digest: "sha256:aa".into(),
            image: None,
            commit: "4f1c".into(),
            flake: None,
            lock: None,
            kept: Kept::New,
            why: Some("it is a pull request".into()),
            seconds: 90.0,
        };
        let recorded = Recorded { branch: None, commit: None, url: None, why: Some("nothing was published".into()) };
        let records = Records { seeded: Some(seeded), recorded: Some(recorded), ..Records::default() };
        let text = records.markdown().unwrap();
        for line in [
            "| published | no: it is a pull request |",
            "| recorded | no: nothing was published |",
            "| time to make it | 1 min 30 s |",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn what_was_used_instead_of_a_seed_is_said() {
        let mut start = started(How::Fallback);
        start.why = Some("no seed for x86_64-linux".into());
        let text = Records { started: Some(start), ..Records::default() }.markdown().unwrap();
        assert!(text.contains("| why | no seed for x86\\_64-linux |"), "{text}");
    }

    #[test]
    fn records_are_read_back() {
        let start = started(How::Built);
        let text = serde_json::to_string(&start).unwrap();
        assert_eq!(serde_json::from_str::<Started>(&text).unwrap(), start);
    }
}
