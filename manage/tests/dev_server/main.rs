//! The development server, for real: scaffolded projects are served, edited, broken and mended while requests
//! arrive.
//!
//! Slow, since each test builds a project: `tests/run` runs them. They share the target folder of this
//! workspace, so that only the small projects themselves are compiled for each edit.

#[allow(dead_code, reason = "each test program uses its part")]
#[path = "../support/mod.rs"]
mod support;

mod actions;
mod ends;
mod load;
mod pages;
mod reload;
mod site;
mod terminal;
