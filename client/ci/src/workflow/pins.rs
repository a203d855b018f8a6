//! The released programs, each by its digest.

use super::Error;

/// A program for one system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its SHA-256, in hexadecimal digits.
    pub digest: String,
    /// Where it is.
    pub url: String,
}

impl Program {
    /// None, in the place of one: for files that are compared and not written.
    pub fn none() -> Self {
        Self { digest: "0".repeat(64), url: "https://localhost/nix-seed".into() }
    }
}

/// Programs by runner, as GitHub calls them: `Linux-X64`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Programs(Vec<(String, Program)>);

impl Programs {
    /// Reads `RUNNER SHA256 URL` a line; a line that begins with `#` is a remark.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut programs = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let words: Vec<_> = line.split(' ').collect();
            let is_hex = |digest: &str| {
                digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            };
            // It stands in single quotes of a shell.
            let is_url = |url: &str| url.starts_with("http") && url.chars().all(|c| c.is_ascii_graphic() && c != '\'');
            match words[..] {
                [runner, digest, url] if is_hex(digest) && is_url(url) => {
                    programs.push((runner.to_owned(), Program { digest: digest.into(), url: url.into() }));
                }
                _ => return Err(Error::Programs { line: number + 1 }),
            }
        }
        Ok(Self(programs))
    }

    /// That of a runner.
    pub fn of(&self, runner: &str) -> Option<&Program> {
        self.0.iter().find(|(name, _)| name == runner).map(|(_, program)| program)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_its_runner() {
        let digest = "0".repeat(64);
        let programs = Programs::parse(&format!("# remark\n\nLinux-X64 {digest} https://example.org/a\n")).unwrap();
        assert_eq!(programs.of("Linux-X64").unwrap().url, "https://example.org/a");
        assert_eq!(programs.of("macOS-ARM64"), None);
    }

    #[test]
    fn attack_a_url_that_leaves_its_quotes_is_refused() {
        let digest = "0".repeat(64);
        for line in [
            format!("Linux-X64 {digest} https://x/'; evil"),
            format!("Linux-X64 {digest} https://x/';evil"),
            format!("Linux-X64 {} https://x/", "0".repeat(63)),
            format!("Linux-X64 {} https://x/", "A".repeat(64)),
            format!("Linux-X64 {digest} file:///x"),
            digest.clone(),
        ] {
            assert_eq!(Programs::parse(&line), Err(Error::Programs { line: 1 }), "{line}");
        }
    }
}
