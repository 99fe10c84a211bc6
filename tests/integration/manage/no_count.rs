//! `manage sessions list` with a session store that fails to count.

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, SystemTime},
};

use manage::Manage;
use nuages::{App, Clock, json, sessions::SessionEngine, settings::Settings};

use crate::support::moving_store::MovingStore;

/// A store with one session that has expired.
async fn store(settings: &Settings) -> Arc<MovingStore> {
    let store = Arc::new(MovingStore::default());
    let engine = SessionEngine::with_store(settings, Clock::system(), store.clone());
    let mut session = engine.new_session();
    session["name"] = json!("John Doe");
    let _ = engine.save(&mut session).await.expect("saved");
    let expired = SystemTime::now() - Duration::from_secs(60);
    store.records().values_mut().for_each(|record| record.expires = Some(expired));
    store
}

#[test]
fn sessions_are_listed_where_the_store_fails_to_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("settings.toml");
    let text = "SECRET_KEY = 'for the test'\nDEBUG = true\nSESSION_ENGINE = 'moving'\n";
    std::fs::write(&file, text).expect("writes");
    let settings = Settings::load_with(&file, []).unwrap_or_else(|errors| panic!("{errors}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for chosen in ["--expired", "--json", "--page=1"] {
        let store = runtime.block_on(store(&settings));
        let opened = store.clone();
        let make = move |settings: Settings| {
            let store = opened.clone();
            App::new(settings).session_engine("moving", move |_| Ok(store.clone()))
        };
        let file = file.to_str().expect("UTF-8");
        let arguments = ["manage", "--settings", file, "sessions", "list", chosen];
        let code = Manage::new(make).run_from(arguments.map(Into::into));
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS), "{chosen}");
        assert_eq!(store.listed(), 1, "{chosen}");
    }
}
