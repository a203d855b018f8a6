//! `seed.sbom` of real flakes: valid to validators that others wrote, of just what is in the seed, and the same each time.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix_seed_checks::machine::process;
use nix_seed_checks::reproduce::rebuild::rebuild;
use nix_seed_checks::seed::flake::Workbench;
use nix_seed_checks::validators::Validators;
use serde_json::Value;
use tempfile::TempDir;

const NAMES: [&str; 2] = ["bom.cdx.json", "bom.spdx.json"];

struct Flake {
    workbench: Workbench,
    folder: TempDir,
}

impl Flake {
    fn of_example(name: &str) -> Self {
        let flake = Self { workbench: Workbench::open().unwrap(), folder: tempfile::tempdir().unwrap() };
        flake.workbench.copy(&format!("examples/{name}"), flake.folder.path()).unwrap();
        flake
    }

    fn nix(&self, arguments: &[&str]) -> String {
        process::output(self.workbench.nix.command("nix").args(arguments)).unwrap()
    }

    fn eval(&self, option: &str, attribute: &str) -> String {
        self.nix(&["eval", option, &format!("path:{}#{attribute}", self.folder.path().display())])
    }

    fn build(&self, attribute: &str) -> PathBuf {
        self.workbench.build(self.folder.path(), attribute).unwrap()
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().unwrap().iter()
}

fn store_path(component: &Value) -> String {
    let property = list(component, "properties").find(|property| property["name"] == "nix:store_path").unwrap();
    property["value"].as_str().unwrap().to_owned()
}

/// Fails where a validator does; and where it would not.
fn check(workbench: &Workbench, folder: &Path) {
    let validators = Validators::open(&workbench.cache).unwrap();
    let [cyclonedx, spdx] = NAMES.map(|name| folder.join(name));
    validators.cyclonedx(&cyclonedx).unwrap();
    validators.spdx(&spdx).unwrap();
    let broken = tempfile::tempdir().unwrap();
    let [no_cyclonedx, no_spdx] = NAMES.map(|name| broken.path().join(name));
    let replace = |from: &Path, to: &Path, old: &str, new: &str| {
        let text = fs::read_to_string(from).unwrap();
        assert!(text.contains(old));
        fs::write(to, text.replacen(old, new, 1)).unwrap();
    };
    replace(&cyclonedx, &no_cyclonedx, r#""bom-ref""#, r#""bom-reference""#);
    replace(&spdx, &no_spdx, r#""relatedSpdxElement":"SPDXRef-"#, r#""relatedSpdxElement":"SPDXRef-no-"#);
    assert!(validators.cyclonedx(&no_cyclonedx).is_err() && validators.spdx(&no_spdx).is_err());
}

#[test]
fn of_a_seed_it_is_valid_complete_and_the_same_again() {
    let flake = Flake::of_example("c");
    let folder = flake.build("seed.sbom");
    check(&flake.workbench, &folder);
    rebuild(&flake.workbench, &flake.eval("--raw", "seed.sbom.drvPath")).unwrap();

    let [cyclonedx, spdx] = NAMES.map(|name| read(&folder.join(name)));
    let closure = read(&flake.build("seed.closure"));
    let closure: BTreeSet<_> = list(&closure, "paths").map(|path| path["path"].as_str().unwrap().to_owned()).collect();
    let (sources, components): (Vec<_>, Vec<_>) =
        list(&cyclonedx, "components").partition(|one| one["scope"] == "excluded");
    assert_eq!(components.iter().map(|one| store_path(one)).collect::<BTreeSet<_>>(), closure);
    let contained = list(&spdx, "relationships").filter(|relationship| relationship["relationshipType"] == "CONTAINS");
    assert_eq!(contained.count(), closure.len());
    // Debian's packages are what the package set is made of.
    assert!(
        sources
            .iter()
            .any(|source| store_path(source).ends_with("_amd64.deb") && source["hashes"][0]["alg"] == "SHA-256")
    );

    let layout = read(&flake.build("seed").join("index.json"));
    let subject = &cyclonedx["metadata"]["component"];
    assert_eq!(subject["bom-ref"], layout["manifests"][0]["digest"]);
    let modified = flake.nix(&["flake", "metadata", "--json", &format!("path:{}", flake.folder.path().display())]);
    let modified = serde_json::from_str::<Value>(&modified).unwrap()["lastModified"].as_u64().unwrap();
    let time =
        process::output(Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ", "-d"]).arg(format!("@{modified}")))
            .unwrap();
    assert_eq!(cyclonedx["metadata"]["timestamp"], time.trim());
    assert_eq!(spdx["creationInfo"]["created"], time.trim());
}

#[test]
fn of_a_result_it_is_written_by_hand() {
    let flake = Flake::of_example("hello");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let result = flake.build("default");
    let result = result.to_str().unwrap();
    let graph = flake.nix(&["path-info", "--json", "--recursive", result]);
    let graph = file("graph.json", &graph);
    let metadata = file("metadata.json", &flake.eval("--json", "seed.metadata"));
    let out = folder.path().join("sbom");
    let mut helper = Command::new(flake.workbench.helper().unwrap());
    helper.args(["sbom", "--result", result, "--graph"]).arg(graph).arg("--metadata").arg(metadata);
    helper.args(["--derivation", &flake.eval("--raw", "default.drvPath"), "--out"]).arg(&out);
    process::output(&mut helper).unwrap();
    check(&flake.workbench, &out);

    let cyclonedx = read(&out.join(NAMES[0]));
    let hello = &cyclonedx["metadata"]["component"];
    assert_eq!((&hello["name"], &hello["version"]), (&Value::from("hello"), &Value::from("2.10")));
    assert_eq!(hello["licenses"][0]["license"]["id"], "GPL-3.0-or-later");
    assert_eq!(hello["externalReferences"][0]["url"], "https://www.gnu.org/software/hello/manual/");
    let ancestors: Vec<_> = list(&hello["pedigree"], "ancestors").map(store_path).collect();
    assert!(ancestors.iter().any(|path| path.ends_with("-hello_2.10.orig.tar.gz")), "{ancestors:?}");
}
