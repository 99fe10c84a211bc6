//! The integration tests: one binary, one file a topic.

mod db;
mod cache;
mod cache_locmem;
#[cfg(feature = "redis")]
mod cache_redis;
#[cfg(feature = "redis")]
mod redis_server;
mod server;
mod session_engines;
mod signing;
mod urls;
mod vectors;
mod settings;
