//! PostgreSQL by way of PgBouncer in transaction mode: each transaction may meet another connection.

use std::time::{Duration, SystemTime};

use nuages::{
    db::{Database, DbError, Postgres},
    migrations::{MigrationTarget, Migrations, Mode},
};

use crate::support::{pgbouncer::PgBouncer, polling::eventually, postgres_server::PostgresServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn queries_and_transactions_work_by_way_of_pgbouncer() {
    // PgBouncer refuses the time limits of a connection, or ignores them.
    for lines in ["", "ignore_startup_parameters = options"] {
        let server = PostgresServer::shared().await;
        mixed_statements(&PgBouncer::start(&server.address, 3, lines)).await;
    }
}

async fn mixed_statements(pgbouncer: &PgBouncer) {
    let (one, other) =
        (pgbouncer.address.open("CONN_POOL_SIZE = 8"), pgbouncer.address.open("CONN_POOL_SIZE = 8"));
    let client = one.client().await.expect("connects");
    client
        .batch_execute(
            "CREATE TABLE t (id integer PRIMARY KEY, v text NOT NULL, at timestamptz, n bigint NOT NULL)",
        )
        .await
        .expect("creates");
    drop(client);
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let db = if task % 2 == 0 { one.clone() } else { other.clone() };
            tokio::spawn(async move {
                for round in 0..20 {
                    visit(&db, task * 100 + round).await.unwrap_or_else(|error| {
                        panic!("{task}.{round}: {:?}", nuages::Error::from(error).chain())
                    });
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    let row = other.query_opt("SELECT count(*), sum(n)::bigint FROM t", &[]).await.expect("counts");
    let row = row.expect("a row");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (320, 640));
}

/// Inserts a row, changes it twice and reads it, with parameters of several types.
async fn visit(db: &Postgres, id: i32) -> Result<(), DbError> {
    let now = SystemTime::now();
    let insert = "INSERT INTO t (id, v, at, n) VALUES ($1, $2, $3, 0)";
    assert_eq!(db.execute(insert, &[&id, &format!("row {id}"), &now]).await?, 1);
    assert!(db.execute(insert, &[&id, &"again", &now]).await.expect_err("twice").is_unique_violation());
    assert_eq!(db.execute("UPDATE t SET n = n + $2 WHERE id = $1", &[&id, &1_i64]).await?, 1);
    let counted: i64 = db
        .transaction(|transaction| {
            Box::pin(async move {
                transaction
                    .execute("UPDATE t SET n = n + 1 WHERE id = $1 AND at IS NOT NULL", &[&id])
                    .await?;
                let row = transaction.query_opt("SELECT n FROM t WHERE id = $1", &[&id]).await?;
                Ok(row.expect("a row").get(0))
            })
        })
        .await?;
    assert_eq!(counted, 2);
    let rows = db.query("SELECT v FROM t WHERE id = $1 AND at <= $2", &[&id, &SystemTime::now()]).await?;
    assert_eq!(rows[0].get::<_, &str>(0), format!("row {id}"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn migrations_and_changed_tables_work_by_way_of_pgbouncer() {
    let server = PostgresServer::shared().await;
    let pgbouncer = PgBouncer::start(&server.address, 2, "");
    let db = pgbouncer.address.open("");
    let migrations = Migrations::discover(&pgbouncer.address.settings("")).expect("finds");
    let database = Database::Postgres(db.clone());
    migrations.apply(&database, &MigrationTarget::All, Mode::Run, &mut |_| {}).await.expect("migrates");
    assert!(migrations.unapplied(&database).await.expect("reads").is_empty());

    let client = db.client().await.expect("connects");
    client.batch_execute("CREATE TABLE t (id integer)").await.expect("creates");
    let find = "SELECT * FROM t WHERE id = $1";
    assert!(db.query(find, &[&1_i32]).await.expect("reads").is_empty());
    client.batch_execute("ALTER TABLE t ALTER id TYPE text, ADD v text").await.expect("alters");
    assert!(db.query(find, &[&"1"]).await.expect("learns the new type").is_empty());
    client.batch_execute("INSERT INTO t VALUES ('1', 'x')").await.expect("inserts");
    assert_eq!(db.query(find, &[&"1"]).await.expect("reads")[0].get::<_, &str>(1), "x");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_statement_that_was_given_up_ends_on_the_server_behind_pgbouncer() {
    let server = PostgresServer::shared().await;
    let pgbouncer = PgBouncer::start(&server.address, 2, "");
    let (db, direct) = (pgbouncer.address.open(""), server.address.open(""));
    let slow = "SELECT pg_sleep(30), 'behind pgbouncer'";
    let given_up = tokio::time::timeout(Duration::from_millis(300), db.query(slow, &[])).await;
    assert!(given_up.is_err());
    let running = "SELECT count(*) FROM pg_stat_activity \
                   WHERE state = 'active' AND query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()";
    eventually(Duration::from_secs(3), async || {
        let row = direct.query_opt(running, &[]).await.expect("counts").expect("a row");
        (row.get::<_, i64>(0) == 0).then_some(())
    })
    .await;
    assert_eq!(db.query("SELECT 1", &[]).await.expect("the next one works").len(), 1);
}
