//! `USE_TZ` and `TIME_ZONE`: sessions beside a Django site with `USE_TZ = False`, on every engine that stores a
//! moment.

use std::{
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use nuages::{
    Clock,
    db::{Database, Databases},
    migrations::{MigrationTarget, Migrations, Mode},
    sessions::{Expiry, Saved, SessionEngine},
    settings::Settings,
};

const KEY: &str = "abcdefghijklmnopqrstuvwxyz012345";
const HOUR: Duration = Duration::from_secs(3600);
/// 2026-01-15 12:00 UTC, 6:00 in Chicago.
const WINTER: u64 = 1_768_478_400;
/// The first of the two hours that begin with 1:00 on 2026-11-01 in Chicago (6:00 UTC).
const FOLD: u64 = 1_793_512_800;
/// 2026-03-08 1:00 in Chicago, an hour before clocks are put forward (7:00 UTC).
const GAP: u64 = 1_772_953_200;
const CHICAGO: &str = "USE_TZ = false\nTIME_ZONE = 'America/Chicago'\n";

fn at(unix: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(unix)
}

fn settings(engine: &str, folder: &Path, zone: &str) -> Settings {
    let text = format!(
        "SECRET_KEY = 'k'\nDEBUG = true\nSESSION_ENGINE = '{engine}'\nSESSION_FILE_PATH = '.'\n{zone}\n\
         [DATABASES.default]\nENGINE = 'sqlite3'\nNAME = 'db.sqlite3'\n"
    );
    Settings::from_toml(&text, folder).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Makes the sessions table in the database of these settings.
async fn migrate(settings: &Settings) -> Databases {
    let databases = Databases::open(settings).expect("databases");
    let migrations = Migrations::discover(settings).expect("migrations");
    let database = databases.get("default").expect("a database");
    migrations.apply(database, &MigrationTarget::All, Mode::Run, &mut |_| {}).await.expect("migrated");
    databases
}

/// A site on SQLite with the sessions table, and its engine at a moment.
struct Site {
    databases: Databases,
    engine: SessionEngine,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn new(zone: &str, now: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings("db", folder.path(), zone);
        let databases = migrate(&settings).await;
        let clock = Clock::system();
        clock.set(at(now));
        let engine = SessionEngine::from_settings_with_clock(&settings, clock).expect("an engine");
        Self { databases, engine, _folder: folder }
    }

    /// Inserts a session as Django does, with this text as its `expire_date`.
    async fn insert(&self, expire_date: &'static str) {
        let Some(Database::Sqlite(sqlite)) = self.databases.get("default") else { panic!("SQLite") };
        let data = self
            .engine
            .encode(serde_json::json!({"n": 1}).as_object().expect("an object"))
            .expect("within the limits");
        let insert = "INSERT OR REPLACE INTO django_session VALUES (?1, ?2, ?3)";
        sqlite.write(move |db| db.execute(insert, [KEY, &data, expire_date])).await.expect("inserted");
    }

    async fn expire_date(&self) -> String {
        let Some(Database::Sqlite(sqlite)) = self.databases.get("default") else { panic!("SQLite") };
        let select = "SELECT expire_date FROM django_session";
        sqlite.read(|db| db.query_row(select, [], |row| row.get(0))).await.expect("a row")
    }

    async fn is_alive(&self) -> bool {
        !self.engine.load(KEY).await.expect("a session").is_empty()
    }
}

#[tokio::test]
async fn a_session_of_a_site_with_local_times_lives_until_its_local_time() {
    let site = Site::new(CHICAGO, WINTER).await;
    site.insert("2026-01-15 07:00:00").await;
    assert!(site.is_alive().await, "an hour is left");
    assert_eq!(site.engine.clear_expired().await.expect("cleared"), 0);
    assert!(site.is_alive().await, "clearsessions keeps a live session");
    site.engine.clock().advance(HOUR);
    assert!(!site.is_alive().await);
    site.engine.clock().advance(Duration::from_secs(1));
    assert_eq!(site.engine.clear_expired().await.expect("cleared"), 1);
}

#[tokio::test]
async fn sessions_are_saved_with_the_local_time() {
    for (zone, expected) in [
        (CHICAGO, "2026-01-15 07:00:00"),
        ("TIME_ZONE = 'America/Chicago'", "2026-01-15 13:00:00"),
        ("USE_TZ = false", "2026-01-15 13:00:00"),
    ] {
        let site = Site::new(zone, WINTER).await;
        let mut session = site.engine.new_session();
        session.set_expiry(Expiry::After(HOUR));
        assert_eq!(site.engine.save(&mut session).await.expect("saved"), Saved::Stored);
        assert_eq!(site.expire_date().await.get(..19), Some(expected), "{zone}");
    }
}

#[tokio::test]
async fn no_change_of_the_clocks_ends_a_session_early() {
    // Each: the moment, the local time that Django writes for an hour later, and when it ends at the latest.
    for (now, expire_date, latest) in [
        (FOLD + 1800, "2026-11-01 02:30:00", 2 * HOUR),
        (FOLD, "2026-11-01 01:20:00", 2 * HOUR),
        (FOLD + 3600, "2026-11-01 02:00:00", HOUR),
        (GAP + 1800, "2026-03-08 02:30:00", HOUR),
        (GAP + 3600, "2026-03-08 04:00:00", HOUR),
    ] {
        let site = Site::new(CHICAGO, now).await;
        site.insert(expire_date).await;
        for minutes in (0..60).step_by(5) {
            let lived = Duration::from_secs(60 * minutes);
            site.engine.clock().set(at(now) + lived);
            let ends_earlier = expire_date.ends_with("01:20:00") && minutes >= 20;
            assert!(ends_earlier || site.is_alive().await, "{expire_date} after {minutes} minutes");
            assert_eq!(site.engine.clear_expired().await.expect("cleared"), 0, "{expire_date}");
        }
        site.engine.clock().set(at(now) + latest + Duration::from_secs(1));
        assert!(!site.is_alive().await, "{expire_date}");
        site.engine.clock().advance(Duration::from_secs(86_400 * 2));
        assert_eq!(site.engine.clear_expired().await.expect("cleared"), 1, "{expire_date}");
    }
}

#[tokio::test]
async fn a_session_saved_here_in_a_fold_lives_at_least_as_long_as_it_should() {
    for now in (FOLD - 7200..FOLD + 10_800).step_by(900) {
        let site = Site::new(CHICAGO, now).await;
        let mut session = site.engine.new_session();
        session.set_expiry(Expiry::After(HOUR));
        assert_eq!(site.engine.save(&mut session).await.expect("saved"), Saved::Stored);
        let key = session.key().expect("a key").as_str().to_owned();
        site.engine.clock().advance(HOUR - Duration::from_secs(1));
        assert!(!site.engine.load(&key).await.expect("loaded").is_empty(), "{now}");
    }
}

#[tokio::test]
async fn on_every_engine_a_moment_of_set_expiry_is_a_local_time() {
    for engine in ["db", "cache", "cached_db", "file", "signed_cookies"] {
        for (zone, expected) in [
            (CHICAGO, "2026-01-15T08:00:00"),
            ("USE_TZ = true\nTIME_ZONE = 'America/Chicago'", "2026-01-15T14:00:00+00:00"),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let settings = settings(engine, folder.path(), zone);
            migrate(&settings).await;
            let clock = Clock::system();
            clock.set(at(WINTER));
            let engine = SessionEngine::from_settings_with_clock(&settings, clock).expect("an engine");
            let mut session = engine.new_session();
            session.set_expiry(Expiry::At(at(WINTER) + 2 * HOUR));
            assert_eq!(engine.save(&mut session).await.expect("saved"), Saved::Stored);
            assert_eq!(session["_session_expiry"], expected, "{}", engine.name());
            let data = serde_json::json!({ "_session_expiry": expected });
            let cookie = match session.key() {
                Some(key) => key.as_str().to_owned(),
                None => engine.encode(data.as_object().expect("an object")).expect("within the limits"),
            };
            let loaded = engine.load(&cookie).await.expect("loaded");
            let left = 2 * HOUR - loaded.expiry_age();
            assert!(left <= Duration::from_secs(1), "{}: {left:?}", engine.name());
            engine.clock().advance(2 * HOUR + Duration::from_secs(1));
            assert!(engine.load(&cookie).await.expect("loaded").is_empty(), "{}", engine.name());
        }
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn postgresql_stores_moments_whatever_the_zone() {
    let server = crate::support::postgres_server::PostgresServer::shared().await;
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("SECRET_KEY = 'k'\nDEBUG = true\n{CHICAGO}{}", server.address.toml(""));
    let settings = Settings::from_toml(&text, folder.path()).expect("settings");
    let databases = migrate(&settings).await;
    let engine = SessionEngine::from_settings(&settings).expect("an engine");
    let mut session = engine.new_session();
    session.set_expiry(Expiry::After(HOUR));
    assert_eq!(engine.save(&mut session).await.expect("saved"), Saved::Stored);
    let Some(Database::Postgres(postgres)) = databases.get("default") else { panic!("PostgreSQL") };
    let select = "SELECT expire_date > now() + interval '59 minutes' \
                  AND expire_date < now() + interval '61 minutes' FROM django_session WHERE session_key = $1";
    let key = session.key().expect("a key").as_str();
    assert!(postgres.query_opt(select, &[&key]).await.expect("a row").expect("a row").get::<_, bool>(0));
}

#[tokio::test]
async fn sessions_of_another_zone_are_noticed() {
    for (zone, expire_date, seconds) in [
        ("", "2026-01-15 06:00:00", Some(-6 * 3600)),
        ("USE_TZ = false\nTIME_ZONE = 'Asia/Kolkata'", "2026-01-15 06:00:00", Some(-11 * 3600 - 1800)),
        (CHICAGO, "2026-01-15 12:00:00", Some(6 * 3600)),
        (CHICAGO, "2026-01-15 06:00:01", None),
        ("", "2026-01-15 12:00:00", None),
        ("", "2026-01-15 12:20:00", None),
    ] {
        // Two weeks before: the age of a session.
        let site = Site::new(zone, WINTER - 1_209_600).await;
        site.insert(expire_date).await;
        let found = site.engine.expiry_mismatch().await.expect("examined");
        assert_eq!(found.map(|found| found.seconds), seconds, "{zone} {expire_date}");
    }
}
