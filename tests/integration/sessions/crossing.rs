//! Requests of one visitor that cross a login, a logout or a rotation of the secret: they still carry the old
//! key.

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use nuages::{
    App, Clock,
    prelude::*,
    sessions::SessionEngine,
    settings::Settings,
    testing::{Client, migrate},
    urls::path,
};
use tokio::sync::Notify;

use crate::support::site::{SQLITE, Site};

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

/// Holds a request in its view until the test lets it go on.
#[derive(Default)]
struct Gate {
    entered: Notify,
    open: Notify,
}

impl Gate {
    async fn pass(&self) {
        self.entered.notify_one();
        self.open.notified().await;
    }
}

#[derive(Default)]
struct Gates {
    login: Gate,
    neighbour: Gate,
}

async fn pass(request: &Request, gate: impl Fn(&Gates) -> &Gate) -> Result<()> {
    let gates = request.state::<Arc<Gates>>()?;
    gate(&gates).pass().await;
    Ok(())
}

async fn held_read(request: &mut Request) -> Result<String> {
    pass(request, |gates| &gates.neighbour).await?;
    Ok(request.session["n"].to_string())
}

async fn held_write(request: &mut Request) -> Result<&'static str> {
    pass(request, |gates| &gates.neighbour).await?;
    request.session["n"] = json!(2);
    Ok("written")
}

async fn held_update(request: &mut Request) -> Result<&'static str> {
    pass(request, |gates| &gates.neighbour).await?;
    request.session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1)?;
    Ok("updated")
}

async fn held_login(request: &mut Request) -> Result<&'static str> {
    pass(request, |gates| &gates.login).await?;
    request.session.cycle_key();
    request.session["user"] = json!("7");
    Ok("logged in")
}

async fn held_second_login(request: &mut Request) -> Result<&'static str> {
    pass(request, |gates| &gates.login).await?;
    request.session.flush();
    request.session["user"] = json!("7");
    Ok("logged out and in again")
}

/// Each order in which a login and its neighbour begin (`L`, `N`) and end (`l`, `n`).
const ORDERS: [&str; 6] = ["LlNn", "LNln", "LNnl", "NLln", "NLnl", "NnLl"];

/// What the browser holds after it has received both responses, in the order in which they were sent.
async fn cookie_after(browser: &Client, gates: &Gates, login: &str, neighbour: &str, order: &str) -> String {
    browser.get("/start/").await;
    let old = browser.cookie("sessionid").expect("a session cookie");
    let (mut cookie, mut running) = (Some(old.clone()), HashMap::new());
    for event in order.chars() {
        let (path, gate) = match event.to_ascii_uppercase() {
            'L' => (login.to_owned(), &gates.login),
            _ => (neighbour.to_owned(), &gates.neighbour),
        };
        if event.is_ascii_uppercase() {
            let sender = browser.stranger();
            sender.set_cookie("sessionid", &old);
            running.insert(event, tokio::spawn(async move { sender.get(&path).await }));
            gate.entered.notified().await;
            continue;
        }
        gate.open.notify_one();
        let request = running.remove(&event.to_ascii_uppercase()).expect("it has begun");
        let response = request.await.expect("no panic");
        assert_eq!(response.status().as_u16(), 200, "{path} {order}");
        let Some(header) = response.header("set-cookie") else { continue };
        let value = header.strip_prefix("sessionid=").and_then(|rest| rest.split(';').next());
        cookie = value.filter(|value| *value != "\"\"").map(str::to_owned);
    }
    cookie.unwrap_or_else(|| panic!("{login} {neighbour} {order}: the browser has no cookie"))
}

/// A site with one of the engines.
async fn held_site(engine: &str, gates: Arc<Gates>) -> (Site, Client) {
    let site = Site::new(&format!("SESSION_ENGINE = '{engine}'\n{SQLITE}"));
    let app = site.app(vec![
        path("start/", |request: &mut Request| {
            request.session.flush();
            request.session["n"] = json!(1);
            "begun"
        }),
        path("read/", held_read),
        path("write/", held_write),
        path("update/", held_update),
        path("login/", held_login),
        path("second-login/", held_second_login),
        path("user/", |request: &mut Request| request.session["user"].to_string()),
    ]);
    migrate(&app).await.expect("migrates");
    (site, Client::new(app.state(gates)))
}

#[tokio::test]
async fn a_login_is_never_undone_by_requests_beside_it_in_any_order() {
    for engine in ["db", "file", "cache", "cached_db"] {
        let gates = Arc::new(Gates::default());
        let (_site, browser) = held_site(engine, gates.clone()).await;
        for order in ORDERS {
            for neighbour in ["/read/", "/write/", "/update/"] {
                let cookie = cookie_after(&browser, &gates, "/login/", neighbour, order).await;
                let later = browser.stranger();
                later.set_cookie("sessionid", &cookie);
                let user = later.get("/user/").await.text().into_owned();
                assert_eq!(user, "\"7\"", "{engine}: {neighbour} {order}");
            }
        }
    }
}

#[tokio::test]
async fn a_late_write_after_a_logout_and_a_new_login_leaves_the_new_cookie_alone() {
    for engine in ["db", "file", "cache", "cached_db"] {
        let gates = Arc::new(Gates::default());
        let (_site, browser) = held_site(engine, gates.clone()).await;
        for order in ["NLln", "LNln"] {
            for neighbour in ["/read/", "/write/", "/update/"] {
                let cookie = cookie_after(&browser, &gates, "/second-login/", neighbour, order).await;
                let later = browser.stranger();
                later.set_cookie("sessionid", &cookie);
                let user = later.get("/user/").await.text().into_owned();
                assert_eq!(user, "\"7\"", "{engine}: {neighbour} {order}");
            }
        }
    }
}
