//! What others think of a bill of materials: validators that nobody here wrote.
//!
//! Both are in Python: `cyclonedx-python-lib`, which compares with the JSON schema and nothing else, and `spdx-tools`, which knows the rules
//! of the specification, references and license expressions among them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

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

/// Python with the validators.
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
