//! A whole application behind the server: what each of the two asks of the other.

use nuages::{App, prelude::*, urls::path, view::csrf_exempt};

use super::harness::{Running, responses, settings, start_with};

async fn length(request: &mut Request) -> Result<String> {
    Ok(format!("{} bytes", request.body().await?.len()))
}

fn greet(request: &mut Request) -> Result<String> {
    request.session.insert("seen", true)?;
    Ok("hello".to_owned())
}

fn broken(_: &mut Request) -> String {
    panic!("on purpose")
}

async fn serve(text: &str) -> Running {
    let routes = vec![path("length/", csrf_exempt(length)), path("", greet), path("broken/", broken)];
    start_with(text, App::new(settings(text)).urls(routes)).await
}

fn post(head: &str, body: &str) -> String {
    format!("POST /length/ HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n{body}")
}

#[tokio::test]
async fn a_page_comes_with_its_session() {
    let server = serve("").await;
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let response = client.response().await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("set-cookie: sessionid="), "{response}");
    assert!(response.ends_with("hello"), "{response}");
}

#[tokio::test]
async fn a_body_is_read_or_refused() {
    let server = serve("SERVER_BODY_TIMEOUT = 0.3\nDATA_UPLOAD_MAX_MEMORY_SIZE = 1000").await;
    let response = server.exchange(post("Connection: close\r\nContent-Length: 5", "hello")).await;
    assert!(response.ends_with("5 bytes"), "{response}");

    let response = server.exchange(post("Content-Length: 100", "hello")).await;
    assert!(response.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{response}");

    let response = server.exchange(post("Transfer-Encoding: chunked", "5\r\nhello\r\nwrong\r\n")).await;
    assert!(response.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{response}");

    // It need not be sent to be refused, and what is sent of it is no second request.
    let mut client = server.connect().await;
    client.send(post(&format!("Content-Length: {}", 1 << 30), "")).await;
    client.try_send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100)).await;
    let response = client.until_closed().await;
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
    assert_eq!(responses(&response), 1, "{response}");
}

#[tokio::test]
async fn paths_and_hosts_that_are_wrong_are_400() {
    let server = serve("").await;
    for (target, host) in [
        ("/%zz", "localhost"),
        ("/%00", "localhost"),
        ("/%ff%fe", "localhost"),
        ("/", "evil.test"),
        ("/", "user@localhost"),
        ("/", "local host"),
        ("http://evil.test/", "evil.test"),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let response = server.exchange(&request).await;
        assert!(response.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{request}{response}");
    }
}

#[tokio::test]
async fn a_panic_in_a_view_is_a_500_and_harms_no_other_request() {
    let server = serve("").await;
    let mut client = server.connect().await;
    for _ in 0..3 {
        client.send("GET /broken/ HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        assert!(client.response().await.starts_with("HTTP/1.1 500 "));
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        assert!(client.response().await.ends_with("hello"));
    }
}

#[tokio::test]
async fn head_and_options_and_wrong_methods() {
    let server = serve("").await;
    let ask = async |method: &str, target: &str| {
        let request = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        server.exchange(request).await
    };
    let head = ask("HEAD", "/").await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    assert!(head.contains("content-length: 5\r\n"), "{head}");
    let response = ask("OPTIONS", "*").await;
    assert!(response.starts_with("HTTP/1.1 204 "), "{response}");
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_hold_the_server() {
    let mut server = serve("GRACEFUL_TIMEOUT = 5").await;
    for _ in 0..50 {
        let mut client = server.connect().await;
        client.send(post("Content-Length: 100", "half")).await;
        drop(client);
    }
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(client.response().await.ends_with("hello"));
    server.drain();
    server.ended().await;
}

#[tokio::test]
async fn a_probe_of_http_1_0_needs_no_host() {
    let routes = || vec![path("", |request: &mut Request| request.build_absolute_uri(None))];
    for (hosts, expected) in [
        ("", "http://localhost/"),
        ("ALLOWED_HOSTS = [\"*\"]", "http://localhost/"),
        ("ALLOWED_HOSTS = [\".example.com\", \"other.test\"]", "http://example.com/"),
    ] {
        let server = start_with(hosts, App::new(settings(hosts)).urls(routes())).await;
        let response = server.exchange("GET / HTTP/1.0\r\n\r\n").await;
        assert!(response.starts_with("HTTP/1.0 200 OK\r\n"), "{hosts}: {response}");
        assert!(response.ends_with(expected), "{hosts}: {response}");
        assert!(server.exchange("GET / HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    }
}
