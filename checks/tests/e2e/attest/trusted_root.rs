//! A trusted root is fetched on request, by The Update Framework; python-tuf, the reference implementation, writes the repositories.

use nix_seed_checks::registry::files::FileServer;
use nix_seed_checks::sigstore::tools::Python;

use super::*;

/// A repository in this folder: roots 1 and 2, of which the first signs the second, and the trusted root. What is to be wrong with it is an
/// argument.
const REPOSITORY: &str = r#"
import os, sys
from datetime import datetime, timedelta, timezone
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import *

wrong = sys.argv[1]
later, earlier = [datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=days) for days in (9, -9)]
roles = ["root", "timestamp", "snapshot", "targets"]
signers = {role: CryptoSigner.generate_ecdsa() for role in roles}
stranger = CryptoSigner.generate_ecdsa()

def root(version, expires):
    root = Root(version=version, expires=expires)
    for role in roles:
        root.add_key(signers[role].public_key, role)
    return Metadata(root)

def write(metadata, name, *signers):
    for signer in signers:
        metadata.sign(signer, append=True)
    metadata.to_file(name)

first = root(1, later)
write(first, "1.root.json", signers["root"])
before = signers["root"]
signers["root"] = CryptoSigner.generate_ed25519()
second = root(2, earlier if wrong == "ended" else later)
write(second, "2.root.json", stranger if wrong == "stranger" else before, signers["root"])

targets = Targets(expires=later)
target = TargetFile.from_file("trusted_root.json", "trusted_root.json", ["sha256"])
targets.targets["trusted_root.json"] = target
os.mkdir("targets")
content = open("trusted_root.json").read()
if wrong == "altered":
    content = content.replace("a", "b", 1)
open(f"targets/{target.hashes['sha256']}.trusted_root.json", "w").write(content)
write(Metadata(targets), "1.targets.json", signers["targets"])
snapshot = Snapshot(expires=later, meta={"targets.json": MetaFile(1)})
write(Metadata(snapshot), "1.snapshot.json", signers["snapshot"])
timestamp = Timestamp(expires=earlier if wrong == "stale" else later, snapshot_meta=MetaFile(1))
write(Metadata(timestamp), "timestamp.json", signers["timestamp"])
"#;

/// What is fetched from a repository that is wrong in a way, into `new.json`.
fn fetched(publisher: &Publisher, root: &str, wrong: &str) -> Said {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("trusted_root.json"), root).unwrap();
    let mut python = Python::open(&publisher.journey.workbench.cache).unwrap().command();
    process::output(python.args(["-c", REPOSITORY, wrong]).current_dir(folder.path())).unwrap();
    let server = FileServer::start(folder.path()).unwrap();
    let url = format!("http://{}/", server.address());
    let known = folder.path().join("1.root.json").display().to_string();
    publisher.say(&["trusted-root", "--tuf", &url, "--tuf-root", &known, "--out", "new.json"])
}

#[test]
fn a_trusted_root_is_fetched_on_request() {
    let publisher = Publisher::open();
    let stack = Stack::start_with(&publisher.journey.workbench.cache, only_v2()).unwrap();
    let root = stack.trusted_root().to_string();
    let said = fetched(&publisher, &root, "nothing");
    succeeded(&said);
    assert!(said.out.contains("by version 2 of its TUF root"), "{}", said.out);
    assert_eq!(fs::read_to_string(publisher.home().join("new.json")).unwrap(), root);
    for (wrong, why) in [("stranger", "signature"), ("ended", "expired"), ("stale", "expired"), ("altered", "mismatch")]
    {
        let said = fetched(&publisher, &root, wrong);
        assert_eq!(said.code, Some(1), "{wrong}: {}", said.err);
        assert!(said.err.to_lowercase().contains(why), "{wrong}: {}", said.err);
    }
    let said = fetched(&publisher, "{}", "nothing");
    assert!(said.code == Some(1) && said.err.contains("malformed"), "{}", said.err);
    // What was there is there.
    assert_eq!(fs::read_to_string(publisher.home().join("new.json")).unwrap(), root);
    let nobody = ["trusted-root", "--tuf", "http://127.0.0.1:1/", "--out", "new.json"];
    assert_eq!(publisher.say(&nobody).code, Some(1));
    let plain = ["trusted-root", "--tuf", "http://example.org/", "--out", "new.json"];
    let said = publisher.say(&plain);
    assert!(said.code == Some(1) && said.err.contains("neither https nor on this machine"), "{}", said.err);
}
