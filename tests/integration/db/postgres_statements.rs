//! Statements on PostgreSQL that end too late, conflict with others, or are too many.

use std::time::{Duration, Instant};

use nuages::db::{DbError, Postgres};

use crate::support::{polling::eventually, postgres_server::PostgresServer};

const SHORT: &str = "[DATABASES.default.OPTIONS]\ntimeout = 0.5";
const LONG: &str = "[DATABASES.default.OPTIONS]\ntimeout = 30";

async fn number(db: &Postgres, sql: &str) -> i64 {
    db.query_opt(sql, &[]).await.expect("answers").expect("a row").get(0)
}

/// Waits until no statement with this text runs on the server.
async fn ended(observer: &Postgres, text: &str) -> Duration {
    let running = format!(
        "SELECT count(*) FROM pg_stat_activity \
         WHERE state = 'active' AND query LIKE '%{text}%' AND pid <> pg_backend_pid()"
    );
    let none = async || (number(observer, &running).await == 0).then_some(());
    eventually(Duration::from_secs(3), none).await.1
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_statement_that_was_given_up_ends_on_the_server() {
    let server = PostgresServer::shared().await;
    let observer = server.address.open("");
    // Too late for OPTIONS.timeout.
    let db = server.address.open(SHORT);
    let error = db.query("SELECT pg_sleep(21)", &[]).await.expect_err("too slow");
    assert!(matches!(error, DbError::Unavailable(_)), "{error:?}");
    ended(&observer, "pg_sleep(21)").await;
    // Its caller has gone.
    let db = server.address.open(LONG);
    for _ in 0..3 {
        let query = db.query("SELECT pg_sleep(22)", &[]);
        assert!(tokio::time::timeout(Duration::from_millis(100), query).await.is_err());
    }
    ended(&observer, "pg_sleep(22)").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn waiting_for_a_lock_ends_and_the_connection_can_be_used_again() {
    let server = PostgresServer::shared().await;
    let db = server.address.open(&format!("CONN_POOL_SIZE = 1\n{SHORT}"));
    let holder = server.address.open("");
    let mut client = holder.client().await.expect("connects");
    client.batch_execute("CREATE TABLE t (id integer); INSERT INTO t VALUES (1)").await.expect("creates");
    let transaction = client.transaction().await.expect("begins");
    transaction.execute("UPDATE t SET id = 2", &[]).await.expect("updates");
    let backend = number(&db, "SELECT pg_backend_pid()::bigint").await;
    let begin = Instant::now();
    let error = db.execute("UPDATE t SET id = 3", &[]).await.expect_err("locked");
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    assert!(matches!(error, DbError::Unavailable(_)), "{error:?}");
    assert!(format!("{:?}", nuages::Error::from(error)).contains("lock timeout"));
    assert_eq!(number(&db, "SELECT pg_backend_pid()::bigint").await, backend);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn serialization_failures_are_replayed() {
    let server = PostgresServer::private("-c default_transaction_isolation=serializable");
    let db = server.address.open(LONG);
    let client = db.client().await.expect("connects");
    client.batch_execute("CREATE TABLE t (n bigint); INSERT INTO t VALUES (0)").await.expect("creates");
    drop(client);
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                for _ in 0..25 {
                    db.execute("UPDATE t SET n = n + 1", &[]).await.expect("is replayed");
                    let set = String::from("UPDATE t SET n = $1");
                    let set = &set;
                    db.transaction(|transaction| {
                        Box::pin(async move {
                            let row = transaction.query_opt("SELECT n FROM t", &[]).await?;
                            let n: i64 = row.expect("a row").get(0);
                            transaction.execute(set, &[&(n + 1)]).await
                        })
                    })
                    .await
                    .expect("is replayed");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(number(&db, "SELECT n FROM t").await, 200);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_transaction_that_begins_by_hand_keeps_its_error() {
    let server = PostgresServer::shared().await;
    let db = server.address.open("");
    let client = db.client().await.expect("connects");
    client
        .batch_execute(
            "BEGIN; CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS \
        $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$",
        )
        .await
        .expect("begins");
    let error = client.query("SELECT f()", &[]).await.expect_err("a conflict");
    assert!(format!("{:?}", nuages::Error::from(error)).contains("conflict"));
    client.batch_execute("ROLLBACK").await.expect("rolls back");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_transaction_dropped_in_the_middle_of_a_query_returns_no_busy_connection() {
    let server = PostgresServer::shared().await;
    let db = server.address.open(&format!("CONN_POOL_SIZE = 1\n{LONG}"));
    for _ in 0..3 {
        let work = async {
            let mut client = db.client().await?;
            let transaction = client.transaction().await?;
            transaction.query("SELECT pg_sleep(4)", &[]).await
        };
        assert!(tokio::time::timeout(Duration::from_millis(200), work).await.is_err());
        let begin = Instant::now();
        assert_eq!(number(&db, "SELECT 1::bigint").await, 1);
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_transaction_dropped_between_queries_is_undone_before_its_connection_is_used_again() {
    let server = PostgresServer::shared().await;
    let db = server.address.open(&format!("CONN_POOL_SIZE = 1\n{LONG}"));
    db.execute("CREATE TABLE t (n bigint)", &[]).await.expect("creates");
    for _ in 0..3 {
        let work = async {
            let mut client = db.client().await.expect("connects");
            let transaction = client.transaction().await.expect("begins");
            transaction.execute("INSERT INTO t VALUES (1)", &[]).await.expect("inserts");
            std::future::pending::<()>().await;
        };
        assert!(tokio::time::timeout(Duration::from_millis(200), work).await.is_err());
        let begin = Instant::now();
        assert_eq!(number(&db, "SELECT count(*) FROM t").await, 0);
        // A write here would not last if it ran in the dropped transaction.
        db.execute("INSERT INTO t VALUES (2)", &[]).await.expect("inserts");
        let other = server.address.open("");
        assert_eq!(number(&other, "SELECT count(*) FROM t").await, 1);
        db.execute("DELETE FROM t", &[]).await.expect("deletes");
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn the_number_of_prepared_statements_is_bounded() {
    let server = PostgresServer::shared().await;
    let db = server.address.open("CONN_POOL_SIZE = 1");
    for value in 0..1000 {
        assert_eq!(number(&db, &format!("SELECT {value}::bigint")).await, value);
    }
    let prepared = number(&db, "SELECT count(*) FROM pg_prepared_statements").await;
    assert!((1..=256).contains(&prepared), "{prepared}");
}
