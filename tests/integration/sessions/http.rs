//! Sessions over HTTP: Django's middleware table row by row, cookies byte for byte.

use std::time::Duration;

use crate::support::session_site::{BURST, Site, site};

fn rows(site: &Site) -> u64 {
    let database = site.folder.sqlite();
    let count = database.query_row("SELECT count(*) FROM django_session", [], |row| row.get::<_, i64>(0));
    count.expect("a count").try_into().expect("no negative count")
}

#[tokio::test]
async fn an_untouched_session_leaves_no_trace() {
    let site = site("").await;
    for _ in 0..3 {
        let response = site.client.get("/untouched/").await;
        assert_eq!((response.header("vary"), response.header("set-cookie")), (None, None));
    }
    assert_eq!(rows(&site), 0);
    site.client.get("/write/").await;
    let response = site.client.get("/untouched/").await;
    assert_eq!((response.header("vary"), response.header("set-cookie")), (None, None));
}

#[tokio::test]
async fn a_read_varies_by_cookie_and_writes_nothing() {
    let site = site("").await;
    let response = site.client.get("/read/").await;
    assert_eq!(response.text(), "null");
    assert_eq!((response.header("vary"), response.header("set-cookie")), (Some("Cookie"), None));
    assert_eq!(rows(&site), 0);
}

#[tokio::test]
async fn a_write_sends_djangos_cookie_byte_for_byte() {
    let site = site("").await;
    site.clock.set(std::time::UNIX_EPOCH + Duration::from_secs(1_790_000_000));
    let response = site.client.get("/write/").await;
    let key = site.client.cookie("sessionid").expect("a session cookie");
    assert_eq!(
        response.header("set-cookie").expect("a cookie"),
        format!(
            "sessionid={key}; expires=Mon, 05 Oct 2026 14:13:20 GMT; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax"
        )
    );
    assert_eq!(response.header("vary"), Some("Cookie"));
    assert_eq!(response.header("cache-control"), Some("private"));
    assert_eq!(site.client.get("/read/").await.text(), "1");
}

#[tokio::test]
async fn the_cookie_follows_its_settings() {
    let site = site(
        "SESSION_COOKIE_NAME = 'sid'\nSESSION_COOKIE_DOMAIN = 'example.com'\nSESSION_COOKIE_PATH = '/app'\n\
         SESSION_COOKIE_SECURE = true\nSESSION_COOKIE_HTTPONLY = false\nSESSION_COOKIE_SAMESITE = 'Strict'\n\
         SESSION_EXPIRE_AT_BROWSER_CLOSE = true\nALLOWED_HOSTS = ['example.com']",
    )
    .await;
    let response = site.client.get("/write/").await;
    let cookie = response.header("set-cookie").expect("a cookie").to_owned();
    let (name, attributes) = cookie.split_once("; ").expect("attributes");
    assert!(name.starts_with("sid=") && name.len() == 36, "{name}");
    assert_eq!(attributes, "Domain=example.com; Path=/app; SameSite=Strict; Secure");
    // The deletion must name the same domain and path, or the browser keeps the cookie.
    let key = name.trim_start_matches("sid=").to_owned();
    let response = site.client.get("/flush/").header("Cookie", format!("sid={key}")).await;
    assert_eq!(
        response.header("set-cookie"),
        Some(
            "sid=\"\"; Domain=example.com; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/app; SameSite=Strict"
        )
    );
}

#[tokio::test]
async fn browser_close_sends_no_expiry() {
    let site = site("").await;
    let response = site.client.get("/close/").await;
    let cookie = response.header("set-cookie").expect("a cookie");
    assert!(!cookie.contains("xpires") && !cookie.contains("Max-Age"), "{cookie}");
}

#[tokio::test]
async fn a_failed_request_saves_nothing_and_sends_no_cookie() {
    let site = site("").await;
    site.client.get("/write/").await;
    for path in ["/write-and-fail/", "/write-and-panic/"] {
        let response = site.client.get(path).await;
        assert_eq!((response.status().as_u16(), response.header("set-cookie")), (500, None), "{path}");
        assert_eq!(site.client.get("/read/").await.text(), "1", "{path}");
    }
    let stranger = site.client.stranger();
    assert_eq!(stranger.get("/write-and-fail/").await.header("set-cookie"), None);
    assert_eq!(rows(&site), 1);
}

#[tokio::test]
async fn logging_out_holds_also_when_the_request_fails() {
    let site = site("").await;
    site.client.get("/write/").await;
    let old = site.client.cookie("sessionid").expect("a session cookie");
    let response = site.client.get("/flush-and-fail/").await;
    assert_eq!(response.status(), 500);
    assert_eq!(rows(&site), 0);
    let replayed = site.client.stranger();
    replayed.set_cookie("sessionid", &old);
    assert_eq!(replayed.get("/read/").await.text(), "null");
}

#[tokio::test]
async fn a_flush_deletes_row_and_cookie() {
    let site = site("").await;
    site.client.get("/write/").await;
    let response = site.client.get("/flush/").await;
    assert_eq!(
        response.header("set-cookie"),
        Some("sessionid=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax")
    );
    assert_eq!(response.header("vary"), Some("Cookie"));
    assert_eq!((rows(&site), site.client.cookie("sessionid")), (0, None));
}

#[tokio::test]
async fn an_unknown_key_is_deleted_when_read_and_replaced_when_written() {
    let site = site("").await;
    let unknown = "abcdefghijklmnopqrstuvwxyz012345";
    site.client.set_cookie("sessionid", unknown);
    assert_eq!(site.client.get("/untouched/").await.header("set-cookie"), None);
    let response = site.client.get("/read/").await;
    assert!(response.header("set-cookie").expect("a deletion").starts_with("sessionid=\"\";"));

    site.client.set_cookie("sessionid", unknown);
    site.client.get("/write/").await;
    let fresh = site.client.cookie("sessionid").expect("a session cookie");
    assert!(fresh != unknown && fresh.len() == 32);
    assert_eq!(rows(&site), 1);
}

#[tokio::test]
async fn cleared_data_keep_their_key() {
    let site = site("").await;
    site.client.get("/write/").await;
    let key = site.client.cookie("sessionid");
    site.client.get("/clear/").await;
    assert_eq!(site.client.cookie("sessionid"), key);
    assert_eq!(site.client.get("/read/").await.text(), "null");
}

#[tokio::test]
async fn cycling_gives_a_new_key_and_ends_the_old_one() {
    let site = site("").await;
    site.client.get("/write/").await;
    let old = site.client.cookie("sessionid").expect("a session cookie");
    site.client.get("/cycle/").await;
    let new = site.client.cookie("sessionid").expect("a session cookie");
    assert_ne!(old, new);
    assert_eq!(site.client.get("/read/").await.text(), "1");
    let replayed = site.client.stranger();
    replayed.set_cookie("sessionid", &old);
    assert_eq!(replayed.get("/read/").await.text(), "null");
}

#[tokio::test]
async fn no_shared_cache_may_keep_a_response_with_a_session_cookie() {
    let site = site("").await;
    let response = site.client.get("/public/").await;
    let control = response.header("cache-control").expect("a Cache-Control");
    assert!(control.contains("private") && !control.contains("public"), "{control}");
}

#[tokio::test]
async fn every_request_saves_where_the_setting_says_so() {
    let site = site("SESSION_SAVE_EVERY_REQUEST = true").await;
    assert_eq!(site.client.get("/untouched/").await.header("set-cookie"), None, "an empty session");
    site.client.get("/write/").await;
    let response = site.client.get("/untouched/").await;
    assert!(response.header("set-cookie").expect("a cookie").contains("Max-Age=1209600"));
    assert_eq!(response.header("vary"), Some("Cookie"));
}

#[tokio::test]
async fn an_active_session_is_renewed_no_oftener_than_the_setting_says() {
    for engine in ["db", "cache", "cached_db", "file", "signed_cookies"] {
        let more = format!(
            "SESSION_ENGINE = '{engine}'\nSESSION_FILE_PATH = '.'\nSESSION_COOKIE_AGE = 3600\n\
             SESSION_RENEW_AFTER = 600\n[CACHES.default]\nBACKEND = 'locmem'"
        );
        renewed_when_due(&site(&more).await, engine).await;
    }
}

async fn renewed_when_due(site: &Site, engine: &str) {
    site.client.get("/write/").await;
    // The last save is 5 minutes old after 5 and 15 minutes, 10 minutes old after 10 and 20.
    for due in [false, true, false, true] {
        site.clock.advance(Duration::from_secs(5 * 60));
        assert_eq!(site.client.get("/read/").await.header("set-cookie").is_some(), due, "{engine}");
        assert_eq!(site.client.get("/read/").await.header("set-cookie"), None, "renewed twice");
    }
    // Reads alone have kept it alive: 79 minutes after the write, an hour idle at most.
    site.clock.advance(Duration::from_secs(59 * 60));
    assert_eq!(site.client.get("/read/").await.text(), "1");
    site.clock.advance(Duration::from_secs(61 * 60));
    assert_eq!(site.client.get("/read/").await.text(), "null");
}

#[tokio::test]
async fn an_expired_session_is_gone_though_the_cookie_is_replayed() {
    let site = site("SESSION_COOKIE_AGE = 60").await;
    site.client.get("/write/").await;
    let key = site.client.cookie("sessionid").expect("a session cookie");
    site.clock.advance(Duration::from_secs(61));
    assert_eq!(site.client.cookie("sessionid"), None, "the browser dropped it");
    site.client.set_cookie("sessionid", &key);
    assert_eq!(site.client.get("/read/").await.text(), "null");
    assert_eq!(rows(&site), 1, "clearsessions removes it");
    let engine =
        nuages::sessions::SessionEngine::from_settings_with_clock(&site.settings, site.clock.clone());
    assert_eq!(engine.expect("an engine").clear_expired().await.expect("cleared"), 1);
    assert_eq!(rows(&site), 0);
}

#[tokio::test]
async fn a_session_deleted_meanwhile_is_not_resurrected() {
    for (more, status) in [("", 200), ("SESSION_INTERRUPTED = 'error'", 400)] {
        let site = site(more).await;
        site.client.get("/write/").await;
        let (slow, logout) = (site.client.clone(), site.client.clone());
        let key = site.client.cookie("sessionid").expect("a session cookie");
        let slow =
            tokio::spawn(
                async move { slow.get("/slow/").header("Cookie", format!("sessionid={key}")).await },
            );
        site.begun.acquire().await.expect("an open gate").forget();
        logout.get("/flush/").await;
        site.go_on.add_permits(1);
        let response = slow.await.expect("answered");
        assert_eq!(response.status(), status);
        if status == 200 {
            assert_eq!(response.header("set-cookie"), None, "the visitor may have logged in again");
        }
        assert_eq!(rows(&site), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_requests_that_set_different_keys_all_count() {
    let site = site("").await;
    site.client.get("/write/").await;
    let requests: Vec<_> = (0..BURST)
        .map(|index| {
            let client = site.client.clone();
            tokio::spawn(async move { client.get(&format!("/set/?key=k{index}")).await.status() })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.expect("answered"), 200);
    }
    let session = site.client.session().await.expect("a session");
    assert_eq!(session.keys().filter(|key| key.starts_with('k')).count(), BURST);
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_clients_lose_no_increment() {
    let site = site("").await;
    site.client.get("/count/").await;
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let client = site.client.clone();
            tokio::spawn(async move {
                for _ in 0..25 {
                    assert_eq!(client.get("/count/").await.status(), 200);
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("25 increments");
    }
    assert_eq!(site.client.get("/read/").await.text(), "201");
}

#[tokio::test]
async fn ten_thousand_anonymous_requests_leave_no_row_and_no_cookie() {
    let site = site("").await;
    for index in 0..10_000 {
        let path = ["/read/", "/flush/", "/no-such-page/", "/untouched/"][index % 4];
        assert_eq!(site.client.get(path).await.header("set-cookie"), None, "{path}");
    }
    assert_eq!(rows(&site), 0);
}
