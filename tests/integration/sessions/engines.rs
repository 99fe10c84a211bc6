//! The suite that every session engine must pass, on each engine.

use nuages::{Clock, sessions::SessionEngine, settings::Settings, testing::session_store_suite};

use crate::support::site::{SQLITE, Site};

/// Runs the suite on engines made by `make`, prints its rows, and fails with every failure.
async fn suite<F>(site: &Site, make: F)
where
    F: Fn(&Settings, Clock) -> SessionEngine + Send + Sync + 'static,
{
    let report = session_store_suite(site.settings(), make).await;
    print!("{report}");
    report.assert_passed();
}

fn made(settings: &Settings, clock: Clock) -> SessionEngine {
    SessionEngine::from_settings_with_clock(settings, clock).unwrap_or_else(|errors| panic!("{errors}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_engine_passes_the_suite() {
    let site = Site::new("SESSION_ENGINE = 'file'");
    suite(&site, made).await;
    let left = std::fs::read_dir(site.path()).expect("the folder");
    let temporary = left
        .filter(|entry| entry.as_ref().expect("an entry").file_name().to_string_lossy().ends_with(".tmp"));
    assert_eq!(temporary.count(), 0, "temporary files left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signed_cookies_engine_passes_the_suite() {
    suite(&Site::new("SESSION_ENGINE = 'signed_cookies'"), made).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_db_engine_passes_the_suite_on_sqlite() {
    suite(&Site::new(SQLITE).migrated().await, made).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn the_db_engine_passes_the_suite_on_postgresql() {
    let server = crate::support::postgres_server::PostgresServer::shared().await;
    suite(&Site::new(&server.address.toml("")).migrated().await, made).await;
}
