//! How a new project depends on Nuages: on the checkout that built this program, or on the published version.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{CommandError, VERSION};

/// The dependency of a new project on Nuages.
pub(super) enum Dependency {
    /// By path, on the checkout in this folder.
    Checkout(PathBuf),
    /// By version, from crates.io.
    Published,
}

impl Dependency {
    /// Returns the checkout that built this program if it still exists, else the published version.
    pub(super) fn find() -> Self {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        match checkout.filter(|folder| folder.join("framework/Cargo.toml").is_file()) {
            Some(folder) => Self::Checkout(folder.to_owned()),
            None => Self::Published,
        }
    }

    /// Returns the requirement for the crate in `folder`, for the project's Cargo.toml.
    pub(super) fn requirement(&self, folder: &str) -> String {
        match self {
            Self::Checkout(checkout) => format!("path = {}", toml_text(&checkout.join(folder))),
            Self::Published => format!("version = \"{}\"", VERSION),
        }
    }

    /// Returns the files that let the project's build reuse what the checkout has compiled: its Cargo.lock
    /// (the same versions) and a configuration with its target folder.
    pub(super) fn files(&self) -> Result<Vec<(PathBuf, String)>, CommandError> {
        let Self::Checkout(checkout) = self else { return Ok(Vec::new()) };
        let lock = checkout.join("Cargo.lock");
        let unreadable = |error| CommandError::because(format!("{} cannot be read", lock.display()), error);
        let lock = fs::read_to_string(&lock).map_err(unreadable)?;
        let config = format!(
            "# This project depends on a checkout of Nuages and builds into the checkout's target folder, so\n\
             # that nothing is compiled twice. Delete this file to build into ./target instead. Git ignores\n\
             # it: the path is right on this machine only.\n\
             [build]\ntarget-dir = {}\n",
            toml_text(&checkout.join("target"))
        );
        Ok(vec![("Cargo.lock".into(), lock), (".cargo/config.toml".into(), config)])
    }
}

/// Returns the path as a TOML string. JSON's escapes are valid in TOML.
fn toml_text(path: &Path) -> String {
    serde_json::Value::from(path.to_string_lossy()).to_string()
}
