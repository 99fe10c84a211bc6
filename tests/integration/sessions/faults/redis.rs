//! Redis stopped, started and hung while the program serves.

use std::time::Duration;

use crate::support::redis_server::RedisServer;
use crate::support::{program::Program, visitor::Visitor};

const IN_TIME: Duration = Duration::from_secs(2);

fn on(server: &RedisServer, engine: &str) -> Program {
    let mut program = Program::new(&format!(
        "SESSION_ENGINE = \"{engine}\"\n[CACHES.default]\nBACKEND = \"redis\"\nLOCATION = \"{}\"\n\
         [DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"db.sqlite3\"",
        server.url()
    ));
    program.start();
    program
}

/// A server that keeps its data when it stops.
fn lasting() -> RedisServer {
    RedisServer::private(&["--appendonly", "yes", "--appendfsync", "always"])
}

/// A request that needs the store gets a 503 in time, and its cookie stays. Other requests are answered.
async fn assert_down(program: &Program, visitor: &mut Visitor) {
    for path in ["/session/", "/count/", "/flush/", "/cycle/", "/session/"] {
        visitor.get(path).await.assert_unavailable_within(IN_TIME);
    }
    let mut stranger = program.visitor();
    assert_eq!(stranger.get("/session/").await.status, 200);
    stranger.get("/count/").await.assert_unavailable();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis"]
async fn redis_stopped_is_a_503_until_it_is_back() {
    let mut server = lasting();
    let program = on(&server, "cache");
    let mut visitor = program.visitor();
    for count in 1..=3 {
        visitor.get("/count/").await.assert_count(count);
    }
    for round in 0..3 {
        server.stop();
        assert_down(&program, &mut visitor).await;
        server.start();
        visitor.wait_for_the_session(IN_TIME).await.assert_count(3 + round);
        visitor.get("/count/").await.assert_count(4 + round);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis"]
async fn redis_that_hangs_is_a_503_until_it_goes_on() {
    let server = lasting();
    let program = on(&server, "cache");
    let mut visitor = program.visitor();
    visitor.get("/count/").await.assert_count(1);
    server.signal("STOP");
    assert_down(&program, &mut visitor).await;
    server.signal("CONT");
    // Redis carries out the commands that it received while it hung: the last of them may end the session.
    let answer = visitor.twin().wait_for_the_session(IN_TIME).await;
    assert!(answer.count() <= 2, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis"]
async fn cached_db_without_its_cache_is_read_and_refuses_changes() {
    let mut server = lasting();
    let program = on(&server, "cached_db");
    let mut visitor = program.visitor();
    visitor.get("/count/").await.assert_count(1);
    server.stop();
    for _ in 0..5 {
        let answer = visitor.get("/session/").await;
        answer.assert_count(1);
        assert!(answer.took < IN_TIME, "{:?}", answer.took);
        for path in ["/count/", "/flush/", "/cycle/"] {
            visitor.get(path).await.assert_unavailable_within(IN_TIME);
        }
    }
    // A new session is in no cache yet.
    program.visitor().get("/count/").await.assert_count(1);
    server.start();
    let begin = std::time::Instant::now();
    while visitor.get("/count/").await.status != 200 {
        assert!(begin.elapsed() < IN_TIME, "the cache is not used again");
    }
    for count in 3..=6 {
        visitor.get("/session/").await.assert_count(count - 1);
        visitor.get("/count/").await.assert_count(count);
    }
}
