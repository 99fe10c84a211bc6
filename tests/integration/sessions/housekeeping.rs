//! Clearing expired sessions while a site serves: one process at a time, and again when the time has come.

use std::time::Duration;

use nuages::{
    App, Clock,
    sessions::{Clear, Expiry, SessionEngine},
};

use crate::support::site::{SQLITE, Site};

const HOUR: Duration = Duration::from_secs(3600);
const EXPIRED: usize = 250;

/// A site with this engine, two engines on it as two processes have, and their clock.
async fn two_processes(engine: &str, more: &str) -> (Site, [SessionEngine; 2], Clock) {
    let site = Site::new(&format!("SESSION_ENGINE = \"{engine}\"\n{more}\n{SQLITE}")).migrated().await;
    let clock = Clock::system();
    let engines = [(); 2].map(|()| {
        let app = App::new(site.settings().clone()).clock(clock.clone());
        app.sessions().unwrap_or_else(|errors| panic!("{errors}"))
    });
    (site, engines, clock)
}

/// Stores sessions that expire after a second, and one that lasts. Returns the key of that one.
async fn sessions(engine: &SessionEngine) -> nuages::sessions::SessionKey {
    for _ in 0..EXPIRED {
        let mut session = engine.create().await.expect("made");
        session.set_expiry(Expiry::After(Duration::from_secs(1)));
        session.insert("n", 1).expect("JSON");
        let _ = engine.save(&mut session).await.expect("saved");
    }
    let mut lasting = engine.create().await.expect("made");
    lasting.insert("n", 2).expect("JSON");
    let _ = engine.save(&mut lasting).await.expect("saved");
    lasting.key().expect("a key").clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_clears_and_another_when_the_time_has_come() {
    for (engine, more) in [("db", ""), ("db", "SESSION_HASH_KEYS = true"), ("cached_db", ""), ("file", "")] {
        let (_site, [one, two], clock) = two_processes(engine, more).await;
        assert!(one.needs_clearing(), "{engine}");
        let lasting = sessions(&one).await;
        clock.advance(Duration::from_secs(10));

        let all = (0..8).map(|number| if number % 2 == 0 { one.clone() } else { two.clone() });
        let tasks: Vec<_> =
            all.map(|engine| tokio::spawn(async move { engine.clear_if_due(HOUR).await })).collect();
        let mut cleared = Vec::new();
        for task in tasks {
            cleared.extend(task.await.expect("no panic").expect("no failure"));
        }
        assert_eq!(cleared, [EXPIRED as u64], "{engine}: exactly one clears");

        assert_eq!(two.load(&lasting).await.expect("loaded").get::<u8>("n").expect("a number"), Some(2));
        let (listed, _) = one.list(None).await.expect("listed");
        assert_eq!(listed.len(), 1, "{engine}: what the processes agree by is no session");
        assert_eq!(one.count().await.expect("counted"), Some(1), "{engine}");

        clock.advance(HOUR - Duration::from_secs(60));
        assert_eq!(two.clear_if_due(HOUR).await.expect("no failure"), None, "{engine}: not due yet");
        clock.advance(Duration::from_secs(61));
        assert_eq!(two.clear_if_due(HOUR).await.expect("no failure"), Some(0), "{engine}: due");
        assert_eq!(one.clear_if_due(HOUR).await.expect("no failure"), None, "{engine}: done by the other");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_while_it_clears_is_replaced() {
    let (_site, [one, two], clock) = two_processes("db", "").await;
    sessions(&one).await;
    clock.advance(Duration::from_secs(10));
    // It has taken its turn, and is gone after the first batch.
    let first = tokio::time::timeout(Duration::ZERO, async {
        let _ = one.clear_if_due(HOUR).await;
        std::future::pending::<()>().await;
    });
    assert!(first.await.is_err());
    clock.advance(HOUR + Duration::from_secs(1));
    assert!(two.clear_if_due(HOUR).await.expect("no failure").is_some());
    assert_eq!(two.count_expired().await.expect("counted"), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clearing_everything_counts_sessions_only() {
    let (_site, [one, _], clock) = two_processes("db", "").await;
    sessions(&one).await;
    clock.advance(Duration::from_secs(10));
    assert_eq!(one.clear_if_due(HOUR).await.expect("no failure"), Some(EXPIRED as u64));
    assert_eq!(one.clear(Clear::All, |_| {}).await.expect("cleared"), 1);
}

#[tokio::test]
async fn engines_that_drop_expired_sessions_by_themselves_have_nothing_to_clear() {
    for engine in ["cache", "signed_cookies"] {
        let (_site, [one, _], _) = two_processes(engine, "").await;
        assert!(!one.needs_clearing(), "{engine}");
        assert_eq!(one.clear_if_due(HOUR).await.expect("no failure"), None, "{engine}");
    }
}
