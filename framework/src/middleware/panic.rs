//! A panic in a view or a middleware becomes an error, so that the layers outside it still run.

use crate::{BoxFuture, Result, error::panic_message, future::catch_panic};

/// A panic of a view or a middleware: a 500.
#[derive(Debug, thiserror::Error)]
#[error("panicked: {message}")]
pub struct Panicked {
    message: String,
}

/// The future's result, or [`Panicked`].
pub(crate) async fn caught<T>(mut future: BoxFuture<'_, Result<T>>) -> Result<T> {
    // Whatever the panic left half done lies in the request, of which the session middleware saves
    // nothing after a 500, and in the project's own values, which it shares at its own risk.
    match catch_panic(future.as_mut()).await {
        Ok(result) => result,
        Err(panic) => Err(Panicked { message: panic_message(&*panic).to_owned() }.into()),
    }
}
