//! The rules of Django's session middleware, as the layer carries them out.

use std::time::Duration;

use nuages::{App, testing::Client};

use super::*;

const DB: &str = "SESSION_ENGINE = 'db'\n[DATABASES.default]\nENGINE = 'sqlite3'\nNAME = 'db.sqlite3'";

#[tokio::test]
async fn an_untouched_session_leaves_no_trace() {
    let site = site("");
    let response = site.visitor().get("/untouched").await;
    assert!(response.headers().is_empty(), "{:?}", response.headers());
    let response = site.visitor().get("/read").await;
    assert_eq!((text(&response, header::VARY), text(&response, header::SET_COOKIE)), (Some("Cookie"), None));
    assert_eq!(site.store.len(), 0);
}

#[tokio::test]
async fn a_changed_session_is_stored_and_its_cookie_is_for_one_visitor() {
    let site = site("SESSION_COOKIE_NAME = 'visit'\nSESSION_COOKIE_PATH = '/shop/'");
    let mut visitor = site.visitor();
    let response = visitor.get("/public").await;
    let cookie = text(&response, header::SET_COOKIE).expect("a cookie");
    assert!(cookie.starts_with("visit="), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; Max-Age=1209600; Path=/shop/; SameSite=Lax"), "{cookie}");
    assert_eq!(text(&response, header::VARY), Some("Cookie"));
    assert_eq!(text(&response, header::CACHE_CONTROL), Some("max-age=60, private"));
    assert_eq!(visitor.get("/count").await.body(), "2");
    assert_eq!(site.stored(visitor.cookie()).await, Some(2));
}

#[tokio::test]
async fn an_unknown_key_is_never_adopted() {
    let site = site("");
    let planted = "sessionid=abcdefghijklmnopqrstuvwxyz012345";
    let mut visitor = Visitor { cookie: Some(planted.into()), ..site.visitor() };
    visitor.get("/count").await;
    assert_ne!(visitor.cookie(), planted);
    assert_eq!(site.stored(planted).await, None);
}

#[tokio::test]
async fn a_login_changes_the_key_and_keeps_the_data() {
    let site = site("");
    let mut visitor = site.visitor();
    visitor.get("/count").await;
    let before = visitor.cookie().to_owned();
    visitor.get("/login").await;
    assert_eq!(visitor.get("/read").await.body(), "1");
    let session = site.engine.load(key(visitor.cookie())).await.expect("a session");
    assert_eq!(session["user"]["name"], "Django");
    assert_eq!((site.stored(&before).await, site.store.len()), (None, 1));
}

#[tokio::test]
async fn a_flush_deletes_record_and_cookie_however_the_request_ends() {
    let site = site("");
    for path in ["/flush", "/flush-and-fail", "/flush-and-break", "/flush-and-panic"] {
        let mut visitor = site.visitor();
        visitor.get("/count").await;
        let cookie = visitor.cookie().to_owned();
        match path {
            "/flush-and-panic" => assert!(visitor.panics(path).await),
            "/flush-and-break" => assert!(visitor.try_get(path).await.is_err()),
            _ => {
                visitor.get(path).await;
                assert_eq!(visitor.cookie, None, "{path}");
            }
        }
        assert_eq!((site.stored(&cookie).await, site.store.len()), (None, 0), "{path}");
    }
}

#[tokio::test]
async fn a_5xx_saves_nothing() {
    let site = site("");
    let mut visitor = site.visitor();
    visitor.get("/count").await;
    let response = visitor.get("/count-and-fail").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!((response.body().as_str(), text(&response, header::SET_COOKIE)), ("2", None));
    assert_eq!(text(&response, header::VARY), Some("Cookie"));
    assert_eq!(site.stored(visitor.cookie()).await, Some(1));
}

#[tokio::test]
async fn an_active_session_is_renewed_when_it_is_due() {
    let site = site("SESSION_RENEW_AFTER = 3600");
    let mut visitor = site.visitor();
    visitor.get("/count").await;
    site.clock.advance(Duration::from_secs(3599));
    assert_eq!(text(&visitor.get("/read").await, header::SET_COOKIE), None);
    site.clock.advance(Duration::from_secs(1));
    assert!(text(&visitor.get("/read").await, header::SET_COOKIE).is_some());
}

#[tokio::test]
async fn a_session_that_ended_elsewhere_does_not_come_back() {
    for (settings, status) in [("", 200), ("SESSION_INTERRUPTED = 'error'", 400)] {
        let site = site(settings);
        let mut visitor = site.visitor();
        visitor.get("/count").await;
        let (mut elsewhere, mut here) = (visitor.clone(), visitor);
        let slow = tokio::spawn(async move { (here.get("/slow").await, here.cookie) });
        site.pages.begun.acquire().await.expect("a permit").forget();
        elsewhere.get("/flush").await;
        site.pages.go_on.add_permits(1);
        let (response, cookie) = slow.await.expect("a response");
        assert_eq!(response.status().as_u16(), status);
        // The cookie stays: the visitor may have logged in again, and this response may be late.
        assert_eq!((cookie.is_some(), site.store.len()), (true, 0));
    }
}

#[tokio::test]
async fn a_layer_inside_another_one_or_inside_an_application_stands_aside() {
    let folder = site::Site::new(DB).migrated().await;
    let settings = folder.settings();
    let layer = SessionLayer::from_settings(settings).expect("an engine");

    let mut visitor = Visitor { service: layer.layer(layer.layer(pages())), cookie: None };
    visitor.get("/count").await;
    let response = visitor.get("/count").await;
    assert_eq!(response.body(), "2");
    assert_eq!(response.headers().get_all(header::SET_COOKIE).iter().count(), 1);

    let client = Client::new(App::new(settings.clone()).mount("inside/", layer.layer(pages())));
    client.get("/inside/count").await;
    let response = client.get("/inside/count").await;
    assert_eq!(response.text(), "2");
    assert_eq!(response.headers().get_all(header::SET_COOKIE).iter().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_updates_lose_nothing() {
    let folder = site::Site::new(DB).migrated().await;
    let settings = folder.settings();
    let layer = SessionLayer::from_settings(settings).expect("an engine");
    let mut visitor = Visitor { service: layer.layer(pages()), cookie: None };
    visitor.get("/count").await;
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut visitor = visitor.clone();
        clients.spawn(async move {
            for _ in 0..25 {
                assert_eq!(visitor.get("/count").await.status(), 200);
            }
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended.expect("a client");
    }
    // Read with another engine: what is in the table is what counts.
    let engine = SessionEngine::from_settings(settings).expect("an engine");
    let session = engine.load(key(visitor.cookie())).await.expect("a session");
    assert_eq!(session.get::<u64>("n").expect("a number"), Some(201));
}
