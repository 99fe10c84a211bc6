//! A server under a low limit on open files.
//!
//! The test runs itself again as the server, in a process with that limit; the clients keep theirs.

use std::{
    env,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::harness::start;

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
