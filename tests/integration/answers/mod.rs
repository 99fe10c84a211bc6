//! Responses beyond text and pages: streams, events, files, error answers, caching.

mod caching;
mod errors;
mod files;
mod streams;
