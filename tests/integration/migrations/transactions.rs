//! Transaction statements in migrations: refused with their line, and every report is true.

use super::site::Site;

#[tokio::test]
async fn a_transaction_statement_is_refused_with_its_line_before_anything_runs() {
    let site = Site::new();
    site.write("blog/0001_initial.sql", "CREATE TABLE post (id INTEGER);")
        .write("blog/0002_tag.sql", "-- Add tags\nCREATE TABLE tag (id INTEGER);\nCOMMIT;\nCREATE TABEL x;");
    let error = site.migrate(Some("blog"), None).await.expect_err("COMMIT");
    assert_eq!(
        error.to_string(),
        "migration blog.0002_tag: line 3: COMMIT is not allowed, a migration runs in one transaction"
    );
    assert_eq!((site.applied().await, site.tables()), (vec![], vec![]));

    for (sql, statement) in [("BEGIN", "BEGIN"), ("end transaction;", "END"), ("ROLLBACK;", "ROLLBACK")] {
        site.write("blog/0002_tag.sql", sql);
        let error = site.migrate(Some("blog"), None).await.expect_err(sql);
        assert!(error.to_string().contains(&format!("line 1: {statement} is not allowed")), "{error}");
    }
}

#[tokio::test]
async fn savepoints_and_triggers_are_no_transactions() {
    let site = Site::new();
    site.write(
        "blog/0001_initial.sql",
        "CREATE TABLE post (id INTEGER); CREATE TABLE tag (id INTEGER);
        SAVEPOINT a; INSERT INTO post VALUES (1); ROLLBACK TO a; RELEASE a;
        CREATE TRIGGER t AFTER INSERT ON post BEGIN
            INSERT INTO tag VALUES (CASE new.id WHEN 1 THEN 2 END);
        END;
        INSERT INTO post VALUES (1);",
    );
    site.migrate(Some("blog"), None).await.expect("migrates");
    let count = |table| {
        let db = site.connect();
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))
            .expect("counts")
    };
    assert_eq!((count("post"), count("tag")), (1, 1));
}

#[tokio::test]
async fn sqlite_itself_refuses_what_the_scanner_does_not_find() {
    let site = Site::new();
    // SQLite asks its authorizer for explained statements too; the scanner sees the word EXPLAIN.
    site.write("blog/0001_initial.sql", "CREATE TABLE post (id INTEGER); EXPLAIN COMMIT;");
    let error = site.migrate(Some("blog"), None).await.expect_err("COMMIT");
    let chain = nuages::Error::from(error).chain();
    assert_eq!(
        chain,
        [
            "migration blog.0001_initial failed and was rolled back",
            "a write to the database \"default\" used BEGIN, COMMIT or ROLLBACK: it runs in a transaction"
        ]
    );
    assert!(!site.tables().contains(&"post".to_owned()));
}

#[cfg(feature = "postgres")]
mod on_postgres {
    use std::{fs, path::Path};

    use nuages::{
        db::{Database, Postgres},
        migrations::{MigrationError, MigrationTarget, Migrations, Mode},
        settings::Settings,
    };

    use crate::support::postgres_server::{Address, PostgresServer};

    async fn migrate(address: &Address, sql: &str) -> Result<(), MigrationError> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("migrations/blog/0001_initial.sql");
        fs::create_dir_all(file.parent().expect("a folder")).expect("creates");
        fs::write(file, sql).expect("writes");
        let migrations = Migrations::discover(&settings(address, folder.path())).expect("finds");
        let target = MigrationTarget::App("blog".into());
        migrations.apply(&Database::Postgres(address.open("")), &target, Mode::Run, &mut |_| {}).await
    }

    fn settings(address: &Address, folder: &Path) -> Settings {
        let text = format!("DEBUG = true\nSECRET_KEY = \"{}\"\n{}", "k".repeat(50), address.toml(""));
        Settings::from_toml(&text, folder).expect("valid settings")
    }

    async fn is_there(db: &Postgres, table: &str) -> bool {
        let sql = "SELECT to_regclass($1::text) IS NOT NULL";
        db.query_opt(sql, &[&table]).await.expect("answers").expect("a row").get(0)
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL"]
    async fn a_transaction_statement_is_refused_with_its_line() {
        let server = PostgresServer::shared().await;
        let db = server.address.open("");
        let error = migrate(&server.address, "CREATE TABLE post (id integer);\nROLLBACK;").await;
        assert_eq!(
            error.expect_err("ROLLBACK").to_string(),
            "migration blog.0001_initial: line 2: ROLLBACK is not allowed, a migration runs in one transaction"
        );
        assert!(!is_there(&db, "post").await && !is_there(&db, "django_migrations").await);

        let function = "CREATE TABLE post (id integer);
            CREATE FUNCTION one() RETURNS integer LANGUAGE SQL BEGIN ATOMIC
                SELECT CASE WHEN true THEN 1 END;
            END;
            DO $$ BEGIN INSERT INTO post VALUES (one()); END; $$;";
        migrate(&server.address, function).await.expect("functions have their own BEGIN and END");
        assert!(is_there(&db, "post").await);
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL"]
    async fn a_transaction_that_ended_all_the_same_is_reported_and_not_recorded() {
        let server = PostgresServer::private("-c standard_conforming_strings=off");
        let db = server.address.open("");
        // The server reads the backslash as an escape, so that COMMIT is outside of its strings.
        let hidden = r"CREATE TABLE post (id integer); SELECT 'x\''; COMMIT; SELECT '';";
        for more in ["", "SELECT no_such_function();"] {
            let error = migrate(&server.address, &format!("{hidden} {more}")).await.expect_err("COMMIT");
            assert_eq!(
                error.to_string(),
                "migration blog.0001_initial ended its transaction: it is not recorded, and its first \
                 statements may be committed"
            );
            assert!(is_there(&db, "post").await);
            let recorded = db.query("SELECT 1 FROM django_migrations", &[]).await.map(|rows| rows.len());
            assert_eq!(recorded.unwrap_or_default(), 0);
            db.execute("DROP TABLE post", &[]).await.expect("drops");
        }
    }
}
