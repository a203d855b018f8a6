use std::fs;

use crate::{OutputRequest, Request, Used};

use super::*;
use crate::graph::tests::path;

const FLAKE: &str = "/nix/store/0c6sj0ar3q8dvxl3zrk1mgh5g6hcb1sp-source";

/// A derivation as Nix writes it.
fn aterm(out: &str, inputs: &[&str], sources: &[&str], text: &str) -> String {
    let inputs: Vec<_> = inputs.iter().map(|input| format!(r#"("{}",["out"])"#, path(input))).collect();
    let sources: Vec<_> = sources.iter().map(|source| format!(r#""{}""#, path(source))).collect();
    format!(
        r#"Derive([("out","{}","","")],[{}],[{}],"x86_64-linux","/bin/sh",["-c","{text}"],[])"#,
        path(out),
        inputs.join(","),
        sources.join(",")
    )
}

fn store() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join(&FLAKE[1..])).unwrap();
    fs::write(root.path().join(&FLAKE[1..]).join("main.c"), "int main;").unwrap();
    for (name, content) in [
        ("app.drv", aterm("app", &["deps.drv", "gcc.drv"], &["src", "patch"], "")),
        ("deps.drv", aterm("deps", &["gcc.drv", "bash.drv"], &[], &format!("cat {FLAKE}/main.c"))),
        ("gcc.drv", aterm("gcc", &["bash.drv"], &[], "")),
        ("bash.drv", aterm("bash", &[], &["empty"], "")),
        ("src", "int main;".into()),
        ("patch", "int other;".into()),
        ("empty", String::new()),
    ] {
        fs::write(path(name).below(root.path()), content).unwrap();
    }
    root
}

fn request(derivation: &str) -> Request {
    let output =
        OutputRequest { label: "app".into(), derivation: Some(derivation.to_owned()), ..OutputRequest::default() };
    Request { flake: FLAKE.into(), outputs: vec![output], ..Request::default() }
}

fn message(root: &Path, request: &Request) -> String {
    plan_store(request, root).unwrap_err().to_string()
}

#[test]
fn a_plan_is_made_from_what_lies_in_the_store() {
    let root = store();
    let plan = plan_store(&request(&path("app.drv").to_string()), root.path()).unwrap();
    let text = |name: &str| path(name).to_string();
    let roots: Vec<_> = plan.roots.iter().map(|root| root.path.clone()).collect();
    assert_eq!(roots, [text("bash"), text("deps"), text("gcc"), text("patch")]);
    assert_eq!(plan.roots[2].derivation, Some(text("gcc.drv")));
    assert_eq!(plan.roots[2].output.as_deref(), Some("out"));
    assert_eq!((&plan.roots[3].derivation, &plan.roots[3].output), (&None, &None));
    assert_eq!(plan.roots[0].chain, ["app", "deps"]);
    assert_eq!(plan.outputs[0].roots, [0, 2, 3]);
    assert_eq!(plan.results, [1]);
    assert_eq!(plan.own, [text("deps.drv")], "it says where the flake lies");
    assert_eq!(plan.undecided, [text("empty")]);
    assert_eq!(plan, plan_store(&request(&path("app.drv").to_string()), root.path()).unwrap());
}

#[test]
fn what_an_app_names_is_read_too() {
    let root = store();
    let used = Used { derivation: path("deps.drv").to_string(), outputs: vec!["out".into()] };
    let app = OutputRequest { label: "start".into(), inputs: vec![used], ..OutputRequest::default() };
    let request = Request { flake: FLAKE.into(), outputs: vec![app], ..Request::default() };
    let plan = plan_store(&request, root.path()).unwrap();
    let roots: Vec<_> = plan.roots.iter().map(|root| root.path.clone()).collect();
    assert_eq!(roots, ["bash", "deps", "gcc"].map(|name| path(name).to_string()));
}

#[test]
fn an_apps_own_source_is_no_root() {
    let root = store();
    let sources = [FLAKE.to_owned(), path("src").to_string(), path("patch").to_string()].into();
    let app = OutputRequest { label: "start".into(), sources, ..OutputRequest::default() };
    let request = Request { flake: FLAKE.into(), outputs: vec![app], ..Request::default() };
    let plan = plan_store(&request, root.path()).unwrap();
    assert_eq!(plan.roots.iter().map(|root| &root.path).collect::<Vec<_>>(), [&path("patch").to_string()]);
}

#[test]
fn where_no_output_is_named_all_are_meant() {
    let root = store();
    let used = Used { derivation: path("gcc.drv").to_string(), outputs: vec![] };
    let app = OutputRequest { label: "start".into(), inputs: vec![used], ..OutputRequest::default() };
    let request = Request { flake: FLAKE.into(), outputs: vec![app], ..Request::default() };
    let plan = plan_store(&request, root.path()).unwrap();
    assert_eq!(plan.roots.iter().map(|root| &root.path).collect::<Vec<_>>(), [&path("gcc").to_string()]);
}

#[test]
fn a_flake_may_be_a_folder_of_a_store_path() {
    let root = store();
    let folder = root.path().join(&FLAKE[1..]).join("folder");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("x"), "int other;").unwrap();
    let request = Request { flake: format!("{FLAKE}/folder"), ..request(&path("app.drv").to_string()) };
    let plan = plan_store(&request, root.path()).unwrap();
    let has = |name: &str| plan.roots.iter().any(|root| root.path == path(name).to_string());
    assert!(has("src") && !has("patch"));
    assert_eq!(plan.own, [path("deps.drv").to_string()]);
}

#[test]
fn what_does_not_fit_is_an_error_that_names_it() {
    let root = store();
    let app = path("app.drv").to_string();
    let no_path = message(root.path(), &request("/etc/passwd"));
    assert!(no_path.starts_with("the request for a plan: ") && no_path.contains("/etc/passwd"), "{no_path}");
    let relative = message(root.path(), &Request { flake: "source".into(), ..request(&app) });
    assert_eq!(relative, r#"the request for a plan: the flake's tree "source" is no absolute path"#);
    let skip = message(root.path(), &Request { skip: vec!["input".into()], ..request(&app) });
    assert!(skip.contains("input"), "{skip}");
    let gone = message(root.path(), &Request { flake: "/gone".into(), ..request(&app) });
    assert!(gone.starts_with("listing ") && gone.contains("/gone"), "{gone}");
    let missing = message(root.path(), &request(&path("gone.drv").to_string()));
    assert!(missing.starts_with("reading ") && missing.contains("-gone.drv: "), "{missing}");
}

#[test]
fn a_drv_file_that_cannot_be_read_is_an_error_that_names_it() {
    let root = store();
    fs::write(path("bash.drv").below(root.path()), "Derive(").unwrap();
    let message = message(root.path(), &request(&path("app.drv").to_string()));
    assert!(message.starts_with(&path("bash.drv").to_string()) && message.contains("at byte"), "{message}");
}

#[test]
fn a_request_with_an_unknown_field_is_refused() {
    let parse = |json: &str| serde_json::from_str::<Request>(json);
    assert!(parse(r#"{"flake": "/f", "outputs": [{"label": "a", "inputs": [], "sources": []}]}"#).is_ok());
    assert!(parse(r#"{"flake": "/f", "outputs": [], "surprise": 1}"#).is_err());
    assert!(parse(r#"{"flake": "/f", "outputs": [{"label": "a", "surprise": 1}]}"#).is_err());
}

#[test]
fn a_source_has_no_derivation_in_the_answer() {
    let root = store();
    let plan = plan_store(&request(&path("app.drv").to_string()), root.path()).unwrap();
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(json["roots"][3], serde_json::json!({ "path": path("patch").to_string(), "chain": ["app"] }));
}
