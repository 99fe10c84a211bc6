//! The memory that the server has charged for a request's body.
//!
//! The server puts it among the extensions of a request. Forms give the memory back of what they have
//! written to disk, so that uploads do not use up the memory for all bodies.

use std::sync::Arc;

/// Gives back memory that was charged for the body of a request.
pub(crate) trait ReleaseMemory: Send + Sync {
    /// Gives back `bytes`.
    fn release(&self, bytes: usize);
}

/// The charge of one request.
#[derive(Clone)]
pub(crate) struct BodyMemory(pub(crate) Arc<dyn ReleaseMemory>);
