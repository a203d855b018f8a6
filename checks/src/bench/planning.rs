//! How long a plan takes, by the number of derivations: real `.drv` files, written by Nix, which reads them as well.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::bench::measure::{Bench, Measure, Subject};
use crate::machine::{files, process, progress};
use crate::seed::flake::Workbench;

/// Derivations.
pub const COUNTS: [usize; 3] = [100, 1000, 5000];

const DERIVATIONS: &str = include_str!("derivations.nix");
const PEER: &str = "nix derivation show --recursive";

/// What a user waits for, once a commit: Nix has to show the builder each `.drv` file.
const DERIVATION: &str = "the plan as a derivation";

/// What the flake and others have for sources.
const PACKAGES: usize = 100;
const PATCHES: usize = 300;

/// A line of a source.
const LINE: &str =
    "static const char *const line = \"It is a line, of a file, of a package, and it says which one: \";\n";

/// Our row where there are so many.
pub fn plan_of(count: usize) -> String {
    format!("plan of {count} derivations")
}

pub fn planning(bench: &Bench, workbench: &Workbench, quick: bool, folder: &Path) -> Result<Vec<Measure>> {
    let helper = workbench.helper()?;
    let counts = if quick { &COUNTS[..2] } else { &COUNTS[..] };
    let (flake, foreign) = write_sources(&folder.join("planned"))?;
    let of_count = |count: &usize| -> Result<_> {
        let store = Store::write(workbench, &helper, *count, (&flake, &foreign), folder)?;
        let (root, plan) = (store.root.display(), folder.join("plan.json"));
        let variables = workbench.nix.environment().iter().map(|(name, value)| format!("export {name}='{value}'\n"));
        let variables = variables.collect::<String>();
        let nix = format!("{variables}'{}'", workbench.nix.program().display());
        let subjects = [
            Subject {
                before: Box::new(|| files::remove(&plan)),
                ..Subject::new(
                    plan_of(*count),
                    format!(
                        "'{}' plan --request '{}' --root '{root}' --out '{}'\n",
                        helper.display(),
                        store.request.display(),
                        plan.display()
                    ),
                )
            },
            Subject::new(
                PEER,
                format!(
                    "{nix} derivation show --recursive --store 'local?root={root}' {} > '{}'\n",
                    store.outputs.join(" "),
                    folder.join("shown.json").display()
                ),
            ),
            Subject::new(
                DERIVATION,
                format!("{nix} build --rebuild --no-link --quiet --store 'local?root={root}' '{}^*'\n", store.plan),
            ),
        ];
        let mut measure = bench.interleave("planning", store.describe()?, &subjects)?;
        drop(subjects);
        let planned: Value = serde_json::from_slice(&fs::read(&plan)?)?;
        let shown: Value = serde_json::from_slice(&fs::read(folder.join("shown.json"))?)?;
        let length = |list: &Value| list.as_array().map_or(0, Vec::len);
        ensure!(shown.as_object().is_some_and(|shown| shown.len() == *count), "Nix shows another graph");
        // So that it is neither nothing nor everything.
        let own = length(&planned["own"]);
        ensure!(own > count / 10 && own < count / 2, "{own} derivations of {count} are the flake's own");
        let roots = length(&planned["roots"]);
        measure.title = format!("{}; {own} of them are the flake's own, {roots} are roots", measure.title);
        // Nix leaves nothing in a store that its owner may change.
        process::output(Command::new("chmod").args(["--recursive", "u+w"]).arg(&store.root))?;
        files::remove(&store.root)?;
        Ok(measure)
    };
    counts.iter().map(of_count).collect()
}

/// A store of its own with derivations.
struct Store {
    root: PathBuf,
    outputs: Vec<String>,
    request: PathBuf,
    /// The derivation that plans.
    plan: String,
    count: usize,
}

#[derive(Deserialize)]
struct Written {
    flake: String,
    outputs: Vec<String>,
    plan: String,
}

impl Store {
    fn write(
        workbench: &Workbench,
        helper: &Path,
        count: usize,
        (flake, foreign): (&Path, &Path),
        folder: &Path,
    ) -> Result<Self> {
        progress::say(format_args!("writing {count} derivations"));
        let (root, request, file) =
            (folder.join("planned-store"), folder.join("request.json"), folder.join("derivations.nix"));
        files::remove(&root)?;
        fs::write(&file, DERIVATIONS)?;
        let store = format!("local?root={}", root.display());
        let nix = |arguments: &[&str]| {
            let mut command = workbench.nix.command("nix");
            process::output(command.args(arguments).args(["--option", "fsync-metadata", "false"]))
        };
        let package = helper.parent().and_then(Path::parent).context("the helper is in no package")?;
        nix(&["copy", "--no-check-sigs", "--to", &store, &package.to_string_lossy()])?;
        let expression = format!(
            "import {} {{ count = {count}; flake = {}; packages = {PACKAGES}; foreign = {}; patches = {PATCHES}; helper = \"{}\"; }}",
            file.display(),
            flake.display(),
            foreign.display(),
            package.display()
        );
        let Written { flake, outputs, plan } =
            serde_json::from_str(&nix(&["eval", "--json", "--impure", "--expr", &expression, "--store", &store])?)?;
        nix(&["build", "--no-link", "--store", &store, &format!("{plan}^*")])?;
        let asked = outputs.iter().enumerate();
        let asked = asked
            .map(|(number, path)| json!({ "label": format!("packages.x86_64-linux.p{number}"), "derivation": path }));
        let marks = json!(["4f1c5e0a9b7d4f1c5e0a9b7d4f1c5e0a9b7d4f1c", "20261129103000"]);
        let text = json!({ "flake": flake, "marks": marks, "outputs": asked.collect::<Vec<_>>() });
        fs::write(&request, text.to_string())?;
        Ok(Self { root, outputs, request, plan, count })
    }

    fn describe(&self) -> Result<String> {
        let mut bytes = 0;
        for entry in fs::read_dir(self.root.join("nix/store"))? {
            let entry = entry?;
            if entry.path().extension().is_some_and(|extension| extension == "drv") {
                bytes += entry.metadata()?.len();
            }
        }
        let each = bytes / u64::try_from(self.count).context("too many")?;
        let megabytes = bytes as f64 / 1e6;
        Ok(format!("{} derivations, {megabytes:.1} MB of .drv files, {each} bytes each", self.count))
    }
}

/// The files of a flake, and those of others.
fn write_sources(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let (flake, foreign) = (folder.join("flake"), folder.join("foreign"));
    fs::create_dir_all(&foreign)?;
    for number in 0..PACKAGES {
        let package = flake.join("packages").join(number.to_string());
        fs::create_dir_all(&package)?;
        fs::write(package.join("main.c"), format!("// package {number}\n{}", LINE.repeat(20 + number % 40)))?;
        let settings =
            format!("[package.{number}]\nname = \"the package of number {number}\"\nlevel = {}\n", number % 7);
        fs::write(package.join("settings.toml"), settings)?;
    }
    for number in 0..PATCHES {
        fs::write(foreign.join(format!("{number}.patch")), format!("--- {number}\n{}", LINE.repeat(10 + number % 50)))?;
    }
    Ok((flake, foreign))
}
