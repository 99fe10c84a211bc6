//! The integration tests: one binary, one file a topic.

mod cache;
mod cache_locmem;
#[cfg(feature = "redis")]
mod cache_redis;
mod client;
mod db;
mod migrations;
#[cfg(feature = "redis")]
mod redis_server;
mod server;
mod session_data;
mod session_engines;
mod session_http;
mod settings;
mod signing;
mod static_files;
mod tower;
mod urls;
mod vectors;
