//! One request through the layer: load, lend, call, save.

use std::{
    fmt, mem,
    panic::resume_unwind,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use tower_service::Service;

use super::{SessionHandle, SessionLayer, refusal::refusal};
use crate::{
    Error,
    future::{Uncut, catch_panic},
    http::{Body, Cookies, Response},
    sessions::{Loan, Session},
};

/// A service within a [`SessionLayer`].
#[derive(Clone)]
pub struct SessionService<S> {
    pub(super) layer: SessionLayer,
    pub(super) inner: S,
}

impl<S, B, R> Service<http::Request<B>> for SessionService<S>
where
    S: Service<http::Request<B>, Response = http::Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: Send + 'static,
    R: Default + Send + 'static,
{
    type Response = http::Response<R>;
    type Error = S::Error;
    type Future = SessionFuture<R, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        // The service that said it was ready is the one to call; its clone may not be.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        let layer = self.layer.clone();
        SessionFuture(Uncut::new(async move { layer.answer(ready, request).await }))
    }
}

impl SessionLayer {
    async fn answer<S, B, R>(
        self,
        mut inner: S,
        mut request: http::Request<B>,
    ) -> Result<http::Response<R>, S::Error>
    where
        S: Service<http::Request<B>, Response = http::Response<R>>,
        R: Default,
    {
        if request.extensions().get::<SessionHandle>().is_some() {
            return inner.call(request).await;
        }
        let cookies = Cookies::from_headers(request.headers());
        let (mut session, had_cookie) = match self.carrier.load(&cookies).await {
            Ok(loaded) => loaded,
            Err(error) => return Ok(failed(&error)),
        };
        let loan = Loan::new(&mut session);
        request.extensions_mut().insert(loan.handle());
        let answer = catch_panic(pin!(async { inner.call(request).await })).await;
        drop(loan);
        match answer {
            Ok(Ok(response)) => Ok(self.finish(&mut session, response, had_cookie).await),
            Ok(Err(error)) => {
                self.abandon(&mut session).await;
                Err(error)
            }
            Err(panic) => {
                self.abandon(&mut session).await;
                resume_unwind(panic)
            }
        }
    }

    /// Saves the session and writes the cookie: the rules are the carrier's, and it speaks our own
    /// response. The body passes by.
    async fn finish<R: Default>(
        &self,
        session: &mut Session,
        response: http::Response<R>,
        had_cookie: bool,
    ) -> http::Response<R> {
        let (parts, body) = response.into_parts();
        let version = parts.version;
        let mut head = Response::from_parts(parts, Body::default());
        let carried = match self.carrier.finish(session, &mut head, had_cookie).await {
            Ok(()) => head.sendable(),
            Err(error) => Err(error),
        };
        match carried {
            Ok(head) => {
                let (mut parts, _) = http::Response::<Body>::from(head).into_parts();
                parts.version = version;
                http::Response::from_parts(parts, body)
            }
            Err(error) => failed(&error),
        }
    }

    /// The service gave no response: as after a 5xx, only a `flush` holds.
    async fn abandon(&self, session: &mut Session) {
        if let Err(error) = self.engine.delete_discarded(session).await {
            log(&error.into());
        }
    }
}

fn failed<R: Default>(error: &Error) -> http::Response<R> {
    log(error);
    refusal(error)
}

fn log(error: &Error) {
    if error.status().is_server_error() {
        tracing::error!(target: "nuages.sessions", ?error, "the session cannot be carried");
    } else {
        tracing::info!(target: "nuages.sessions", ?error, "the session cannot be carried");
    }
}

/// The response of a [`SessionService`], on its way.
///
/// Dropped before its end, it goes on in a task.
#[must_use = "futures do nothing unless they are polled"]
pub struct SessionFuture<R: Send + 'static, E: Send + 'static>(Uncut<Result<http::Response<R>, E>>);

impl<R: Send + 'static, E: Send + 'static> Future for SessionFuture<R, E> {
    type Output = Result<http::Response<R>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<R: Send + 'static, E: Send + 'static> fmt::Debug for SessionFuture<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionFuture")
    }
}
