//! Migrations: Django's tables byte for byte, plans, and many processes at once.

mod foreign_keys;
mod site;
mod transactions;

use std::sync::mpsc;

use nuages::migrations::{
    MigrationEvent, MigrationOutcome, MigrationStep, MigrationTarget, Migrations, Mode,
};

use site::{Site, open, settings};

/// What a real Django 5.2 leaves in `sqlite_master` after `migrate` with `django.contrib.sessions`.
const DJANGOS_SCHEMA: &[(&str, &str)] = &[
    (
        "django_migrations",
        r#"CREATE TABLE "django_migrations" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app" varchar(255) NOT NULL, "name" varchar(255) NOT NULL, "applied" datetime NOT NULL)"#,
    ),
    (
        "django_session",
        r#"CREATE TABLE "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" datetime NOT NULL)"#,
    ),
    (
        "django_session_expire_date_a5c62663",
        r#"CREATE INDEX "django_session_expire_date_a5c62663" ON "django_session" ("expire_date")"#,
    ),
    ("sqlite_sequence", "CREATE TABLE sqlite_sequence(name,seq)"),
];

fn blog(site: &Site) {
    site.write("blog/0001_initial.sql", "CREATE TABLE post (id INTEGER); CREATE TABLE tag (id INTEGER);")
        .write("blog/0001_initial.down.sql", "DROP TABLE tag; DROP TABLE post;")
        .write("blog/0002_title.sql", "-- Add field title to post\nALTER TABLE post ADD title TEXT;")
        .write("blog/0002_title.down.sql", "ALTER TABLE post DROP title;")
        .write("blog/0003_note.sqlite.sql", "CREATE TABLE note (id INTEGER)")
        .write("blog/notes.txt", "not a migration");
}

#[tokio::test]
async fn the_schema_is_djangos_byte_for_byte() {
    let site = Site::new();
    assert_eq!(site.migrate(None, None).await.expect("migrates"), ["+sessions.0001_initial Done"]);
    let expected: Vec<_> =
        DJANGOS_SCHEMA.iter().map(|(name, sql)| (name.to_string(), sql.to_string())).collect();
    assert_eq!(site.schema(), expected);
    let applied: String = site
        .connect()
        .query_row(
            "SELECT applied FROM django_migrations WHERE app = 'sessions' AND name = '0001_initial'",
            [],
            |row| row.get(0),
        )
        .expect("recorded");
    let shape: String = applied.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00 00:00:00.000000");
}

#[tokio::test]
async fn a_database_that_django_migrated_needs_nothing() {
    let site = Site::new();
    let django = site.connect();
    for (name, sql) in DJANGOS_SCHEMA {
        if !name.starts_with("sqlite_") {
            django.execute_batch(sql).expect("creates");
        }
    }
    django
        .execute_batch(
            "INSERT INTO django_migrations (app, name, applied) VALUES
                ('contenttypes', '0001_initial', '2026-11-23 10:32:34.034530'),
                ('sessions', '0001_initial', '2026-11-23 10:32:34')",
        )
        .expect("records");
    assert_eq!(site.migrate(None, None).await.expect("migrates"), [""; 0]);
    let state = site.discover().expect("finds").state(&site.database).await.expect("reads");
    assert_eq!(state[0].1.as_deref(), Some("2026-11-23 10:32:34"));
}

#[tokio::test]
async fn migrate_is_idempotent_and_goes_both_ways() {
    let site = Site::new();
    blog(&site);
    let all = [
        "+sessions.0001_initial Done",
        "+blog.0001_initial Done",
        "+blog.0002_title Done",
        "+blog.0003_note Done",
    ];
    assert_eq!(site.migrate(None, None).await.expect("migrates"), all);
    assert_eq!(site.migrate(None, None).await.expect("migrates"), [""; 0]);
    assert_eq!(site.migrate(Some("blog"), Some("0003")).await.expect("migrates"), [""; 0]);

    // The last one has no file to undo it: that is told before anything is undone.
    let error = site.migrate(Some("blog"), Some("zero")).await.expect_err("irreversible");
    assert_eq!(
        error.to_string(),
        "migration blog.0003_note is not reversible: expected a file migrations/blog/0003_note.down.sql"
    );
    assert_eq!(site.applied().await.len(), 4);

    site.write("blog/0003_note.sqlite.down.sql", "DROP TABLE note");
    let back = site.migrate(Some("blog"), Some("0001")).await.expect("migrates");
    assert_eq!(back, ["-blog.0003_note Done", "-blog.0002_title Done"]);
    assert_eq!(site.applied().await, ["sessions.0001_initial", "blog.0001_initial"]);
    let forth = site.migrate(Some("blog"), Some("0002_t")).await.expect("migrates");
    assert_eq!(forth, ["+blog.0002_title Done"]);
    site.migrate(Some("blog"), Some("zero")).await.expect("migrates");
    site.migrate(Some("sessions"), Some("zero")).await.expect("migrates");
    assert_eq!(site.tables(), ["django_migrations", "sqlite_sequence"]);
}

#[tokio::test]
async fn fake_records_without_running() {
    let site = Site::new();
    blog(&site);
    let lines = site.run(Some("blog"), Some("0002"), Mode::Fake).await.expect("records");
    assert_eq!(lines, ["+blog.0001_initial Faked", "+blog.0002_title Faked"]);
    assert_eq!(site.tables(), ["django_migrations", "sqlite_sequence"]);
    let lines = site.run(Some("blog"), Some("zero"), Mode::Fake).await.expect("records");
    assert_eq!(lines, ["-blog.0002_title Faked", "-blog.0001_initial Faked"]);
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_and_the_next_run_goes_on() {
    let site = Site::new();
    site.write("blog/0001_initial.sql", "CREATE TABLE post (id INTEGER); CREATE TABEL tag (id INTEGER);");
    let error = site.migrate(None, None).await.expect_err("a mistake in the SQL");
    assert_eq!(error.to_string(), "migration blog.0001_initial failed and was rolled back");
    assert_eq!(site.applied().await, ["sessions.0001_initial"]);
    assert!(!site.tables().contains(&"post".to_owned()));

    site.write("blog/0001_initial.sql", "CREATE TABLE post (id INTEGER); CREATE TABLE tag (id INTEGER);");
    assert_eq!(site.migrate(None, None).await.expect("migrates"), ["+blog.0001_initial Done"]);
}

#[tokio::test]
async fn a_table_without_a_record_is_adopted_if_it_is_the_right_one() {
    let site = Site::new();
    let db = site.connect();
    db.execute_batch(DJANGOS_SCHEMA[1].1).expect("creates");
    db.execute_batch("INSERT INTO django_session VALUES ('k', 'd', '2026-11-23 10:32:34')").expect("inserts");
    assert_eq!(site.migrate(None, None).await.expect("migrates"), ["+sessions.0001_initial Adopted"]);
    let kept: i64 =
        db.query_row("SELECT count(*) FROM django_session", [], |row| row.get(0)).expect("counts");
    assert_eq!(kept, 1);

    let site = Site::new();
    site.connect().execute_batch("CREATE TABLE django_session (id INTEGER, data TEXT)").expect("creates");
    let error = site.migrate(None, None).await.expect_err("another table");
    assert_eq!(
        error.to_string(),
        "migration sessions.0001_initial: the table 'django_session' already exists with the columns \
         data, id, expected expire_date, session_data, session_key"
    );
    assert_eq!(site.applied().await, [""; 0]);
}

#[tokio::test]
async fn wrong_names_are_told_with_the_right_ones() {
    let site = Site::new();
    blog(&site);
    let migrations = site.discover().expect("finds");
    let error = |app, name| migrations.target(Some(app), name).expect_err("no such").to_string();
    assert_eq!(error("nope", None), "no installed app with label 'nope' (known: blog, sessions)");
    assert_eq!(error("blog", Some("0009")), "cannot find a migration matching '0009' from app 'blog'");
    assert_eq!(
        error("blog", Some("000")),
        "more than one migration matches '000' in app 'blog': 0001_initial, 0002_title, 0003_note"
    );
    assert_eq!(
        migrations.target(Some("blog"), Some("zero")).expect("zero"),
        MigrationTarget::Zero("blog".into())
    );
}

#[tokio::test]
async fn faults_in_the_folder_are_errors_that_name_the_file() {
    let cases: [(&str, &str, &str); 6] = [
        ("blog/0001_b.sql", "", "the app 'blog' has two migrations with one number: '0001_a' and '0001_b'"),
        ("blog/1_b.sql", "", "1_b.sql: expected a name such as 0001_initial.sql"),
        ("blog/0002_b.mysql.sql", "", "0002_b.mysql.sql: expected a name such as"),
        ("blog/0002_b.down.sql", "", "0002_b.down.sql: expected 0002_b.sql beside it"),
        ("sessions/0002_b.sql", "", "the app 'sessions' is built in, expected another name"),
        ("my blog/0001_b.sql", "", "my blog: expected an app's name of letters, digits and underscores"),
    ];
    for (file, sql, expected) in cases {
        let site = Site::new();
        site.write("blog/0001_a.sql", "SELECT 1").write(file, sql);
        let error = site.discover().expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let site = Site::new();
    site.write("blog/0001_a.postgresql.sql", "SELECT 1");
    let error = site.migrate(None, None).await.expect_err("no SQL for SQLite").to_string();
    assert_eq!(
        error,
        "migration blog.0001_a has no SQL for sqlite: expected a file migrations/blog/0001_a.sqlite.sql"
    );
    assert_eq!(site.applied().await, [""; 0]);
}

#[tokio::test]
async fn a_gap_in_what_is_applied_is_an_error() {
    let site = Site::new();
    blog(&site);
    site.migrate(None, None).await.expect("migrates");
    site.connect().execute_batch("DELETE FROM django_migrations WHERE name = '0002_title'").expect("deletes");
    let error = site.migrate(None, None).await.expect_err("inconsistent");
    assert_eq!(
        error.to_string(),
        "migration blog.0003_note is applied before its dependency blog.0002_title on database 'default'"
    );
}

#[tokio::test]
async fn a_plan_says_what_each_step_does() {
    let site = Site::new();
    blog(&site);
    let plan =
        site.discover().expect("finds").plan(&site.database, &MigrationTarget::All).await.expect("plans");
    let describe = |step: &MigrationStep| step.migration.description(site.database.engine());
    let lines: Vec<_> = plan.iter().map(describe).collect();
    assert_eq!(
        lines,
        [
            "Create model Session",
            "Raw SQL operation -> CREATE TABLE post (id INTEGER); CREATE …",
            "Add field title to post",
            "Raw SQL operation -> CREATE TABLE note (id INTEGER)"
        ]
    );
    assert_eq!(site.discover().expect("finds").unapplied(&site.database).await.expect("reads").len(), 4);
}

/// Eight handles on one file behave as eight processes do: SQLite's locks are between connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_at_once_make_one_schema() {
    let site = Site::new();
    blog(&site);
    let (send, outcomes) = mpsc::channel();
    let runs: Vec<_> = (0..8)
        .map(|_| {
            let folder = site.folder.path().to_owned();
            let send = send.clone();
            tokio::spawn(async move {
                let migrations = Migrations::discover(&settings(&folder)).expect("finds");
                migrations
                    .apply(&open(&folder), &MigrationTarget::All, Mode::Run, &mut |event| {
                        if let MigrationEvent::Finished(_, outcome) = event {
                            send.send(outcome).expect("the test listens");
                        }
                    })
                    .await
            })
        })
        .collect();
    for run in runs {
        run.await.expect("no panic").expect("migrates");
    }
    drop(send);
    let done = outcomes.iter().filter(|outcome| *outcome == MigrationOutcome::Done).count();
    assert_eq!(done, 4);
    assert_eq!(site.applied().await.len(), 4);
    let records: i64 = site
        .connect()
        .query_row("SELECT count(*) FROM django_migrations", [], |row| row.get(0))
        .expect("counts");
    assert_eq!(records, 4);
}
