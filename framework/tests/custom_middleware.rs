//! The program in `examples/custom_middleware.rs` runs on a free port and is asked over real HTTP.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

/// The running example. It ends with the test.
struct Example(Child);

impl Drop for Example {
    fn drop(&mut self) {
        self.0.kill().expect("the example can be ended");
        self.0.wait().expect("the example has ended");
    }
}

/// Status line, header fields and body.
fn ask(address: &str, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    )
    .expect("a request");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    response
}

#[test]
fn custom_middleware_measures_every_request_and_closes_the_site() {
    // Cargo builds the examples beside the tests: `target/debug/examples` and `target/debug/deps`.
    let test = env::current_exe().expect("the test's path");
    let folder = test.parent().and_then(|deps| deps.parent()).expect("the profile's folder");
    let program = folder.join("examples").join(format!("custom_middleware{}", env::consts::EXE_SUFFIX));
    let mut process = Command::new(&program)
        .arg("127.0.0.1:0")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let output = process.stderr.take().expect("the output of the example");
    let _example = Example(process);
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).expect("the first line");
    let address = line.trim().trim_start_matches("http://").trim_end_matches('/');

    let open = ask(address, "GET", "/");
    assert!(open.starts_with("HTTP/1.1 200") && open.ends_with("\r\n\r\nOpen."), "{open}");
    assert!(ask(address, "POST", "/admin/toggle/").ends_with("closed: true"));
    let closed = ask(address, "GET", "/");
    assert!(closed.starts_with("HTTP/1.1 503") && closed.ends_with("Closed for maintenance."), "{closed}");
    for response in [open, closed] {
        assert!(response.to_ascii_lowercase().contains("server-timing: app;dur="), "{response}");
    }
    assert!(ask(address, "POST", "/admin/toggle/").ends_with("closed: false"));
    assert!(ask(address, "GET", "/").starts_with("HTTP/1.1 200"));
}
