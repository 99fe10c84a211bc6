//! The errors of the server: `listener` and `signals` return them.

/// Why the server could not start.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use nuages::server::{Listener, ServerError};
///
/// let error = Listener::bind("not an address").await.unwrap_err();
/// assert!(matches!(error, ServerError::Bind { .. }));
/// assert_eq!(error.to_string(), "cannot listen on \"not an address\"");
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The server cannot listen on the address: it is taken, belongs to another machine, or is no address.
    #[error("cannot listen on {address:?}")]
    Bind {
        /// The address as the caller wrote it.
        address: String,
        /// The system's error, such as `AddrInUse`.
        source: std::io::Error,
    },
    /// The process cannot wait for signals.
    #[error("cannot wait for signals")]
    Signals(#[source] std::io::Error),
}
