//! Stores locked by another process, and pools without a free connection: a bounded wait, then a 503.

use std::{
    fs::{self, File},
    time::Duration,
};

use nuages::{
    StatusCode,
    db::Database,
    prelude::{Request, Result},
    testing::{Client, migrate},
    urls::path,
};
use rusqlite::Connection;
use tokio::task::JoinSet;

use crate::support::{
    program::Program,
    site::{SQLITE, Site},
};

/// Settings in which the database is waited for half a second.
const HALF_A_SECOND: &str = "SESSION_ENGINE = \"db\"\n[DATABASES.default]\nENGINE = \"sqlite3\"\n\
                             NAME = \"db.sqlite3\"\n[DATABASES.default.OPTIONS]\ntimeout = 0.5";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_locked_by_another_process_is_a_503_in_time_and_reads_go_on() {
    let mut program = Program::new(HALF_A_SECOND);
    program.start();
    let mut visitor = program.visitor();
    for count in 1..=3 {
        visitor.get("/count/").await.assert_count(count);
    }
    let locking = Connection::open(program.folder().join("db.sqlite3")).expect("opens");
    locking.execute_batch("BEGIN EXCLUSIVE").expect("locks");

    let mut writing = JoinSet::new();
    for n in 0..12 {
        // Writes of every kind: a change, a new session, a logout, a new key.
        let mut writer = if n % 4 == 1 { program.visitor() } else { visitor.twin() };
        let path = ["/count/", "/count/", "/flush/", "/cycle/"][n % 4];
        writing.spawn(async move { (path, writer.get(path).await) });
    }
    let mut slowest = Duration::ZERO;
    for _ in 0..100 {
        let answer = visitor.get("/session/").await;
        answer.assert_count(3);
        slowest = slowest.max(answer.took);
    }
    assert!(slowest < Duration::from_millis(400), "a read waited {slowest:?}");
    for (path, answer) in writing.join_all().await {
        answer.assert_unavailable();
        let (least, most) = (Duration::from_millis(400), Duration::from_secs(2));
        assert!(answer.took > least && answer.took < most, "{path}: {:?}", answer.took);
    }

    locking.execute_batch("ROLLBACK").expect("unlocks");
    visitor.get("/count/").await.assert_count(4);
    assert_eq!(visitor.get("/flush/").await.status, 200);
    assert_eq!(visitor.cookie, None, "logged out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_files_locked_by_another_process_are_a_503_in_time_and_reads_go_on() {
    let mut program = Program::new("SESSION_ENGINE = \"file\"");
    program.start();
    let mut visitor = program.visitor();
    visitor.get("/count/").await.assert_count(1);
    let folder = program.folder().join("sessions");
    let user = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&folder).expect("the folder of the test"));
    let locks: Vec<File> = (0..64)
        .map(|stripe| {
            let path = folder.join(format!(".nuages-{user}/{stripe:02}.lock"));
            let file = File::options().create(true).truncate(false).write(true).open(path).expect("opens");
            file.lock().expect("locks");
            file
        })
        .collect();
    let mut writing = JoinSet::new();
    for _ in 0..10 {
        let mut writer = visitor.twin();
        writing.spawn(async move { writer.get("/count/").await });
    }
    for _ in 0..100 {
        let answer = visitor.get("/session/").await;
        answer.assert_count(1);
        assert!(answer.took < Duration::from_secs(1), "a read waited {:?}", answer.took);
    }
    for answer in writing.join_all().await {
        answer.assert_unavailable();
        assert!(answer.took < Duration::from_secs(8), "{:?}", answer.took);
    }
    drop(locks);
    visitor.get("/count/").await.assert_count(2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exhausted_pool_is_a_503_in_time() {
    let options = "CONN_POOL_SIZE = 1\n[DATABASES.default.OPTIONS]\ntimeout = 0.4\n";
    let site = Site::new(&format!("{SQLITE}{options}"));
    let visits = |request: &mut Request| -> Result<String> {
        request.session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?;
        Ok(request.session["n"].to_string())
    };
    let app = site.app(vec![path("", visits)]);
    migrate(&app).await.expect("migrates");
    let client = Client::new(app.clone());
    assert_eq!(client.get("/").await.text(), "1");

    let databases = app.databases().expect("databases");
    let Some(Database::Sqlite(sqlite)) = databases.get("default").cloned() else { panic!("SQLite") };
    let (taken, begun) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let long = tokio::spawn(async move {
        let hold = sqlite.read_long(move |_| {
            taken.send(()).expect("the test waits");
            released.recv().expect("the test releases");
            Ok(())
        });
        hold.await
    });
    begun.await.expect("the only connection is taken");
    let waiting = std::time::Instant::now();
    let response = client.get("/").await;
    let waited = waiting.elapsed();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((response.header("retry-after"), response.header("set-cookie")), (Some("1"), None));
    assert!(waited > Duration::from_millis(300) && waited < Duration::from_secs(2), "{waited:?}");
    release.send(()).expect("the read waits");
    long.await.expect("no panic").expect("reads");
    assert_eq!(client.get("/").await.text(), "2");
}
