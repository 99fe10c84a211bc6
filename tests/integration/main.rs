//! The integration tests: one binary, one file a topic.

mod app;
mod asking;
mod auth;
mod cache;
mod cache_locmem;
#[cfg(feature = "redis")]
mod cache_redis;
mod client;
mod cookies;
mod csrf;
mod db;
#[cfg(feature = "postgres")]
mod db_postgres;
mod documents;
mod faults_store;
mod forms;
mod http;
mod manage;
mod middleware;
mod migrations;
#[cfg(feature = "postgres")]
mod postgres_server;
mod public_api;
#[cfg(feature = "redis")]
mod redis_server;
mod server;
mod session_caches;
mod session_data;
mod session_engines;
mod session_http;
mod settings;
mod signing;
mod small_disk;
mod static_files;
mod templates;
mod tower;
mod urls;
mod vectors;
