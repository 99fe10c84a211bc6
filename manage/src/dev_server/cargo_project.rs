//! The project as cargo sees it: its folder, the name of its program, and the profile to build.
//!
//! Only Cargo.toml is read, never the project's settings: mistakes in them must not stop the supervisor.

use std::path::{Path, PathBuf};

use crate::CommandError;

/// The package of a project.
#[derive(Clone, Debug)]
pub(super) struct CargoProject {
    pub(super) manifest: PathBuf,
    pub(super) folder: PathBuf,
    /// The name of the binary, if the manifest names one to run.
    pub(super) default_run: Option<String>,
    pub(super) name: String,
    /// What follows `cargo build`: `--release` or `--profile NAME`, or nothing.
    pub(super) profile: Vec<String>,
}

impl CargoProject {
    /// Reads the manifest. A manifest with mistakes is accepted: cargo will report them.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be found.
    pub(super) fn open(manifest: &Path, profile: Vec<String>) -> Result<Self, CommandError> {
        let missing = |error| CommandError::because(format!("{} cannot be read", manifest.display()), error);
        let manifest = manifest.canonicalize().map_err(missing)?;
        let folder = manifest.parent().unwrap_or(&manifest).to_owned();
        let text = std::fs::read_to_string(&manifest).map_err(missing)?;
        let table: toml::Table = text.parse().unwrap_or_default();
        let package = |key: &str| Some(table.get("package")?.get(key)?.as_str()?.to_owned());
        let name = package("name").unwrap_or_default();
        Ok(Self { default_run: package("default-run"), name, folder, manifest, profile })
    }
}

/// Returns what `cargo build` needs to build this program again: the profile, which is the name of its folder.
pub(crate) fn profile_of_this_program() -> Vec<String> {
    let program = std::env::current_exe().ok();
    let folder = program.as_deref().and_then(Path::parent).and_then(Path::file_name);
    match folder.and_then(|name| name.to_str()) {
        Some("release") => vec!["--release".into()],
        _ => Vec::new(),
    }
}
