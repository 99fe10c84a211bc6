//! A reader of the log that stops reading: the site goes on, it ends, and lost lines are counted.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::support::{program::Program, visitor::Visitor};

/// More requests, each with a line of 2,000 bytes, than the pipe and the queue hold.
const REQUESTS: usize = 1_500;

/// A site whose stderr is a pipe that nobody reads.
struct Unread {
    process: Child,
    address: SocketAddr,
    _site: Program,
}

impl Unread {
    fn start() -> Self {
        let site = Program::new("DEBUG = true");
        let mut command = site.command(&["runserver", "127.0.0.1:0"]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let address = loop {
            let line = lines.next().expect("an address").expect("UTF-8");
            if let Some((_, rest)) = line.split_once("http://") {
                break rest.trim_end_matches('/').parse().expect("an address");
            }
        };
        Self { process, address, _site: site }
    }

    async fn visit(&self) {
        let mut visitor = Visitor::new(self.address);
        let path = format!("/plain/?{}", "x".repeat(2_000));
        for number in 0..REQUESTS {
            let answer = visitor.get(&path).await;
            assert_eq!(answer.status, 200, "request {number}");
        }
    }

    fn terminate(&self) {
        let process = self.process.id().to_string();
        assert!(Command::new("kill").arg(process).status().expect("kill is installed").success());
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        // It has ended already, usually.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn requests_are_answered_and_sigterm_ends_it() {
    let mut site = Unread::start();
    site.visit().await;
    site.terminate();
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = site.process.try_wait().expect("it is ours") {
            break status;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "SIGTERM does not end it");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn lost_lines_are_counted_once_the_reader_goes_on() {
    let mut site = Unread::start();
    site.visit().await;
    let stderr = site.process.stderr.take().expect("a pipe");
    let reader = tokio::task::spawn_blocking(move || {
        let mut log = String::new();
        BufReader::new(stderr).read_to_string(&mut log).expect("UTF-8");
        log
    });
    let mut visitor = Visitor::new(site.address);
    visitor.get("/plain/?last").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    visitor.get("/plain/?after").await;
    site.terminate();
    let log = reader.await.expect("the log");
    let written = log.matches("\"GET /plain/?").count();
    let lost: usize = log
        .lines()
        .filter_map(|line| {
            line.split_once("WARNING nuages.manage: ")?
                .1
                .strip_suffix(" log lines were lost: the log was not read fast enough")
        })
        .map(|count| count.parse::<usize>().expect("a number"))
        .sum();
    assert!(lost > 100, "{lost} of {REQUESTS}");
    assert_eq!(written + lost, REQUESTS + 2);
    assert!(log.ends_with("\n") && log.contains("/plain/?after"), "the end is missing");
}
