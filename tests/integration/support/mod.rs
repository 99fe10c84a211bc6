//! Fixtures that the tests share: requests, servers, programs, disks and vectors.

pub mod asking;
pub mod events;
#[cfg(feature = "postgres")]
pub mod postgres_server;
pub mod program;
#[cfg(feature = "redis")]
pub mod redis_server;
pub mod small_disk;
pub mod vectors;
pub mod visitor;
