//! Futures used across the crate: boxed ones for object-safe traits, one that catches panics, and one that
//! finishes even if it is dropped.

use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

/// A boxed future that can be stored and sent between threads.
///
/// # Examples
///
/// A trait that is used as `dyn` returns it from its async methods:
///
/// ```
/// use nuages::BoxFuture;
///
/// trait Greeter {
///     fn greet<'a>(&'a self, name: &'a str) -> BoxFuture<'a, String>;
/// }
///
/// struct English;
///
/// impl Greeter for English {
///     fn greet<'a>(&'a self, name: &'a str) -> BoxFuture<'a, String> {
///         Box::pin(async move { format!("hello, {name}") })
///     }
/// }
/// ```
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs a future to its end and catches its panic. After a panic the future is not polled again.
pub(crate) async fn catch_panic<F: Future + ?Sized>(
    mut future: Pin<&mut F>,
) -> Result<F::Output, Box<dyn Any + Send>> {
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// The text of a caught panic, or a note that it has none: `panic!` accepts other values than text.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// A future that always finishes once it has begun: if it is dropped early, for example because the client
/// closed the connection, the rest of it runs in a task of its own. A future that was never polled, or that
/// panicked, is simply dropped.
#[must_use = "futures do nothing unless they are polled"]
pub(crate) struct Detached<T: Send + 'static> {
    future: Option<BoxFuture<'static, T>>,
    begun: bool,
}

impl<T: Send + 'static> Detached<T> {
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self { future: Some(Box::pin(future)), begun: false }
    }
}

impl<T: Send + 'static> Future for Detached<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.begun = true;
        // Taken out while it runs, so that nothing is left to poll after a panic.
        let mut future = self.future.take().expect("a future is not polled after its end");
        let poll = future.as_mut().poll(cx);
        if poll.is_pending() {
            self.future = Some(future);
        }
        poll
    }
}

impl<T: Send + 'static> Drop for Detached<T> {
    fn drop(&mut self) {
        let Some(rest) = self.future.take().filter(|_| self.begun) else { return };
        // Without a runtime the process is ending, and nothing can run the rest.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { drop(rest.await) });
        }
    }
}
