//! The suite that every session engine must pass, on each engine.

use std::path::Path;

use nuages::{Clock, sessions::SessionEngine, settings::Settings, testing::session_store_suite};

/// Settings for an engine, with its files in `folder`.
pub fn settings(engine: &str, folder: &Path, more: &str) -> Settings {
    let text = format!(
        "SECRET_KEY = 'suite'\nDEBUG = true\nSESSION_ENGINE = '{engine}'\nSESSION_FILE_PATH = '.'\n{more}"
    );
    Settings::from_toml(&text, folder).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Runs the suite on engines made by `make`, prints its rows, and fails with every failure.
async fn suite<F>(settings: Settings, make: F)
where
    F: Fn(&Settings, Clock) -> SessionEngine + Send + Sync + 'static,
{
    let report = session_store_suite(&settings, make).await;
    print!("{report}");
    report.assert_passed();
}

fn made(settings: &Settings, clock: Clock) -> SessionEngine {
    SessionEngine::from_settings_with_clock(settings, clock).unwrap_or_else(|errors| panic!("{errors}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_engine_passes_the_suite() {
    let folder = tempfile::tempdir().expect("a folder");
    suite(settings("file", folder.path(), ""), made).await;
    let left = std::fs::read_dir(folder.path()).expect("the folder");
    let temporary = left
        .filter(|entry| entry.as_ref().expect("an entry").file_name().to_string_lossy().ends_with(".tmp"));
    assert_eq!(temporary.count(), 0, "temporary files left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signed_cookies_engine_passes_the_suite() {
    let folder = tempfile::tempdir().expect("a folder");
    suite(settings("signed_cookies", folder.path(), ""), made).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_db_engine_passes_the_suite_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = "[DATABASES.default]\nENGINE = 'sqlite3'\nNAME = 'db.sqlite3'\n";
    let settings = settings("db", folder.path(), database);
    crate::sessions::http::migrate(&settings).await;
    suite(settings, made).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn the_db_engine_passes_the_suite_on_postgresql() {
    let server = crate::support::postgres_server::PostgresServer::shared().await;
    let folder = tempfile::tempdir().expect("a folder");
    let settings = settings("db", folder.path(), &server.address.toml(""));
    crate::sessions::http::migrate(&settings).await;
    suite(settings, made).await;
}
