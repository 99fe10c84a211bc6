//! A site whose views do everything to a session that a view can: change, keep, flush, fail and wait.

use std::sync::Arc;

use nuages::{
    App, BoxFuture, Clock, prelude::*, settings::Settings, testing::Client, urls::path, view::View,
};
use tokio::sync::{Barrier, Semaphore};

use super::site::{self, SQLITE};

/// As many requests at once as one test sends.
pub const BURST: usize = 200;

/// A site with its own folder and clock.
pub struct Site {
    pub client: Client,
    pub settings: Settings,
    pub clock: Clock,
    pub folder: site::Site,
    /// `/slow/` adds a permit to the first when it has begun, and takes one of the second to go on.
    pub begun: Arc<Semaphore>,
    pub go_on: Arc<Semaphore>,
}

/// A site on the db engine, migrated, with more lines in its settings.
pub async fn site(more: &str) -> Site {
    let folder = site::Site::new(&format!("{more}\n{SQLITE}")).migrated().await;
    let settings = folder.settings().clone();
    let clock = Clock::system();
    let (begun, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let app = App::new(settings.clone()).urls(urls(begun.clone(), go_on.clone())).clock(clock.clone());
    Site { client: Client::new(app), settings, clock, folder, begun, go_on }
}

fn urls(begun: Arc<Semaphore>, go_on: Arc<Semaphore>) -> Vec<nuages::urls::Route> {
    let burst = Arc::new(Barrier::new(BURST));
    vec![
        path("untouched/", |_: &mut Request| "untouched"),
        path("read/", |request: &mut Request| format!("{}", request.session["n"])),
        path("write/", |request: &mut Request| {
            request.session["n"] = json!(1);
            "written"
        }),
        path("count/", count),
        path("slow/", Slow { begun, go_on }),
        path("set/", Set(burst)),
        path("clear/", |request: &mut Request| {
            request.session.clear();
            "cleared"
        }),
        path("flush/", |request: &mut Request| {
            request.session.flush();
            "flushed"
        }),
        path("flush-and-fail/", |request: &mut Request| -> Result<&'static str> {
            request.session.flush();
            Err(Error::new("after the flush"))
        }),
        path("write-and-fail/", |request: &mut Request| -> Result<&'static str> {
            request.session["n"] = json!(99);
            Err(Error::new("after the write"))
        }),
        path("write-and-panic/", |request: &mut Request| -> &'static str {
            request.session["n"] = json!(99);
            panic!("after the write")
        }),
        path("cycle/", |request: &mut Request| {
            request.session.cycle_key();
            "cycled"
        }),
        path("close/", |request: &mut Request| {
            request.session["n"] = json!(1);
            request.session.set_expiry(Expiry::BrowserClose);
            "until the browser closes"
        }),
        path("public/", |request: &mut Request| -> Result<Response> {
            request.session["n"] = json!(1);
            let mut response = "public".into_response()?;
            response.set_header("Cache-Control", "public, max-age=60");
            Ok(response)
        }),
    ]
}

async fn count(request: &mut Request) -> Result<String> {
    request.session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    Ok(request.session["n"].to_string())
}

/// Changes the session, says so, and waits until the test lets it go on.
struct Slow {
    begun: Arc<Semaphore>,
    go_on: Arc<Semaphore>,
}

impl View for Slow {
    fn arity(&self) -> usize {
        0
    }

    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            request.session["slow"] = json!(true);
            self.begun.add_permits(1);
            self.go_on.acquire().await.expect("an open gate").forget();
            "slow".into_response()
        })
    }
}

/// Waits until every request of the burst has loaded the session, then sets the key in the query.
struct Set(Arc<Barrier>);

impl View for Set {
    fn arity(&self) -> usize {
        0
    }

    fn call<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            self.0.wait().await;
            let key = request.query().get("key").expect("a key").to_owned();
            request.session.insert(key, true)?;
            "set".into_response()
        })
    }
}
