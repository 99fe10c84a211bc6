//! `nuages::db` on PostgreSQL: real servers, stopped, started, silent and full.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use nuages::{
    Error, StatusCode,
    db::{Databases, DbError, Postgres},
    migrations::{MigrationError, MigrationEvent, MigrationOutcome, MigrationTarget, Migrations, Mode},
};

use crate::support::{
    polling::eventually,
    postgres_server::{Address, PostgresServer},
};

const SHORT: &str = "[DATABASES.default.OPTIONS]\ntimeout = 0.5";

async fn create(db: &Postgres) {
    db.client()
        .await
        .expect("connects")
        .batch_execute("CREATE TABLE t (id integer PRIMARY KEY, v text NOT NULL)")
        .await
        .expect("creates");
}

async fn insert(db: &Postgres, id: i32) -> Result<u64, DbError> {
    db.execute("INSERT INTO t VALUES ($1, $2)", &[&id, &"x"]).await
}

async fn count(db: &Postgres) -> Result<i64, DbError> {
    Ok(db.query_opt("SELECT count(*) FROM t", &[]).await?.expect("a row").get(0))
}

fn is_unavailable<T>(result: &Result<T, DbError>) -> bool {
    matches!(result, Err(DbError::Unavailable(_)))
}

fn nowhere(port: u16) -> Address {
    let text = |text: &str| text.to_owned();
    Address { user: text("u"), password: text("secret"), host: text("127.0.0.1"), port, name: text("n") }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn rows_are_written_and_read() {
    let server = PostgresServer::shared().await;
    let db = server.address.open("");
    assert!(insert(&db, 1).await.expect_err("no table").is_missing_table());
    create(&db).await;
    assert_eq!(insert(&db, 1).await.expect("inserts"), 1);
    let error = insert(&db, 1).await.expect_err("there already");
    assert!(error.is_unique_violation(), "{error:?}");
    assert_eq!(Error::from(error).status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(count(&db).await.expect("counts"), 1);
    assert_eq!(db.query("SELECT v FROM t", &[]).await.expect("reads")[0].get::<_, &str>(0), "x");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_changed_table_costs_no_query() {
    let server = PostgresServer::shared().await;
    let db = server.address.open("CONN_POOL_SIZE = 3");
    create(&db).await;
    insert(&db, 1).await.expect("inserts");
    let all = "SELECT * FROM t";
    let mut clients = [db.client().await, db.client().await, db.client().await].map(|c| c.expect("connects"));
    for client in &clients {
        assert_eq!(client.query(all, &[]).await.expect("reads")[0].len(), 2);
    }
    clients[0].batch_execute("ALTER TABLE t ADD w text").await.expect("alters");
    // PostgreSQL refuses statements that were prepared for other columns.
    for client in &clients {
        assert_eq!(client.query(all, &[]).await.expect("reads")[0].len(), 3);
    }
    clients[0].batch_execute("ALTER TABLE t DROP w").await.expect("alters");
    let transaction = clients[1].transaction().await.expect("begins");
    assert!(transaction.query(all, &[]).await.is_err(), "a transaction cannot go on after an error");
    drop(transaction);
    drop(clients);
    for _ in 0..3 {
        let rows = db
            .transaction(|transaction| Box::pin(async move { transaction.query(all, &[]).await }))
            .await
            .expect("reads");
        assert_eq!(rows[0].len(), 2);
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_a_503_at_once_and_says_no_password() {
    // Bound and closed again: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0").expect("binds").local_addr().expect("a port").port();
    let db = nowhere(port).open("");
    let begin = Instant::now();
    let error = count(&db).await.expect_err("nobody listens");
    assert!(begin.elapsed() < Duration::from_millis(500), "{:?}", begin.elapsed());
    assert!(!format!("{error:?} {db:?}").contains("secret"));
    let error = Error::from(error);
    assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(error.chain().iter().any(|line| line.contains(&format!("127.0.0.1:{port}/n"))), "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_silent_is_a_503_within_two_seconds() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("binds");
    let db = nowhere(silent.local_addr().expect("a port").port()).open("");
    let begin = Instant::now();
    assert!(is_unavailable(&count(&db).await));
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_server_that_was_restarted_is_used_again_within_two_seconds() {
    let server = PostgresServer::private("");
    let db = server.address.open("");
    create(&db).await;
    for (round, mode) in (1..).zip(["fast", "immediate"]) {
        // Several connections wait in the pool.
        let clients = [db.client().await, db.client().await, db.client().await];
        clients.iter().for_each(|client| assert!(client.is_ok()));
        drop(clients);
        server.stop(mode);
        for _ in 0..10 {
            let begin = Instant::now();
            assert!(is_unavailable(&count(&db).await));
            assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
        }
        server.start();
        let (_, took) = eventually(Duration::from_secs(2), async || insert(&db, round).await.ok()).await;
        eprintln!("after {mode}: {took:?}");
        assert_eq!(count(&db).await.expect("counts"), i64::from(round));
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn an_exhausted_pool_is_a_503_in_time() {
    let server = PostgresServer::shared().await;
    let db = server.address.open(&format!("CONN_POOL_SIZE = 2\n{SHORT}"));
    create(&db).await;
    let (first, second) = (db.client().await.expect("one"), db.client().await.expect("two"));
    let begin = Instant::now();
    assert!(is_unavailable(&count(&db).await));
    let waited = begin.elapsed();
    assert!(waited > Duration::from_millis(450) && waited < Duration::from_secs(1), "{waited:?}");
    drop(first);
    assert_eq!(count(&db).await.expect("counts"), 0);
    drop(second);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_query_that_is_not_answered_in_time_takes_its_connection_with_it() {
    let server = PostgresServer::shared().await;
    let db = server.address.open(&format!("CONN_POOL_SIZE = 1\n{SHORT}"));
    create(&db).await;
    let slow = "SELECT pg_sleep(20)";
    let begin = Instant::now();
    assert!(is_unavailable(&db.query(slow, &[]).await));
    assert_eq!(count(&db).await.expect("the next one does not wait"), 0);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());

    // Given up by its caller: the same.
    let given_up = tokio::time::timeout(Duration::from_millis(100), db.query(slow, &[])).await;
    assert!(given_up.is_err());
    assert_eq!(count(&db).await.expect("counts"), 0);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_unix_socket_is_a_folder_as_host() {
    let server = PostgresServer::private("");
    let host = server.folder().to_string_lossy().into_owned();
    let db = Address { host, ..server.address.clone() }.open("");
    create(&db).await;
    assert_eq!(count(&db).await.expect("counts"), 0);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_wrong_database_is_an_error_of_its_own() {
    let server = PostgresServer::shared().await;
    let db = Address { name: "no_such".into(), ..server.address.clone() }.open("");
    let error = count(&db).await.expect_err("no such database");
    assert!(matches!(error, DbError::Postgres { .. }), "{error:?}");
    assert_eq!(Error::from(error).chain()[1..], ["db error", "FATAL: database \"no_such\" does not exist"]);
}

#[cfg(not(feature = "tls"))]
#[tokio::test]
async fn tls_that_is_not_built_in_names_its_feature() {
    let settings = nowhere(1).settings("[DATABASES.default.OPTIONS]\nsslmode = \"require\"");
    let error = Databases::open(&settings).expect_err("not built in");
    assert_eq!(
        error.to_string(),
        "DATABASES.default.OPTIONS.sslmode = \"require\": needs the cargo feature `tls` of the crate `nuages`"
    );
}

#[cfg(feature = "tls")]
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn sslmode_means_what_it_means_to_libpq() {
    let server = PostgresServer::private("");
    let folder = server.folder().to_owned();
    let database = async |mode: &str| {
        let db = server.address.open(&format!("[DATABASES.default.OPTIONS]\nsslmode = \"{mode}\""));
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        Ok::<bool, DbError>(db.query_opt(sql, &[]).await?.expect("a row").get(0))
    };
    assert!(!database("prefer").await.expect("goes on without"));
    assert!(is_unavailable(&database("require").await));

    let openssl = |args: &str| {
        let status = std::process::Command::new("openssl")
            .args(args.split_whitespace())
            .current_dir(&folder)
            .stderr(std::process::Stdio::null())
            .status();
        assert!(status.expect("openssl is installed").success(), "{args}");
    };
    openssl("req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=elsewhere");
    let as_postgres = |words: &[&str]| {
        let status = std::process::Command::new(words[0]).args(&words[1..]).current_dir(&folder).status();
        assert!(status.expect("runs").success(), "{words:?}");
    };
    as_postgres(&["chown", "--reference=data", "key.pem", "cert.pem"]);
    as_postgres(&["chmod", "600", "key.pem"]);
    let client = server.address.open("").client().await.expect("connects");
    for (name, value) in [("ssl_cert_file", "../cert.pem"), ("ssl_key_file", "../key.pem"), ("ssl", "on")] {
        client.batch_execute(&format!("ALTER SYSTEM SET {name} = '{value}'")).await.expect("sets");
    }
    client.batch_execute("SELECT pg_reload_conf()").await.expect("reloads");
    eventually(Duration::from_secs(5), async || database("require").await.ok().filter(|ssl| *ssl)).await;
    assert!(!database("disable").await.expect("connects"));
    for mode in ["allow", "prefer", "require"] {
        assert!(database(mode).await.expect("connects"), "{mode}");
    }
    // Nobody vouches for this certificate.
    for mode in ["verify-ca", "verify-full"] {
        let error = database(mode).await.expect_err("not trusted");
        let chain = Error::from(error).chain().join(": ");
        assert!(chain.contains("certificate"), "{chain}");
    }
}

/// What a real Django 5.2 makes (`migrate`, then these queries).
const COLUMNS: &[&str] = &[
    "django_migrations.id integer not null",
    "django_migrations.app character varying(255) not null",
    "django_migrations.name character varying(255) not null",
    "django_migrations.applied timestamp with time zone not null",
    "django_session.session_key character varying(40) not null",
    "django_session.session_data text not null",
    "django_session.expire_date timestamp with time zone not null",
];
const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX django_migrations_pkey ON public.django_migrations USING btree (id)",
    "CREATE INDEX django_session_expire_date_a5c62663 ON public.django_session USING btree (expire_date)",
    "CREATE UNIQUE INDEX django_session_pkey ON public.django_session USING btree (session_key)",
    "CREATE INDEX django_session_session_key_c0390e0f_like ON public.django_session USING btree (session_key varchar_pattern_ops)",
];

async fn texts(db: &Postgres, sql: &str) -> Vec<String> {
    db.query(sql, &[]).await.expect("reads").iter().map(|row| row.get(0)).collect()
}

async fn migrate(
    address: &Address,
    target: MigrationTarget,
) -> Result<Vec<MigrationOutcome>, MigrationError> {
    let migrations = Migrations::discover(&address.settings("")).expect("finds");
    let mut outcomes = Vec::new();
    migrations
        .apply(&address.database(""), &target, Mode::Run, &mut |event| {
            if let MigrationEvent::Finished(_, outcome) = event {
                outcomes.push(outcome);
            }
        })
        .await?;
    Ok(outcomes)
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn the_schema_is_djangos() {
    let server = PostgresServer::shared().await;
    let (address, db) = (&server.address, server.address.open(""));
    assert_eq!(migrate(address, MigrationTarget::All).await.expect("migrates"), [MigrationOutcome::Done]);
    assert_eq!(migrate(address, MigrationTarget::All).await.expect("migrates"), []);
    let columns = texts(
        &db,
        "SELECT c.relname || '.' || attname || ' ' || format_type(atttypid, atttypmod)
            || CASE WHEN attnotnull THEN ' not null' ELSE '' END
         FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
         WHERE c.relkind = 'r' AND c.relname LIKE 'django%' AND attnum > 0 ORDER BY c.relname, attnum",
    );
    assert_eq!(columns.await, COLUMNS);
    let indexes = "SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'django%' ORDER BY indexname";
    assert_eq!(texts(&db, indexes).await, INDEXES);
    let identity = "SELECT is_identity || identity_generation FROM information_schema.columns
         WHERE table_name = 'django_migrations' AND column_name = 'id'";
    assert_eq!(texts(&db, identity).await, ["YESBY DEFAULT"]);
    let state = Migrations::discover(&address.settings(""))
        .expect("finds")
        .state(&address.database(""))
        .await
        .expect("reads");
    let applied = state[0].1.as_deref().expect("applied");
    assert_eq!((applied.len(), &applied[..2]), (19, "20"));
    assert_eq!(
        migrate(address, MigrationTarget::Zero("sessions".into())).await.expect("undoes"),
        [MigrationOutcome::Done]
    );
    assert!(count_of(&db, "django_migrations").await == 0);

    // A table without a record is taken as it is, if it is the right one.
    db.execute("CREATE TABLE django_session (session_key text, session_data text, expire_date date)", &[])
        .await
        .expect("creates");
    assert_eq!(migrate(address, MigrationTarget::All).await.expect("migrates"), [MigrationOutcome::Adopted]);
    migrate(address, MigrationTarget::Zero("sessions".into())).await.expect("undoes");
    db.execute("CREATE TABLE django_session (a int)", &[]).await.expect("creates");
    let error = migrate(address, MigrationTarget::All).await.expect_err("another table");
    assert!(matches!(error, MigrationError::OtherTable { .. }), "{error:?}");
}

async fn count_of(db: &Postgres, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    db.query_opt(&sql, &[]).await.expect("counts").expect("a row").get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn eight_at_once_make_one_schema() {
    let server = PostgresServer::shared().await;
    let runs: Vec<_> = (0..8)
        .map(|_| {
            let address = server.address.clone();
            tokio::spawn(async move { migrate(&address, MigrationTarget::All).await })
        })
        .collect();
    let mut done = 0;
    for run in runs {
        let outcomes = run.await.expect("no panic").expect("migrates");
        done += outcomes.iter().filter(|outcome| **outcome == MigrationOutcome::Done).count();
    }
    assert_eq!(done, 1);
    assert_eq!(count_of(&server.address.open(""), "django_migrations").await, 1);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn djangos_users_are_found() {
    use nuages::contrib::auth::{user_by_id, user_by_name};
    let server = PostgresServer::shared().await;
    let databases = Databases::open(&server.address.settings("")).expect("a database");
    let nobody = user_by_name(&databases, "django").await.expect("a missing table has no users");
    assert!(nobody.is_none());
    let table = "CREATE TABLE auth_user (id integer PRIMARY KEY, password varchar(128) NOT NULL,
            last_login timestamptz, is_superuser boolean NOT NULL, username varchar(150) NOT NULL UNIQUE,
            first_name varchar(150) NOT NULL, last_name varchar(150) NOT NULL, email varchar(254) NOT NULL,
            is_staff boolean NOT NULL, is_active boolean NOT NULL, date_joined timestamptz NOT NULL);
        INSERT INTO auth_user VALUES
            (7, 'hash', NULL, false, 'django', 'D', 'R', 'd@example.com', true, true, '1934-01-01')";
    server.address.open("").client().await.expect("connects").batch_execute(table).await.expect("creates");
    let by_name = user_by_name(&databases, "django").await.expect("reads").expect("is there");
    let by_id = user_by_id(&databases, 7).await.expect("reads").expect("is there");
    for user in [by_name, by_id] {
        assert_eq!((user.id(), user.username(), user.email()), (Some(7), "django", "d@example.com"));
        assert!(user.is_staff() && user.is_active() && !user.is_superuser());
    }
    assert!(user_by_id(&databases, 8).await.expect("reads").is_none());
}
