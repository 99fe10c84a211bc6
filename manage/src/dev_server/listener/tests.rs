//! The public port before a program of the test's own: streams, upgrades, held requests and the script.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use tokio::sync::mpsc;

use super::{Front, PublicPort};
use crate::dev_server::{
    fault::Fault,
    pages::Pages,
    state::{DevSite, RunningProgram, SitePhase},
    watch::{WatchPlan, Watcher},
};

const LIMIT: Duration = Duration::from_secs(20);

/// A public port, and the state that decides where its requests go.
struct Port {
    site: Arc<DevSite>,
    address: SocketAddr,
}

impl Port {
    async fn open() -> Self {
        let (wishes, _) = mpsc::unbounded_channel();
        let site = Arc::new(DevSite::new("0123456789abcdef".to_owned(), wishes));
        let watcher = Watcher::start(WatchPlan::default(), || {}, |_| {}).expect("a thread");
        let port = PublicPort::bind("127.0.0.1:0").await.expect("a port");
        let address = port.address;
        let pages = Pages::from_environment();
        let front = Front { site: Arc::clone(&site), watcher: Arc::new(watcher), pages };
        tokio::spawn(port.serve(Arc::new(front)));
        Self { site, address }
    }

    /// Lets a program answer: it is given the connection of each request, and the head that it has read.
    fn run(&self, answer: impl Fn(TcpStream, String) + Send + 'static) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("its address");
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                stream.set_read_timeout(Some(LIMIT)).expect("a time limit");
                let head = read_until(&mut stream, "\r\n\r\n");
                answer(stream, head);
            }
        });
        let program = RunningProgram::new(address, "secret".to_owned(), true, Vec::new());
        self.site.set_phase(SitePhase::Running(Arc::new(program)));
    }

    /// Lets a program answer every request with these bytes.
    fn run_saying(&self, text: &'static str) {
        self.run(move |mut stream, _| stream.write_all(text.as_bytes()).expect("written"));
    }

    fn connect(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).expect("the port is open");
        stream.set_read_timeout(Some(LIMIT)).expect("a time limit");
        stream.write_all(request.as_bytes()).expect("sent");
        stream
    }

    /// The response to one request for a page.
    async fn page(&self, headers: &str) -> String {
        let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
        let stream = self.connect(&request);
        tokio::task::spawn_blocking(move || rest(stream)).await.expect("a response")
    }
}

const PAGE: &str = "Accept: text/html\r\nSec-Fetch-Dest: document\r\nAccept-Encoding: gzip\r\n";

fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut byte = [0];
    while !text.ends_with(end) {
        assert_eq!(stream.read(&mut byte).expect("a byte"), 1, "it ends after {text:?}");
        text.push(char::from(byte[0]));
    }
    text
}

fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("a response");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgraded_connection_is_a_tunnel() {
    let port = Port::open().await;
    port.run(|mut stream, head| {
        let head = head.to_ascii_lowercase();
        assert!(head.contains("upgrade: echo\r\n") && head.contains("connection: upgrade\r\n"), "{head}");
        let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
        stream.write_all(answer.as_bytes()).expect("written");
        let word = read_until(&mut stream, "!");
        stream.write_all(word.to_uppercase().as_bytes()).expect("written");
    });
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    let mut stream = port.connect(request);
    assert!(read_until(&mut stream, "\r\n\r\n").starts_with("HTTP/1.1 101 "));
    stream.write_all(b"hello!").expect("sent");
    assert_eq!(rest(stream), "HELLO!");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_streamed_both_ways() {
    let port = Port::open().await;
    port.run(|mut stream, _| {
        // Each side waits for the other's next piece.
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).expect("written");
        for _ in 0..3 {
            let piece = read_until(&mut stream, "?");
            assert!(piece.contains("ping"), "{piece}");
            stream.write_all(b"5\r\npong!\r\n").expect("written");
        }
        stream.write_all(b"0\r\n\r\n").expect("written");
    });
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nping?\r\n";
    let mut stream = port.connect(head);
    for _ in 0..2 {
        let _ = read_until(&mut stream, "pong!");
        stream.write_all(b"5\r\nping?\r\n").expect("sent");
    }
    let _ = read_until(&mut stream, "pong!");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_sees_the_request_as_the_client_sent_it() {
    let port = Port::open().await;
    port.run(|mut stream, head| {
        let answer =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nX-Own: Kept\r\n\r\n{head}", head.len());
        stream.write_all(answer.as_bytes()).expect("written");
    });
    let request = "GET http://example.org/a%20b?c=d HTTP/1.1\r\nHost: example.org\r\nConnection: close, X-Hop\r\n\
                   X-Hop: 1\r\nX-Nuages-Dev-Client: forged 1.2.3.4:5\r\nX-Forwarded-For: 10.0.0.1\r\n\
                   Accept-Encoding: gzip\r\n\r\n";
    let said = rest(port.connect(request));
    assert!(said.contains("\r\nX-Own: Kept\r\n"), "{said}");
    let (_, head) = said.split_once("\r\n\r\n").expect("a body");
    assert!(head.starts_with("GET /a%20b?c=d HTTP/1.1\r\n"), "{head}");
    for kept in ["Host: example.org\r\n", "X-Forwarded-For: 10.0.0.1\r\n", "Accept-Encoding: gzip\r\n"] {
        assert!(head.contains(kept), "{kept} is not in {head}");
    }
    let lower = head.to_ascii_lowercase();
    assert!(lower.contains("x-nuages-dev-client: secret 127.0.0.1:"), "{head}");
    assert!(!lower.contains("forged") && !lower.contains("x-hop"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_waits_for_the_next_program() {
    let port = Port::open().await;
    // A form is not answered by the page of the build: it would have to be sent again.
    let form = "POST / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nSec-Fetch-Dest: document\r\n\
                Connection: close\r\nContent-Length: 3\r\n\r\na=b";
    let waiting = port.connect(form);
    let page = port.page(PAGE).await;
    assert!(page.starts_with("HTTP/1.1 503 ") && page.contains("Building the project"), "{page}");
    port.run(|mut stream, _| {
        assert_eq!(read_until(&mut stream, "b"), "a=b");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nread").expect("written");
    });
    assert!(rest(waiting).ends_with("read"));
    port.site.set_phase(SitePhase::Broken(Arc::new(Fault::Cargo("\u{1b}[1merror\u{1b}[0m: no".to_owned()))));
    assert!(port.page("").await.ends_with("error: no\n"));
    port.site.set_phase(SitePhase::Ending);
    assert!(port.page(PAGE).await.starts_with("HTTP/1.1 503 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_documents_get_the_script() {
    let port = Port::open().await;
    port.run(|mut stream, head| {
        assert!(head.to_ascii_lowercase().contains("accept-encoding: identity\r\n"), "{head}");
        let body = "<!doctype html><title>é</title>";
        let policy = "Content-Security-Policy: default-src 'none'; script-src 'nonce-abc'";
        let (kind, length) = ("Content-Type: text/html; charset=utf-8", body.len());
        let head =
            format!("HTTP/1.1 404 Not Found\r\n{kind}\r\n{policy}\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all((head + body).as_bytes()).expect("written");
    });
    let page = port.page(PAGE).await;
    let (head, body) = page.split_once("\r\n\r\n").expect("a head");
    assert!(
        body.starts_with("<!doctype html><title>é</title><script src=\"/__nuages/live-reload.js\""),
        "{body}"
    );
    assert!(body.contains(" nonce=\"abc\"></script>"), "{body}");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ").or(line.strip_prefix("Content-Length: ")));
    assert_eq!(length, Some(body.len().to_string().as_str()), "{head}");
    assert!(head.contains("connect-src localhost/__nuages/"), "{head}");
    // A stream that begins slowly.
    port.run(|mut stream, _| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).expect("written");
        for piece in ["4\r\n<!do\r\n", "b\r\nctype html>\r\n", "3\r\n<p>\r\n", "0\r\n\r\n"] {
            stream.write_all(piece.as_bytes()).expect("written");
            thread::sleep(Duration::from_millis(20));
        }
    });
    let page = port.page(PAGE).await;
    assert!(page.contains("/__nuages/live-reload.js") && page.ends_with("0\r\n\r\n"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_responses_are_left_alone() {
    let port = Port::open().await;
    let whole = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<!doctype html>";
    port.run_saying(whole);
    for headers in [
        "Accept: text/html\r\nSec-Fetch-Dest: iframe\r\n",
        "Accept: */*\r\n",
        "Accept: text/html\r\nHX-Request: true\r\n",
    ] {
        let page = port.page(headers).await;
        assert!(page.ends_with("\r\n\r\n<!doctype html>"), "{headers:?}: {page}");
    }
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n<p>",
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 15\r\n\r\n<!doctype html>",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: 15\r\n\r\n<!doctype html>",
        "HTTP/1.1 304 Not Modified\r\nContent-Type: text/html\r\n\r\n",
    ] {
        port.run_saying(answer);
        let page = port.page(PAGE).await;
        let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(page.ends_with(&format!("\r\n\r\n{body}")), "{page}");
    }
}
