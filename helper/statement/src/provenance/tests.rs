use super::*;

fn provenance() -> ProvenanceStatement {
    let text = |text: &str| text.to_owned();
    ProvenanceStatement {
        subjects: vec![Subject { name: "image".into(), digest: Digest { sha256: Sha256Hash([7; 32]) } }],
        provenance: Provenance {
            build_definition: BuildDefinition {
                build_type: BUILD_TYPE.into(),
                external_parameters: Parameters {
                    source: "git+https://example.org/owner/app".into(),
                    commit: "0".repeat(40),
                    system: "x86_64-linux".into(),
                    outputs: vec!["packages.x86_64-linux.default".into()],
                },
                internal_parameters: Settings {
                    nix: NixSettings {
                        version: "2.34.1".into(),
                        sandbox: "true".into(),
                        sandbox_fallback: false,
                        substituters: Vec::new(),
                        other: BTreeMap::new(),
                    },
                },
                resolved_dependencies: vec![Dependency {
                    name: "nixpkgs".into(),
                    uri: Some("github:NixOS/nixpkgs".into()),
                    digest: [("gitCommit", "a"), ("sha256", "b")].map(|(key, value)| (text(key), text(value))).into(),
                }],
            },
            run_details: RunDetails {
                builder: Builder {
                    id: "https://github.com/actions/runner/github-hosted".into(),
                    version: BTreeMap::new(),
                },
                metadata: Metadata {
                    invocation_id: Some("https://example.org/runs/1/attempts/1".into()),
                    started_on: Some("2026-11-30T03:15:08Z".into()),
                    finished_on: "2026-11-30T03:15:09Z".into(),
                },
                byproducts: vec![Byproduct::release(Sha256Hash([1; 32]))],
            },
        },
    }
}

fn refused(change: impl FnOnce(&mut Provenance)) -> String {
    let mut statement = provenance();
    change(&mut statement.provenance);
    statement.to_bytes().unwrap_err().to_string()
}

#[test]
fn what_is_written_is_read() {
    let bytes = provenance().to_bytes().unwrap();
    let read = ProvenanceStatement::from_bytes(&bytes).unwrap();
    assert_eq!(read, provenance());
    assert_eq!(read.release(), Some(Sha256Hash([1; 32])));
}

#[test]
fn fields_that_are_not_known_are_ignored_as_slsa_has_it() {
    let text = String::from_utf8(provenance().to_bytes().unwrap()).unwrap();
    let more = text.replace(r#""metadata":{"#, r#""metadata":{"more":[1],"#);
    assert_ne!(more, text);
    assert_eq!(ProvenanceStatement::from_bytes(more.as_bytes()).unwrap(), provenance());
}

#[test]
fn another_build_type() {
    assert!(refused(|all| all.build_definition.build_type = "https://example.org".into()).contains("buildType"));
}

#[test]
fn times_that_are_none_or_run_backwards() {
    assert!(refused(|all| all.run_details.metadata.started_on = Some("yesterday".into())).contains("startedOn"));
    assert!(
        refused(|all| all.run_details.metadata.started_on = Some("2026-11-30T03:15:08+01:00".into()))
            .contains("startedOn")
    );
    assert!(
        refused(|all| all.run_details.metadata.finished_on = "2026-11-30T03:15:07Z".into()).contains("before it began")
    );
}

#[test]
fn no_release_statement_or_two() {
    assert!(refused(|all| all.run_details.byproducts.clear()).contains("release.json"));
    assert!(
        refused(|all| all.run_details.byproducts.push(Byproduct::release(Sha256Hash([2; 32]))))
            .contains("release.json")
    );
}
