//! Timeouts and limits: nothing lasts for ever, nothing grows without end.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::harness::{Running, responses, start};

const SECOND: Duration = Duration::from_secs(1);

/// That the server is as quick as ever for somebody else.
async fn others_are_served(server: &Running) {
    let start = Instant::now();
    let mut client = server.connect().await;
    assert!(client.get("/").await.starts_with("HTTP/1.1 200"));
    assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_client_that_says_nothing_is_cut() {
    let server = start("SERVER_HEADER_TIMEOUT = 0.3").await;
    let mut client = server.connect().await;
    let start = Instant::now();
    others_are_served(&server).await;
    assert!(client.closed_within(SECOND * 2).await);
    assert!(start.elapsed() >= Duration::from_millis(250), "{:?}", start.elapsed());
}

#[tokio::test]
async fn half_a_head_is_cut_however_slowly_it_grows() {
    let server = start("SERVER_HEADER_TIMEOUT = 0.4").await;
    let mut client = server.connect().await;
    let start = Instant::now();
    client.send("GET / HTTP/1.1\r\n").await;
    while client.try_send("X: y\r\n").await {
        sleep(Duration::from_millis(50)).await;
        assert!(start.elapsed() < SECOND * 3, "a slow head holds the connection");
    }
    assert!(start.elapsed() >= Duration::from_millis(350), "{:?}", start.elapsed());
    others_are_served(&server).await;
}

#[tokio::test]
async fn a_second_head_has_its_own_time() {
    let server = start("SERVER_HEADER_TIMEOUT = 0.4\nSERVER_KEEP_ALIVE_TIMEOUT = 30").await;
    let mut client = server.connect().await;
    client.get("/").await;
    sleep(Duration::from_millis(700)).await;
    client.get("/").await;
    client.send("GET / HT").await;
    let start = Instant::now();
    assert!(client.closed_within(SECOND * 2).await);
    assert!(start.elapsed() >= Duration::from_millis(350), "{:?}", start.elapsed());
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = start("SERVER_KEEP_ALIVE_TIMEOUT = 0.5").await;
    let mut client = server.connect().await;
    for _ in 0..4 {
        assert!(client.get("/").await.starts_with("HTTP/1.1 200"));
        sleep(Duration::from_millis(250)).await;
    }
    assert!(client.closed_within(SECOND * 2).await);
}

#[tokio::test]
async fn a_body_that_stops_is_given_up() {
    let server = start("SERVER_BODY_TIMEOUT = 0.4\nSERVER_BODY_MIN_RATE = 0").await;
    let mut client = server.connect().await;
    let start = Instant::now();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n").await;
    for _ in 0..5 {
        sleep(Duration::from_millis(150)).await;
        client.send("x").await;
    }
    let response = client.until_closed().await;
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
    assert!(response.ends_with("Some(TimedOut) after 5"), "{response}");
    assert!(start.elapsed() >= Duration::from_millis(1_100), "{:?}", start.elapsed());
    others_are_served(&server).await;
}

#[tokio::test]
async fn a_body_cut_short_differs_from_a_malformed_one() {
    let server = start("").await;
    let mut client = server.connect().await;
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc").await;
    client.close_writing().await;
    let response = client.until_closed().await;
    assert!(response.ends_with("Some(UnexpectedEof) after 3"), "{response}");
    let response =
        server.exchange("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").await;
    assert!(response.ends_with("Some(InvalidData) after 0"), "{response}");
}

#[tokio::test]
async fn a_client_that_never_reads_is_cut() {
    let server = start("SERVER_WRITE_TIMEOUT = 0.4\nSERVER_MAX_CONNECTIONS = 1").await;
    let mut greedy = server.connect().await;
    greedy.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let start = Instant::now();
    // There is room for one: who is served next proves that the other is gone.
    let mut next = server.connect().await;
    assert!(next.get("/").await.starts_with("HTTP/1.1 200"));
    assert!(start.elapsed() >= Duration::from_millis(350), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_client_that_reads_slowly_is_not_cut() {
    let server = start("SERVER_WRITE_TIMEOUT = 0.5\nSERVER_KEEP_ALIVE_TIMEOUT = 0.5").await;
    let mut client = server.connect().await;
    client.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await;
    for _ in 0..6 {
        sleep(Duration::from_millis(250)).await;
        client.skip(16 << 20).await;
    }
}

#[tokio::test]
async fn connections_beyond_the_cap_wait_for_their_turn() {
    let server = start("SERVER_MAX_CONNECTIONS = 2").await;
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    first.get("/").await;
    second.get("/").await;
    let mut third = server.connect().await;
    third.send("GET /third HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut third = match tokio::time::timeout(Duration::from_millis(300), third.response()).await {
        Ok(response) => panic!("served beyond the cap: {response}"),
        Err(_) => third,
    };
    drop(second);
    assert!(third.response().await.ends_with("GET /third"));
}

#[tokio::test]
async fn requests_beyond_the_queue_are_rejected_and_keep_their_connections() {
    let server = start("SERVER_MAX_REQUESTS = 2\nSERVER_MAX_QUEUED_REQUESTS = 3").await;
    let mut clients = Vec::new();
    for _ in 0..8 {
        let mut client = server.connect().await;
        client.send("GET /slow?400 HTTP/1.1\r\nHost: a\r\n\r\n").await;
        clients.push(client);
        sleep(Duration::from_millis(10)).await;
    }
    let mut statuses = Vec::new();
    for client in &mut clients {
        let response = client.response().await;
        let status = response[9..12].to_owned();
        if status == "503" {
            assert!(response.contains("retry-after: 1\r\n"), "{response}");
        }
        statuses.push(status);
    }
    assert_eq!(statuses, ["200", "200", "200", "200", "200", "503", "503", "503"]);
    // Clients whose requests were rejected keep their connection.
    assert!(clients[7].get("/").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_place_in_the_queue_is_given_back() {
    let server =
        start("SERVER_MAX_REQUESTS = 1\nSERVER_MAX_QUEUED_REQUESTS = 1\nSERVER_WRITE_TIMEOUT = 1").await;
    for round in 0..3 {
        let (mut first, mut second) = (server.connect().await, server.connect().await);
        first.send("GET /slow?100 HTTP/1.1\r\nHost: a\r\n\r\n").await;
        server.begun(2 * round + 1).await;
        second.send("GET /slow?1 HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(first.response().await.ends_with("slow"));
        assert!(second.response().await.ends_with("slow"));
    }
}

#[tokio::test]
async fn the_site_is_served_again_within_a_second_of_an_overload() {
    let server = start("SERVER_MAX_REQUESTS = 2\nSERVER_MAX_QUEUED_REQUESTS = 4").await;
    let mut clients = Vec::new();
    for _ in 0..40 {
        let mut client = server.connect().await;
        client.send("GET /slow?300 HTTP/1.1\r\nHost: a\r\n\r\n").await;
        clients.push(client);
    }
    let (mut served, mut rejected) = (0, 0);
    for client in &mut clients {
        let response = client.response().await;
        served += u32::from(response.starts_with("HTTP/1.1 200 "));
        rejected += u32::from(response.starts_with("HTTP/1.1 503 "));
    }
    assert!(served >= 6 && rejected > 0 && served + rejected == 40, "{served} served, {rejected} rejected");
    let begin = std::time::Instant::now();
    for _ in 0..10 {
        let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        assert!(server.exchange(request).await.starts_with("HTTP/1.1 200 "));
    }
    assert!(begin.elapsed() < std::time::Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn heads_and_targets_that_are_too_long_are_refused() {
    let server = start("").await;
    let long = "a".repeat(16_384);
    let response = server.exchange(format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
    assert!(response.starts_with("HTTP/1.1 414 "), "{response}");

    let headers: String = (0..100).map(|n| format!("X-{n}: {}\r\n", "b".repeat(1_000))).collect();
    let response = server.exchange(format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n")).await;
    assert!(response.starts_with("HTTP/1.1 431 "), "{response}");

    let headers: String = (0..200).map(|n| format!("X-{n}: b\r\n")).collect();
    let response = server.exchange(format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n")).await;
    assert!(response.starts_with("HTTP/1.1 431 "), "{response}");

    let headers = format!("X: {}\r\n", "b".repeat(9_000));
    let request = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
    assert!(server.exchange(&request).await.starts_with("HTTP/1.1 200 "));
    let server = start("SERVER_MAX_HEADER_BYTES = 8192").await;
    assert!(server.exchange(&request).await.starts_with("HTTP/1.1 431 "));
}

#[tokio::test]
async fn a_client_that_is_still_sending_receives_the_rejection() {
    let server = start("").await;
    let upload = format!("POST /ignored HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n", 1 << 30);
    for (head, status) in [("GET / HTTP/1.1\r\nHost: a\r\n", "431"), (&(upload + "\r\n"), "200")] {
        let mut client = server.connect().await;
        client.send(head).await;
        for _ in 0..200 {
            let heard = client.try_send(format!("X: {}\r\n", "b".repeat(1_000))).await;
            assert!(heard, "the connection is reset before the client has heard why");
            sleep(Duration::from_millis(1)).await;
        }
        let response = client.until_closed().await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response:?}");
    }
}

#[tokio::test]
async fn memory_stays_flat_under_an_endless_body() {
    let server = start("").await;
    let mut client = server.connect().await;
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(65_536));
    client.send(&chunk).await;
    let before = resident_bytes();
    for _ in 1..1_024 {
        client.send(&chunk).await;
    }
    client.send("0\r\n\r\n").await;
    assert!(client.response().await.ends_with("67108864 bytes"));
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 16 << 20, "{grown} bytes more after 64 MiB");
}

fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    status
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .map(|pages: usize| pages * 4096)
        .expect("pages")
}

#[tokio::test]
async fn many_slow_clients_do_not_harm_others() {
    let server = start("SERVER_HEADER_TIMEOUT = 3").await;
    let mut slow = Vec::new();
    for _ in 0..500 {
        let mut client = server.connect().await;
        client.send("GET / HTTP/1.1\r\nX").await;
        slow.push(client);
    }
    others_are_served(&server).await;
    assert_eq!(responses(&slow.pop().expect("500").until_closed().await), 0);
}
