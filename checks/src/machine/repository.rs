//! The repository that this program belongs to.

use std::path::Path;

/// Its folder.
pub fn path() -> &'static Path {
    let checks = Path::new(env!("CARGO_MANIFEST_DIR"));
    checks.parent().unwrap_or(checks)
}

/// Its flake: the files that git knows of, and nothing that was built.
pub fn flake() -> String {
    format!("git+file://{}", path().display())
}
