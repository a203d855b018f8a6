//! Workflow and action files, as linters and schemas that others wrote see them.

use nix_seed_checks::linters::{Linters, Schema};
use nix_seed_checks::machine::cache::Cache;

use super::*;

fn linters() -> Linters {
    Linters::open(&Cache::open().unwrap()).unwrap()
}

/// This repository's own workflows.
fn workflows() -> Vec<PathBuf> {
    let folder = repository::path().join(".github/workflows");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn workflow(linters: &Linters, file: &Path) {
    linters.schema(Schema::Workflow, file).unwrap();
    linters.actionlint(file).unwrap();
    linters.github(file).unwrap();
    linters.zizmor(file).unwrap();
    linters.yaml(file).unwrap();
}

#[test]
fn our_actions_and_workflows_are_in_order() {
    let linters = linters();
    for name in ["action.yaml", "seed/action.yaml"] {
        let file = repository::path().join(name);
        linters.schema(Schema::Action, &file).unwrap();
        linters.github(&file).unwrap();
        linters.zizmor(&file).unwrap();
        linters.yaml(&file).unwrap();
    }
    for file in workflows() {
        workflow(&linters, &file);
    }
}

#[test]
fn what_init_writes_is_in_order() {
    let (linters, publisher, folder) = (linters(), Publisher::open(), tempfile::tempdir().unwrap());
    process::output(Command::new("git").args(["init", "--quiet"]).current_dir(folder.path())).unwrap();
    fs::create_dir_all(folder.path().join("packages/app")).unwrap();
    for flake in ["flake.nix", "packages/app/flake.nix"] {
        fs::write(folder.path().join(flake), "{ outputs = _: { }; }\n").unwrap();
    }
    let programs = format!("Linux-X64 {} https://example.org/nix-seed\n", "0".repeat(64));
    fs::write(folder.path().join("programs"), programs).unwrap();
    for (ci, files, options) in [
        ("github", &["seed.yaml", "build.yaml", "nix-seed-benchmark.yaml"][..], &["--benchmark"][..]),
        (
            "github",
            &["seed.yaml", "build.yaml", "nix-seed-benchmark.yaml"],
            &["--benchmark", "--flake", "./packages/app#seeds.small", "--force"],
        ),
        ("forgejo", &["seed.yaml", "build.yaml"], &[]),
        ("forgejo", &["seed.yaml", "build.yaml"], &["--flake", "./packages/app", "--force"]),
        ("gitea", &["seed.yaml", "build.yaml"], &[]),
    ] {
        let all = ["init", "--ci", ci, "--branch", "main", "--programs", "programs"];
        let said = said(publisher.command(&[&all[..], options].concat()).current_dir(folder.path()));
        assert_eq!(said.code, Some(0), "{}", said.err);
        for name in files {
            let file = folder.path().join(format!(".{ci}/workflows/{name}"));
            if ci == "github" {
                workflow(&linters, &file);
            } else {
                linters.schema(Schema::Workflow, &file).unwrap();
                linters.yaml(&file).unwrap();
            }
        }
    }
    let all = ["init", "--ci", "gitlab", "--branch", "main", "--programs", "programs"];
    assert_eq!(said(publisher.command(&all).current_dir(folder.path())).code, Some(0));
    let file = folder.path().join(".gitlab-ci.yml");
    linters.schema(Schema::GitLab, &file).unwrap();
    linters.yaml(&file).unwrap();
}

#[test]
fn a_linter_finds_what_is_wrong() {
    let (linters, folder) = (linters(), tempfile::tempdir().unwrap());
    let file = folder.path().join(".github/workflows/bad.yaml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let text = "on: push\njobs:\n  a:\n    runs-on: ubuntu-22.04\n    steps:\n      - run: echo ${{ github.event.head_commit.message }}\n";
    fs::write(&file, text).unwrap();
    assert!(linters.actionlint(&file).unwrap_err().to_string().contains("untrusted"));
    assert!(linters.zizmor(&file).is_err());
    fs::write(&file, "on: push\njobs: [ ]\n").unwrap();
    assert!(linters.schema(Schema::Workflow, &file).is_err());
    assert!(linters.github(&file).is_err());
}
