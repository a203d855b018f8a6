//! A generated flake as a folder.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::flake::{Flake, Wanted};
use super::nar;
use super::node::{Edge, Fixed, Node, Script, Style};
use super::text::Place;

/// What every derivation runs.
pub(super) const BUILDER: &str = include_str!("builder.sh");

/// The folder of a `flake.nix` that does not lie in the root.
pub(super) const FOLDER: &str = "flake";

impl Flake {
    /// Writes it below `folder`.
    pub fn write(&self, folder: &Path) -> Result<()> {
        self.tree.write(folder)?;
        let below = folder.join(if self.is_below { FOLDER } else { "" });
        fs::create_dir_all(&below)?;
        Ok(fs::write(below.join("flake.nix"), self.render())?)
    }

    /// The text of `flake.nix`.
    pub fn render(&self) -> String {
        let mut text = String::from(
            "{\n  outputs =\n    { self, nixpkgs }:\n    let\n      system = \"x86_64-linux\";\n      \
             pkgs = nixpkgs.legacyPackages.${system};\n",
        );
        let _ = writeln!(text, "      script = {};", quote(BUILDER));
        let (own, reached) = (self.own(), self.reached());
        for (number, node) in self.nodes.iter().enumerate().filter(|(number, _)| reached[*number]) {
            let _ = writeln!(text, "\n{}", self.derivation(number, node, own[number]));
        }
        text += "    in\n    {\n";
        for output in &self.outputs {
            let value = match &output.what {
                Wanted::Derivation(edge) => self.reference(edge),
                Wanted::Program(edge) => app(&format!("\"${{{}}}/bin/x\"", self.reference(edge))),
                Wanted::File(name) => app(&format!("\"${{{}}}\"", super::source::path(self.dir(), name))),
            };
            let _ = writeln!(text, "      {}.x86_64-linux.{} = {value};", output.kind, output.name);
        }
        text += "    };\n}\n";
        for comment in &self.comments {
            let _ = writeln!(text, "# {comment}");
        }
        text
    }

    fn dir(&self) -> &'static str {
        if self.is_below { "../" } else { "" }
    }

    fn reference(&self, Edge { node, output }: &Edge) -> String {
        match self.nodes[*node].outputs.first() {
            Some(first) if first == output => format!("n{node}"),
            _ => format!("n{node}.{output}"),
        }
    }

    fn derivation(&self, number: usize, node: &Node, is_own: bool) -> String {
        let name = self.name(number);
        let mut lines = vec![
            format!("name = \"{name}\";"),
            "inherit system;".into(),
            "builder = \"${pkgs.bash}/bin/bash\";".into(),
            format!("salt = {:?};", self.salt),
            format!("literal = {:?};", node.literal),
            format!(
                "outputs = [ {} ];",
                node.outputs.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(" ")
            ),
        ];
        let texts = |wanted: Place| {
            let chosen =
                node.texts.iter().filter(move |text| (text.place == Place::Argument) == (wanted == Place::Argument));
            chosen.map(|text| text.render(self.dir())).collect::<Vec<_>>()
        };
        let arguments = texts(Place::Argument).join(" ");
        lines.push(match node.script {
            Script::Inline => format!("args = [ \"-c\" script \"builder\" {arguments} ];"),
            Script::Written => format!("args = [ (builtins.toFile \"builder.sh\" script) {arguments} ];"),
            Script::Own => format!("args = [ {} {arguments} ];", super::source::path(self.dir(), "build.sh")),
        });
        for (number, text) in texts(Place::Plain).iter().enumerate() {
            lines.push(format!("text{number} = {text};"));
        }
        let mut inputs: Vec<_> = node.inputs.iter().map(|edge| self.reference(edge)).collect();
        inputs.extend(node.sources.iter().enumerate().map(|(number, source)| source.render(self.dir(), number)));
        inputs.extend((0..node.foreign).map(|constant| {
            format!("(builtins.toFile \"foreign-{constant}\" \"nobody's {} {number} {constant}\")", self.salt)
        }));
        lines.extend(style(node.style, &inputs));
        if let Some(edge) = &node.graph {
            let target = self.reference(edge);
            lines.push(match node.style {
                Style::Structured => format!("exportReferencesGraph.graph = [ {target} ];"),
                _ => format!("exportReferencesGraph = [ \"graph\" {target} ];"),
            });
        }
        if node.refers {
            lines.push("refers = \"1\";".into());
        }
        if node.folder {
            lines.push("mkdir = \"${pkgs.coreutils}/bin/mkdir\";".into());
        }
        if !is_own {
            lines.push("foreign = \"1\";".into());
        }
        if let Some(fixed) = node.fixed {
            let constant = format!("fetched {name}");
            let (mode, hash) = match fixed {
                Fixed::Flat => ("flat", nar::sha256(constant.as_bytes())),
                Fixed::Recursive => ("recursive", nar::sha256(&nar::of_file(constant.as_bytes()))),
            };
            lines.push(format!("constant = {constant:?};"));
            lines.push(format!("outputHashAlgo = \"sha256\";\n        outputHashMode = {mode:?};"));
            lines.push(format!("outputHash = {hash:?};"));
        }
        format!("      n{number} = derivation {{\n        {}\n      }};", lines.join("\n        "))
    }
}

fn style(style: Style, inputs: &[String]) -> Vec<String> {
    let interpolated = || inputs.iter().map(|input| format!("${{{input}}}")).collect::<Vec<_>>().join(" ");
    let nested = || {
        let (first, rest) = inputs.split_at(inputs.len() / 2);
        format!("{{ a.b = [ {} ]; c = [ {{ d = [ {} ]; }} ]; }}", first.join(" "), rest.join(" "))
    };
    match style {
        Style::Interpolated => vec![format!("inputs = \"{}\";", interpolated())],
        Style::List => vec![format!("inputs = [ {} ];", inputs.join(" "))],
        Style::Structured => vec!["__structuredAttrs = true;".into(), format!("inputs = {};", nested())],
        Style::Json => vec![format!("inputs = builtins.toJSON {};", nested())],
        Style::File => vec![format!("inputs = \"{}\";", interpolated()), "passAsFile = [ \"inputs\" ];".into()],
    }
}

fn app(program: &str) -> String {
    format!("{{ type = \"app\"; program = {program}; }}")
}

/// A string of Nix.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "\\${"))
}
