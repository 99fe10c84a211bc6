//! What the layer does when the store is out of order, and when the client hangs up.

use std::{
    sync::atomic::Ordering::Relaxed,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use super::*;

#[tokio::test]
async fn a_store_that_is_down_makes_a_503_and_touches_no_cookie() {
    let site = site("");
    let mut visitor = site.visitor();
    visitor.get("/count").await;
    let cookie = visitor.cookie().to_owned();
    // Down altogether: no session is loaded. Full: it is not saved, nor is a new one.
    for (switch, stranger) in [(&site.store.down, false), (&site.store.full, false), (&site.store.full, true)]
    {
        switch.store(true, Relaxed);
        let response = match stranger {
            true => site.visitor().get("/count").await,
            false => visitor.get("/count").await,
        };
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(text(&response, header::RETRY_AFTER), Some("1"));
        assert_eq!((response.body().as_str(), text(&response, header::SET_COOKIE)), ("", None));
        switch.store(false, Relaxed);
    }
    assert_eq!((visitor.get("/count").await.body().as_str(), visitor.cookie()), ("2", cookie.as_str()));
}

#[tokio::test]
async fn a_store_that_is_down_does_not_matter_to_who_has_no_session() {
    let site = site("");
    site.store.down.store(true, Relaxed);
    assert_eq!(site.visitor().get("/untouched").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_logout_that_cannot_be_carried_out_is_a_503_not_a_promise() {
    let site = site("");
    let mut visitor = site.visitor();
    visitor.get("/count").await;
    site.store.full.store(true, Relaxed);
    let response = visitor.get("/flush").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(text(&response, header::SET_COOKIE), None);
    site.store.full.store(false, Relaxed);
    visitor.get("/flush").await;
    assert_eq!((visitor.cookie, site.store.len()), (None, 0));
}

#[tokio::test]
async fn requests_behind_a_store_that_hangs_are_a_503_within_one_limit() {
    let site = site("");
    let mut visitor = site.visitor();
    visitor.get("/count").await;
    for gate in [&site.store.load_gate, &site.store.gate] {
        let closed = gate.write().await;
        let begun = Instant::now();
        let mut requests = Vec::new();
        for _ in 0..20 {
            requests.push(Box::pin(visitor.ask("/count").await));
        }
        poll_fn(|cx| {
            requests.retain_mut(|request| match request.as_mut().poll(cx) {
                Poll::Pending => true,
                Poll::Ready(response) => {
                    assert_eq!(response.expect("a response").status(), StatusCode::SERVICE_UNAVAILABLE);
                    false
                }
            });
            if requests.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        // Five seconds, without a database in the settings; one after the other they would take 100.
        let took = begun.elapsed();
        assert!((4..8).contains(&took.as_secs()), "{took:?}");
        drop(closed);
    }
    assert_eq!(visitor.get("/count").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_client_that_hangs_up_cuts_nothing_in_half() {
    let site = site("");
    let mut visitor = site.visitor();
    visitor.get("/count").await;
    let mut cx = Context::from_waker(Waker::noop());

    // While the service works.
    let mut request = Box::pin(visitor.ask("/slow").await);
    assert!(request.as_mut().poll(&mut cx).is_pending());
    drop(request);
    site.pages.go_on.add_permits(1);
    becomes(&site, visitor.cookie(), 2).await;

    // While the session is saved.
    let closed = site.store.gate.write().await;
    let mut request = Box::pin(visitor.ask("/count").await);
    assert!(request.as_mut().poll(&mut cx).is_pending());
    drop(request);
    drop(closed);
    becomes(&site, visitor.cookie(), 3).await;

    // Nothing was begun: nothing is to be finished.
    drop(visitor.ask("/count").await);
    assert_eq!(visitor.get("/read").await.body(), "3");
}

/// Waits until the stored session has this number.
async fn becomes(site: &Site, cookie: &str, expected: u64) {
    let reached = async {
        while site.stored(cookie).await != Some(expected) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reached).await.expect("saved in a task");
}
