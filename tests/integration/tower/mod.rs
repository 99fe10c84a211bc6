//! `nuages::tower::SessionLayer` around a service that is no Nuages application.

use std::{
    future::poll_fn,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use http::{Request, Response, StatusCode, header};
use nuages::{
    Clock,
    sessions::SessionEngine,
    tower::{SessionLayer, SessionService},
};
use tower_layer::Layer as _;
use tower_service::Service;

use self::store::MemoryStore;
use crate::support::{
    pages::{Pages, pages},
    site,
};

mod faults;
mod rules;
mod store;

/// The site behind the layer, and what its sessions are kept in.
struct Site {
    service: SessionService<Pages>,
    engine: SessionEngine,
    store: Arc<MemoryStore>,
    pages: Pages,
    clock: Clock,
}

/// A site whose sessions are kept in memory.
fn site(more: &str) -> Site {
    let settings = site::settings(more);
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
