//! Sessions through the public API: their data, every engine, the middleware around them, and faults.

mod caches;
mod crossing;
mod data;
mod engines;
#[cfg(feature = "redis")]
mod eviction;
mod faults;
mod housekeeping;
mod http;
mod limits;
mod logging;
mod values;
