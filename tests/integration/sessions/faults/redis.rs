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

/// A server whose data outlive it.
fn lasting() -> RedisServer {
    RedisServer::private(&["--appendonly", "yes", "--appendfsync", "always"])
}

/// Whatever needs the store is a 503 in time, and the cookie stays; what does not need it is answered.
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
async fn redis_stopped_and_started_is_a_503_meanwhile() {
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
async fn redis_that_hangs_is_a_503_meanwhile() {
    let server = lasting();
    let program = on(&server, "cache");
    let mut visitor = program.visitor();
    visitor.get("/count/").await.assert_count(1);
    server.signal("STOP");
    assert_down(&program, &mut visitor).await;
    server.signal("CONT");
    // What was asked while it hung is carried out when it goes on: the last of it may end the session.
    let answer = visitor.twin().wait_for_the_session(IN_TIME).await;
    assert!(answer.count() <= 2, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis"]
async fn cached_db_serves_on_without_its_cache() {
    let mut server = lasting();
    let program = on(&server, "cached_db");
    let mut visitor = program.visitor();
    visitor.get("/count/").await.assert_count(1);
    server.stop();
    for count in 2..=6 {
        let answer = visitor.get("/count/").await;
        answer.assert_count(count);
        assert!(answer.took < IN_TIME, "{:?}", answer.took);
        visitor.get("/session/").await.assert_count(count);
    }
    server.start();
    // What the cache kept from before is not believed.
    for count in 7..=12 {
        visitor.get("/session/").await.assert_count(count - 1);
        visitor.get("/count/").await.assert_count(count);
    }
}
