//! Transaction statements in `Sqlite::write`: refused, and without harm to other writes.

use std::path::Path;

use nuages::{
    db::{Database, Databases, DbError, Sqlite},
    settings::Settings,
};

fn open(folder: &Path) -> Sqlite {
    let text = format!(
        "DEBUG = true\nSECRET_KEY = \"{}\"\n[DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"db.sqlite3\"\n\
         [DATABASES.default.OPTIONS]\ntimeout = 10\n",
        "k".repeat(50)
    );
    let settings = Settings::from_toml(&text, folder).expect("valid settings");
    match Databases::open(&settings).expect("a database").get("default") {
        Some(Database::Sqlite(sqlite)) => sqlite.clone(),
        other => panic!("expected SQLite, got {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_beside_one_that_commits_are_reported_truly() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = open(folder.path());
    db.write(|db| db.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY)")).await.expect("creates");
    let statements = ["COMMIT", "ROLLBACK", "BEGIN", "END"];
    let writes: Vec<_> = (0..400_i64)
        .map(|id| {
            let db = db.clone();
            tokio::spawn(async move {
                db.write(move |db| {
                    db.execute("INSERT INTO t VALUES (?1)", [id])?;
                    if id % 10 == 0 {
                        // The statement may not come out of the connection's cache either.
                        db.prepare_cached(statements[(id / 10 % 4) as usize])?.execute([])?;
                    }
                    Ok(())
                })
                .await
            })
        })
        .collect();
    for (id, write) in (0..).zip(writes) {
        let result = write.await.expect("no panic");
        if id % 10 == 0 {
            assert!(matches!(result, Err(DbError::TransactionEnded { .. })), "{id}: {result:?}");
        } else {
            result.unwrap_or_else(|error| panic!("{id}: {error:?}"));
        }
    }
    let kept: i64 =
        db.read(|db| db.query_row("SELECT count(*) FROM t", [], |row| row.get(0))).await.expect("counts");
    assert_eq!(kept, 360);
}

#[tokio::test]
async fn a_write_that_fails_in_a_transaction_of_its_own_is_undone() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = open(folder.path());
    db.write(|db| db.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY)")).await.expect("creates");
    for id in 0..5_i64 {
        let twice = db.write(move |db| {
            db.execute("INSERT INTO t VALUES (?1)", [id])?;
            db.execute("INSERT INTO t VALUES (?1)", [id])
        });
        let error = twice.await.expect_err("the same key twice");
        assert!(error.is_unique_violation(), "{error:?}");
        db.write(move |db| db.execute("INSERT INTO t VALUES (?1)", [id])).await.expect("nothing is there");
    }
}

#[tokio::test]
async fn savepoints_are_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = open(folder.path());
    let sql = "CREATE TABLE t (id INTEGER); SAVEPOINT a; INSERT INTO t VALUES (1); ROLLBACK TO a; RELEASE a";
    db.write(move |db| db.execute_batch(sql)).await.expect("writes");
}
