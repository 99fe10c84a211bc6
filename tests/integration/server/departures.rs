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
                    let _end = CountsItsEnd(count.stopped.clone());
                    stop.stopped().await;
                    assert!(stop.is_stopped());
                }
                "/silent" => return Ok(Response::new(Body::stream(Silent))),
                _ => {}
            }
            count.finished.fetch_add(1, Ordering::SeqCst);
            Ok(Response::new("done".into()))
        })
    }
}

/// Counts the end of a handler, also of one that is dropped because its connection was reset.
struct CountsItsEnd(Arc<AtomicUsize>);

impl Drop for CountsItsEnd {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
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

#[tokio::test]
async fn a_mounted_service_finishes_its_work_after_a_reset() {
    let count = Counting::default();
    let app =
        App::new(settings("")).mount("service/", count.clone()).mount_outside("outside/", count.clone());
    let server = start_with("", app).await;
    for (number, path) in ["service", "outside"].into_iter().enumerate() {
        let mut reset = TcpStream::connect(server.address).await.expect("a connection");
        let request = format!("GET /{path}/slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
        reset.write_all(request.as_bytes()).await.expect("the server reads");
        reaches(&count.begun, number + 1).await;
        reset.set_zero_linger().expect("a socket");
        drop(reset);
        reaches(&count.finished, number + 1).await;
    }
}

/// A POST whose handler reads nothing of its body, which arrives in full or by half.
fn ignored_body(path: &str, length: usize, sent: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n") + &"x".repeat(sent)
}

#[tokio::test]
async fn a_departure_behind_a_body_that_nobody_reads_is_noticed() {
    let (server, count) = start("").await;
    for (number, (length, sent, reset)) in
        [(9, 0, false), (9, 5, false), (30_000, 30_000, false), (90_000, 30_000, true)]
            .into_iter()
            .enumerate()
    {
        let mut client = TcpStream::connect(server.address).await.expect("a connection");
        let request = ignored_body("/stoppable", length, sent);
        client.write_all(request.as_bytes()).await.expect("the server reads");
        reaches(&count.begun, number + 1).await;
        sleep(Duration::from_millis(50)).await;
        assert_eq!(count.stopped.load(Ordering::SeqCst), number, "the client is there");
        if reset {
            client.set_zero_linger().expect("a socket");
        }
        let start = Instant::now();
        drop(client);
        reaches(&count.stopped, number + 1).await;
        assert!(start.elapsed() < SECOND, "{length} {sent} {reset}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_handler_that_stops_with_its_client_gives_its_place_back() {
    let (server, count) = start("SERVER_MAX_REQUESTS = 3").await;
    for number in 1..=3 {
        let mut client = server.connect().await;
        client.send(ignored_body("/stoppable", 9_000, 4_000)).await;
        reaches(&count.begun, number).await;
    }
    let start = Instant::now();
    assert!(server.connect().await.get("/").await.ends_with("done"));
    assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_silent_stream_after_an_unread_body_ends_with_its_client() {
    let (mut server, count) = start("GRACEFUL_TIMEOUT = 10").await;
    let mut client = server.connect().await;
    client.send(ignored_body("/silent", 90_000, 30_000)).await;
    reaches(&count.begun, 1).await;
    client.skip(20).await;
    drop(client);
    let start = Instant::now();
    server.drain();
    server.ended().await;
    assert!(start.elapsed() < SECOND * 4, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_client_that_closes_its_half_after_an_unread_body_still_gets_its_response() {
    let (server, _) = start("").await;
    for sent in [90_000, 5] {
        let mut client = server.connect().await;
        client.send(ignored_body("/slow", sent, sent)).await;
        client.close_writing().await;
        assert!(client.until_closed().await.ends_with("done"), "{sent}");
    }
}
