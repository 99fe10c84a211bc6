//! The server-side engines, one file each. They keep text; they never see HTTP.

pub(super) mod db;
pub(super) mod file;
