//! The files to watch, and what a change of each means.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// The files to watch.
#[derive(Clone, Debug, Default)]
pub(crate) struct WatchPlan {
    /// The files that the program is made from. A change needs a build.
    pub(crate) sources: Vec<PathBuf>,
    /// Folders in which every `.rs` file counts as a source: after a failed build, when cargo has not said which
    /// files the program would be made from.
    pub(crate) source_folders: Vec<PathBuf>,
    /// Files and folders that the program reads while it starts. A change needs a new start.
    pub(crate) start: Vec<PathBuf>,
    /// Folders that the program reads for each request. A change loads pages again.
    pub(crate) assets: Vec<PathBuf>,
}

/// Returns the files beside sources that decide what cargo does: the manifests of their packages and
/// workspaces, lock files, cargo's configuration and the toolchain's version.
pub(crate) fn manifests_of<'a>(project: &Path, sources: impl Iterator<Item = &'a PathBuf>) -> Vec<PathBuf> {
    let mut folders: BTreeSet<&Path> = project.ancestors().collect();
    let mut seen = BTreeSet::new();
    for folder in sources.filter_map(|file| file.parent()) {
        if seen.insert(folder) {
            folders.extend(folder.ancestors().find(|folder| folder.join("Cargo.toml").is_file()));
        }
    }
    let names = [
        "Cargo.toml",
        "Cargo.lock",
        ".cargo/config.toml",
        ".cargo/config",
        "rust-toolchain.toml",
        "rust-toolchain",
    ];
    let files = folders.iter().flat_map(|folder| names.iter().map(|name| folder.join(name)));
    // A manifest of a folder above may appear, but rarely does: the project's own folder is enough for that.
    files.filter(|file| file.is_file() || file.parent() == Some(project)).collect()
}
