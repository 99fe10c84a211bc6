//! The integration tests: one binary, one file a topic.

mod app;
mod asking;
mod cache;
mod cache_locmem;
#[cfg(feature = "redis")]
mod cache_redis;
mod cookies;
mod csrf;
mod db;
mod forms;
mod http;
mod middleware;
mod client;
mod db;
mod migrations;
#[cfg(feature = "redis")]
mod redis_server;
mod server;
mod session_data;
mod session_engines;
mod settings;
mod signing;
mod templates;
mod static_files;
mod urls;
mod vectors;
