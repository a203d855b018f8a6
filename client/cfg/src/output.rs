//! Outputs of a flake, by their attribute paths.

use crate::{Cfg, Error, Result};

/// What a flake has outputs of, but for the formatter.
const KINDS: [&str; 4] = ["apps", "checks", "devShells", "packages"];
const FORMATTER: &str = "formatter";

/// An attribute path of a flake, as the keys of `outputs` are written: `KIND.NAME` of every system, or `KIND.SYSTEM.NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    kind: String,
    system: Option<String>,
    /// Bare; none for a formatter.
    name: Option<String>,
}

impl Output {
    /// Takes a path as one types it after `.#`: a name is in quotes where it has to be.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('.').map_or((text, None), |(kind, rest)| (kind, Some(rest)));
        let owned = |text: &str| Some(text.to_owned());
        if kind == FORMATTER {
            let is_right = rest.is_none_or(is_system);
            return is_right.then(|| Self { kind: kind.into(), system: rest.and_then(owned), name: None });
        }
        let rest = rest.filter(|_| KINDS.contains(&kind))?;
        let (system, name) = match rest.split_once('.') {
            Some((system, name)) if is_system(system) => (Some(system), name),
            _ => (None, rest),
        };
        // All of a system is no output.
        if system.is_none() && is_system(name) {
            return None;
        }
        Some(Self { kind: kind.into(), system: system.and_then(owned), name: Some(component(name)?) })
    }
}

/// The name that a last component is.
fn component(text: &str) -> Option<String> {
    let Some(quoted) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return is_identifier(text).then(|| text.to_owned());
    };
    // What has to be escaped is no output that anybody gives a level of its own.
    let is_right = !quoted.is_empty() && !quoted.contains(['"', '\\', '\n', '\r', '\t']) && !quoted.contains("${");
    (is_right && !is_identifier(quoted)).then(|| quoted.to_owned())
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"_'-".contains(&c))
}

/// `x86_64-linux`
fn is_system(text: &str) -> bool {
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.rsplit_once('-').is_some_and(|(machine, os)| is_word(&machine.replace('_', "a")) && is_word(os))
}

/// An attribute path, its names in quotes where they have to be.
pub(crate) fn path(names: &[&str]) -> String {
    let quoted = |name: &&str| if is_identifier(name) { (*name).to_owned() } else { format!("{name:?}") };
    names.iter().map(quoted).collect::<Vec<_>>().join(".")
}

impl Cfg {
    /// What holds for one output, named with its system (`packages.x86_64-linux.default`): this configuration with the output's
    /// own level, if it has one. `outputs."packages.x86_64-linux.default"` goes before `outputs."packages.default"`.
    pub fn for_output(&self, output: &str) -> Result<Self> {
        let wanted = Output::parse(output).filter(|wanted| wanted.system.is_some());
        let wanted = wanted.ok_or_else(|| Error::Output { output: output.into() })?;
        let anywhere = Output { system: None, ..wanted.clone() };
        let of = |wanted: &Output| self.outputs.iter().find(|(key, _)| Output::parse(key).as_ref() == Some(wanted));
        let level = of(&wanted).or_else(|| of(&anywhere)).map_or(self.level, |(_, cfg)| cfg.level);
        Ok(Self { level, ..self.clone() })
    }
}
