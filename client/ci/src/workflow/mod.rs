//! Workflow files for a repository: what a CI does, in a few lines that call nix-seed's actions or steps.
//!
//! Which files' edits may change dependencies stands between two marks, so that it can be compared with what `nix-seed check` finds, whatever
//! else somebody has changed.

mod list;
mod pins;

pub use list::listed;
pub use pins::{Program, Programs};

use crate::DEFAULT_OUTPUTS;

/// What a workflow is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ci {
    /// GitHub Actions.
    GitHub,
    /// Forgejo Actions.
    Forgejo,
    /// Gitea Actions.
    Gitea,
    /// GitLab CI.
    GitLab,
}

/// What a repository wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The main branch.
    pub branch: String,
    /// Patterns of the files whose edits may change dependencies, as GitHub writes them.
    pub paths: Vec<String>,
    /// What is built.
    pub outputs: Vec<String>,
    /// The action: `OWNER/NAME@REFERENCE`.
    pub action: String,
    /// The runners, one for each system; nothing is what the CI's usual ones are.
    pub runners: Vec<String>,
    /// What is fetched where there are no actions.
    pub program: Option<Program>,
    /// Whether a workflow that measures is wanted as well.
    pub benchmark: bool,
    /// The flake's folder, from the repository's top; empty where it is there.
    pub folder: String,
    /// The attribute of the flake's seed.
    pub attribute: String,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            branch: "main".into(),
            paths: BASELINE.map(ToOwned::to_owned).into(),
            outputs: DEFAULT_OUTPUTS.map(ToOwned::to_owned).into(),
            action: "0compute/nix-seed@v1".into(),
            runners: Vec::new(),
            program: None,
            benchmark: false,
            folder: String::new(),
            attribute: SEED.into(),
        }
    }
}

/// A file of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where it goes, from the repository's folder.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// Why there is no such workflow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no program to fetch.
    #[error(
        "no released program of nix-seed is known to this build, and where there are no actions a workflow fetches one: name a file with \
         --programs: each release has one, https://github.com/0compute/nix-seed/releases/latest/download/programs"
    )]
    NoProgram,
    /// A value could end what it stands in.
    #[error("{what} {value:?} has characters that no workflow can hold; write letters, digits and -_./@+")]
    Value {
        /// What.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// A file of programs is none.
    #[error("line {line} of the programs is not RUNNER SHA256 URL")]
    Programs {
        /// Which.
        line: usize,
    },
    /// A benchmark is for one CI alone.
    #[error("the benchmark is a workflow of GitHub's alone")]
    Benchmark,
}

/// The attribute that a seed usually is.
const SEED: &str = "seed";
/// Files whose edits may always change dependencies.
pub const BASELINE: [&str; 2] = ["flake.nix", "flake.lock"];
/// Of the systems that nix-seed serves.
const GITHUB_RUNNERS: [&str; 4] = ["macos-15", "macos-15-intel", "ubuntu-22.04", "ubuntu-22.04-arm"];
/// What others wrote, pinned by commit.
const PINNED: [(&str, &str); 5] = [
    ("{checkout}", "actions/checkout@d23441a48e516b6c34aea4fa41551a30e30af803 # v6.1.0"),
    ("{install-nix}", "cachix/install-nix-action@630ae543ea3a38a9a4166f03376c02c50f408342 # v31.11.0"),
    ("{cache}", "actions/cache@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5"),
    (
        "{forgejo-checkout}",
        "https://code.forgejo.org/actions/checkout@d23441a48e516b6c34aea4fa41551a30e30af803 # v6.1.0",
    ),
    // Curl, git and certificates are what it takes.
    ("{image}", "docker.io/library/buildpack-deps:stable-scm"),
];

/// The files that a repository needs.
pub fn files(ci: Ci, wish: &Wish) -> Result<Vec<File>, Error> {
    check(wish)?;
    let file = |path: &str, template: &str| Ok(File { path: path.into(), text: fill(template, ci, wish)? });
    let mut files = match ci {
        Ci::GitHub => vec![
            file(".github/workflows/seed.yaml", include_str!("github-seed.yaml"))?,
            file(".github/workflows/build.yaml", include_str!("github-build.yaml"))?,
        ],
        Ci::Forgejo => vec![
            file(".forgejo/workflows/seed.yaml", include_str!("forgejo-seed.yaml"))?,
            file(".forgejo/workflows/build.yaml", include_str!("forgejo-build.yaml"))?,
        ],
        Ci::Gitea => vec![
            file(".gitea/workflows/seed.yaml", include_str!("forgejo-seed.yaml"))?,
            file(".gitea/workflows/build.yaml", include_str!("forgejo-build.yaml"))?,
        ],
        Ci::GitLab => vec![file(".gitlab-ci.yml", include_str!("gitlab.yml"))?],
    };
    match (wish.benchmark, ci) {
        (false, _) => {}
        (true, Ci::GitHub) => {
            files.push(file(".github/workflows/nix-seed-benchmark.yaml", include_str!("github-benchmark.yaml"))?);
        }
        (true, _) => return Err(Error::Benchmark),
    }
    Ok(files)
}

/// Nothing that a person names may end the line or the string that it stands in.
fn check(wish: &Wish) -> Result<(), Error> {
    let is_word = |text: &str| {
        !text.is_empty()
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./@+".contains(c))
            && !text.starts_with('-')
    };
    let named = [("the branch", &wish.branch), ("the action", &wish.action)].into_iter();
    let named = named.chain([("the attribute", &wish.attribute)]);
    let named =
        named.chain(Some(&wish.folder).filter(|folder| !folder.is_empty()).map(|folder| ("the folder", folder)));
    let named = named.chain(wish.outputs.iter().map(|output| ("the output", output)));
    let mut named = named.chain(wish.runners.iter().map(|runner| ("the runner", runner)));
    match named.find(|(_, value)| !is_word(value)) {
        Some((what, value)) => Err(Error::Value { what, value: value.clone() }),
        None => Ok(()),
    }
}

fn fill(template: &str, ci: Ci, wish: &Wish) -> Result<String, Error> {
    let usual = if ci == Ci::GitHub { &GITHUB_RUNNERS[..] } else { &["docker"] };
    let runners: Vec<_> = if wish.runners.is_empty() {
        usual.iter().map(|runner| (*runner).to_owned()).collect()
    } else {
        wish.runners.clone()
    };
    let (action, version) = wish.action.split_once('@').unwrap_or((&wish.action, "v1"));
    let mut text =
        list::fill(template, "{paths}", &wish.paths.iter().map(|path| list::quoted(path)).collect::<Vec<_>>());
    text = list::fill(&text, "{runners}", &runners);
    text = list::block(&text, "{outputs}", &wish.outputs);
    for (name, value) in PINNED {
        text = text.replace(name, value);
    }
    let at = if wish.folder.is_empty() { ".".to_owned() } else { format!("./{}", wish.folder) };
    let flake = format!("{at}#{}", wish.attribute);
    // Said only where it is not what is taken anyway.
    let is_usual = wish.folder.is_empty() && wish.attribute == SEED;
    text = list::optional(&text, "{flake}", (!is_usual).then_some(&*flake));
    let first = runners.iter().find(|runner| runner.starts_with("ubuntu")).or(runners.first());
    for (name, value) in [
        ("{branch}", &*wish.branch),
        ("{action}", action),
        ("{version}", version),
        ("{runner}", first.map_or("docker", String::as_str)),
        ("{option}", &*if is_usual { String::new() } else { format!(" --flake {flake}") }),
        ("{at}", &at),
        (
            "{lock}",
            &*if wish.folder.is_empty() { "flake.lock".to_owned() } else { format!("{}/flake.lock", wish.folder) },
        ),
    ] {
        text = text.replace(name, value);
    }
    if text.contains("{url}") {
        let program = wish.program.as_ref().ok_or(Error::NoProgram)?;
        text = text.replace("{url}", &program.url).replace("{digest}", &program.digest);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Program {
        Program { digest: "0".repeat(64), url: "https://example.org/nix-seed".into() }
    }

    fn wish() -> Wish {
        Wish { program: Some(program()), ..Wish::default() }
    }

    const ALL: [Ci; 4] = [Ci::GitHub, Ci::Forgejo, Ci::Gitea, Ci::GitLab];

    #[test]
    fn nothing_of_a_template_is_left() {
        for ci in ALL {
            for File { path, text } in files(ci, &wish()).unwrap() {
                for line in text.lines() {
                    // What is left in braces is an expression of the CI's, or a shell's.
                    let rest = line.replace("${{", "").replace("}}", "").replace("${", "");
                    let is_name =
                        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
                    let mut parts = rest.split('{').skip(1);
                    let is_left = parts.any(|part| part.split_once('}').is_some_and(|(name, _)| is_name(name)));
                    assert!(!is_left, "{path}: {line}");
                }
                assert!(text.contains("      - flake.lock\n"), "{path}: {text}");
            }
        }
    }

    #[test]
    fn what_others_wrote_is_pinned_by_commit() {
        for ci in ALL {
            for File { path, text } in files(ci, &Wish { benchmark: ci == Ci::GitHub, ..wish() }).unwrap() {
                for uses in text.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix("uses: ")) {
                    let reference = uses.split_once('@').unwrap().1.split(' ').next().unwrap();
                    let is_own = uses.starts_with("0compute/nix-seed");
                    assert!(is_own || reference.len() == 40, "{path}: {uses}");
                }
            }
        }
    }

    #[test]
    fn the_build_ignores_what_makes_a_seed() {
        let wish = Wish { paths: vec!["flake.nix".into(), "versions/a b.json".into()], ..wish() };
        for ci in [Ci::GitHub, Ci::Forgejo] {
            let files = files(ci, &wish).unwrap();
            assert_eq!(listed(&files[0].text).unwrap(), wish.paths);
            assert_eq!(listed(&files[1].text).unwrap(), wish.paths);
        }
        assert_eq!(listed(&files(Ci::GitLab, &wish).unwrap()[0].text).unwrap(), wish.paths);
    }

    #[test]
    fn attack_a_name_that_ends_its_line_is_refused() {
        for (branch, output) in
            [("main\n  evil: true", "a"), ("main", "a'; curl"), ("", "a"), ("-x", "a"), ("main", "${{ x }}")]
        {
            let wish = Wish { branch: branch.into(), outputs: vec![output.into()], ..wish() };
            assert!(matches!(files(Ci::GitHub, &wish), Err(Error::Value { .. })), "{branch:?} {output:?}");
        }
    }

    #[test]
    fn a_flake_below_the_top_is_named_in_every_step() {
        for ci in ALL {
            let below = Wish { folder: "packages/app".into(), benchmark: ci == Ci::GitHub, ..wish() };
            for File { path, text } in files(ci, &below).unwrap() {
                let steps = text.lines().filter(|line| {
                    line.contains("nix-seed ci ") || line.contains("- uses: 0compute/") || line.contains(" develop ")
                });
                let named = text.lines().filter(|line| {
                    line.contains("--flake ./packages/app#seed")
                        || line.contains("flake: ./packages/app#seed")
                        || line.contains("develop ./packages/app ")
                });
                assert_eq!(steps.count(), named.count(), "{path}: {text}");
            }
        }
        let other = Wish { attribute: "seeds.small".into(), ..wish() };
        assert!(files(Ci::GitHub, &other).unwrap()[0].text.contains("          flake: .#seeds.small\n"));
        let evil = Wish { folder: "a; curl".into(), ..wish() };
        assert!(matches!(files(Ci::GitLab, &evil), Err(Error::Value { what: "the folder", .. })));
    }

    #[test]
    fn a_program_is_wanted_where_there_are_no_actions() {
        assert_eq!(files(Ci::GitLab, &Wish::default()), Err(Error::NoProgram));
        assert!(files(Ci::GitHub, &Wish::default()).is_ok());
        assert_eq!(files(Ci::GitLab, &Wish { benchmark: true, ..wish() }), Err(Error::Benchmark));
    }
}
