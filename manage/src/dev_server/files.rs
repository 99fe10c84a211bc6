//! Decides which files of a project are watched.

use std::path::{Path, PathBuf};

use super::{
    cargo_project::CargoProject,
    protocol::WatchedFiles,
    watch::{self, WatchPlan},
};
use crate::{Project, project::SETTINGS_FILE};

/// Returns the files to watch.
pub(super) fn plan(
    project: &CargoProject,
    sources: &[PathBuf],
    watched: &WatchedFiles,
    failed: bool,
) -> WatchPlan {
    let mut all = watch::manifests_of(&project.folder, sources.iter());
    let mut source_folders = Vec::new();
    if failed || sources.is_empty() {
        source_folders.push(project.folder.join("src"));
        let packages =
            all.iter().filter(|file| file.ends_with("Cargo.toml")).filter_map(|file| file.parent());
        source_folders.extend(packages.map(|folder| folder.join("src")).filter(|folder| folder.is_dir()));
        source_folders.sort();
        source_folders.dedup();
    }
    all.extend_from_slice(sources);
    all.sort();
    all.dedup();
    WatchPlan {
        sources: all,
        source_folders,
        start: vec![watched.settings_file.clone(), watched.migrations.clone()],
        assets: watched.templates.iter().chain(&watched.static_files).cloned().collect(),
    }
}

/// The files of a project before its program has named them: those that the defaults name.
pub(super) fn first_watched(project: &Project, folder: &Path) -> WatchedFiles {
    let settings_file = project.settings_file().unwrap_or_else(|_| folder.join(SETTINGS_FILE));
    let settings_file = std::path::absolute(&settings_file).unwrap_or(settings_file);
    let base = settings_file.parent().unwrap_or(folder).to_owned();
    WatchedFiles {
        settings_file,
        migrations: base.join("migrations"),
        templates: vec![base.join("templates")],
        static_files: vec![base.join("static")],
    }
}
