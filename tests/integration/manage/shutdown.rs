//! Ctrl-C with requests in flight: how many are waited for is logged, and a second one ends them.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::support::program::Program;

/// Starts the site and some requests that take a minute.
async fn busy(requests: usize) -> Program {
    let mut program = Program::new("DEBUG = true");
    program.start();
    for _ in 0..requests {
        let mut visitor = program.visitor();
        tokio::spawn(async move { visitor.try_get("/slow/?name=a&seconds=60").await.map(drop) });
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    program
}

/// Waits until the log has these words.
fn wait_for(program: &Program, words: &str) {
    let begun = Instant::now();
    while !program.log().contains(words) {
        assert!(begun.elapsed() < Duration::from_secs(5), "no {words:?} in {}", program.log());
        thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_flight_are_counted_and_a_second_signal_ends_them() {
    let mut program = busy(2).await;
    program.signal("-INT");
    wait_for(&program, "waiting for 2 requests to finish, 30s at most\n");
    wait_for(&program, "press CONTROL-C again to stop at once\n");
    program.signal("-INT");
    let status = program.ended_within(Duration::from_secs(3)).expect("it ends at once");
    assert_eq!(status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_said_without_a_request() {
    let mut program = busy(0).await;
    let mut visitor = program.visitor();
    visitor.get("/plain/").await;
    program.signal("-INT");
    assert!(program.ended_within(Duration::from_secs(3)).is_some());
    let log = program.log();
    assert!(!log.contains("waiting") && !log.contains("CONTROL-C"), "{log}");
}
