//! Outputs of a flake, as a person writes them.

/// Kinds of output that have a set for each system.
const KINDS: [&str; 4] = ["apps", "checks", "devShells", "packages"];
/// The kind that has one output for each system.
const FORMATTER: &str = "formatter";

/// The attribute path that is meant: of this system where none is named, and a package where no kind is. Where it means none, why.
pub fn attribute(text: &str, system: &str) -> Result<String, &'static str> {
    let refuse = Err;
    if text.is_empty() || text.contains(['#', '^', '\\']) || text.chars().any(char::is_control) {
        return refuse("write an attribute path, as packages.default is one");
    }
    let (kind, rest) = text.split_once('.').map_or((text, None), |(kind, rest)| (kind, Some(rest)));
    if kind == FORMATTER {
        return Ok(match rest {
            None => format!("{FORMATTER}.{system}"),
            Some(_) => text.to_owned(),
        });
    }
    if !KINDS.contains(&kind) {
        return Ok(format!("packages.{system}.{text}"));
    }
    match rest {
        None | Some("") => refuse("it is a set of outputs; name them one by one, as packages.default is one"),
        Some(rest) if is_system(rest.split('.').next().unwrap_or_default()) => match rest.split_once('.') {
            Some((_, name)) if !name.is_empty() => Ok(text.to_owned()),
            _ => refuse("it is a set of outputs; name them one by one, as packages.default is one"),
        },
        Some(rest) => Ok(format!("{kind}.{system}.{rest}")),
    }
}

/// Whether a name is what Nix calls a system. No package is called like that.
fn is_system(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(cpu, kernel)| {
        let is_cpu = ["x86_64", "i686", "aarch64"].contains(&cpu)
            || ["arm", "riscv", "powerpc", "mips", "loongarch", "s390"].iter().any(|family| cpu.starts_with(family));
        is_cpu && ["linux", "darwin", "freebsd", "netbsd", "openbsd"].contains(&kernel)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_this_system_and_a_package() {
        for (text, expected) in [
            ("default", "packages.x86_64-linux.default"),
            ("packages.default", "packages.x86_64-linux.default"),
            ("packages.x86_64-linux.default", "packages.x86_64-linux.default"),
            ("packages.aarch64-darwin.default", "packages.aarch64-darwin.default"),
            ("apps.run", "apps.x86_64-linux.run"),
            ("checks.my-linux", "checks.x86_64-linux.my-linux"),
            ("devShells.armv7l-linux.default", "devShells.armv7l-linux.default"),
            ("formatter", "formatter.x86_64-linux"),
            ("formatter.aarch64-linux", "formatter.aarch64-linux"),
            ("python3Packages.x", "packages.x86_64-linux.python3Packages.x"),
        ] {
            assert_eq!(attribute(text, "x86_64-linux").unwrap(), expected, "{text}");
        }
        for text in
            ["", "packages", "packages.", "packages.x86_64-linux", "checks.aarch64-linux.", "a#b", "a^out", "a\nb"]
        {
            assert!(attribute(text, "x86_64-linux").is_err(), "{text}");
        }
    }
}
