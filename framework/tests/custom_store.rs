//! The store of `examples/custom_store.rs` passes the suite of every session store, and serves a counter.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use nuages::{sessions::SessionEngine, settings::Settings, testing::session_store_suite};

#[allow(dead_code, reason = "the program around the store runs as a process of its own")]
#[path = "../examples/custom_store.rs"]
mod custom_store;

#[tokio::test(flavor = "multi_thread")]
async fn the_store_passes_the_suite() {
    let text = "SECRET_KEY = 'a key of the test'\nDEBUG = true\nSESSION_ENGINE = 'memory'";
    let settings = Settings::from_toml(text, ".".as_ref()).expect("the settings are right");
    let store = Arc::new(custom_store::MemoryStore::default());
    let report = session_store_suite(&settings, move |settings, clock| {
        SessionEngine::with_store(settings, clock, store.clone())
    });
    let report = report.await;
    report.assert_passed();
}

/// Ends the program with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().expect("the example can be ended");
        self.0.wait().expect("the example has ended");
    }
}

#[test]
fn the_program_counts_the_visits_of_a_browser() {
    // Cargo builds the examples beside the tests: `target/debug/examples` and `target/debug/deps`.
    let test = env::current_exe().expect("the test's path");
    let folder = test.parent().and_then(|deps| deps.parent()).expect("the profile's folder");
    let program = folder.join("examples").join(format!("custom_store{}", env::consts::EXE_SUFFIX));
    let process = Command::new(&program)
        .arg("127.0.0.1:0")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let mut running = Running(process);
    let mut line = String::new();
    let output = running.0.stderr.take().expect("the output of the example");
    BufReader::new(output).read_line(&mut line).expect("the first line");
    let address = line.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();

    let get = |cookie: &str| {
        let mut stream = TcpStream::connect(&address).expect("a connection");
        write!(stream, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n")
            .expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("a response");
        answer
    };
    let first = get("");
    let cookie = first.lines().find(|line| line.to_lowercase().starts_with("set-cookie: "));
    let cookie = cookie.and_then(|line| line["set-cookie: ".len()..].split(';').next()).unwrap_or_default();
    let second = get(cookie);
    assert!(first.ends_with("visits: 1"), "{first}");
    assert!(second.ends_with("visits: 2"), "{second}");
}
