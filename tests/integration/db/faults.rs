//! Locks, full disks, read-only and vanished files: real ones.

use nuages::StatusCode;

use super::*;
use crate::support::{polling::until, small_disk::SmallDisk};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_another_process_is_a_503_in_time_and_reads_go_on() {
    let folder = folder();
    let path = folder.path().join("db.sqlite3");
    let db = sqlite(folder.path(), "");
    create(&db).await;
    let other = Connection::open(&path).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locks");
    let started = Instant::now();
    let writes: Vec<_> = (1..=20)
        .map(|id| {
            let db = db.clone();
            tokio::spawn(async move { insert(&db, id).await })
        })
        .collect();
    for _ in 0..50 {
        let read = Instant::now();
        assert_eq!(count(&db).await.expect("reads go on"), 0);
        assert!(read.elapsed() < Duration::from_millis(100), "{:?}", read.elapsed());
    }
    for write in writes {
        let result = write.await.expect("no panic");
        let Err(error @ DbError::Unavailable(_)) = result else { panic!("expected a 503: {result:?}") };
        assert!(source_names_the_file(&error, &path), "{error:?}");
        assert_eq!(nuages::Error::from(error).status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    let waited = started.elapsed();
    assert!(waited > Duration::from_millis(250) && waited < Duration::from_secs(1), "{waited:?}");
    other.execute_batch("ROLLBACK").expect("unlocks");
    insert(&db, 1).await.expect("recovers");
}

#[tokio::test]
async fn a_write_gets_through_when_the_lock_goes_in_time() {
    let folder = folder();
    let db = sqlite(folder.path(), "");
    create(&db).await;
    let other = Connection::open(folder.path().join("db.sqlite3")).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locks");
    let unlock = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        other.execute_batch("ROLLBACK").expect("unlocks");
    });
    insert(&db, 1).await.expect("waits");
    unlock.await.expect("no panic");
}

#[tokio::test]
#[ignore = "needs root, to mount a small disk: tests/run starts it"]
async fn a_full_disk_is_a_503_keeps_old_data_and_recovers() {
    let disk = SmallDisk::new("2m");
    let db = sqlite(disk.path(), "");
    create(&db).await;
    insert(&db, 1).await.expect("inserts");
    let big =
        || db.write(|db| db.execute("INSERT INTO t (v) VALUES (hex(zeroblob(100000)))", []).map(|_| ()));
    let mut stored = 1;
    let full = loop {
        match big().await {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 100, "the disk did not fill up");
    };
    assert!(matches!(full, DbError::Unavailable(_)), "{full:?}");
    assert_eq!(count(&db).await.expect("reads go on"), stored);
    assert!(is_unavailable(&big().await));
    disk.remount("size=8m");
    big().await.expect("recovers without a restart");
    assert_eq!(count(&db).await.expect("counts"), stored + 1);
    let check: String =
        db.read(|db| db.query_row("PRAGMA integrity_check", [], |row| row.get(0))).await.expect("checks");
    assert_eq!(check, "ok");
}

#[tokio::test]
#[ignore = "needs root, to mount a small disk: tests/run starts it"]
async fn a_read_only_disk_is_read_and_its_writes_are_503() {
    let disk = SmallDisk::new("4m");
    {
        let db = sqlite(disk.path(), "");
        create(&db).await;
        insert(&db, 1).await.expect("inserts");
        db.close().await;
    }
    disk.remount("ro");
    let db = sqlite(disk.path(), "");
    assert_eq!(count(&db).await.expect("reads"), 1);
    assert!(is_unavailable(&insert(&db, 2).await));
    assert_eq!(count(&db).await.expect("reads"), 1);
    disk.remount("rw");
    insert(&db, 2).await.expect("recovers without a restart");
    // Readers notice within a second that the file has changed under them.
    until(Duration::from_secs(5), async || count(&db).await.expect("reads") == 2).await;
}

#[tokio::test]
async fn a_file_that_is_deleted_or_replaced_is_opened_anew() {
    let folder = folder();
    let path = folder.path().join("db.sqlite3");
    let db = sqlite(folder.path(), "");
    create(&db).await;
    insert(&db, 1).await.expect("inserts");
    for file in folder.path().read_dir().expect("a folder") {
        std::fs::remove_file(file.expect("a file").path()).expect("deletes");
    }
    let lost = insert(&db, 2).await.expect_err("an empty database");
    assert!(lost.is_missing_table(), "{lost:?}");
    create(&db).await;
    insert(&db, 3).await.expect("inserts");
    until(Duration::from_secs(5), async || count(&db).await.is_ok_and(|rows| rows == 1)).await;

    db.close().await;
    let other = folder.path().join("other.sqlite3");
    let replacement = Connection::open(&other).expect("opens");
    replacement.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)").expect("creates");
    drop(replacement);
    assert_eq!(count(&db).await.expect("counts"), 1);
    db.close().await;
    std::fs::rename(other, path).expect("replaces");
    assert_eq!(count(&db).await.expect("counts"), 0);
}

#[tokio::test]
async fn a_missing_folder_is_a_503_until_it_is_there() {
    let folder = folder();
    let db = sqlite_named(folder.path(), "data/db.sqlite3", "");
    let started = Instant::now();
    assert!(is_unavailable(&count(&db).await));
    assert!(is_unavailable(&insert(&db, 1).await));
    assert!(started.elapsed() < Duration::from_millis(200), "{:?}", started.elapsed());
    std::fs::create_dir(folder.path().join("data")).expect("creates");
    create(&db).await;
    assert_eq!(count(&db).await.expect("counts"), 0);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_an_error_and_stays_as_it_is() {
    let folder = folder();
    let path = folder.path().join("db.sqlite3");
    let text = "not a database, but something somebody wrote\n".repeat(100);
    std::fs::write(&path, &text).expect("writes");
    let db = sqlite(folder.path(), "");
    assert!(matches!(count(&db).await, Err(DbError::Sqlite { .. })));
    assert!(matches!(insert(&db, 1).await, Err(DbError::Sqlite { .. })));
    assert_eq!(std::fs::read_to_string(path).expect("reads"), text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_foreign_key_fails_alone_after_it_was_met_once() {
    let folder = folder();
    let db = sqlite(folder.path(), "");
    create(&db).await;
    db.write(|db| {
        db.execute_batch("CREATE TABLE c (t INTEGER REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)")
    })
    .await
    .expect("creates");
    for round in 0..2 {
        let (good, bad): (Vec<_>, Vec<_>) = (1..=20)
            .map(|id| {
                let (db, id) = (db.clone(), id + 100 * round);
                tokio::spawn(async move {
                    match id % 10 {
                        0 => db.write(|db| db.execute("INSERT INTO c VALUES (999999)", [])).await,
                        _ => insert(&db, id).await,
                    }
                })
            })
            .enumerate()
            .partition(|(n, _)| (n + 1) % 10 != 0);
        for (_, write) in bad {
            assert!(write.await.expect("no panic").is_err());
        }
        for (_, write) in good {
            let result = write.await.expect("no panic");
            // In the first round a good write may share the bad one's fate: as a 503, not as its error.
            assert!(result.is_ok() || (round == 0 && is_unavailable(&result)), "{result:?}");
        }
    }
    let dangling: i64 =
        db.read(|db| db.query_row("SELECT count(*) FROM c", [], |row| row.get(0))).await.expect("counts");
    assert_eq!(dangling, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wal_stays_bounded_under_load() {
    let folder = folder();
    let db = sqlite(folder.path(), "");
    create(&db).await;
    let wal = folder.path().join("db.sqlite3-wal");
    let mut longest = 0;
    for _ in 0..10 {
        let writes: Vec<_> = (0..200)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move {
                    db.write(|db| {
                        db.execute(
                            "INSERT OR REPLACE INTO t VALUES (abs(random() % 50), hex(randomblob(10000)))",
                            [],
                        )
                    })
                    .await
                    .expect("writes");
                    count(&db).await.expect("reads");
                })
            })
            .collect();
        for write in writes {
            write.await.expect("no panic");
        }
        longest = longest.max(wal.metadata().expect("a journal").len());
    }
    assert!(longest > 4 << 20, "too little was written for a test: {longest} bytes");
    assert!(longest < 24 << 20, "{longest} bytes");
}
