//! Fixtures that the tests share: projects, requests, servers, programs, disks and vectors.

pub mod asking;
pub mod events;
pub mod moving_store;
pub mod pages;
#[cfg(feature = "postgres")]
pub mod pgbouncer;
pub mod polling;
#[cfg(feature = "postgres")]
pub mod postgres_server;
pub mod program;
pub mod raw_server;
#[cfg(feature = "redis")]
pub mod redis_server;
pub mod session_site;
pub mod site;
pub mod small_disk;
pub mod vectors;
pub mod visitor;
