//! The public API as the documents show it.

mod documents;
mod public_api;
