//! The server-side engines, one file each. They keep text; they never see HTTP.

pub(super) mod cache;
pub(super) mod cached_db;
pub(super) mod db;
pub(super) mod file;
mod slot;
