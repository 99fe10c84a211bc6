//! Foreign keys while SQLite migrates: off as in Django, and checked before COMMIT.

use std::path::Path;

use nuages::{
    db::Databases,
    migrations::{MigrationError, MigrationTarget, Migrations, Mode},
    settings::Settings,
};

use super::site::Site;

const TABLES: &str = "CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE book (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES author (id) ON DELETE CASCADE);
INSERT INTO author VALUES (1, 'Ann'), (2, 'Bea');
INSERT INTO book VALUES (10, 1), (11, 2), (12, 2);";

/// SQLite's own recipe for a change that ALTER TABLE cannot make (sqlite.org/lang_altertable.html).
const REBUILD: &str = "CREATE TABLE new_author (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO new_author SELECT id, name FROM author;
DROP TABLE author;
ALTER TABLE new_author RENAME TO author;";

fn count(site: &Site, table: &str) -> i64 {
    let db = site.connect();
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("counts")
}

#[tokio::test]
async fn rebuilding_a_table_keeps_the_rows_that_refer_to_it() {
    let site = Site::new();
    site.write("shop/0001_initial.sql", TABLES).write("shop/0002_name.sql", REBUILD);
    site.migrate(Some("shop"), None).await.expect("migrates");
    assert_eq!((count(&site, "author"), count(&site, "book")), (2, 3));
    // Foreign keys are enforced again, by the same process too.
    let nuages::db::Database::Sqlite(sqlite) = &site.database else { panic!("SQLite") };
    let refused = sqlite.write(|db| db.execute("INSERT INTO book VALUES (13, 99)", [])).await;
    assert!(refused.is_err(), "{refused:?}");
    sqlite.write(|db| db.execute("DELETE FROM author WHERE id = 2", [])).await.expect("deletes");
    assert_eq!(count(&site, "book"), 1);
}

#[tokio::test]
async fn a_database_in_memory_is_rebuilt_too() {
    let site = Site::new();
    site.write("shop/0001_initial.sql", TABLES).write("shop/0002_name.sql", REBUILD);
    let text = format!(
        "DEBUG = true\nSECRET_KEY = \"{}\"\n[DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \":memory:\"\n",
        "k".repeat(50)
    );
    let settings = Settings::from_toml(&text, Path::new(site.folder.path())).expect("valid settings");
    let databases = Databases::open(&settings).expect("a database");
    let database = databases.get("default").expect("the default");
    let migrations = Migrations::discover(&settings).expect("finds");
    migrations.apply(database, &MigrationTarget::All, Mode::Run, &mut |_| {}).await.expect("migrates");
    let nuages::db::Database::Sqlite(sqlite) = database else { panic!("SQLite") };
    let books: i64 = sqlite
        .read(|db| db.query_row("SELECT count(*) FROM book", [], |row| row.get(0)))
        .await
        .expect("counts");
    assert_eq!(books, 3);
    let refused = sqlite.write(|db| db.execute("INSERT INTO book VALUES (13, 99)", [])).await;
    assert!(refused.is_err(), "foreign keys are enforced again: {refused:?}");
}

#[tokio::test]
async fn rows_that_would_refer_to_nothing_are_named_and_nothing_is_done() {
    let site = Site::new();
    site.write("shop/0001_initial.sql", TABLES)
        .write("shop/0002_bea.sql", "DELETE FROM author WHERE id = 2;");
    let error = site.migrate(Some("shop"), None).await.expect_err("two books have no author");
    assert_eq!(
        error.to_string(),
        "migration shop.0002_bea was rolled back because foreign keys lead nowhere: the row 11 of book has \
         author_id = 2, which is in no id of author; the row 12 of book has author_id = 2, which is in no id \
         of author"
    );
    assert_eq!(site.applied().await, ["shop.0001_initial"]);
    assert_eq!((count(&site, "author"), count(&site, "book")), (2, 3));
}

#[tokio::test]
async fn at_most_ten_rows_are_named() {
    let site = Site::new();
    site.write("shop/0001_initial.sql", TABLES).write(
        "shop/0002_many.sql",
        "INSERT INTO book (author_id) \
         WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 124) SELECT i FROM n;",
    );
    let error = site.migrate(Some("shop"), None).await.expect_err("25 books have no author");
    let MigrationError::ForeignKeys { rows, more, .. } = &error else { panic!("{error}") };
    assert_eq!((rows.len(), *more), (10, 15));
    assert!(error.to_string().ends_with("; and 15 more"), "{error}");
}
