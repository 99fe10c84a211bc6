//! What can go wrong with a cache. No message holds a key, a value or a credential.

use crate::{BoxError, Unavailable};

/// Why a cache could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The server could not be reached, or did not answer in time: the response becomes a 503.
    ///
    /// A write that fails so may still have been carried out.
    #[error("the cache cannot be used now")]
    Unavailable(#[from] Unavailable),
    /// The server answered with something that this cache never wrote, or refused the command.
    #[error("{cache} gave an unexpected answer")]
    Answer {
        /// The server, with no credentials in it.
        cache: String,
        /// What the server said.
        source: BoxError,
    },
    /// The value does not fit.
    #[error("a value of {size} bytes is too large for the cache (at most {limit} bytes)")]
    TooLarge {
        /// The value's size in bytes.
        size: usize,
        /// The largest size in bytes.
        limit: usize,
    },
}
