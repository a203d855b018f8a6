//! Settings under which a test means the same on every machine.

use std::path::Path;

use anyhow::{Result, bail};

const STORE: &str = "/nix/store";
const DAEMON: &str = "/nix/var/nix/daemon-socket/socket";

/// What any user may set. No registry, no substitutes: nothing is fetched that a test did not name.
const COMMON: &str = "\
experimental-features = nix-command flakes
flake-registry =
warn-dirty = false
";

/// What only the store's owner, or a trusted user of a daemon, may set.
const OWNER: &str = "\
sandbox = true
sandbox-fallback = false
substitute = false
max-jobs = auto
";

/// For the machine's own Nix, whose configuration stays in force otherwise.
pub(super) fn for_machine() -> Vec<(&'static str, String)> {
    let mut text = COMMON.to_owned();
    if !Path::new(DAEMON).exists() {
        text += OWNER;
        text += "build-users-group =\n";
    }
    vec![("NIX_CONFIG", with_callers(text))]
}

/// For a Nix that Debian built, in `prefix`: the machine's configuration is not read, it may be another version's.
pub(super) fn for_debian(prefix: &Path) -> Vec<(&'static str, String)> {
    // As upstream's, Debian's Nix shows builders a static shell as /bin/sh, but by a path that may not exist here.
    let shell = format!("sandbox-paths = /bin/sh={}/usr/bin/bash-static\n", prefix.display());
    let text = [COMMON, OWNER, &shell, "build-users-group =\n"].concat();
    vec![
        ("NIX_CONFIG", with_callers(text)),
        ("NIX_CONF_DIR", prefix.join("etc/nix").display().to_string()),
        ("NIX_USER_CONF_FILES", String::new()),
    ]
}

/// The caller's `NIX_CONFIG` comes last, so it wins.
fn with_callers(text: String) -> String {
    match std::env::var("NIX_CONFIG") {
        Ok(callers) => text + &callers,
        Err(_) => text,
    }
}

/// Says what to do where Nix could not create its store; as root it does so itself.
pub(super) fn ensure_store() -> Result<()> {
    let usable = Path::new("/nix").exists() || Path::new(DAEMON).exists();
    if !usable && !is_root() {
        bail!("there is no {STORE}, and only root can create it: run `sudo install -d -m 755 -o $(id -un) /nix`");
    }
    Ok(())
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
