//! Views that block, and the warning about those that should not.
//!
//! A worker thread runs the requests of many clients in turn. While a view blocks it (a slow computation, a
//! file, another program), none of them goes on.

use std::{
    future::poll_fn,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, runtime::RuntimeFlavor::CurrentThread, task::block_in_place};

use super::{BoxFuture, IntoView, View};
use crate::{
    Result,
    http::{Request, Response},
};

/// How long a view may keep its thread before the log names it under `DEBUG`.
const LONGEST_TURN: Duration = Duration::from_millis(100);

/// Lets a view block: while it runs, other requests go on in other threads.
///
/// Use it for views that compute for long, read files with `std::fs`, or wait for another program or
/// service without `.await`. Under `DEBUG`, the log names views that block without it.
///
/// # Examples
///
/// ```
/// use nuages::{http::Request, urls::path, view::blocking};
///
/// fn report(_: &mut Request) -> String {
///     std::thread::sleep(std::time::Duration::from_millis(1)); // stands for slow work
///     "done".to_owned()
/// }
///
/// let route = path("report/", blocking(report));
/// ```
pub fn blocking<V: IntoView<Via>, Via>(view: V) -> impl View {
    Blocking(view.into_view())
}

struct Blocking(Arc<dyn View>);

/// Runs `work` where it may block. On a runtime with one thread, as in tests, nothing else could run.
fn in_place<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current() {
        Ok(runtime) if runtime.runtime_flavor() != CurrentThread => block_in_place(work),
        _ => work(),
    }
}

impl View for Blocking {
    fn arity(&self) -> usize {
        self.0.arity()
    }

    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn csrf_exempt(&self) -> bool {
        self.0.csrf_exempt()
    }

    fn may_block(&self) -> bool {
        true
    }

    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let mut answer = in_place(|| self.0.call(request));
            poll_fn(|cx| in_place(|| answer.as_mut().poll(cx))).await
        })
    }
}

/// A view that is timed: the log warns about it if it keeps its thread for too long.
pub(crate) struct Watched(pub(crate) Arc<dyn View>);

impl Watched {
    fn timed<T>(&self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let result = work();
        let elapsed = begun.elapsed();
        if elapsed > LONGEST_TURN {
            let (view, ms) = (self.0.name(), elapsed.as_millis());
            tracing::warn!(
                target: "nuages.request", view,
                "the view {view} blocked its thread for {ms} ms: wrap it in nuages::view::blocking"
            );
        }
        result
    }
}

impl View for Watched {
    fn arity(&self) -> usize {
        self.0.arity()
    }

    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn csrf_exempt(&self) -> bool {
        self.0.csrf_exempt()
    }

    fn may_block(&self) -> bool {
        self.0.may_block()
    }

    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        if self.0.may_block() {
            return self.0.call(request);
        }
        Box::pin(async move {
            let mut answer = self.timed(|| self.0.call(request));
            poll_fn(|cx| self.timed(|| answer.as_mut().poll(cx))).await
        })
    }
}
