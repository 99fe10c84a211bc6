//! Request smuggling: whatever two servers could read differently never gets a second response
//! (RFC 9112 sections 2.2, 5.2, 6.1, 6.3 and 7.1).

use super::harness::{responses, start};

/// What an attacker hides in the body of the first request.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn ambiguous_requests_get_no_second_response() {
    let server =
        start("SERVER_HEADER_TIMEOUT = 1\nSERVER_KEEP_ALIVE_TIMEOUT = 1\nSERVER_BODY_TIMEOUT = 1").await;
    let length = HIDDEN.len();
    let cases = [
        // Both lengths.
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n\r\n0\r\n\r\n{HIDDEN}"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n{HIDDEN}"),
        // Two lengths that differ, or a list of them.
        format!("Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"),
        format!("Content-Length: 0, {length}\r\n\r\n{HIDDEN}"),
        // Lengths that are no numbers.
        format!("Content-Length: +0\r\n\r\n{HIDDEN}"),
        format!("Content-Length: -1\r\n\r\n{HIDDEN}"),
        format!("Content-Length: 0x0\r\n\r\n{HIDDEN}"),
        format!("Content-Length: \r\n\r\n{HIDDEN}"),
        format!("Content-Length: 99999999999999999999999\r\n\r\n{HIDDEN}"),
        // Codings that are not chunked, or not last.
        format!("Transfer-Encoding: identity\r\n\r\n{HIDDEN}"),
        format!("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{HIDDEN}"),
        format!("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{HIDDEN}"),
        format!("Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n{HIDDEN}"),
        format!("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{HIDDEN}"),
        // A space before the colon, a folded line, a line without a name, a bare CR.
        format!("Content-Length : {length}\r\n\r\n{HIDDEN}"),
        format!("X: y\r\n Content-Length: {length}\r\n\r\n{HIDDEN}"),
        format!("X: y\r\n\tTransfer-Encoding: chunked\r\n\r\n{HIDDEN}"),
        format!(": y\r\n\r\n{HIDDEN}"),
        format!("X: y\rContent-Length: {length}\r\n\r\n{HIDDEN}"),
        format!("X\0: y\r\n\r\n{HIDDEN}"),
        // Chunks whose size or end is not what it should be.
        format!("Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n{HIDDEN}"),
        format!("Transfer-Encoding: chunked\r\n\r\n-0\r\n\r\n{HIDDEN}"),
        format!("Transfer-Encoding: chunked\r\n\r\n0\n\n{HIDDEN}"),
        format!("Transfer-Encoding: chunked\r\n\r\n0;a\nb\r\n\r\n{HIDDEN}"),
        format!("Transfer-Encoding: chunked\r\n\r\n1\r\naX\r\n0\r\n\r\n{HIDDEN}"),
        format!("Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n{HIDDEN}"),
    ];
    for case in cases {
        let request = format!("POST /echo HTTP/1.1\r\nHost: a\r\n{case}");
        let answer = server.exchange(&request).await;
        assert!(responses(&answer) <= 1, "{request:?}\n{answer}");
        assert!(!answer.contains("/hidden"), "{request:?}\n{answer}");
    }
}

#[tokio::test]
async fn http_1_0_has_no_chunks() {
    let server = start("").await;
    let request = format!("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}");
    let answer = server.exchange(&request).await;
    assert!(answer.contains(" 400 "), "{answer}");
    assert_eq!(responses(&answer), 1);
}

#[tokio::test]
async fn lines_that_end_in_a_bare_newline_hide_nothing() {
    let server = start("SERVER_KEEP_ALIVE_TIMEOUT = 1").await;
    let answer = server
        .exchange(format!("POST /echo HTTP/1.1\nHost: a\nContent-Length: {}\n\n{HIDDEN}", HIDDEN.len()))
        .await;
    assert!(responses(&answer) <= 1, "{answer}");
    assert!(!answer.contains("/hidden"), "{answer}");
}

#[tokio::test]
async fn the_rest_of_an_unread_body_is_not_a_request() {
    let server = start("").await;
    let body = HIDDEN.repeat(20_000);
    let mut client = server.connect().await;
    client.send(format!("POST /ignored HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len())).await;
    client.try_send(&body).await;
    let answer = client.until_closed().await;
    assert_eq!(responses(&answer), 1, "{answer}");
    assert!(!answer.contains("/hidden"), "{answer}");
}
