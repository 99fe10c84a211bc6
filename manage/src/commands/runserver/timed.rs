//! Logs how long each request took, with its queries, for `-v 2`.

use std::{
    convert::Infallible,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::{Request, Response};
use nuages::{BoxFuture, OneLine, db::count_queries, http::Body};
use tower_service::Service;

use crate::logging;

/// The verbosity from which requests are timed.
const FROM_VERBOSITY: u8 = 2;

/// A service whose requests are timed.
#[derive(Clone)]
pub(super) struct Timed<S> {
    service: S,
    timed: bool,
}

impl<S> Timed<S> {
    pub(super) fn new(service: S, verbosity: u8) -> Self {
        Self { service, timed: verbosity >= FROM_VERBOSITY }
    }
}

impl<S> Service<Request<Body>> for Timed<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !self.timed {
            return Box::pin(self.service.call(request));
        }
        let name = format!("{} {}", request.method(), request.uri());
        let work = self.service.call(request);
        Box::pin(async move {
            let begun = Instant::now();
            let (response, count) = count_queries(work).await;
            let took = milliseconds(begun.elapsed());
            let noun = if count.queries == 1 { "query" } else { "queries" };
            let (queries, time) = (count.queries, milliseconds(count.time));
            let name = OneLine::new(&name);
            tracing::info!(target: logging::SERVER, "{name}: {took} ms, of that {queries} {noun} in {time} ms");
            response
        })
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1000.0)
}
