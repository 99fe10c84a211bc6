//! Tells open pages to load again: the script, its tag, and the events that it listens to.

mod events;
mod tag;

pub(super) use events::ReloadEvents;
pub(super) use tag::tag;

/// The script of the pages.
pub(super) const SCRIPT: &str = include_str!("live_reload.js");
