//! The integration tests: one binary, one file a topic.
mod db;
mod migrations;
mod server;
