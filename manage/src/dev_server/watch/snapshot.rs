//! The sizes and times of watched files at one moment, and how two moments differ.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::plan::WatchPlan;

/// How many files of one folder are watched. More are not the source of a site.
const MAX_FILES: usize = 20_000;

/// What tells two states of a file apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stamp {
    Missing,
    /// Differs from every state of a file.
    Never,
    File {
        modified: SystemTime,
        bytes: u64,
        inode: u64,
    },
}

type Stamps = BTreeMap<PathBuf, Stamp>;

/// The state of the watched files at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    sources: Stamps,
    start: Stamps,
    assets: Stamps,
}

/// The files that differ between two moments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) sources: Vec<PathBuf>,
    pub(crate) start: Vec<PathBuf>,
    pub(crate) assets: Vec<PathBuf>,
}

impl Change {
    pub(crate) fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.start.is_empty() && self.assets.is_empty()
    }

    /// Returns whether requests must wait for a new program.
    pub(crate) fn needs_program(&self) -> bool {
        !self.sources.is_empty() || !self.start.is_empty()
    }

    /// Returns the changed files, the most important ones first.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.sources.iter().chain(&self.start).chain(&self.assets)
    }
}

impl Snapshot {
    /// Looks at the files now. Without `assets` these are taken from `before`.
    pub(super) fn take(plan: &WatchPlan, assets: bool, before: &Self) -> Self {
        let mut sources: Stamps = plan.sources.iter().map(|file| (file.clone(), stamp(file))).collect();
        for folder in &plan.source_folders {
            walk(folder, &mut sources, &|file| file.extension().is_some_and(|kind| kind == "rs"));
        }
        let mut start = Stamps::new();
        plan.start.iter().for_each(|path| walk(path, &mut start, &|_| true));
        let assets = if assets {
            let mut found = Stamps::new();
            plan.assets.iter().for_each(|path| walk(path, &mut found, &|_| true));
            found
        } else {
            before.assets.clone()
        };
        Self { sources, start, assets }
    }

    /// Returns what differs from an earlier moment.
    pub(super) fn since(&self, before: &Self) -> Change {
        Change {
            sources: differing(&before.sources, &self.sources),
            start: differing(&before.start, &self.start),
            assets: differing(&before.assets, &self.assets),
        }
    }

    /// Returns the moment to compare with after the plan has changed: known files are those of `self`; files
    /// that are new in the plan count as changed if they were modified after `since`. The files in `written` were
    /// changed by cargo itself.
    pub(super) fn adopt(&self, now: &Self, since: SystemTime, written: &[PathBuf]) -> Self {
        let adopt = |known: &Stamps, now: &Stamps| -> Stamps {
            let of = |(file, stamp): (&PathBuf, &Stamp)| {
                let new = match stamp {
                    Stamp::File { modified, .. } if *modified > since => Stamp::Never,
                    other => *other,
                };
                let kept = if written.contains(file) { *stamp } else { *known.get(file).unwrap_or(&new) };
                (file.clone(), kept)
            };
            now.iter().map(of).collect()
        };
        Self {
            sources: adopt(&self.sources, &now.sources),
            start: adopt(&self.start, &now.start),
            assets: adopt(&self.assets, &now.assets),
        }
    }
}

fn differing(before: &Stamps, after: &Stamps) -> Vec<PathBuf> {
    let missing = |stamps: &Stamps, file: &PathBuf| *stamps.get(file).unwrap_or(&Stamp::Missing);
    let changed = after.iter().filter(|(file, stamp)| missing(before, file) != **stamp);
    let gone = before.iter().filter(|(file, stamp)| !after.contains_key(*file) && **stamp != Stamp::Missing);
    changed.chain(gone).map(|(file, _)| file.clone()).collect()
}

fn stamp(file: &Path) -> Stamp {
    let Ok(data) = fs::metadata(file) else { return Stamp::Missing };
    let modified = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    Stamp::File { modified, bytes: data.len(), inode: data.ino() }
}

/// Adds a file, or the files of a folder and the folders in it. Names that begin with a dot are left out: they
/// are the temporary files of editors.
fn walk(path: &Path, stamps: &mut Stamps, wanted: &dyn Fn(&Path) -> bool) {
    if stamps.len() >= MAX_FILES {
        return;
    }
    let Ok(entries) = fs::read_dir(path) else {
        stamps.insert(path.to_owned(), stamp(path));
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let bytes = name.as_encoded_bytes();
        if bytes.starts_with(b".") || bytes.ends_with(b"~") || bytes == b"node_modules" {
            continue;
        }
        let path = entry.path();
        if path.is_dir() {
            walk(&path, stamps, wanted);
        } else if wanted(&path) {
            stamps.insert(path.clone(), stamp(&path));
        }
    }
}
