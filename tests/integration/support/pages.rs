//! A small site that is no Nuages application: it finds its session in the request's extensions.

use std::{
    io,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response, StatusCode, header};
use nuages::{BoxFuture, tower::SessionHandle};
use tokio::sync::Semaphore;
use tower_service::Service;

/// A small site. A clone is not ready before it has been asked, as Tower's contract allows.
pub struct Pages {
    ready: bool,
    /// `/slow` says here that it has begun …
    pub begun: Arc<Semaphore>,
    /// … and waits here.
    pub go_on: Arc<Semaphore>,
}

impl Clone for Pages {
    fn clone(&self) -> Self {
        Self { ready: false, begun: self.begun.clone(), go_on: self.go_on.clone() }
    }
}

impl<B: Send + 'static> Service<Request<B>> for Pages {
    type Response = Response<String>;
    type Error = io::Error;
    type Future = BoxFuture<'static, Result<Response<String>, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without having said that it is ready");
        let (begun, go_on) = (self.begun.clone(), self.go_on.clone());
        Box::pin(async move {
            let session = request.extensions().get::<SessionHandle>().expect("a session").clone();
            let count = || session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1).expect("a number");
            let mut response = Response::new(String::new());
            match request.uri().path() {
                "/untouched" => {}
                "/count" => count(),
                "/public" => {
                    count();
                    let public = "public, max-age=60".parse().expect("a value");
                    response.headers_mut().insert(header::CACHE_CONTROL, public);
                }
                "/slow" => {
                    count();
                    begun.add_permits(1);
                    go_on.acquire().await.expect("a permit").forget();
                }
                "/login" => {
                    let mut session = session.lock();
                    session.cycle_key();
                    session["user"]["name"] = nuages::json!("Django");
                }
                "/flush" => session.flush(),
                "/count-and-fail" => {
                    count();
                    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                }
                "/flush-and-fail" => {
                    session.flush();
                    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                }
                "/flush-and-break" => {
                    session.flush();
                    return Err(io::Error::other("after the flush"));
                }
                "/flush-and-panic" => {
                    session.flush();
                    panic!("after the flush");
                }
                path => assert_eq!(path, "/read"),
            }
            if !request.uri().path().contains("untouched") {
                *response.body_mut() = session.get::<u64>("n").expect("a number").unwrap_or(0).to_string();
            }
            Ok(response)
        })
    }
}

pub fn pages() -> Pages {
    Pages { ready: false, begun: Arc::new(Semaphore::new(0)), go_on: Arc::new(Semaphore::new(0)) }
}
