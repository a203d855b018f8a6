//! What others think of our documents: validators that nobody here wrote.
//!
//! All are in Python. Of bills of materials, `cyclonedx-python-lib`, which compares with the JSON schema and nothing else, and `spdx-tools`, which
//! knows the rules of the specification, references and license expressions among them; of what has a schema of ours, `jsonschema`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::machine::cache::{self, Cache};
use crate::machine::{process, python};

/// What they depend on is the newest that they take: it decides nothing but how they read JSON.
const PACKAGES: [&str; 3] =
    ["cyclonedx-python-lib[json-validation]==11.12.0", "license-expression==30.4.4", "spdx-tools==0.8.5"];

const CYCLONEDX: &str = "
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
faults = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read(), all_errors=True)
faults = [str(fault.data) for fault in faults or []]
sys.exit('\\n'.join(faults[:9]) if faults else 0)
";

/// As its command `pyspdxtools -i`.
const SPDX: &str = "
import sys
from spdx_tools.spdx.clitools.pyspdxtools import main
sys.exit(main(['-i', sys.argv[1]]))
";

const JSON_SCHEMA: [&str; 1] = ["jsonschema==4.26.0"];

/// Reads a schema, and a list of documents, from its arguments; prints which of them are valid.
const VALID: &str = r"
import json, sys
from jsonschema import Draft202012Validator as Validator
schema, documents = (json.load(open(path)) for path in sys.argv[1:])
Validator.check_schema(schema)
json.dump([Validator(schema).is_valid(document) for document in documents], sys.stdout)
";

/// Which of these documents a JSON schema (draft 2020-12) says are valid.
pub fn valid(cache: &Cache, schema: &Path, documents: &[Value]) -> Result<Vec<bool>> {
    let modules = python::modules(cache, &JSON_SCHEMA)?;
    let folder = tempfile::tempdir()?;
    let list = folder.path().join("documents");
    fs::write(&list, serde_json::to_vec(documents)?)?;
    let mut python = Command::new("python3");
    let said = process::output(python.args(["-c", VALID]).arg(schema).arg(&list).env("PYTHONPATH", modules))?;
    serde_json::from_str(&said).context("the validator answers with a list")
}

/// Python with the validators of bills of materials.
pub struct Validators {
    packages: PathBuf,
}

impl Validators {
    /// Fetches them where they are not there yet.
    pub fn open(cache: &Cache) -> Result<Self> {
        // Compiled parts are for one version of Python.
        let version = process::output(Command::new("python3").arg("--version"))?;
        let name = format!("validators-{}", cache::key([version.as_str()].into_iter().chain(PACKAGES)));
        Ok(Self { packages: python::prepared(cache, &name, |folder| python::install(&PACKAGES, folder))? })
    }

    /// Refuses what is no valid `CycloneDX` 1.6, with what is wrong.
    pub fn cyclonedx(&self, document: &Path) -> Result<()> {
        self.run(CYCLONEDX, document)
    }

    /// Refuses what is no valid SPDX, with what is wrong. The file's name tells the format: `….spdx.json`.
    pub fn spdx(&self, document: &Path) -> Result<()> {
        self.run(SPDX, document)
    }

    fn run(&self, script: &str, document: &Path) -> Result<()> {
        let mut python = Command::new("python3");
        python.env("PYTHONPATH", &self.packages).env("PYTHONNOUSERSITE", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        let output =
            python.args(["-c", script]).arg(document).stdin(Stdio::null()).output().context("cannot run python3")?;
        let said = [output.stdout, output.stderr].concat();
        ensure!(output.status.success(), "{}: {}", document.display(), String::from_utf8_lossy(&said));
        Ok(())
    }
}
