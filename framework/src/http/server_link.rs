//! The link from a request to the server that received it.
//!
//! The server puts it among the extensions of each request. Without a server, as in tests, there is none.

use std::sync::Arc;

use crate::BoxFuture;

/// The server as a request sees it.
pub(crate) trait ServerLink: Send + Sync {
    /// Gives back memory that was charged for the body of the request.
    fn release_memory(&self, bytes: usize);
    /// Whether the server is shutting down, or the client has gone.
    fn is_stopping(&self) -> bool;
    /// Resolves when the server begins to shut down, or the client goes.
    fn stopping(&self) -> BoxFuture<'_, ()>;
}

/// The link of one request.
#[derive(Clone)]
pub(crate) struct RequestLink(pub(crate) Arc<dyn ServerLink>);
