//! The commit that is checked out, as a flake that a pure evaluation takes.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::Error;

/// Of the git repository around a folder: `git+file://…?rev=…`.
pub(super) fn of(folder: &Path) -> Result<String, Error> {
    let git = |what: &str| {
        let output = Command::new("git").args(["rev-parse", what]).current_dir(folder).stdin(Stdio::null()).output();
        let output = output.map_err(|source| Error::Io { doing: "running", path: "git".into(), source })?;
        let line = String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned();
        let none = || Error::NotCheckedOut { flake: folder.display().to_string() };
        output.status.success().then_some(line).ok_or_else(none)
    };
    let (top, prefix, commit) = (git("--show-toplevel")?, git("--show-prefix")?, git("HEAD")?);
    let below = prefix.trim_end_matches('/');
    let dir = if below.is_empty() { String::new() } else { format!("&dir={}", escaped(below)) };
    Ok(format!("git+file://{}?shallow=1&rev={commit}{dir}", escaped(&top)))
}

/// A path in an address (RFC 3986, "Percent-Encoding").
fn escaped(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        if is_plain { text.push(char::from(byte)) } else { text.push_str(&format!("%{byte:02X}")) }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_an_address_has_no_spaces() {
        assert_eq!(escaped("/a b/ö?"), "/a%20b/%C3%B6%3F");
    }

    #[test]
    fn what_is_no_repository_is_an_error() {
        assert!(matches!(of(tempfile::tempdir().unwrap().path()), Err(Error::NotCheckedOut { .. })));
    }
}
