//! Errors of caches. No message holds a key, a value or a credential.

use crate::{BoxError, Unavailable};

/// An error of a cache.
///
/// # Examples
///
/// ```
/// use nuages::cache::{CacheError, CacheStore, Ttl};
///
/// /// Stores a page where that is possible; a cache that is down slows the site but breaks nothing.
/// async fn remember(cache: &dyn CacheStore, page: String) -> Result<(), CacheError> {
///     match cache.set("page", page.into(), Ttl::Default).await {
///         Err(CacheError::Unavailable(_) | CacheError::TooLarge { .. }) => Ok(()),
///         other => other,
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The server could not be reached, or did not answer in time: the response becomes a 503.
    ///
    /// A write that fails with this error may still have been carried out.
    #[error("the cache is unavailable")]
    Unavailable(#[from] Unavailable),
    /// The server refused the command, or answered with a value that this cache cannot have written.
    #[error("{cache} sent an unexpected answer")]
    Answer {
        /// The server, with no credentials in it.
        cache: String,
        /// The server's answer.
        source: BoxError,
    },
    /// The value is larger than the cache accepts.
    #[error("a value of {size} bytes is too large for the cache (at most {limit} bytes)")]
    TooLarge {
        /// The value's size in bytes.
        size: usize,
        /// The largest size in bytes.
        limit: usize,
    },
}
