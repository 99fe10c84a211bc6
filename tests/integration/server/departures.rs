//! Clients that have gone are noticed: they hold no place, and their handlers can stop early.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use nuages::{App, http::Body, server::StopToken, urls::path};
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    time::{sleep, timeout},
};
use tower_service::Service;

use super::harness::{Running, settings, start_with};

const SECOND: Duration = Duration::from_secs(1);

/// Counts the requests that it began, finished and was asked to stop.
#[derive(Clone, Default)]
struct Counting {
    begun: Arc<AtomicUsize>,
    finished: Arc<AtomicUsize>,
    stopped: Arc<AtomicUsize>,
}

impl Service<Request<Body>> for Counting {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let count = self.clone();
        Box::pin(async move {
            count.begun.fetch_add(1, Ordering::SeqCst);
            let stop = request.extensions().get::<StopToken>().expect("each request has one").clone();
            match request.uri().path() {
                "/slow" => sleep(Duration::from_millis(400)).await,
                "/stoppable" => {
                    stop.stopped().await;
                    assert!(stop.is_stopped());
                    count.stopped.fetch_add(1, Ordering::SeqCst);
                }
                "/silent" => return Ok(Response::new(Body::stream(Silent))),
                _ => {}
            }
            count.finished.fetch_add(1, Ordering::SeqCst);
            Ok(Response::new("done".into()))
        })
    }
}

/// An event stream without events.
struct Silent;

impl http_body::Body for Silent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

async fn start(text: &str) -> (Running, Counting) {
    let count = Counting::default();
    (start_with(text, count.clone()).await, count)
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// Polls until the count is reached.
async fn reaches(count: &AtomicUsize, expected: usize) {
    let reached = async {
        while count.load(Ordering::SeqCst) < expected {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SECOND * 5, reached).await.expect("the count is reached");
}

#[tokio::test]
async fn queued_requests_leave_with_their_clients() {
    let (server, count) = start("SERVER_MAX_REQUESTS = 1").await;
    let mut first = server.connect().await;
    first.send(get("/slow")).await;
    reaches(&count.begun, 1).await;
    let mut queued = Vec::new();
    for _ in 0..20 {
        let mut client = server.connect().await;
        client.send(get("/slow")).await;
        queued.push(client);
    }
    sleep(Duration::from_millis(50)).await;
    drop(queued);
    sleep(Duration::from_millis(50)).await;
    let start = Instant::now();
    assert!(server.connect().await.get("/").await.ends_with("done"));
    assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
    assert_eq!(count.begun.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_silent_stream_ends_with_its_client() {
    let (mut server, _) = start("SERVER_MAX_CONNECTIONS = 2\nGRACEFUL_TIMEOUT = 10").await;
    for _ in 0..2 {
        let mut client = server.connect().await;
        client.send(get("/silent")).await;
        client.skip(20).await;
    }
    let start = Instant::now();
    assert!(server.connect().await.get("/").await.ends_with("done"));
    assert!(start.elapsed() < SECOND * 2, "{:?}", start.elapsed());
    server.drain();
    server.ended().await;
    assert!(start.elapsed() < SECOND * 4, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_silent_stream_lasts_as_long_as_its_client() {
    let (server, _) = start("").await;
    let mut client = server.connect().await;
    client.send(get("/silent")).await;
    client.skip(20).await;
    assert!(timeout(SECOND, client.until_closed()).await.is_err(), "the stream was ended");
}

#[tokio::test]
async fn the_stop_token_tells_a_handler_that_its_client_has_gone() {
    let (server, count) = start("").await;
    let mut client = server.connect().await;
    client.send(get("/stoppable")).await;
    reaches(&count.begun, 1).await;
    assert_eq!(count.stopped.load(Ordering::SeqCst), 0);
    drop(client);
    reaches(&count.stopped, 1).await;
}

#[tokio::test]
async fn a_request_whose_connection_was_reset_is_finished_and_keeps_its_place() {
    async fn slow(_: &mut nuages::http::Request) -> &'static str {
        sleep(Duration::from_millis(600)).await;
        "slow"
    }
    let text = "SERVER_MAX_REQUESTS = 1";
    let routes = vec![path("slow/", slow), path("", |_: &mut nuages::http::Request| "quick")];
    let server = start_with(text, App::new(settings(text)).urls(routes)).await;
    let mut reset = TcpStream::connect(server.address).await.expect("a connection");
    reset.write_all(b"GET /slow/ HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("the server reads");
    sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    reset.set_zero_linger().expect("a socket");
    drop(reset);
    let mut next = server.connect().await;
    next.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(next.response().await.ends_with("quick"));
    assert!((Duration::from_millis(300)..SECOND).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_running_request_is_finished_without_its_client() {
    let (server, count) = start("").await;
    let mut client = server.connect().await;
    client.send(get("/slow")).await;
    reaches(&count.begun, 1).await;
    drop(client);
    reaches(&count.finished, 1).await;
}
