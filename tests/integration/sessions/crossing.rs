//! Requests of one visitor that cross a login, a logout or a rotation of the secret: they still carry the old
//! key.

use std::{path::Path, time::Duration};

use nuages::{
    App, Clock, prelude::*, sessions::SessionEngine, settings::Settings, testing::Client, urls::path,
};

fn settings(folder: &Path, secrets: &str) -> Settings {
    let text = format!("{secrets}\nDEBUG = true\nSESSION_ENGINE = 'file'\nSESSION_FILE_PATH = '.'\n");
    Settings::from_toml(&text, folder).unwrap_or_else(|errors| panic!("{errors}"))
}

fn engine(folder: &Path, secrets: &str) -> SessionEngine {
    SessionEngine::from_settings(&settings(folder, secrets)).unwrap_or_else(|errors| panic!("{errors}"))
}

fn client(folder: &Path, clock: &Clock) -> Client {
    let urls = vec![
        path("read/", |request: &mut Request| request.session["n"].to_string()),
        path("write/", |request: &mut Request| {
            request.session["n"] = json!(1);
            "written"
        }),
        path("login/", |request: &mut Request| {
            request.session.cycle_key();
            "logged in"
        }),
    ];
    Client::new(App::new(settings(folder, "SECRET_KEY = 's'")).urls(urls).clock(clock.clone()))
}

#[tokio::test]
async fn a_request_with_the_old_key_leaves_the_new_cookie_alone() {
    let (folder, clock) = (tempfile::tempdir().expect("a folder"), Clock::system());
    let browser = client(folder.path(), &clock);
    browser.get("/write/").await;
    let old = browser.cookie("sessionid").expect("a session cookie");
    browser.get("/login/").await;
    let late = browser.stranger();
    for path in ["/read/", "/write/"] {
        late.set_cookie("sessionid", &old);
        let response = late.get(path).await;
        assert_eq!((response.status().as_u16(), response.header("set-cookie")), (200, None), "{path}");
        assert_eq!(response.header("vary"), Some("Cookie"), "{path}");
    }
    assert_eq!(late.get("/read/").await.text(), "null", "the old key opens nothing");

    // A browser that never received the new key can begin anew.
    clock.advance(Duration::from_secs(61));
    assert_eq!(late.get("/read/").await.header("set-cookie"), None, "the session still lives");
    late.get("/write/").await;
    let fresh = late.cookie("sessionid").expect("a session cookie");
    assert!(fresh != old && Some(fresh) != browser.cookie("sessionid"));
    assert_eq!(browser.get("/read/").await.text(), "1");
}

#[tokio::test]
async fn a_key_whose_session_ended_after_a_login_is_deleted_in_the_browser() {
    let (folder, clock) = (tempfile::tempdir().expect("a folder"), Clock::system());
    let browser = client(folder.path(), &clock);
    browser.get("/write/").await;
    let old = browser.cookie("sessionid").expect("a session cookie");
    browser.get("/login/").await;
    let new = browser.cookie("sessionid").expect("a session cookie");
    assert!(engine(folder.path(), "SECRET_KEY = 's'").delete(new).await.expect("deleted"));
    let late = browser.stranger();
    late.set_cookie("sessionid", &old);
    let response = late.get("/read/").await;
    assert!(response.header("set-cookie").expect("a deletion").starts_with("sessionid=\"\";"));
}

#[tokio::test]
async fn a_logout_ends_a_login_of_a_process_that_still_has_the_old_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let old = engine(folder.path(), "SECRET_KEY = 'old'\nSECRET_KEY_FALLBACKS = ['new']");
    let new = engine(folder.path(), "SECRET_KEY = 'new'\nSECRET_KEY_FALLBACKS = ['old']");
    for (login, logout) in [(&old, &new), (&new, &old)] {
        let mut first = login.create().await.expect("created");
        let mut second = logout.load(first.key().expect("a key")).await.expect("loaded");
        first.cycle_key();
        let _ = login.save(&mut first).await.expect("saved");
        second.flush();
        logout.delete_discarded(&mut second).await.expect("deleted");
        let left = login.load(first.key().expect("a key")).await.expect("loaded");
        assert!(left.is_empty(), "the login has outlived the logout");
    }
}
