//! The integration tests: one binary, one file a topic.

mod db;
mod server;
mod session_engines;
mod settings;
mod signing;
mod urls;
mod vectors;
