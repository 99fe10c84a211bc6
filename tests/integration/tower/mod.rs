//! `nuages::tower::SessionLayer` around a service that is no Nuages application.

use std::{
    future::poll_fn,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response, StatusCode, header};
use nuages::{
    BoxFuture, Clock,
    sessions::SessionEngine,
    settings::Settings,
    tower::{SessionHandle, SessionLayer, SessionService},
};
use tokio::sync::Semaphore;
use tower_layer::Layer as _;
use tower_service::Service;

use self::store::MemoryStore;

mod faults;
mod rules;
mod store;

/// A small site. A clone is not ready before it has been asked, as Tower's contract allows.
pub(crate) struct Pages {
    ready: bool,
    /// `/slow` says here that it has begun …
    begun: Arc<Semaphore>,
    /// … and waits here.
    go_on: Arc<Semaphore>,
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

/// The site behind the layer, and what its sessions are kept in.
struct Site {
    service: SessionService<Pages>,
    engine: SessionEngine,
    store: Arc<MemoryStore>,
    pages: Pages,
    clock: Clock,
}

fn settings(more: &str, folder: &Path) -> Settings {
    let text = format!("SECRET_KEY = 'fifty characters'\nDEBUG = true\n{more}");
    Settings::from_toml(&text, folder).unwrap_or_else(|errors| panic!("{errors}"))
}

pub(crate) fn pages() -> Pages {
    Pages { ready: false, begun: Arc::new(Semaphore::new(0)), go_on: Arc::new(Semaphore::new(0)) }
}

/// A site whose sessions are kept in memory.
fn site(more: &str) -> Site {
    let settings = settings(more, ".".as_ref());
    let (store, clock, pages) = (Arc::new(MemoryStore::default()), Clock::system(), pages());
    let engine = SessionEngine::with_store(&settings, clock.clone(), store.clone());
    let service = SessionLayer::new(engine.clone(), &settings).layer(pages.clone());
    Site { service, engine, store, pages, clock }
}

impl Site {
    fn visitor(&self) -> Visitor<SessionService<Pages>> {
        Visitor { service: self.service.clone(), cookie: None }
    }

    /// What the store knows of the session in this cookie.
    async fn stored(&self, cookie: &str) -> Option<u64> {
        let session = self.engine.load(key(cookie)).await.expect("a store that works");
        session.get("n").expect("a number")
    }
}

/// Somebody with a browser that keeps one cookie.
#[derive(Clone)]
struct Visitor<S> {
    service: S,
    cookie: Option<String>,
}

impl<S> Visitor<S>
where
    S: Service<Request<()>, Response = Response<String>, Error = io::Error>,
{
    /// A request's future, to be polled or to be dropped.
    async fn ask(&mut self, path: &str) -> S::Future {
        let mut request = Request::get(path);
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        poll_fn(|cx| self.service.poll_ready(cx)).await.expect("a service that is ready");
        self.service.call(request.body(()).expect("a request"))
    }

    async fn try_get(&mut self, path: &str) -> Result<Response<String>, io::Error> {
        let response = self.ask(path).await.await?;
        if let Some(cookie) = text(&response, header::SET_COOKIE) {
            let (pair, attributes) = cookie.split_once("; ").expect("attributes");
            self.cookie = (!attributes.contains("Max-Age=0")).then(|| pair.to_owned());
        }
        Ok(response)
    }

    async fn get(&mut self, path: &str) -> Response<String> {
        self.try_get(path).await.expect("a response")
    }

    /// Whether the request ended in a panic.
    async fn panics(&mut self, path: &str) -> bool {
        let mut future = pin!(self.try_get(path));
        let ended = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(|_| false),
            Err(_) => Poll::Ready(true),
        });
        ended.await
    }

    fn cookie(&self) -> &str {
        self.cookie.as_deref().expect("a cookie")
    }
}

fn key(cookie: &str) -> &str {
    cookie.split_once('=').expect("name and value").1
}

fn text<B>(response: &Response<B>, name: header::HeaderName) -> Option<&str> {
    response.headers().get(name).map(|value| value.to_str().expect("text"))
}
