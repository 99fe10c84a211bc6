//! The boxed future that object-safe traits return.

use std::{future::Future, pin::Pin};

/// A future that can be stored and sent.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
