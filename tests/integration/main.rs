//! The integration tests: one binary, one folder for each part of the framework.

mod answers;
mod app;
mod cache;
mod contrib;
mod db;
mod http;
mod manage;
mod middleware;
mod migrations;
mod project;
mod server;
mod sessions;
mod settings;
mod signing;
mod support;
mod templates;
mod testing;
mod tower;
mod urls;
mod wording;
