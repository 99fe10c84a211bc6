//! The version of this crate, which is also the version of Nuages that it works with.

/// The version of Nuages, as `manage --version` prints it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
