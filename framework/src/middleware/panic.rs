//! Turns a panic of a view or a middleware into an error, so that the outer middlewares still run.

use crate::{
    BoxFuture, Error, Result,
    error::{panic_message, take_panic},
    future::catch_panic,
};

/// A view or a middleware panicked: a 500.
///
/// # Examples
///
/// ```
/// use nuages::{middleware::Panicked, prelude::*};
///
/// async fn count_panics(request: &mut Request, next: Next<'_>) -> Result<Response> {
///     let response = next.run(request).await?;
///     if response.error().is_some_and(|error| error.downcast_ref::<Panicked>().is_some()) {
///         eprintln!("a panic at {}", request.path());
///     }
///     Ok(response)
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("panicked: {message}")]
pub struct Panicked {
    message: String,
}

impl Panicked {
    /// The message of the panic.
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

/// Returns the result of the future, or [`Panicked`] if it panicked.
pub(crate) async fn caught<T>(mut future: BoxFuture<'_, Result<T>>) -> Result<T> {
    // A panic may leave values half changed. Those in the request are not saved after a 500; those that a
    // project shares between requests are its own to protect.
    match catch_panic(future.as_mut()).await {
        Ok(result) => result,
        Err(panic) => {
            let error = Error::from(Panicked { message: panic_message(&*panic).to_owned() });
            Err(error.at_panic(take_panic()))
        }
    }
}
