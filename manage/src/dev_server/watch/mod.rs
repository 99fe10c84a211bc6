//! Finds changed files by comparing snapshots of their sizes and times. That works where notifications do not:
//! on mounts of WSL and Docker, and on NFS.

mod dep_info;
mod plan;
mod snapshot;
mod watcher;

pub(super) use dep_info::dependencies;
pub(super) use plan::{WatchPlan, manifests_of};
pub(super) use snapshot::Change;
pub(super) use watcher::Watcher;
