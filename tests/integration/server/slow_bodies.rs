//! Clients that send their bodies slowly, or too many of them, do not harm others.

use std::time::{Duration, Instant};

use nuages::{App, prelude::*, urls::path, view::csrf_exempt};
use tokio::time::{sleep, timeout};

use super::harness::{Client, Running, settings, start, start_with};

const SECOND: Duration = Duration::from_secs(1);

async fn length(request: &mut Request) -> Result<String> {
    Ok(format!("{} bytes", request.body().await?.len()))
}

async fn start_app(text: &str) -> Running {
    start_with(text, App::new(settings(text)).urls(vec![path("length/", csrf_exempt(length))])).await
}

fn head(path: &str, length: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n")
}

/// Sends a byte every 50 ms until the server answers, and returns its response.
async fn trickle(client: &mut Client) -> String {
    let start = Instant::now();
    loop {
        client.try_send("x").await;
        if let Ok(response) = timeout(Duration::from_millis(50), client.response()).await {
            return response;
        }
        assert!(start.elapsed() < SECOND * 3, "the slow body is still awaited");
    }
}

#[tokio::test]
async fn slow_bodies_hold_no_place_among_the_running_requests() {
    let server = start("SERVER_MAX_REQUESTS = 2").await;
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut client = server.connect().await;
        client.send(head("/echo", 6) + "abc").await;
        slow.push(client);
    }
    sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    assert!(server.connect().await.get("/").await.starts_with("HTTP/1.1 200"));
    assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
    for client in &mut slow {
        client.send("def").await;
        assert!(client.response().await.ends_with("6 bytes"));
    }
}

#[tokio::test]
async fn a_body_below_the_least_rate_is_given_up() {
    let server = start("SERVER_BODY_TIMEOUT = 0.4\nSERVER_BODY_MIN_RATE = 100").await;
    let mut client = server.connect().await;
    client.send(head("/echo", 1_000)).await;
    let response = trickle(&mut client).await;
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
}

#[tokio::test]
async fn a_body_that_keeps_the_least_rate_may_take_its_time() {
    let server = start("SERVER_BODY_TIMEOUT = 0.2\nSERVER_BODY_MIN_RATE = 10").await;
    let mut client = server.connect().await;
    client.send(head("/echo", 20)).await;
    for _ in 0..20 {
        client.send("x").await;
        sleep(Duration::from_millis(40)).await;
    }
    assert!(client.response().await.ends_with("20 bytes"));
}

#[tokio::test]
async fn a_body_must_be_complete_at_its_deadline() {
    let server = start("SERVER_BODY_DEADLINE = 0.5\nSERVER_BODY_MIN_RATE = 0").await;
    let mut client = server.connect().await;
    client.send(head("/echo", 1_000)).await;
    let response = trickle(&mut client).await;
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
}

#[tokio::test]
async fn the_wait_in_the_queue_ends_in_a_503() {
    let server = start("SERVER_MAX_REQUESTS = 1\nSERVER_QUEUE_TIMEOUT = 0.3").await;
    let mut first = server.connect().await;
    first.send("GET /slow?2000 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    sleep(Duration::from_millis(50)).await;
    let start = Instant::now();
    let response = server.connect().await.get("/").await;
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    assert!(response.contains("retry-after: 1\r\n"), "{response}");
    assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
    assert!(first.response().await.ends_with("slow"));
}

#[tokio::test]
async fn all_bodies_together_have_a_budget_of_memory() {
    let server = start_app("SERVER_MAX_BODY_MEMORY = 1048576\nSERVER_QUEUE_TIMEOUT = 0.4").await;
    let mut large = server.connect().await;
    large.send(head("/length/", 900_000) + &"x".repeat(800_000)).await;
    sleep(Duration::from_millis(200)).await;
    let mut second = server.connect().await;
    second.send(head("/length/", 500_000) + &"x".repeat(500_000)).await;
    let response = second.response().await;
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    large.send("x".repeat(100_000)).await;
    assert!(large.response().await.ends_with("900000 bytes"));
    for _ in 0..3 {
        let mut next = server.connect().await;
        next.send(head("/length/", 500_000) + &"x".repeat(500_000)).await;
        assert!(next.response().await.ends_with("500000 bytes"));
    }
}

#[tokio::test]
async fn a_slow_body_gives_its_memory_back_at_its_limits() {
    for limits in [
        "SERVER_BODY_TIMEOUT = 0.4\nSERVER_BODY_MIN_RATE = 100",
        "SERVER_BODY_DEADLINE = 0.5\nSERVER_BODY_MIN_RATE = 0",
    ] {
        let server =
            start_app(&format!("SERVER_MAX_BODY_MEMORY = 1048576\nSERVER_QUEUE_TIMEOUT = 8\n{limits}")).await;
        let mut large = server.connect().await;
        large.send(head("/length/", 1_000_000) + &"x".repeat(800_000)).await;
        sleep(Duration::from_millis(100)).await;
        let mut waiting = server.connect().await;
        waiting.send(head("/length/", 500_000) + &"x".repeat(500_000)).await;
        let response = trickle(&mut large).await;
        assert!(response.starts_with("HTTP/1.1 408 "), "{limits}: {response}");
        assert!(waiting.response().await.ends_with("500000 bytes"), "{limits}");
    }
}

/// The attack that once stopped the site, in its own numbers and at the default limits.
#[tokio::test]
async fn connections_beyond_all_places_that_trickle_their_bodies_leave_the_site_served() {
    let server = start_app("").await;
    let mut slow = Vec::new();
    for _ in 0..1_100 {
        let mut client = server.connect().await;
        client.send(head("/length/", 1_000_000) + "x").await;
        slow.push(client);
    }
    server.accepted().await;
    for _ in 0..3 {
        for client in &mut slow {
            client.send("x").await;
        }
        let start = Instant::now();
        let mut visitor = server.connect().await;
        visitor.send(head("/length/", 5) + "hello").await;
        assert!(visitor.response().await.ends_with("5 bytes"));
        assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
    }
}
