//! A server under a low limit on open files.
//!
//! The test runs itself again as the server, in a process with that limit; the clients keep theirs.

use std::{
    env,
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::harness::start;
use crate::support::events::Events;

const NAME: &str = "server::descriptors::idle_connections_make_room_under_a_low_limit";
const SERVER: &str = "NUAGES_TEST_SERVER";

#[tokio::test]
async fn idle_connections_make_room_under_a_low_limit() {
    if env::var_os(SERVER).is_some() {
        let server = start("SERVER_HEADER_TIMEOUT = 60").await;
        println!("listening on {}", server.address);
        std::future::pending::<()>().await;
    }
    let mut server = Command::new("sh")
        .args(["-c", "ulimit -n 128; exec \"$0\" --exact \"$1\" --nocapture"])
        .arg(env::current_exe().expect("a program"))
        .arg(NAME)
        .env(SERVER, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let lines = BufReader::new(server.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let address = { lines }.find_map(|line| Some(line.split_once("listening on ")?.1.to_owned()));
    let address = address.expect("the server listens");

    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(TcpStream::connect(&address).await.expect("a connection"));
    }
    let start = Instant::now();
    let exchange = async {
        let mut client = TcpStream::connect(&address).await.expect("a connection");
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("the server reads");
        let mut response = [0; 12];
        client.read_exact(&mut response).await.expect("a response");
        response
    };
    let response = timeout(Duration::from_secs(10), exchange).await;
    server.kill().expect("the server runs");
    server.wait().expect("the server ends");
    assert_eq!(&response.expect("in time"), b"HTTP/1.1 200");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

const SHORTAGE: &str = "server::descriptors::a_shortage_is_logged_once_a_second_at_most_and_ends_by_itself";

/// The server: uses up its own descriptors at a first line on stdin, and gives them back at a second.
async fn server_with_a_shortage() {
    let events = Events::default();
    tracing::subscriber::set_global_default(events.clone()).expect("the only subscriber");
    let server = start("").await;
    println!("listening on {}", server.address);
    let ordered = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        let mut order = || std::io::stdin().read_line(&mut line).expect("an order");
        order();
        let hoard: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
        order();
        drop(hoard);
        println!("logged {}", events.text().matches("cannot accept connections").count());
    });
    ordered.await.expect("no panic");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_shortage_is_logged_once_a_second_at_most_and_ends_by_itself() {
    if env::var_os(SERVER).is_some() {
        server_with_a_shortage().await;
    }
    let mut server = Command::new("sh")
        .args(["-c", "ulimit -n 128; exec \"$0\" --exact \"$1\" --nocapture"])
        .arg(env::current_exe().expect("a program"))
        .arg(SHORTAGE)
        .env(SERVER, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut orders = server.stdin.take().expect("a pipe");
    let mut lines = BufReader::new(server.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut said =
        |word: &str| lines.find_map(|line| Some(line.split_once(word)?.1.to_owned())).expect("a line");
    let address = said("listening on ");
    orders.write_all(b"hoard\n").expect("the server reads");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begin = Instant::now();
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut client = TcpStream::connect(&address).await.expect("the backlog has room");
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("the backlog has room");
        waiting.push(client);
    }
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    orders.write_all(b"give back\n").expect("the server reads");
    let logged: u64 = said("logged ").parse().expect("a number");
    let most = begin.elapsed().as_secs() + 2;
    assert!((1..=most).contains(&logged), "{logged} lines, at most {most} are wanted");
    for mut client in waiting {
        let mut response = [0; 12];
        let read = timeout(Duration::from_secs(5), client.read_exact(&mut response)).await;
        read.expect("in time").expect("a response");
        assert_eq!(&response, b"HTTP/1.1 200");
    }
    server.kill().expect("the server runs");
    server.wait().expect("the server ends");
}
