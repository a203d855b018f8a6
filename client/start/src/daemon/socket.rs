//! Where the daemon listens that owns a store.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix_seed_daemon::{Connection, Error as DaemonError};

use crate::{Error, Result};

const SOCKET: &str = "nix/var/nix/daemon-socket/socket";

/// A daemon that answers.
pub(crate) struct Daemon {
    pub(super) socket: PathBuf,
    pub(super) connection: Connection,
}

impl Daemon {
    /// The daemon that owns the store below `root`, if there is one.
    pub(crate) fn find(root: &Path) -> Result<Option<Self>> {
        let socket = socket(root, &|name| std::env::var_os(name));
        match Connection::open(&socket) {
            Ok(connection) => Ok(Some(Self { socket, connection })),
            Err(DaemonError::Io(error)) if is_nobody(&error) => Ok(None),
            Err(source) => Err(Error::Talk { socket, source }),
        }
    }

    /// Whether somebody listens there.
    pub(crate) fn answers(root: &Path) -> bool {
        UnixStream::connect(socket(root, &|name| std::env::var_os(name))).is_ok()
    }

    /// Another connection, for work at the same time.
    pub(super) fn connect(socket: &Path) -> Result<Connection> {
        Connection::open(socket).map_err(talk(socket))
    }

    /// Tells the daemon of the root `link`, and refuses one whose store is not that below `root`: whatever it said of its
    /// store would be taken for what lies here. It puts a link to the root into a folder of its own, where it has to be seen.
    pub(super) fn root(&mut self, root: &Path, link: &Path) -> Result<()> {
        self.connection.add_indirect_root(link).map_err(talk(&self.socket))?;
        let own = root.join("nix/var/nix/gcroots/auto");
        let is_seen = match std::fs::read_dir(&own) {
            Ok(entries) => entries.flatten().any(|entry| std::fs::read_link(entry.path()).is_ok_and(|to| to == link)),
            // Whoever may not look there cannot be sure, nor overwrite anything without the daemon.
            Err(error) => error.kind() == ErrorKind::PermissionDenied,
        };
        if is_seen {
            return Ok(());
        }
        Err(Error::OtherStore { socket: self.socket.clone(), store: root.join("nix/store") })
    }

    /// What makes Nix' programs use this daemon.
    pub(super) fn remote(&self) -> String {
        if self.socket == Path::new("/").join(SOCKET) {
            "daemon".into()
        } else {
            format!("unix://{}", self.socket.display())
        }
    }
}

/// For `map_err`.
pub(super) fn talk(socket: &Path) -> impl FnOnce(DaemonError) -> Error {
    move |source| Error::Talk { socket: socket.into(), source }
}

/// Whether nobody listens; a name that is too long for a socket is none.
fn is_nobody(error: &std::io::Error) -> bool {
    use ErrorKind::{ConnectionRefused, InvalidInput, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | ConnectionRefused | NotADirectory | InvalidInput)
}

/// As Nix finds it. What the environment says is of the machine's own store, not of one below another root.
fn socket(root: &Path, variable: &dyn Fn(&str) -> Option<OsString>) -> PathBuf {
    if root == Path::new("/") {
        let remote = variable("NIX_REMOTE").unwrap_or_default();
        if let Some(path) = remote.as_bytes().strip_prefix(b"unix://")
            && path.starts_with(b"/")
        {
            let path = path.split(|byte| *byte == b'?').next().unwrap_or(path);
            return OsString::from_vec(path.to_vec()).into();
        }
        if let Some(path) = variable("NIX_DAEMON_SOCKET_PATH").filter(|path| !path.is_empty()) {
            return path.into();
        }
    }
    root.join(SOCKET)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_where_nix_looks_for_it() {
        let with = |root: &str, remote: &str, path: &str| {
            let variable = |name: &str| Some(if name == "NIX_REMOTE" { remote } else { path }.into());
            socket(Path::new(root), &variable)
        };
        let usual = Path::new("/nix/var/nix/daemon-socket/socket");
        for remote in ["", "daemon", "auto", "unix://", "ssh-ng://host"] {
            assert_eq!(with("/", remote, ""), usual, "{remote}");
            assert_eq!(with("/", remote, "/run/s"), Path::new("/run/s"), "{remote}");
        }
        assert_eq!(with("/", "unix:///run/a?root=/x", "/run/s"), Path::new("/run/a"));
        assert_eq!(with("/mnt", "unix:///run/a", "/run/s"), Path::new("/mnt").join(SOCKET));
    }
}
