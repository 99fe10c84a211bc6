//! `nuages::db` on SQLite: what a project may rely on, with the faults injected for real.

#[cfg(feature = "postgres")]
mod pgbouncer;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_statements;

use std::{
    error::Error as _,
    path::Path,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use nuages::{
    Unavailable,
    db::{Database, Databases, DbError, Sqlite},
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::{
    polling::until,
    site::{default_database, settings, settings_in},
};

mod faults;
mod query_count;
mod transactions;

/// A database in `folder` that waits 300 ms for locks.
fn sqlite(folder: &Path, options: &str) -> Sqlite {
    sqlite_named(folder, "db.sqlite3", options)
}

fn sqlite_named(folder: &Path, name: &str, options: &str) -> Sqlite {
    open(folder, name, &format!("timeout = 0.3\n{options}"))
}

fn open(folder: &Path, name: &str, options: &str) -> Sqlite {
    let lines = format!(
        "[DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"{name}\"\n[DATABASES.default.OPTIONS]\n{options}"
    );
    match default_database(&settings_in(folder, &lines)) {
        Database::Sqlite(sqlite) => sqlite,
        other => panic!("expected SQLite, got {other:?}"),
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

async fn create(db: &Sqlite) {
    db.write(|db| db.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT NOT NULL)"))
        .await
        .expect("a table");
}

async fn insert(db: &Sqlite, id: i64) -> Result<usize, DbError> {
    db.write(move |db| db.prepare_cached("INSERT INTO t VALUES (?1, 'x')")?.execute([id])).await
}

async fn count(db: &Sqlite) -> Result<i64, DbError> {
    db.read(|db| db.prepare_cached("SELECT count(*) FROM t")?.query_row([], |row| row.get(0))).await
}

fn is_unavailable<T>(result: &Result<T, DbError>) -> bool {
    matches!(result, Err(DbError::Unavailable(_)))
}

#[tokio::test]
async fn nothing_is_opened_before_the_first_use() {
    let folder = folder();
    let db = sqlite(folder.path(), "");
    assert_eq!(folder.path().read_dir().expect("a folder").count(), 0);
    create(&db).await;
    assert!(folder.path().join("db.sqlite3").exists());
}

#[tokio::test]
async fn a_write_is_answered_after_commit() {
    let folder = folder();
    let db = sqlite(folder.path(), "");
    create(&db).await;
    let other = Connection::open(folder.path().join("db.sqlite3")).expect("opens");
    for id in 1..=20 {
        insert(&db, id).await.expect("inserts");
        let seen: i64 = other.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).expect("counts");
        assert_eq!(seen, id);
        assert_eq!(count(&db).await.expect("counts"), id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_fails_harms_no_other() {
    let folder = folder();
    // Long enough for a panic's backtrace, which takes its time in a debug build.
    let db = open(folder.path(), "db.sqlite3", "timeout = 10");
    create(&db).await;
    insert(&db, 0).await.expect("inserts");
    let writes: Vec<_> = (1..=300)
        .map(|n: i64| {
            let db = db.clone();
            // Every third violates the primary key after it has inserted another row, every 50th panics.
            tokio::spawn(async move {
                db.write(move |db| {
                    db.execute("INSERT INTO t VALUES (?1, 'x')", [n])?;
                    assert_ne!(n % 50, 0, "every 50th");
                    let id = if n % 3 == 0 { 0 } else { n + 1000 };
                    db.execute("INSERT INTO t VALUES (?1, 'x')", [id])
                })
                .await
            })
        })
        .collect();
    let mut failed = 0;
    for (n, write) in (1..=300).zip(writes) {
        let result = write.await.expect("no panic outside");
        match result {
            Err(DbError::Panicked { message, .. }) => {
                assert!(n % 50 == 0 && message.contains("every 50th"), "{n}: {message}")
            }
            Err(error) => assert!(n % 3 == 0 && error.is_unique_violation(), "{n}: {error:?}"),
            Ok(_) => {
                assert!(n % 3 != 0 && n % 50 != 0, "{n}");
                continue;
            }
        }
        failed += 1;
    }
    assert_eq!(count(&db).await.expect("counts"), 1 + 2 * (300 - failed));
}

#[tokio::test]
async fn a_write_cannot_end_the_transaction_it_shares() {
    let folder = folder();
    let db = sqlite(folder.path(), "");
    create(&db).await;
    let result = db.write(|db| db.execute_batch("INSERT INTO t VALUES (1, 'x'); COMMIT")).await;
    assert!(matches!(result, Err(DbError::TransactionEnded { .. })), "{result:?}");
    insert(&db, 2).await.expect("the next one works");
}

#[tokio::test]
async fn read_cannot_write_and_that_is_no_503() {
    let folder = folder();
    let db = sqlite(folder.path(), "");
    create(&db).await;
    let result = db.read(|db| db.execute("INSERT INTO t VALUES (1, 'x')", [])).await;
    assert!(matches!(result, Err(DbError::Sqlite { .. })), "{result:?}");
    assert_eq!(count(&db).await.expect("counts"), 0);
}

#[tokio::test]
async fn a_read_that_leaves_a_transaction_open_does_not_freeze_the_connection() {
    let folder = folder();
    let db = sqlite(folder.path(), "");
    create(&db).await;
    db.read(|db| db.execute_batch("BEGIN; SELECT * FROM t")).await.expect("reads");
    for id in 1..=10 {
        insert(&db, id).await.expect("inserts");
        assert_eq!(count(&db).await.expect("counts"), id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_write_is_whole_or_not_at_all() {
    let folder = folder();
    let db = sqlite(folder.path(), "");
    create(&db).await;
    let (start, started) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    let busy = tokio::spawn({
        let db = db.clone();
        async move {
            db.write(move |_| {
                start.send(()).expect("the test listens");
                gone.recv().expect("the test sends");
                Ok(())
            })
            .await
        }
    });
    started.recv().expect("begun");
    let queued = tokio::spawn({
        let db = db.clone();
        async move { insert(&db, 1).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    queued.abort();
    assert!(queued.await.is_err());
    go.send(()).expect("the write listens");
    busy.await.expect("no panic").expect("writes");
    insert(&db, 2).await.expect("inserts");
    assert_eq!(count(&db).await.expect("counts"), 1);
}

#[tokio::test]
async fn memory_lives_as_long_as_its_handle() {
    let folder = folder();
    let db = sqlite_named(folder.path(), ":memory:", "");
    create(&db).await;
    insert(&db, 1).await.expect("inserts");
    let clone = db.clone();
    drop(db);
    assert_eq!(count(&clone).await.expect("counts"), 1);
    clone.close().await;
    assert_eq!(count(&clone).await.expect("counts"), 1);
    let ended = clone.write(|db| db.execute_batch("ROLLBACK")).await;
    assert!(matches!(ended, Err(DbError::TransactionEnded { .. })));
    assert_eq!(count(&clone).await.expect("counts"), 1);
    assert_eq!(folder.path().read_dir().expect("a folder").count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_reads_leave_connections_to_short_ones() {
    let folder = folder();
    let db = sqlite(folder.path(), "");
    create(&db).await;
    let (release, gate) = mpsc::channel::<()>();
    let gate = Arc::new(std::sync::Mutex::new(gate));
    let scans: Vec<_> = (0..40)
        .map(|_| {
            let (db, gate) = (db.clone(), gate.clone());
            tokio::spawn(async move {
                db.read_long(move |_| {
                    // An error means that the test has let all of them go.
                    let _ = gate.lock().expect("not poisoned").recv();
                    Ok(())
                })
                .await
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..20 {
        assert_eq!(count(&db).await.expect("counts"), 0);
    }
    drop(release);
    let mut late = 0;
    for scan in scans {
        late += usize::from(is_unavailable(&scan.await.expect("no panic")));
    }
    assert!(late < 40, "no scan was served");
}

#[tokio::test]
async fn a_database_of_djangos_is_changed_to_wal() {
    let folder = folder();
    let path = folder.path().join("db.sqlite3");
    let django = Connection::open(&path).expect("opens");
    django
        .execute_batch("CREATE TABLE t (id INTEGER, v TEXT); INSERT INTO t VALUES (1, 'x')")
        .expect("creates");
    let mode = || -> String {
        let fresh = Connection::open(&path).expect("opens");
        fresh.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("a mode")
    };
    assert_eq!(mode(), "delete");

    // While another process reads, the journal stays as it is, and all works all the same.
    django.execute_batch("BEGIN; SELECT * FROM t").expect("begins");
    let db = sqlite(folder.path(), "");
    assert_eq!(count(&db).await.expect("counts"), 1);
    assert_eq!(mode(), "delete");
    django.execute_batch("COMMIT").expect("commits");
    insert(&db, 2).await.expect("inserts");
    assert_eq!(mode(), "wal");
    assert_eq!(count(&db).await.expect("counts"), 2);
}

#[tokio::test]
async fn closing_puts_the_journal_away_and_the_next_use_opens_again() {
    let folder = folder();
    let db = sqlite(folder.path(), "");
    create(&db).await;
    insert(&db, 1).await.expect("inserts");
    assert_eq!(count(&db).await.expect("counts"), 1);
    assert!(folder.path().join("db.sqlite3-wal").exists());
    db.close().await;
    // The pool's own thread may be the last to let a connection go.
    let journal = folder.path().join("db.sqlite3-wal");
    until(Duration::from_secs(5), async || !journal.exists()).await;
    insert(&db, 2).await.expect("inserts");
    assert_eq!(count(&db).await.expect("counts"), 2);
}

#[tokio::test]
async fn an_engine_that_is_not_built_in_names_its_feature() {
    if cfg!(feature = "postgres") {
        return;
    }
    let text = "[DATABASES.default]\nENGINE = \"postgresql\"\nNAME = \"x\"\n";
    let error = Databases::open(&settings(text)).expect_err("not built in");
    assert_eq!(
        error.to_string(),
        "DATABASES.default.ENGINE = \"postgresql\": needs the cargo feature `postgres` of the crate `nuages`"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: says something when run alone, with --release"]
async fn group_commit_costs_tens_of_microseconds_a_write() {
    for synchronous in ["NORMAL", "FULL"] {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let db = sqlite(folder.path(), &format!("synchronous = \"{synchronous}\""));
        create(&db).await;
        for id in 1..=1000 {
            insert(&db, id).await.expect("inserts");
        }
        const WRITES: i64 = 500;
        let started = Instant::now();
        let tasks: Vec<_> = (0..32)
            .map(|task| {
                let db = db.clone();
                tokio::spawn(async move {
                    for n in 0..WRITES {
                        let id = (task * 31 + n) % 1000 + 1;
                        db.write(move |db| {
                            db.prepare_cached("UPDATE t SET v = ?2 WHERE id = ?1")?
                                .execute((id, format!("value {n} of {task}")))
                        })
                        .await
                        .expect("updates");
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
        let each = started.elapsed() / (32 * WRITES as u32);
        let started = Instant::now();
        for n in 0..20_000_i64 {
            let id = n % 1000 + 1;
            let read = db.read(move |db| {
                db.prepare_cached("SELECT v FROM t WHERE id = ?1")?
                    .query_row([id], |row| row.get::<_, String>(0))
            });
            read.await.expect("reads");
        }
        let read = started.elapsed() / 20_000;
        eprintln!("synchronous = {synchronous}: {each:?} a write with 32 writers; {read:?} a point read");
        assert!(synchronous == "FULL" || each < Duration::from_millis(1), "{each:?}");
    }
}

fn source_names_the_file(error: &DbError, path: &Path) -> bool {
    error
        .source()
        .and_then(|source| source.downcast_ref::<Unavailable>())
        .is_some_and(|unavailable| unavailable.to_string().contains(&*path.to_string_lossy()))
}
