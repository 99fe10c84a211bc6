//! Where a new project gets Nuages from: the checkout that built this program, or the published version.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::CommandError;

/// The checkout or the registry.
pub(super) enum Source {
    /// The checkout's folder.
    Checkout(PathBuf),
    Published,
}

impl Source {
    /// The checkout that built this program, if it is still there.
    pub(super) fn find() -> Self {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        match checkout.filter(|folder| folder.join("framework/Cargo.toml").is_file()) {
            Some(folder) => Self::Checkout(folder.to_owned()),
            None => Self::Published,
        }
    }

    /// What follows the name of the crate in the project's Cargo.toml.
    pub(super) fn dependency(&self, folder: &str) -> String {
        match self {
            Self::Checkout(checkout) => format!("path = {}", toml_text(&checkout.join(folder))),
            Self::Published => format!("version = \"{}\"", crate::VERSION),
        }
    }

    /// What lets the build of a project reuse what the checkout has compiled: its Cargo.lock (the same
    /// versions) and its target folder.
    pub(super) fn files(&self) -> Result<Vec<(PathBuf, String)>, CommandError> {
        let Self::Checkout(checkout) = self else { return Ok(Vec::new()) };
        let lock = checkout.join("Cargo.lock");
        let unreadable = |error| CommandError::because(format!("{} cannot be read", lock.display()), error);
        let lock = fs::read_to_string(&lock).map_err(unreadable)?;
        let config = format!(
            "# This project depends on a checkout of Nuages, and shares its target folder: what is compiled\n\
             # there is not compiled again. Delete this file (git ignores it: the path is this machine's) to\n\
             # build into ./target instead.\n\
             [build]\ntarget-dir = {}\n",
            toml_text(&checkout.join("target"))
        );
        Ok(vec![("Cargo.lock".into(), lock), (".cargo/config.toml".into(), config)])
    }
}

/// The path as TOML text: JSON's escapes are TOML's too.
fn toml_text(path: &Path) -> String {
    serde_json::Value::from(path.to_string_lossy()).to_string()
}
