//! Views that block their thread.

use std::{
    thread,
    time::{Duration, Instant},
};

use nuages::{prelude::*, urls::path, view::blocking};

use crate::support::{
    asking::{app, get},
    events::Events,
};

fn slow(_: &mut Request) -> &'static str {
    thread::sleep(Duration::from_millis(600));
    "slow"
}

fn quick(_: &mut Request) -> &'static str {
    "quick"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocking_views_leave_the_threads_to_others() {
    let app = app("", vec![path("slow/", blocking(slow)), path("quick/", quick)]);
    let ask = |target: &'static str| {
        let app = app.clone();
        tokio::spawn(async move { get(&app, target).await.status })
    };
    get(&app, "/quick/").await;
    let start = Instant::now();
    let slow = [ask("/slow/"), ask("/slow/"), ask("/slow/")];
    tokio::time::sleep(Duration::from_millis(50)).await;
    for _ in 0..10 {
        assert_eq!(ask("/quick/").await.expect("it runs"), StatusCode::OK);
    }
    assert!(start.elapsed() < Duration::from_millis(550), "{:?}", start.elapsed());
    for slow in slow {
        assert_eq!(slow.await.expect("it runs"), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_blocking_view_runs_on_a_single_thread_too() {
    let app = app("", vec![path("slow/", blocking(slow))]);
    assert_eq!(get(&app, "/slow/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_view_that_blocks_is_named_under_debug() {
    let events = Events::default();
    let _guard = tracing::subscriber::set_default(events.clone());
    let routes = || vec![path("quick/", quick), path("blocking/", blocking(slow)), path("slow/", slow)];
    let production = app("", routes());
    get(&production, "/slow/").await;
    let app = app("DEBUG = true", routes());
    get(&app, "/quick/").await;
    get(&app, "/blocking/").await;
    assert_eq!(events.text().matches("blocked its thread").count(), 0, "{}", events.text());
    get(&app, "/slow/").await;
    assert_eq!(events.text().matches("blocking::slow blocked its thread").count(), 1, "{}", events.text());
}
