//! The helper writes a seed again, without Nix, under circumstances that must not matter.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::orders::{Direction, Orders};
use super::recipe::{Call, Recipe};
use super::variant::{Build, Store, Variant};
use crate::machine::cargo::executable;
use crate::machine::{process, repository};
use crate::seed::flake::Workbench;
use crate::seed::layout::Layout;

/// What it takes.
pub struct ByHand {
    recipe: Recipe,
    release: PathBuf,
    debug: PathBuf,
    orders: Orders,
}

/// What came of a variant.
#[derive(Debug)]
pub struct Written {
    /// The image's digest.
    pub digest: String,
    /// Where the store was copied: how many folders of how many the copy lists in another order.
    pub reordered: Option<(usize, usize)>,
}

impl ByHand {
    pub fn new(workbench: &Workbench, recipe: Recipe) -> Result<Self> {
        let orders = Orders::read(&recipe.paths)?;
        for direction in [Direction::Forwards, Direction::Backwards] {
            let list = orders.list(&recipe.paths, direction);
            let relative =
                |path: &PathBuf| [path.as_os_str().as_bytes().strip_prefix(b"/").unwrap_or_default(), b"\0"].concat();
            fs::write(recipe.folder().join(list_name(direction)), list.iter().flat_map(relative).collect::<Vec<_>>())?;
        }
        Ok(Self { release: workbench.helper()?, debug: debug_helper()?, orders, recipe })
    }

    /// Needs the rights to mount, and to become another user.
    pub fn write(&self, variant: &Variant) -> Result<Written> {
        let folder = self.recipe.folder();
        for name in ["out", "copy"] {
            fs::create_dir(folder.join(name))?;
        }
        let output = process::output(
            Command::new("unshare")
                .args(["--mount", "--propagation", "private", "sh", "-euc", &self.script(variant)])
                .current_dir(folder),
        );
        let written = output.and_then(|listing| {
            let reordered = || (Orders::of_find(&listing).differing(&self.orders), self.orders.folders());
            Ok(Written {
                digest: Layout::open(&folder.join("out/image"))?.manifest_digest,
                reordered: matches!(variant.store, Store::Copied(_)).then(reordered),
            })
        });
        for name in ["out", "copy"] {
            fs::remove_dir_all(folder.join(name)).with_context(|| format!("cannot remove {name}"))?;
        }
        written
    }

    /// Prints where `find` lists what was copied, and nothing else.
    fn script(&self, variant: &Variant) -> String {
        let (copy, root) = match variant.store {
            Store::Original => (String::new(), "/"),
            Store::Copied(direction) => (
                format!(
                    "tar --create --directory / --no-recursion --null --files-from {} --mode u+w |
                       tar --extract --directory copy --no-same-owner --touch
                     find copy/nix/store -mindepth 1 -printf '/nix/store/%P\\n'\n",
                    list_name(direction)
                ),
                "copy",
            ),
        };
        let helper: &Path = match variant.build {
            Build::Release => &self.release,
            Build::Debug => &self.debug,
        };
        let call = Call { prefix: variant.prefix, helper, root, threads: variant.threads, out: "out" };
        format!("{}\n{copy}exec >&2\n{}", variant.setup, self.recipe.script(&call))
    }
}

fn list_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Forwards => "forwards",
        Direction::Backwards => "backwards",
    }
}

/// Built where the helper's own tests are.
fn debug_helper() -> Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--locked", "--package", "nix-seed-helper"]);
    executable(cargo.current_dir(repository::path()))
}
