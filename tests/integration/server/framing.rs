//! Heads and bodies whose ends hyper does not report, or reads more laxly than other servers do.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use nuages::http::Body;
use tokio::time::sleep;
use tower_service::Service;

use super::harness::{responses, start, start_with};
use crate::support::events::Events;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn half_a_head_behind_a_whole_request_has_the_time_of_a_head() {
    let server = start("SERVER_HEADER_TIMEOUT = 0.3\nSERVER_KEEP_ALIVE_TIMEOUT = 30").await;
    let post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    for first in ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", post] {
        let mut client = server.connect().await;
        client.send(format!("{first}GET /next HTT")).await;
        client.response().await;
        let start = Instant::now();
        assert!(client.closed_within(SECOND * 2).await, "{first}");
        assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn half_a_head_does_not_hold_the_shutdown() {
    let mut server = start("GRACEFUL_TIMEOUT = 30").await;
    let mut client = server.connect().await;
    client.send("GET / HTT").await;
    let mut late = server.connect().await;
    late.send("GET /late HTT").await;
    sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    server.drain();
    sleep(Duration::from_millis(100)).await;
    late.send("P/1.1\r\nHost: a\r\n\r\n").await;
    assert!(late.until_closed().await.ends_with("GET /late"));
    server.ended().await;
    assert!(start.elapsed() < SECOND * 2, "{:?}", start.elapsed());
    assert_eq!(client.until_closed().await, "");
}

#[tokio::test]
async fn no_request_follows_a_chunked_body_that_others_may_read_differently() {
    let server = start("SERVER_KEEP_ALIVE_TIMEOUT = 5").await;
    let next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    for body in [
        "3 \r\nabc\r\n0\r\n\r\n",
        "3;\r\nabc\r\n0\r\n\r\n",
        "3;a=\0\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n",
        "3\r\nabc\r\n0\r\n\n",
        "3\r\nabc\r\n0\n\n",
    ] {
        for path in ["/echo", "/ignored"] {
            let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            let start = Instant::now();
            let answer = server.exchange(format!("{head}{body}{next}")).await;
            assert!(responses(&answer) <= 1 && !answer.contains("/next"), "{body:?}: {answer}");
            assert!(start.elapsed() < SECOND * 3, "{body:?}: {:?}", start.elapsed());
        }
    }
    let mut client = server.connect().await;
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    client.send(format!("3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n{next}")).await;
    assert!(client.response().await.ends_with("13 bytes"));
    assert!(client.response().await.ends_with("GET /next"), "plain chunks keep the connection");
}

#[tokio::test]
async fn an_unknown_transfer_coding_is_a_501() {
    let server = start("").await;
    for coding in ["gzip, chunked", "x, chunked", "chunked, chunked"] {
        let request =
            format!("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {coding}\r\n\r\n0\r\n\r\n");
        let answer = server.exchange(request).await;
        assert!(answer.starts_with("HTTP/1.1 501 Not Implemented\r\n"), "{coding}: {answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn what_is_no_http_1_gets_a_clean_status_and_the_end() {
    let server = start("").await;
    for (request, status) in [
        ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\nabc", "400"),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\nabc", "431"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "400"),
        ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", "400"),
    ] {
        let answer = server.exchange(request).await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{request:?}: {answer:?}");
        assert_eq!(responses(&answer), 1, "{request:?}: {answer:?}");
        assert!(answer.contains("connection: close"), "{request:?}: {answer:?}");
    }
}

/// A body that sends a piece and then panics.
struct Panicking(bool);

impl http_body::Body for Panicking {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        assert!(!std::mem::replace(&mut self.0, true), "on purpose");
        Poll::Ready(Some(Ok(http_body::Frame::data(Bytes::from_static(b"piece")))))
    }
}

#[derive(Clone)]
struct PanicsLate;

impl Service<Request<Body>> for PanicsLate {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        std::future::ready(Ok(Response::new(Body::stream(Panicking(false)))))
    }
}

#[tokio::test]
async fn a_body_that_panics_is_logged_as_such() {
    let events = Events::default();
    let _guard = tracing::subscriber::set_default(events.clone());
    let server = start_with("", PanicsLate).await;
    let answer = server.exchange("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(!answer.ends_with("0\r\n\r\n"), "the response looks complete: {answer}");
    let events = events.text();
    assert!(events.contains("a panic: on purpose"), "{events}");
    assert!(events.contains("\"GET /x HTTP/1.1\" 500"), "{events}");
}
