//! `nix build --rebuild`: Nix builds once more what it has, and compares.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use crate::machine::process;
use crate::seed::flake::Workbench;

/// All derivations of a flake, the steps of its seed among them, by name.
pub fn derivations(workbench: &Workbench, flake: &Path) -> Result<BTreeMap<String, String>> {
    let expression = format!(
        r#"let
          flake = builtins.getFlake "path:{}";
          inherit (flake.packages.x86_64-linux) seed;
          named = prefix: set: map (name: {{ name = "${{prefix}}${{name}}"; value = set.${{name}}.drvPath; }})
            (builtins.attrNames set);
          of = kind: named "${{kind}}." (flake.${{kind}}.x86_64-linux or {{ }});
        in builtins.listToAttrs (
          builtins.concatMap of [ "packages" "checks" "devShells" ]
          ++ named "seed.layers." seed.layers
          ++ named "seed." {{ inherit (seed) closure sbom; }}
          ++ named "seed.tests." seed.tests
        )"#,
        flake.display()
    );
    let text =
        process::output(workbench.nix.command("nix").args(["eval", "--json", "--impure", "--expr", &expression]))?;
    Ok(serde_json::from_str(&text)?)
}

/// Builds all outputs of a derivation, and then again. Fails where they differ.
pub fn rebuild(workbench: &Workbench, derivation: &str) -> Result<()> {
    let outputs = format!("{derivation}^*");
    for again in [&[][..], &["--rebuild"]] {
        process::output(workbench.nix.command("nix").args(["build", "--no-link", &outputs]).args(again))?;
    }
    Ok(())
}
