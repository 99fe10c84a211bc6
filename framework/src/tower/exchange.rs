//! Runs one request inside a session: loads it, lends it to the service, saves it.
//!
//! `layer` makes it once and `service` uses a clone for each request. The session rules themselves are
//! those of the session middleware, whose `SessionCarrier` it calls.

use std::{panic::resume_unwind, pin::pin};

use tower_service::Service;

use super::{SessionHandle, refusal::refusal};
use crate::{
    Error,
    future::catch_panic,
    http::{Body, Cookies, Response},
    middleware::SessionCarrier,
    sessions::{Loan, Session, SessionEngine},
};

/// The session engine, and the rules by which a request loads and saves its session.
#[derive(Clone)]
pub(super) struct SessionExchange {
    pub(super) engine: SessionEngine,
    pub(super) carrier: SessionCarrier,
}

impl SessionExchange {
    /// Calls the service with the session among the extensions of its request.
    pub(super) async fn answer<S, B, R>(
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

    /// Saves the session and writes its cookie. The carrier works on our own response type, so only the
    /// head goes through it; the body is kept aside.
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

    /// Handles a service that returned no response: as after a 5xx, only a `flush` takes effect.
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
        tracing::error!(target: "nuages.sessions", ?error, "the session could not be loaded or saved");
    } else {
        tracing::info!(target: "nuages.sessions", ?error, "the session could not be loaded or saved");
    }
}
