//! The public API as the documents show it.

mod documents;
mod examples;
mod public_api;
