//! The server's end: what was begun is finished, nothing new begins.

use std::time::{Duration, Instant};

use tokio::{net::TcpStream, time::sleep};

use super::harness::start;
use crate::support::polling::until;

const SHORT: Duration = Duration::from_millis(150);

#[tokio::test]
async fn requests_in_flight_finish_and_nothing_new_begins() {
    let mut server = start("GRACEFUL_TIMEOUT = 10").await;
    let (mut busy, mut idle) = (server.connect().await, server.connect().await);
    let mut upload = server.connect().await;
    idle.get("/").await;
    busy.send("GET /slow?600 HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n").await;
    upload.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc").await;
    server.begun(3).await;
    let start = Instant::now();
    server.drain();
    assert!(idle.closed_within(SHORT * 2).await, "idle connections are closed");
    assert!(TcpStream::connect(server.address).await.is_err(), "new connections are refused");
    upload.send("def").await;
    let response = upload.until_closed().await;
    assert!(response.ends_with("6 bytes"), "{response}");
    assert!(response.contains("connection: close"), "{response}");
    let response = busy.until_closed().await;
    assert!(response.ends_with("slow"), "{response}");
    assert!(!response.contains("/next"), "{response}");
    server.ended().await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_request_that_was_on_its_way_is_answered() {
    for _ in 0..20 {
        let mut server = start("GRACEFUL_TIMEOUT = 10").await;
        let mut client = server.connect().await;
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        server.drain();
        let response = client.until_closed().await;
        assert!(response.ends_with("GET /"), "{response:?}");
        server.ended().await;
    }
}

#[tokio::test]
async fn a_client_that_has_just_connected_may_still_ask() {
    let mut server = start("GRACEFUL_TIMEOUT = 10").await;
    let mut client = server.connect().await;
    server.accepted().await;
    server.drain();
    sleep(Duration::from_millis(25)).await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let response = client.until_closed().await;
    assert!(response.ends_with("GET /"), "{response:?}");
    server.ended().await;
}

#[tokio::test]
async fn connections_that_say_nothing_do_not_hold_the_end() {
    let mut server = start("GRACEFUL_TIMEOUT = 10").await;
    let mut silent = server.connect().await;
    server.accepted().await;
    let start = Instant::now();
    server.drain();
    assert!(silent.closed_within(Duration::from_secs(2)).await);
    server.ended().await;
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut() {
    let mut server = start("GRACEFUL_TIMEOUT = 0.4").await;
    let mut client = server.connect().await;
    client.send("GET /slow?60000 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    server.begun(1).await;
    let start = Instant::now();
    server.drain();
    server.ended().await;
    let took = start.elapsed();
    assert!((Duration::from_millis(350)..Duration::from_secs(3)).contains(&took), "{took:?}");
    assert_eq!(client.until_closed().await, "");
}

#[tokio::test]
async fn the_second_signal_is_immediate() {
    let mut server = start("GRACEFUL_TIMEOUT = 60").await;
    let mut client = server.connect().await;
    client.send("GET /slow?60000 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    server.begun(1).await;
    let start = Instant::now();
    server.drain();
    until(Duration::from_secs(2), async || TcpStream::connect(server.address).await.is_err()).await;
    server.cut();
    server.ended().await;
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(client.until_closed().await, "");
}

#[tokio::test]
async fn a_streamed_response_is_finished_too() {
    let mut server = start("GRACEFUL_TIMEOUT = 0.5").await;
    let mut client = server.connect().await;
    client.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.skip(1 << 20).await;
    server.drain();
    client.skip(8 << 20).await;
    server.ended().await;
}
