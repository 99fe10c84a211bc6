//! One request and its response: refused, or let in when its turn comes, answered, and logged.

use std::{
    future::poll_fn,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::{Body as _, Incoming};
use tokio::sync::{Semaphore, SemaphorePermit};
use tower_service::Service;

use super::{
    access_log::Entry,
    activity::Activity,
    body::{Content, RequestBody, ResponseBody},
    refuse::refusal,
};
use crate::{BoxError, error::panic_message, future::catch_panic, http::Body};

/// How long a client should wait that was turned away for want of room (`Retry-After`).
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// So many requests are worked on at once, so many more wait, the others are turned away.
pub(super) struct Gate {
    working: Semaphore,
    waiting: AtomicUsize,
    max_waiting: usize,
}

impl Gate {
    pub(super) fn new(max_working: usize, max_waiting: usize) -> Self {
        let working = Semaphore::new(max_working.clamp(1, Semaphore::MAX_PERMITS));
        Self { working, waiting: AtomicUsize::new(0), max_waiting }
    }

    async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        if let Ok(permit) = self.working.try_acquire() {
            return Some(permit);
        }
        let place = Place(&self.waiting);
        if self.waiting.fetch_add(1, Relaxed) >= self.max_waiting {
            return None;
        }
        let permit = self.working.acquire().await.ok();
        drop(place);
        permit
    }
}

/// A place in the queue, given back also when the client goes away meanwhile.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// What the requests of one connection share.
pub(super) struct Exchange<S> {
    pub(super) service: S,
    pub(super) peer: SocketAddr,
    pub(super) body_timeout: Duration,
    pub(super) gate: Arc<Gate>,
    pub(super) activity: Arc<Activity>,
}

impl<S: Clone> Exchange<S> {
    /// Answers one request; never fails.
    pub(super) fn answer<B>(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<ResponseBody<B>>> + use<S, B>
    where
        S: Service<Request<Body>, Response = Response<B>>,
        S::Error: Into<BoxError>,
    {
        self.activity.begin_request(!request.body().is_end_stream());
        let mut log = Entry::begin(&request);
        let activity = self.activity.clone();
        let refused = refusal(request.method(), request.uri(), request.version(), request.headers());
        let let_in = match refused {
            Some(status) => Err(status),
            None => Ok((self.prepare(request), self.service.clone(), self.gate.clone())),
        };
        async move {
            let response = match let_in {
                Ok((request, service, gate)) => match gate.enter().await {
                    Some(_permit) => run(service, request).await,
                    None => turned_away(),
                },
                Err(status) => own(status),
            };
            if let Some(log) = &mut log {
                log.set_status(response.status());
            }
            response.map(|body| ResponseBody::new(body, activity, log))
        }
    }

    /// The request as the application gets it: our body, the client's address among the extensions.
    fn prepare(&self, request: Request<Incoming>) -> Request<Body> {
        let mut request = request.map(|incoming| {
            if incoming.is_end_stream() {
                return Body::default();
            }
            Body::stream(RequestBody::new(incoming, self.body_timeout, self.activity.clone()))
        });
        request.extensions_mut().insert(self.peer);
        request
    }
}

/// The application's answer; a 500 where it fails or panics.
async fn run<S, B>(mut service: S, request: Request<Body>) -> Response<Content<B>>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
{
    let call = async {
        poll_fn(|cx| service.poll_ready(cx)).await?;
        service.call(request).await
    };
    match catch_panic(pin!(call)).await {
        Ok(Ok(response)) => response.map(Content::App),
        Ok(Err(error)) => {
            let error: BoxError = error.into();
            tracing::error!(target: "nuages.server", error = &*error, "the application failed");
            own(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Err(panic) => {
            let message = panic_message(&*panic);
            tracing::error!(target: "nuages.server", panic = message, "the application panicked");
            own(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

fn turned_away<B>() -> Response<Content<B>> {
    let mut response = own(StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    response
}

/// An answer of the server's own. A malformed request is the last of its connection: what follows it
/// cannot be trusted to be another one.
fn own<B>(status: StatusCode) -> Response<Content<B>> {
    let text = match status {
        StatusCode::NO_CONTENT => String::new(),
        _ => format!("{status}\n"),
    };
    let mut response = Response::new(Content::Own(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if status.is_client_error() {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
