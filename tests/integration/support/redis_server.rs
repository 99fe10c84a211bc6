//! Redis for tests: the shared one that `tests/run` started, or a private one that a test may stop.
//!
//! Without `TEST_NUAGES_REDIS` each test starts its own; a missing `redis-server` is a failure.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

/// A Redis server.
pub struct RedisServer {
    port: u16,
    private: Option<Private>,
}

struct Private {
    process: Option<Child>,
    folder: tempfile::TempDir,
    options: Vec<String>,
}

impl RedisServer {
    /// The server that `tests/run` started; elsewhere a private one.
    pub fn shared() -> Self {
        match std::env::var("TEST_NUAGES_REDIS") {
            Ok(address) => {
                let port =
                    address.trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok());
                Self { port: port.expect("TEST_NUAGES_REDIS names a host and a port"), private: None }
            }
            Err(_) => {
                let by_run = std::env::var("TEST_NUAGES_SERVICES").is_ok_and(|value| value == "1");
                assert!(!by_run, "TEST_NUAGES_SERVICES=1, but TEST_NUAGES_REDIS is not set");
                Self::private(&[])
            }
        }
    }

    /// A server of the test's own, running, with these options of redis-server's command line.
    pub fn private(options: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options = options.iter().map(|&option| option.to_owned()).collect();
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self { port, private: Some(Private { process: None, folder, options }) };
        server.start();
        server
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts the private server and waits until it answers.
    pub fn start(&mut self) {
        let port = self.port.to_string();
        let private = self.private.as_mut().expect("a private server");
        let process = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
            .arg(private.folder.path())
            .args(&private.options)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server is installed (Debian: apt-get install redis-server)");
        private.process = Some(process);
        let begin = Instant::now();
        while !self.answers() {
            assert!(begin.elapsed() < Duration::from_secs(20), "redis-server does not start");
            sleep(Duration::from_millis(10));
        }
    }

    /// Whether the server answers by now; with a password set, it says that it wants one.
    fn answers(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok() && !self.command(&["PING"]).is_empty()
    }

    /// Kills the private server.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.private.as_mut().and_then(|private| private.process.take()) {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Sends the private server a signal: `STOP` hangs it, `CONT` lets it go on.
    pub fn signal(&self, name: &str) {
        let process = self.private.as_ref().and_then(|private| private.process.as_ref()).expect("running");
        let sent = Command::new("kill").args([&format!("-{name}"), &process.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// One command over a connection of its own, not through the cache; answers the reply's text.
    pub fn command(&self, words: &[&str]) -> String {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut text = format!("*{}\r\n", words.len());
        words.iter().for_each(|word| text += &format!("${}\r\n{word}\r\n", word.len()));
        (&stream).write_all(text.as_bytes()).unwrap();
        let mut reader = BufReader::new(&stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end();
        match line.strip_prefix('$').map(|length| length.parse::<usize>()) {
            None => line.to_owned(),
            Some(Err(_)) => "nil".to_owned(),
            Some(Ok(length)) => {
                let mut bytes = vec![0; length];
                reader.read_exact(&mut bytes).unwrap();
                String::from_utf8_lossy(&bytes).into_owned()
            }
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A key prefix that no other test on the shared server uses.
pub fn unique_prefix() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("test{}x{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
