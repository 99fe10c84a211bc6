//! Answers one request: rejects it if it is malformed, waits for its turn, calls the application, and logs
//! the response.
//!
//! `connection` makes one [`Exchange`] for all requests of a connection.

use std::{future::poll_fn, net::SocketAddr, pin::pin, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::{Body as _, Incoming};

use super::{
    access_log::AccessLogLine,
    activity::Activity,
    body::{Content, RequestBody, ResponseBody},
    body_budget::BodyBudget,
    framing::BodyFraming,
    gate::{Gate, Turn},
    http_service::HttpService,
    pace::PaceLimits,
    refuse::refusal,
    stop_token::StopToken,
};
use crate::{
    BoxError,
    error::panic_message,
    error_page::RETRY_SOON,
    future::catch_panic,
    http::{Body, BodyMemory},
    settings::ServerSettings,
};

/// The limits that all connections of a server share.
#[derive(Clone)]
pub(super) struct Shared {
    gate: Arc<Gate>,
    bodies: BodyBudget,
    pace: PaceLimits,
}

impl Shared {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        Self {
            gate: Arc::new(Gate::new(settings)),
            bodies: BodyBudget::new(settings),
            pace: PaceLimits::new(settings),
        }
    }
}

/// The values that all requests of one connection share.
pub(super) struct Exchange<S> {
    pub(super) service: S,
    pub(super) peer: SocketAddr,
    pub(super) shared: Shared,
    pub(super) activity: Arc<Activity>,
}

impl<S: HttpService> Exchange<S> {
    /// Answers one request; never fails.
    pub(super) fn answer(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<ResponseBody<S::ResponseBody>>> + use<S> {
        let after_irregular = self.activity.has_irregular_framing();
        self.activity.begin_request(body_framing(&request));
        let mut log = AccessLogLine::begin(&request);
        let activity = self.activity.clone();
        let refusal = refusal(request.method(), request.uri(), request.version(), request.headers());
        if after_irregular {
            // What looks like a request may be a part of the body before it: it gets no response.
            self.activity.break_off();
        }
        let admitted = match refusal {
            Some(status) => Err(status),
            None => Ok((self.prepare(request), self.service.clone())),
        };
        async move {
            if after_irregular {
                std::future::pending::<()>().await;
            }
            let mut response = match admitted {
                Ok(((request, turn), service)) => {
                    activity.set_queued(true);
                    let entered = turn.enter().await;
                    activity.set_queued(false);
                    if entered {
                        let response = run(service, request).await;
                        turn.finish();
                        response
                    } else {
                        reject_busy()
                    }
                }
                Err(status) => status_response(status),
            };
            if let Some(log) = &mut log {
                log.set_status(response.status());
            }
            if activity.has_irregular_framing() {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            response.map(|body| ResponseBody::new(body, activity, log))
        }
    }

    /// Turns hyper's request into the application's: with our body type, and the client's address and the
    /// stop token among the extensions.
    fn prepare(&self, request: Request<Incoming>) -> (Request<Body>, Arc<Turn>) {
        let turn = Arc::new(Turn::new(self.shared.gate.clone(), self.shared.bodies.charge()));
        let has_body = !request.body().is_end_stream();
        let mut request = request.map(|incoming| {
            if incoming.is_end_stream() {
                return Body::default();
            }
            Body::stream(RequestBody::new(incoming, self.shared.pace, turn.clone(), self.activity.clone()))
        });
        request.extensions_mut().insert(self.peer);
        request.extensions_mut().insert(StopToken::new(self.activity.clone(), turn.clone()));
        if has_body {
            request.extensions_mut().insert(BodyMemory(turn.clone()));
        }
        (request, turn)
    }
}

/// The framing of a request's body, as hyper has understood it.
fn body_framing(request: &Request<Incoming>) -> BodyFraming {
    match request.body().size_hint().exact() {
        Some(0) => BodyFraming::None,
        Some(length) => BodyFraming::Length(length),
        None => BodyFraming::Chunked,
    }
}

/// Calls the application; a failure or a panic becomes a 500.
async fn run<S: HttpService>(mut service: S, request: Request<Body>) -> Response<Content<S::ResponseBody>> {
    let call = async {
        poll_fn(|cx| service.poll_ready(cx)).await?;
        service.call(request).await
    };
    match catch_panic(pin!(call)).await {
        Ok(Ok(response)) => response.map(Content::App),
        Ok(Err(error)) => {
            let error: BoxError = error.into();
            tracing::error!(target: "nuages.server", error = &*error, "the application failed");
            status_response(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Err(panic) => {
            let message = panic_message(&*panic);
            tracing::error!(target: "nuages.server", panic = message, "the application panicked");
            status_response(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

fn reject_busy<B>() -> Response<Content<B>> {
    let mut response = status_response(StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(header::RETRY_AFTER, RETRY_SOON);
    response
}

/// A plain-text response with nothing but the status. After a malformed or unsupported request it also
/// closes the connection: the bytes that follow cannot be trusted to be another request.
fn status_response<B>(status: StatusCode) -> Response<Content<B>> {
    let text = match status {
        StatusCode::NO_CONTENT => String::new(),
        _ => format!("{status}\n"),
    };
    let mut response = Response::new(Content::Status(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if status.is_client_error() || status == StatusCode::NOT_IMPLEMENTED {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
