//! What HTTP/1.0 and 1.1 ask of a server.

use nuages::server::{Listener, ServerError};

use super::harness::{responses, start};

#[tokio::test]
async fn a_connection_is_kept_alive_and_tells_the_date() {
    let server = start("").await;
    let mut client = server.connect().await;
    for _ in 0..3 {
        let response = client.get("/").await;
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
        assert!(response.contains("\r\ndate: "), "{response}");
        assert!(response.ends_with("\r\n\r\nGET /"), "{response}");
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = start("").await;
    let mut client = server.connect().await;
    let requests: String = (0..50)
        .map(|n| {
            format!("GET /slow?{} HTTP/1.1\r\nHost: a\r\n\r\nGET /{n} HTTP/1.1\r\nHost: a\r\n\r\n", n % 3)
        })
        .collect();
    client.send(requests).await;
    for n in 0..50 {
        assert!(client.response().await.ends_with("slow"));
        assert!(client.response().await.ends_with(&format!("GET /{n}")));
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let server = start("").await;
    let response = server
        .exchange(
            "HEAD /x HTTP/1.1\r\nHost: a\r\n\r\nGET /y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        )
        .await;
    let (head, rest) = response.split_once("\r\n\r\n").expect("a head");
    assert!(head.contains("content-length: 7"), "{head}");
    assert!(rest.starts_with("HTTP/1.1 200 OK"), "{rest}");
    assert!(rest.ends_with("GET /y"), "{rest}");
}

#[tokio::test]
async fn http_1_0_is_answered_and_closed_unless_it_asks_to_stay() {
    let server = start("").await;
    let response = server.exchange("GET / HTTP/1.0\r\n\r\n").await;
    assert!(response.starts_with("HTTP/1.0 200 OK"), "{response}");
    let response = server.exchange("GET /pieces HTTP/1.0\r\n\r\n").await;
    assert!(response.ends_with("\r\n\r\none two three"), "{response}");
    assert!(!response.contains("chunked"), "{response}");

    let mut client = server.connect().await;
    client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").await;
    assert!(client.response().await.contains("connection: keep-alive"));
    client.send("GET /b HTTP/1.0\r\n\r\n").await;
    assert!(client.until_closed().await.ends_with("GET /b"));
}

#[tokio::test]
async fn a_body_of_unknown_length_is_chunked() {
    let server = start("").await;
    let response = server.exchange("GET /pieces HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(response.contains("transfer-encoding: chunked"), "{response}");
    assert!(response.ends_with("4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"), "{response}");
}

#[tokio::test]
async fn a_client_that_closed_its_half_still_gets_its_answer() {
    let server = start("").await;
    let mut client = server.connect().await;
    client.send("GET /slow?200 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.close_writing().await;
    assert!(client.until_closed().await.ends_with("slow"));
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_gets_it() {
    let server = start("").await;
    let mut client = server.connect().await;
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").await;
    assert_eq!(client.response().await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello").await;
    assert!(client.response().await.ends_with("5 bytes"));
}

#[tokio::test]
async fn the_application_learns_who_asks() {
    let server = start("").await;
    let mut client = server.connect().await;
    assert!(client.get("/peer").await.ends_with("\r\n\r\n127.0.0.1"));
}

#[tokio::test]
async fn hosts_and_targets_that_deceive_are_refused() {
    let server = start("").await;
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        ("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("GET http://user:secret@a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "501"),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", "400"),
        ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("\u{16}\u{3}\u{1}\u{2}hello\r\n\r\n", "400"),
    ] {
        let request = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        let response = server.exchange(&request).await;
        assert!(response.split(' ').nth(1) == Some(status), "{request:?}: {response}");
        assert_eq!(responses(&response), 1, "{response}");
    }
    let mut client = server.connect().await;
    client.send("GET http://A/x HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(client.response().await.ends_with("GET /x"));
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_connection_lives_on() {
    let server = start("").await;
    let mut client = server.connect().await;
    for path in ["/panic", "/panic-later", "/error"] {
        let response = client.get(path).await;
        assert!(response.starts_with("HTTP/1.1 500 Internal Server Error"), "{response}");
        assert!(!response.contains("on purpose"), "{response}");
        assert!(client.get("/").await.starts_with("HTTP/1.1 200 OK"));
    }
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let first = Listener::bind("127.0.0.1:0").await.expect("a free port");
    let address = first.local_addr().to_string();
    let error = Listener::bind(&address).await.expect_err("taken");
    assert_eq!(error.to_string(), format!("cannot listen on {address:?}"));
    let ServerError::Bind { source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.kind(), std::io::ErrorKind::AddrInUse);
    assert!(Listener::bind("nonsense").await.is_err());
}

#[tokio::test]
async fn a_port_is_free_again_at_once() {
    let mut server = start("GRACEFUL_TIMEOUT = 5").await;
    let address = server.address.to_string();
    let mut client = server.connect().await;
    client.get("/").await;
    server.drain();
    server.ended().await;
    Listener::bind(&address).await.expect("the port is free");
}

#[tokio::test]
async fn ipv6_addresses_are_listened_on() {
    match Listener::bind("[::1]:0").await {
        Ok(listener) => assert!(listener.local_addr().is_ipv6()),
        // A machine without IPv6 says so, and nothing else.
        Err(ServerError::Bind { source, .. }) => {
            assert_eq!(source.kind(), std::io::ErrorKind::AddrNotAvailable);
        }
        Err(error) => panic!("{error}"),
    }
}
