//! What an image says of its Nix outside of `/nix`: settings, certificates, variables.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use nix_seed_image::documents::Documents;
use tar::EntryType;

use super::members::Member;
use super::name::{Place, place};
use super::tree::Tree;
use crate::Result;
use crate::environment::Environment;

const NIX_CONF: &str = "etc/nix/nix.conf";
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";
const CERTIFICATES_VARIABLE: &str = "NIX_SSL_CERT_FILE";

/// The most bytes of settings.
const SETTINGS_MAX: u64 = 1 << 20;

/// What an image without settings is taken to have.
const DEFAULT: &str = "experimental-features = nix-command flakes\n";

/// The files outside of `/nix` that count.
#[derive(Default)]
pub(super) struct Settings {
    files: BTreeMap<PathBuf, Content>,
}

enum Content {
    Text(String),
    Link(String),
}

impl Settings {
    /// Takes note of an entry, if it is one that counts.
    pub(super) fn take(&mut self, path: &Path, member: Member<'_>) -> std::io::Result<()> {
        if path != Path::new(NIX_CONF) && path != Path::new(CERTIFICATES) {
            return Ok(());
        }
        let content = match member.header.entry_type() {
            EntryType::Symlink => {
                let target = member.link.unwrap_or_default();
                Content::Link(String::from_utf8_lossy(&target).into_owned())
            }
            EntryType::Regular if path == Path::new(NIX_CONF) => {
                let mut text = String::new();
                member.content.take(SETTINGS_MAX).read_to_string(&mut text)?;
                Content::Text(text)
            }
            _ => return Ok(()),
        };
        self.files.insert(path.to_owned(), content);
        Ok(())
    }

    /// Writes the settings where Nix will find them in `/nix`, and gives what leads it there.
    pub(super) fn write(self, tree: &mut Tree, documents: &Documents, name: &str) -> Result<Environment> {
        let text = match self.files.get(Path::new(NIX_CONF)) {
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Link(target)) => read(tree, target).unwrap_or_else(|| DEFAULT.into()),
            None => DEFAULT.into(),
        };
        let folder = format!("nix/var/nix-seed/etc/{name}");
        tree.file(&Path::new(&folder).join("nix.conf"), &mut alone(&text).as_bytes(), 0o644, 1)?;
        let mut environment = from_config(documents);
        environment.variables.push(("NIX_CONF_DIR".into(), format!("/{folder}")));
        let has_certificates = environment.variables.iter().any(|(name, _)| name == CERTIFICATES_VARIABLE);
        if let Some(Content::Link(target)) = self.files.get(Path::new(CERTIFICATES))
            && !has_certificates
            && target.starts_with("/nix/")
        {
            environment.variables.push((CERTIFICATES_VARIABLE.into(), target.clone()));
        }
        Ok(environment)
    }
}

/// The file in `/nix` that a link leads to.
fn read(tree: &Tree, target: &str) -> Option<String> {
    match place(target.strip_prefix('/')?.as_bytes()) {
        Ok(Place::In(path)) => tree.read(&path, SETTINGS_MAX),
        _ => None,
    }
}

/// Settings for a Nix whose store nobody else uses: an image's build users are not this machine's.
fn alone(text: &str) -> String {
    let is_other = |line: &&str| line.split('=').next().unwrap_or_default().trim() != "build-users-group";
    let lines: Vec<_> = text.lines().filter(is_other).chain(["build-users-group ="]).collect();
    lines.join("\n") + "\n"
}

/// What of the image's variables leads into `/nix`.
fn from_config(documents: &Documents) -> Environment {
    let config = documents.config.config().as_ref();
    let mut environment = Environment::default();
    for (name, value) in config
        .and_then(|config| config.env().as_ref())
        .into_iter()
        .flatten()
        .filter_map(|assignment| assignment.split_once('='))
    {
        if name == "PATH" {
            environment.path = value.split(':').filter(|folder| folder.starts_with("/nix/")).map(Into::into).collect();
        } else if name == CERTIFICATES_VARIABLE && value.starts_with("/nix/") {
            environment.variables.push((name.into(), value.into()));
        }
    }
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_no_build_users_here() {
        let text = "sandbox = false\nbuild-users-group = nixbld\nmax-jobs = 4\n";
        assert_eq!(alone(text), "sandbox = false\nmax-jobs = 4\nbuild-users-group =\n");
        assert_eq!(alone(""), "build-users-group =\n");
    }
}
