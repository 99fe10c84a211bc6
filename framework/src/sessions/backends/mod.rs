//! The stores of the built-in engines. They keep text; they see neither HTTP nor the session.

pub(super) mod cache;
mod cache_entry;
pub(super) mod cached_db;
pub(super) mod db;
pub(super) mod file;
