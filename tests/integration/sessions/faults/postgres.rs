//! PostgreSQL stopped, crashed, locked, exhausted, full and read-only while the program serves.

use std::{os::unix::fs::PermissionsExt as _, process::Command, time::Duration};

use nuages::{
    App,
    db::Database,
    prelude::{Request, StatusCode},
    sessions::Clear,
    testing::{Client, migrate},
    urls::path,
};
use serde_json::json;

use crate::support::{program::Program, visitor::Visitor};
use crate::{support::postgres_server::PostgresServer, support::small_disk::SmallDisk};

const IN_TIME: Duration = Duration::from_secs(2);
const SHORT: &str = "[DATABASES.default.OPTIONS]\ntimeout = 0.5";

/// A started program whose sessions are on the server, and a visitor whose counter stands at 3.
async fn on(server: &PostgresServer, lines: &str) -> (Program, Visitor) {
    let mut program = Program::new(&format!("SESSION_ENGINE = \"db\"\n{}", server.address.toml(lines)));
    program.start();
    let mut visitor = program.visitor();
    for count in 1..=3 {
        visitor.get("/count/").await.assert_count(count);
    }
    (program, visitor)
}

/// Runs statements as the superuser that the tests are.
async fn run(server: &PostgresServer, sql: &str) {
    let client = server.address.open("").client().await.expect("connects");
    client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn postgresql_stopped_and_started_is_a_503_meanwhile() {
    let server = PostgresServer::private("");
    let (program, mut visitor) = on(&server, "").await;
    for (round, how) in ["fast", "immediate", "fast"].into_iter().enumerate() {
        server.stop(how);
        for path in ["/session/", "/count/", "/flush/", "/cycle/", "/session/"] {
            visitor.get(path).await.assert_unavailable_within(IN_TIME);
        }
        let mut stranger = program.visitor();
        assert_eq!(stranger.get("/session/").await.status, 200, "there is nothing to load");
        stranger.get("/count/").await.assert_unavailable_within(IN_TIME);
        server.start();
        // What was acknowledged before a crash is there after it.
        let count = 3 + round as u64;
        visitor.wait_for_the_session(IN_TIME).await.assert_count(count);
        visitor.get("/count/").await.assert_count(count + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_table_or_a_row_locked_by_another_program_is_a_503_in_time() {
    let server = PostgresServer::shared().await;
    let (_program, mut visitor) = on(&server, SHORT).await;
    let locking = server.address.open("").client().await.expect("connects");
    locking.batch_execute("BEGIN; SELECT * FROM django_session FOR UPDATE").await.expect("locks");
    let writing = visitor.twin().get("/count/").await;
    writing.assert_unavailable_within(IN_TIME);
    assert!(writing.took > Duration::from_millis(400), "{:?}", writing.took);
    visitor.get("/session/").await.assert_count(3);
    locking.batch_execute("ROLLBACK").await.expect("unlocks");
    // The write that was answered 503 may have been done when the lock went: the cookie stays either way.
    let count = visitor.wait_for_the_session(IN_TIME).await.count();
    visitor.get("/count/").await.assert_count(count + 1);

    locking.batch_execute("BEGIN; LOCK TABLE django_session").await.expect("locks");
    for path in ["/session/", "/count/"] {
        visitor.get(path).await.assert_unavailable_within(IN_TIME);
    }
    // Many that wait are answered as soon as one, though they are more than the pool has connections.
    let mut waiting = tokio::task::JoinSet::new();
    for n in 0..24 {
        let mut twin = visitor.twin();
        waiting.spawn(async move { twin.get(["/session/", "/count/", "/flush/"][n % 3]).await });
    }
    for answer in waiting.join_all().await {
        answer.assert_unavailable_within(IN_TIME);
    }
    locking.batch_execute("ROLLBACK").await.expect("unlocks");
    visitor.get("/session/").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn removing_all_sessions_waits_for_one_that_is_being_written() {
    let server = PostgresServer::shared().await;
    let (program, _visitor) = on(&server, "").await;
    let writing = server.address.open("").client().await.expect("connects");
    writing
        .batch_execute("BEGIN; UPDATE django_session SET session_data = session_data")
        .await
        .expect("writes");
    let engine = program.engine();
    let removing = tokio::spawn(async move {
        let removed = engine.clear(Clear::All, |_| {}).await;
        (removed.expect("removed"), engine.count().await.expect("counted"))
    });
    // The statement waits for the lock by now.
    let waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%gone%'";
    let begun = std::time::Instant::now();
    let watching = server.address.open("").client().await.expect("connects");
    while watching.query(waiting, &[]).await.expect("asks").is_empty() {
        assert!(begun.elapsed() < IN_TIME && !removing.is_finished(), "it does not wait");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    writing.batch_execute("COMMIT").await.expect("writes");
    assert_eq!(removing.await.expect("no panic"), (1, Some(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_read_only_server_is_read_and_recovers() {
    let server = PostgresServer::private("");
    let (program, mut visitor) = on(&server, "").await;
    for read_only in ["on", "off"] {
        // As on a standby, or while a failover is under way.
        run(&server, &format!("ALTER SYSTEM SET default_transaction_read_only = {read_only}")).await;
        run(&server, "SELECT pg_reload_conf()").await;
        if read_only == "off" {
            break;
        }
        // The server's processes notice within moments.
        let mut answer = visitor.get("/count/").await;
        let mut count = 3;
        while answer.status == 200 {
            count = answer.count();
            assert!(count < 200, "still writable");
            answer = visitor.get("/count/").await;
        }
        answer.assert_unavailable_within(IN_TIME);
        visitor.get("/session/").await.assert_count(count);
        visitor.get("/flush/").await.assert_unavailable_within(IN_TIME);
        program.visitor().get("/count/").await.assert_unavailable_within(IN_TIME);
        visitor.get("/session/").await.assert_count(count);
    }
    let begun = std::time::Instant::now();
    while visitor.get("/count/").await.status != 200 {
        assert!(begun.elapsed() < IN_TIME, "still read-only");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL, and root to mount a small disk: tests/run starts it"]
async fn a_full_disk_is_read_and_recovers() {
    let disk = SmallDisk::new("4m");
    let space = disk.path().join("space");
    std::fs::create_dir(&space).expect("creates");
    std::fs::set_permissions(disk.path(), std::fs::Permissions::from_mode(0o755)).expect("opens");
    let owned = Command::new("chown").arg("postgres").arg(&space).status().expect("chown");
    assert!(owned.success(), "this test gives a folder to PostgreSQL's user, which needs root");
    let server = PostgresServer::private("");
    let (program, mut visitor) = on(&server, "").await;
    run(&server, &format!("CREATE TABLESPACE small LOCATION '{}'", space.display())).await;
    run(&server, "ALTER TABLE django_session SET TABLESPACE small").await;
    run(&server, "ALTER INDEX django_session_pkey SET TABLESPACE small").await;
    visitor.wait_for_the_session(IN_TIME).await.assert_count(3);
    disk.fill();
    // What pages have room for is still stored.
    let mut strangers = 0;
    loop {
        let answer = program.visitor().get("/count/").await;
        if answer.status != 200 {
            answer.assert_unavailable_within(IN_TIME);
            break;
        }
        strangers += 1;
        assert!(strangers < 2_000, "the disk is not full");
    }
    visitor.get("/session/").await.assert_count(3);
    disk.empty();
    program.visitor().get("/count/").await.assert_count(1);
    visitor.get("/count/").await.assert_count(4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn an_exhausted_pool_is_a_503_in_time() {
    let server = PostgresServer::shared().await;
    let settings = server.address.settings(&format!("CONN_POOL_SIZE = 1\n{SHORT}"));
    let visits = |request: &mut Request| {
        request.session["n"] = json!(request.session["n"].as_u64().unwrap_or(0) + 1);
        request.session["n"].to_string()
    };
    let app = App::new(settings).urls(vec![path("", visits)]);
    migrate(&app).await.expect("migrates");
    let client = Client::new(app.clone());
    assert_eq!(client.get("/").await.text(), "1");
    let databases = app.databases().expect("databases");
    let Some(Database::Postgres(postgres)) = databases.get("default") else { panic!("PostgreSQL") };
    let taken = postgres.client().await.expect("the only connection");
    let waiting = std::time::Instant::now();
    let response = client.get("/").await;
    let waited = waiting.elapsed();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((response.header("retry-after"), response.header("set-cookie")), (Some("1"), None));
    assert!(waited > Duration::from_millis(400) && waited < IN_TIME, "{waited:?}");
    drop(taken);
    assert_eq!(client.get("/").await.text(), "2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn no_damaged_row_is_accepted() {
    let server = PostgresServer::shared().await;
    let (program, mut visitor) = on(&server, "").await;
    let database = server.address.open("");
    let row = database.query_opt("SELECT session_data, expire_date::text FROM django_session", &[]).await;
    let row = row.expect("reads").expect("a row");
    let (stored, end): (String, String) = (row.get(0), row.get(1));
    let key = visitor.cookie.clone().expect("a cookie");
    for damaged in super::damage::damaged(stored.as_bytes()) {
        let Ok(damaged) = String::from_utf8(damaged) else { continue };
        let update = "UPDATE django_session SET session_data = $1 WHERE session_key = $2";
        database.execute(update, &[&damaged, &key]).await.expect("updates");
        let answer = visitor.get("/session/").await;
        assert_eq!((answer.status, &answer.body["data"]), (200, &json!({})), "{damaged:?}");
        assert!(!answer.sets_cookie, "{answer:?}");
    }
    assert!(program.log().contains("session data cannot be used"), "no warning");
    let mut writer = visitor.twin();
    writer.get("/count/").await.assert_count(1);
    assert_ne!(writer.cookie, visitor.cookie, "the damaged session was adopted");
    let update = "UPDATE django_session SET session_data = $1 WHERE session_key = $2";
    database.execute(update, &[&stored, &key]).await.expect("updates");
    // To PostgreSQL all of these are moments.
    for (end, alive) in
        [("infinity", true), ("-infinity", false), ("4713-01-01 BC", false), ("294276-01-01", true)]
    {
        run(&server, &format!("UPDATE django_session SET expire_date = '{end}'")).await;
        visitor.twin().get("/session/").await.assert_count(if alive { 3 } else { 0 });
        let listing = program.command(&["sessions", "list"]).output().expect("runs");
        assert!(listing.status.success(), "{end}: {listing:?}");
    }
    run(&server, &format!("UPDATE django_session SET expire_date = '{end}'")).await;
    visitor.get("/count/").await.assert_count(4);
}
